//! The one thread of a server: it accepts, waits, and says which connections have something to read.
//!
//! Every server of this crate is built on it, so what they cost differs only in what they do with a frame. There is
//! no framework around them: a program owns the loop, asks [`Server::wait`] what happened, and reads and answers as
//! it likes.

mod output;

pub(crate) use output::Output;

use crate::command::{Failure, While};
use crate::frames::Input;
use crate::poll::{Interest, Poll};
use socket2::{Domain, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

/// A listener and its connections.
pub(crate) struct Server {
    poll: Poll,
    listener: TcpListener,
    connections: Vec<Option<Connection>>,
    happened: Vec<usize>,
    /// Room for what comes, of connections that wait: the last one used is the one that the processor's cache has.
    /// With room of their own, thousands of connections would read into cold memory.
    spare: Vec<Vec<u8>>,
}

/// One client.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    pub(crate) input: Input,
    pub(crate) output: Output,
    /// Whether the kernel was asked to tell when there is room again instead of when there are bytes.
    waits_for_room: bool,
}

/// A connection's place in the server.
pub(crate) type Id = usize;

impl Server {
    /// Listens.
    pub(crate) fn listen(address: SocketAddr) -> Result<Self, Failure> {
        let doing = || format!("listening on {address}");
        let listener = listener(address).while_doing(doing())?;
        let poll = Poll::new().while_doing(doing())?;
        poll.add(&listener, LISTENER, Interest::Read).while_doing(doing())?;
        Ok(Self { poll, listener, connections: Vec::new(), happened: Vec::new(), spare: Vec::new() })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Result<SocketAddr, Failure> {
        self.listener.local_addr().while_doing("asking for the own address")
    }

    /// Waits until something happens, and puts the connections with bytes to read into `ready`.
    ///
    /// New connections are accepted and answers that had no room are sent on along the way. Who has an answer
    /// pending is not read from: a client that does not listen fills its own buffers only.
    pub(crate) fn wait(&mut self, ready: &mut Vec<Id>) -> Result<(), Failure> {
        ready.clear();
        let mut happened = std::mem::take(&mut self.happened);
        self.poll.wait(None, &mut happened).while_doing("waiting for connections")?;
        for &id in &happened {
            match self.connections.get(id).and_then(Option::as_ref) {
                _ if id == LISTENER => self.accept()?,
                Some(connection) if connection.waits_for_room => {
                    self.flush(id)?;
                    // Requests may have been read before the last answer was sent, and wait here.
                    if self.connection(id).is_some_and(|connection| !connection.waits_for_room) {
                        ready.push(id);
                    }
                }
                Some(_) => ready.push(id),
                None => {}
            }
        }
        self.happened = happened;
        Ok(())
    }

    /// The connection, unless it was closed.
    pub(crate) fn connection(&self, id: Id) -> Option<&Connection> {
        self.connections.get(id).and_then(Option::as_ref)
    }

    /// The connection, unless it was closed.
    pub(crate) fn connection_mut(&mut self, id: Id) -> Option<&mut Connection> {
        self.connections.get_mut(id).and_then(Option::as_mut)
    }

    /// Reads once what a connection has to say; one that is at its end or broken is closed.
    pub(crate) fn receive(&mut self, id: Id) -> Option<&mut Connection> {
        let connection = self.connections.get_mut(id).and_then(Option::as_mut)?;
        connection.input.lend(&mut self.spare);
        match connection.input.receive(&connection.stream) {
            Ok(0) => self.close(id),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => self.close(id),
        }
        self.connection_mut(id)
    }

    /// Sends what a connection's output holds, as much as there is room for; the rest follows when there is more.
    /// The frames that it answers are gone after this, if no other has come behind them.
    pub(crate) fn flush(&mut self, id: Id) -> Result<(), Failure> {
        let Some(connection) = self.connections.get_mut(id).and_then(Option::as_mut) else { return Ok(()) };
        connection.input.give_back(&mut self.spare);
        let waits = match connection.output.send(&connection.stream) {
            Ok(()) => !connection.output.is_empty(),
            Err(_) => {
                self.close(id);
                return Ok(());
            }
        };
        if waits != connection.waits_for_room {
            connection.waits_for_room = waits;
            let interest = if waits { Interest::Write } else { Interest::Read };
            let connection = &self.connections[id].as_ref().expect("it was there").stream;
            self.poll.change(connection, id, interest).while_doing("waiting for room")?;
        }
        Ok(())
    }

    /// Forgets a connection. The kernel forgets it, too, when its file is closed.
    pub(crate) fn close(&mut self, id: Id) {
        self.connections[id] = None;
    }

    fn accept(&mut self) -> Result<(), Failure> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).while_doing("accepting a connection"),
            };
            stream.set_nonblocking(true).while_doing("accepting a connection")?;
            stream.set_nodelay(true).while_doing("accepting a connection")?;
            let id = self.connections.iter().position(Option::is_none).unwrap_or(self.connections.len());
            self.poll.add(&stream, id, Interest::Read).while_doing("accepting a connection")?;
            let connection = Connection {
                stream,
                input: Input::default(),
                output: Output::default(),
                waits_for_room: false,
            };
            if id == self.connections.len() {
                self.connections.push(Some(connection));
            } else {
                self.connections[id] = Some(connection);
            }
        }
    }
}

/// A listener whose queue holds as many clients as come at once; the standard library's holds 128.
fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(WAITING_CLIENTS_MAX)?;
    Ok(socket.into())
}

/// The listener's name among the events.
const LISTENER: usize = usize::MAX;
const WAITING_CLIENTS_MAX: i32 = 4096;
