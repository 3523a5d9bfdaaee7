//! What groups, queues and transactions decide: pure state machines.
