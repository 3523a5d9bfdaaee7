//! `ottla serve`: runs the broker until a signal says stop.

mod ready;
mod stopping;

use crate::arguments::Common;
use crate::exit::{Failure, Outcome, Status};
use crate::settings::Sources;
use ottla_base::Env;
use ottla_broker::Server;
use ottla_broker::config::{Assignment, BrokerConfig, Layers, Origin};
use ottla_storage::{LogOptions, Syncs};
use std::path::{Path, PathBuf};
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
    #[arg(long, value_name = "DIR", env = "OTTLA_DATA", conflicts_with = "ephemeral")]
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
    let settings = arguments.sources().collect()?;
    let (layers, notices) = Layers::start(settings)?;
    let place = Place::of(arguments, &BrokerConfig::read(&layers))?;
    let server = Server::start(layers, place.log_options())?;
    for notice in notices {
        tracing::warn!("{notice}");
    }
    let greeting = ready::Greeting {
        server: &server,
        data: place.path(),
        is_ephemeral: arguments.ephemeral,
        after_ms: env.now().tick.since(started),
    };
    greeting.print(common.output)?;
    let watch_parent = arguments.ephemeral;
    stopping::wait_and_stop(server, watch_parent)?;
    place.remove();
    Ok(())
}

impl Arguments {
    fn sources(&self) -> Sources {
        let mut sources = Sources { file: self.config.clone(), set: self.set.clone(), ..Sources::default() };
        let preset = |name: &str, value: &str| Assignment {
            name: name.to_owned(),
            value: value.to_owned(),
            origin: Origin::Flag("--ephemeral".to_owned()),
        };
        if self.ephemeral {
            sources.presets =
                vec![preset("log.durability", "os"), preset("group.initial.rebalance.delay.ms", "0")];
        }
        if !self.listen.is_empty() {
            sources.flags.push(Assignment {
                name: "listeners".to_owned(),
                value: self.listen.join(","),
                origin: Origin::Flag(format!("--listen {}", self.listen.join(" --listen "))),
            });
        }
        sources
    }
}

/// Where the data are.
enum Place {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl Place {
    fn of(arguments: &Arguments, config: &BrokerConfig) -> Outcome<Self> {
        if arguments.ephemeral {
            return match tempfile::Builder::new().prefix("ottla-").tempdir() {
                Ok(dir) => Ok(Self::Temporary(dir)),
                Err(error) => Err(Failure::new(
                    Status::Data,
                    format!("no temporary directory can be made ({error}): set TMPDIR to a writable place"),
                )),
            };
        }
        let configured = config.log.log_dirs.as_ref().and_then(|dirs| dirs.first()).map(PathBuf::from);
        let path = arguments.data.clone().or(configured).unwrap_or_else(default_data);
        if let Some(parent) = path.parent() {
            // If this fails, opening the directory fails, too, and says it better.
            let _ = std::fs::create_dir_all(parent);
        }
        Ok(Self::Kept(path))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(dir) => dir.path(),
        }
    }

    fn log_options(&self) -> LogOptions {
        let mut options = LogOptions::new(self.path());
        if let Self::Temporary(_) = self {
            options.syncs = Syncs::Skipped;
        }
        options
    }

    fn remove(self) {
        if let Self::Temporary(dir) = self
            && let Err(error) = dir.close()
        {
            tracing::warn!(%error, "the temporary data directory could not be removed");
        }
    }
}

fn default_data() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    match (set("XDG_DATA_HOME"), set("HOME")) {
        (Some(data), _) if data.is_absolute() => data.join("ottla"),
        (_, Some(home)) => home.join(".local/share/ottla"),
        (_, None) => PathBuf::from("ottla-data"),
    }
}
