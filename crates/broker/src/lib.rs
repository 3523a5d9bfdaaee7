//! The server as a library: listener, connections, one handler per API.
