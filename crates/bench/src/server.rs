//! The one thread of a server: it accepts, waits, and says which connections have something to read.
//!
//! Every server of this crate is built on it, so what they cost differs only in what they do with a frame. There is
//! no framework around them: a program owns the loop, asks [`Server::wait`] what happened, and reads and answers as
//! it likes.

mod input;
mod output;

pub(crate) use input::Input;
pub(crate) use output::Output;

use crate::command::{Failure, While};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use socket2::{Domain, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;

/// A listener and its connections.
pub(crate) struct Server {
    epoll: OwnedFd,
    listener: TcpListener,
    connections: Vec<Option<Connection>>,
    events: Vec<Event>,
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
        let epoll = epoll::create(CreateFlags::CLOEXEC).while_doing(doing())?;
        epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN).while_doing(doing())?;
        Ok(Self { epoll, listener, connections: Vec::new(), events: Vec::with_capacity(EVENTS_MAX) })
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
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).while_doing("waiting for connections"),
        }
        for at in 0..self.events.len() {
            match self.events[at].data.u64() {
                LISTENER => self.accept()?,
                id => {
                    let id = usize::try_from(id).expect("ids are indexes");
                    let Some(connection) = self.connections.get(id).and_then(Option::as_ref) else {
                        continue;
                    };
                    if connection.waits_for_room { self.flush(id)? } else { ready.push(id) }
                }
            }
        }
        Ok(())
    }

    /// The connection, unless it was closed.
    pub(crate) fn connection(&mut self, id: Id) -> Option<&mut Connection> {
        self.connections.get_mut(id).and_then(Option::as_mut)
    }

    /// Reads once what a connection has to say; one that is at its end or broken is closed.
    pub(crate) fn receive(&mut self, id: Id) -> Option<&mut Connection> {
        let connection = self.connections.get_mut(id).and_then(Option::as_mut)?;
        match connection.input.receive(&connection.stream) {
            Ok(0) => self.close(id),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => self.close(id),
        }
        self.connection(id)
    }

    /// Sends what a connection's output holds, as much as there is room for; the rest follows when there is more.
    pub(crate) fn flush(&mut self, id: Id) -> Result<(), Failure> {
        let Some(connection) = self.connections.get_mut(id).and_then(Option::as_mut) else { return Ok(()) };
        let waits = match connection.output.send(&connection.stream) {
            Ok(()) => !connection.output.is_empty(),
            Err(_) => {
                self.close(id);
                return Ok(());
            }
        };
        if waits != connection.waits_for_room {
            connection.waits_for_room = waits;
            let flags = if waits { EventFlags::OUT } else { EventFlags::IN };
            epoll::modify(&self.epoll, &connection.stream, EventData::new_u64(id as u64), flags)
                .while_doing("waiting for room")?;
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
            epoll::add(&self.epoll, &stream, EventData::new_u64(id as u64), EventFlags::IN)
                .while_doing("accepting a connection")?;
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
const LISTENER: u64 = u64::MAX;
const EVENTS_MAX: usize = 1024;
const WAITING_CLIENTS_MAX: i32 = 4096;
