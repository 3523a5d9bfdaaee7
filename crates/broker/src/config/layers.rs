//! Values in layers: what was set for one broker beats what was set for all, that beats what it was started
//! with, and that beats the default.

use super::keys::{BROKER_KEYS, TOPIC_KEYS, unused};
use super::origin::{Assignment, Notice, Origin, Refusal};
use ottla_base::config::{Key, Kind, Parsed, Table, nearest};
use std::collections::BTreeMap;

/// What clients set at run time: names and texts, as accepted.
pub type Overrides = BTreeMap<String, String>;

/// Where a value in force comes from, in Kafka's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Set on the topic.
    Topic,
    /// Set on this broker while it ran.
    Broker,
    /// Set as the default of all brokers while they ran.
    BrokerDefault,
    /// What the broker was started with.
    Static,
    /// Ottla's default.
    Default,
    /// Set on the group.
    Group,
}

/// A text that supplies a value, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// The key under which the text is set.
    pub name: &'static str,
    /// The text in its canonical form, `None` where it must not be shown.
    pub text: Option<String>,
    /// Where.
    pub source: Source,
}

/// All layers of the broker's own settings.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// What it was started with.
    statics: BTreeMap<&'static str, (Parsed, Origin)>,
    /// Set while running, as the default of all brokers.
    pub(super) default: Overrides,
    /// Set while running, for this broker.
    pub(super) broker: Overrides,
}

impl Layers {
    /// Takes the settings that a broker is started with, the weakest first. Returns what is not used along with
    /// the layers.
    ///
    /// # Errors
    /// Every value that its key does not accept, and every contradiction; the broker must not start.
    pub fn start(assignments: Vec<Assignment>) -> Result<(Self, Vec<Notice>), Vec<Refusal>> {
        let mut layers = Self::default();
        let (mut notices, mut refusals) = (Vec::new(), Vec::new());
        for Assignment { name, value, origin } in assignments {
            match BROKER_KEYS.get(&name) {
                Some(key) => match key.parse(&value) {
                    Ok(parsed) => _ = layers.statics.insert(key.name, (parsed, origin)),
                    Err(invalid) => refusals.push(Refusal::of(&origin, &invalid)),
                },
                None => notices.push(notice(name, origin)),
            }
        }
        if refusals.is_empty() {
            refusals = super::BrokerConfig::read(&layers).contradictions();
            refusals.extend(
                super::group_config::contradictions(&layers).into_iter().map(Refusal::of_combination),
            );
        }
        if refusals.is_empty() { Ok((layers, notices)) } else { Err(refusals) }
    }

    /// These layers with other run-time settings: the default of all brokers, and this broker's own.
    #[must_use]
    pub fn with(self, default: Overrides, broker: Overrides) -> Self {
        Self { default, broker, ..self }
    }

    /// Where the value that the broker was started with was found.
    #[must_use]
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.statics.get(name).map(|(_, origin)| origin)
    }

    /// The value of `key` in `table`: what `own` sets (the overrides of a topic), else what the broker supplies.
    #[must_use]
    pub fn value(&self, table: &Table, key: &'static Key, own: Option<&Overrides>) -> Parsed {
        let set = own.and_then(|own| own.get(key.name)).and_then(|text| key.parse(text).ok());
        set.or_else(|| self.supplied(table, key)).unwrap_or_else(|| key.parse_default())
    }

    /// Every text that could supply `key`, the strongest first: the first one is in force.
    #[must_use]
    pub fn synonyms(
        &self,
        table: &Table,
        key: &'static Key,
        own: Option<(Source, &Overrides)>,
    ) -> Vec<Synonym> {
        let mut synonyms = Vec::new();
        if let Some((source, own)) = own
            && let Some(parsed) = own.get(key.name).and_then(|text| key.parse(text).ok())
        {
            synonyms.push(synonym(key, &parsed, source));
        }
        for (candidate, _) in chain(table, key) {
            for source in [Source::Broker, Source::BrokerDefault, Source::Static] {
                if let Some(parsed) = self.at(candidate, source) {
                    synonyms.push(synonym(candidate, &parsed, source));
                }
            }
        }
        for (candidate, _) in chain(table, key) {
            if candidate.default.is_some() {
                synonyms.push(synonym(candidate, &candidate.parse_default(), Source::Default));
            }
        }
        synonyms
    }

    fn supplied(&self, table: &Table, key: &'static Key) -> Option<Parsed> {
        let mut chain = chain(table, key);
        let set = chain.iter().find_map(|(candidate, factor)| {
            let at = |source| self.at(candidate, source);
            let parsed =
                at(Source::Broker).or_else(|| at(Source::BrokerDefault)).or_else(|| at(Source::Static));
            parsed.map(|parsed| supplied_to(key, parsed.scaled(*factor)))
        });
        set.or_else(|| {
            // Nobody set any of them: the first default along the chain.
            chain.retain(|(candidate, _)| candidate.default.is_some());
            chain
                .first()
                .map(|(candidate, factor)| supplied_to(key, candidate.parse_default().scaled(*factor)))
        })
    }

    fn at(&self, key: &'static Key, source: Source) -> Option<Parsed> {
        let text = |overrides: &Overrides| overrides.get(key.name).and_then(|text| key.parse(text).ok());
        match source {
            Source::Broker => text(&self.broker),
            Source::BrokerDefault => text(&self.default),
            Source::Static => self.statics.get(key.name).map(|(parsed, _)| parsed.clone()),
            Source::Default => Some(key.parse_default()),
            Source::Topic | Source::Group => None,
        }
    }
}

/// The broker keys that can supply `key`, with their factors: for a broker key itself first, for others only
/// what they fall back to.
fn chain(table: &Table, key: &'static Key) -> Vec<(&'static Key, i64)> {
    let own = std::ptr::eq(table, &raw const *BROKER_KEYS).then_some((key, 1));
    let fallbacks = key.fallbacks.iter().map(|fallback| {
        let key = BROKER_KEYS.get(fallback.name).expect("a fallback is a declared broker key");
        (key, fallback.factor)
    });
    own.into_iter().chain(fallbacks).collect()
}

/// What `key` gets from another one: of a list, where it takes one text, the first element.
fn supplied_to(key: &Key, parsed: Parsed) -> Parsed {
    match (key.kind, parsed) {
        (Kind::Text, Parsed::List(texts)) => texts.into_iter().next().map_or(Parsed::Null, Parsed::Text),
        (_, other) => other,
    }
}

fn synonym(key: &'static Key, parsed: &Parsed, source: Source) -> Synonym {
    let text = (!key.is_sensitive()).then(|| parsed.to_string());
    Synonym { name: key.name, text, source }
}

fn notice(name: String, origin: Origin) -> Notice {
    if let Some(reason) = unused::reason(&name) {
        return Notice::Unused { name, origin, reason };
    }
    let nearest = nearest(&name, BROKER_KEYS.names()).or_else(|| {
        // A topic's name where its broker-wide name belongs, such as retention.ms.
        let key = TOPIC_KEYS.get(&name)?;
        key.fallbacks.first().map(|fallback| fallback.name)
    });
    Notice::Unknown { name, origin, nearest }
}
