//! `ottla serve`: runs the broker until a signal says stop.

mod open_files;
mod ready;
mod stopping;

use crate::arguments::Common;
use crate::exit::{Failure, Outcome, Status};
use crate::settings::Sources;
use ottla_base::Env;
use ottla_broker::Server;
use ottla_broker::config::{Assignment, BrokerConfig, Layers, Origin};
use ottla_storage::{LogOptions, Syncs, disk};
use std::path::{Path, PathBuf};
use stopping::Stopping;
use tempfile::TempDir;

/// Run the broker.
///
/// Settings come from the file of --config, then the environment (KAFKA_LOG_RETENTION_MS or OTTLA_LOG_RETENTION_MS
/// is log.retention.ms), then flags; each is stronger than the one before. 'ottla config list' has all of them.
///
/// When the broker is ready, standard output gets a greeting on a terminal, and else one line of JSON:
/// {"ready":true,"kafka":"HOST:PORT","pid":N,...}. Logs go to standard error. SIGTERM and SIGINT stop it in
/// order; a second one stops it at once.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", crate::exit::HELP))]
pub(crate) struct Arguments {
    /// The data directory; it is created if it is missing. Without it: $XDG_DATA_HOME/ottla, else
    /// ~/.local/share/ottla, else ./ottla-data.
    #[arg(long, value_name = "DIR", conflicts_with = "ephemeral")]
    data: Option<PathBuf>,

    /// An address to listen on, as HOST:PORT or NAME://HOST:PORT; port 0 picks a free one. May be repeated.
    /// Without it: 127.0.0.1:9092.
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<String>,

    /// A server.properties, or a TOML file with the same names.
    #[arg(long, value_name = "FILE", env = "OTTLA_CONFIG")]
    config: Option<PathBuf>,

    /// One setting; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// For tests: data in a temporary directory that is removed at the end, nothing is synced to disk, groups start
    /// without delay, and the broker ends when the process that started it does.
    #[arg(long)]
    ephemeral: bool,
}

const EXAMPLES: &str = "Examples:
  ottla serve --data /var/lib/ottla --listen 0.0.0.0:9092
  ottla serve --config server.properties --set log.retention.hours=24
  ottla serve --ephemeral --listen 127.0.0.1:0";

/// Serves until told to stop.
pub(crate) fn run(env: &dyn Env, common: &Common, arguments: &Arguments) -> Outcome {
    let started = env.now().tick;
    let temporary = if arguments.ephemeral { Some(temporary_data()?) } else { None };
    let settings = arguments.settings(temporary.as_ref().map(TempDir::path))?;
    let (layers, notices) = Layers::start(settings)?;
    let config = BrokerConfig::read(&layers);
    let data = config.log.log_dirs.iter().flatten().next().map(PathBuf::from).unwrap_or_else(default_data);
    if let Some(parent) = data.parent() {
        // If this fails, opening the directory fails, too, and says it better.
        let _ = std::fs::create_dir_all(parent);
    }
    let mut options = LogOptions::new(&data);
    options.handles_max = open_files::raise();
    if arguments.ephemeral {
        options.disk = disk::system(Syncs::Skipped);
    }
    let server = Server::start(layers, options)?;
    for notice in notices {
        tracing::warn!("{notice}");
    }
    let greeting = ready::Greeting {
        server: &server,
        data: &data,
        is_ephemeral: arguments.ephemeral,
        after_ms: env.now().tick.since(started),
    };
    let stopping = Stopping::listen()?;
    greeting.print(common.output)?;
    stopping.wait_and_stop(server, arguments.ephemeral)?;
    if let Some(Err(error)) = temporary.map(TempDir::close) {
        tracing::warn!(%error, "the temporary data directory could not be removed");
    }
    Ok(())
}

impl Arguments {
    /// All settings, the weakest first.
    fn settings(&self, temporary: Option<&Path>) -> Outcome<Vec<Assignment>> {
        let flag = |name: &str, value: String, flag: String| Assignment {
            name: name.to_owned(),
            value,
            origin: Origin::Flag(flag),
        };
        let mut sources = Sources { file: self.config.clone(), set: self.set.clone(), ..Sources::default() };
        if !self.listen.is_empty() {
            let given = format!("--listen {}", self.listen.join(" --listen "));
            sources.flags.push(flag("listeners", self.listen.join(","), given));
        }
        if let Some(data) = &self.data {
            sources.flags.push(flag(
                "log.dirs",
                data.display().to_string(),
                format!("--data {}", data.display()),
            ));
        }
        if self.ephemeral {
            let preset = |name: &str, value: &str| flag(name, value.to_owned(), "--ephemeral".to_owned());
            sources.presets =
                vec![preset("log.durability", "os"), preset("group.initial.rebalance.delay.ms", "0")];
        }
        let mut settings = sources.collect()?;
        if let Some(temporary) = temporary {
            // Stronger than any other directory: what is temporary must not touch what is kept.
            settings.push(flag("log.dirs", temporary.display().to_string(), "--ephemeral".to_owned()));
        } else if !settings.iter().any(|setting| matches!(setting.name.as_str(), "log.dirs" | "log.dir")) {
            let data = default_data().display().to_string();
            settings.insert(0, flag("log.dirs", data, "the default data directory".to_owned()));
        }
        Ok(settings)
    }
}

fn temporary_data() -> Outcome<TempDir> {
    tempfile::Builder::new().prefix("ottla-").tempdir().map_err(|error| {
        let message = format!("no temporary directory can be made ({error}): set TMPDIR to a writable place");
        Failure::new(Status::Data, message)
    })
}

/// Where data is kept unless somebody says otherwise.
pub(crate) fn default_data() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    match (set("XDG_DATA_HOME"), set("HOME")) {
        (Some(data), _) if data.is_absolute() => data.join("ottla"),
        (_, Some(home)) => home.join(".local/share/ottla"),
        (_, None) => PathBuf::from("ottla-data"),
    }
}
