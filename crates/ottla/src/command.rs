//! One file for each verb.

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod consume;
pub(crate) mod doctor;
pub(crate) mod group;
pub(crate) mod import;
pub(crate) mod kafka;
pub(crate) mod log;
pub(crate) mod produce;
pub(crate) mod queue;
pub(crate) mod serve;
pub(crate) mod topic;
pub(crate) mod transaction;

use crate::arguments::{Command, Common};
use crate::exit::Outcome;
use ottla_base::Env;
use ottla_broker::environment::SystemEnv;
use ottla_client::{Address, Client, ClientOptions};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// Runs a verb to its end.
pub(crate) fn run(env: Arc<SystemEnv>, common: &Common, command: Command) -> Outcome {
    match command {
        Command::Serve(arguments) => serve::run(&*env, common, &arguments),
        Command::Topic(command) => block_on(topic::run(&Session::new(env, common), command)),
        Command::Produce(arguments) => block_on(produce::run(&Session::new(env, common), arguments)),
        Command::Consume(arguments) => block_on(consume::run(&Session::new(env, common), arguments)),
        Command::Group(command) => block_on(group::run(&Session::new(env, common), command)),
        Command::Queue(command) => block_on(queue::run(&Session::new(env, common), command)),
        Command::Transaction(command) => block_on(transaction::run(&Session::new(env, common), command)),
        Command::Import(arguments) => block_on(import::run(common, arguments)),
        Command::Log(command) => log::run(common, &command),
        Command::Config(command) => config::run(&Session::new(env, common), command),
        Command::Kafka(command) => kafka::run(&Session::new(env, common), &command),
        Command::Doctor(arguments) => block_on(doctor::run(&Session::new(env, common), &arguments)),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}

/// What verbs that talk to a broker share.
pub(crate) struct Session<'c> {
    pub(crate) env: Arc<dyn Env>,
    pub(crate) common: &'c Common,
}

impl<'c> Session<'c> {
    fn new(env: Arc<SystemEnv>, common: &'c Common) -> Self {
        Self { env, common }
    }

    /// A client of the cluster.
    pub(crate) async fn connect(&self) -> Outcome<Client> {
        let options = options(self.common.bootstrap.clone());
        Ok(Client::connect(options, Arc::clone(&self.env)).await?)
    }
}

/// How a client waits that works for a person: a broker that is there answers in milliseconds.
pub(crate) fn options(bootstrap: Vec<Address>) -> ClientOptions {
    let mut options = ClientOptions::new(bootstrap);
    options.connect_timeout = Duration::from_secs(5);
    options.operation_timeout = Duration::from_secs(15);
    options
}

/// Runs a future on an event loop of its own.
pub(crate) fn block_on<T>(future: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future)
}
