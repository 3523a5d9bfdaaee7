//! The Rust text of the table of API keys.

use std::fmt::Write as _;

use super::schema::{Kind, Message};

/// The module of `ApiKey`: every valid key, whether its messages are generated or not.
pub(crate) fn render(messages: &[Message]) -> Result<String, String> {
    let mut keys: Vec<(i16, &str, &Message)> = messages
        .iter()
        .filter(|message| matches!(message.kind, Kind::Request | Kind::Api))
        .filter_map(|message| Some((message.key?, message.name.trim_end_matches("Request"), message)))
        .collect();
    keys.sort_by_key(|(key, _, _)| *key);
    if keys.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err("an API key is used twice".to_owned());
    }
    let mut text = String::from(
        "//! The keys by which requests name their API, with the versions of Kafka 4.4.\n\n\
         use std::fmt;\nuse std::ops::RangeInclusive;\n\n\
         /// An API of the protocol. Retired keys (4 to 7) are not listed.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]\n#[repr(i16)]\npub enum ApiKey {\n",
    );
    for (key, name, message) in &keys {
        let who = match (message.kind, message.listeners.iter().any(|listener| listener == "broker")) {
            (Kind::Api, true) => "sent between brokers",
            (Kind::Api, false) => "for controllers",
            _ => "sent by clients",
        };
        let _ = writeln!(text, "/// Key {key}, {who}, versions {}.\n{name} = {key},", message.versions);
    }
    text.push_str("}\n\n");
    facts(&mut text, &keys);
    text.push_str(METHODS);
    Ok(text)
}

fn facts(text: &mut String, keys: &[(i16, &str, &Message)]) {
    text.push_str(
        "struct Facts {\nname: &'static str,\nfirst: i16,\nlast: i16,\nlast_stable: i16,\n\
         /// The first flexible version, or one past every version.\nflexible: i16,\n}\n\n\
         const fn facts(name: &'static str, versions: (i16, i16), last_stable: i16, flexible: i16) -> Facts {\n\
         Facts { name, first: versions.0, last: versions.1, last_stable, flexible }\n}\n\n\
         impl ApiKey {\n/// Every key, ascending.\n",
    );
    let names: Vec<String> = keys.iter().map(|(_, name, _)| format!("Self::{name}")).collect();
    let _ = writeln!(text, "pub const ALL: [Self; {}] = [{}];\n", keys.len(), names.join(", "));
    text.push_str("const fn facts(self) -> &'static Facts {\n&FACTS[self.index()]\n}\n\n");
    text.push_str("#[allow(clippy::too_many_lines)]\nconst fn index(self) -> usize {\nmatch self {\n");
    for (index, (_, name, _)) in keys.iter().enumerate() {
        let _ = writeln!(text, "Self::{name} => {index},");
    }
    text.push_str("}\n}\n}\n\n");
    let _ = writeln!(text, "static FACTS: [Facts; {}] = [", keys.len());
    for (_, name, message) in keys {
        let last = message.versions.last;
        let stable = if message.unstable { last - 1 } else { last };
        let flexible = message.flexible.map_or("i16::MAX".to_owned(), |first| first.to_string());
        let _ =
            writeln!(text, "facts({name:?}, ({}, {last}), {stable}, {flexible}),", message.versions.first);
    }
    text.push_str("];\n\n");
}

const METHODS: &str = r#"impl ApiKey {
    /// The name in Kafka's documentation, without `Request`.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// Every version that can be decoded and encoded, or that Kafka 4.4 has if the messages are not generated.
    pub const fn versions(self) -> RangeInclusive<i16> {
        self.facts().first..=self.facts().last
    }

    /// As [`ApiKey::versions`], without a last version that Kafka 4.4 calls unstable and does not advertise.
    pub const fn stable_versions(self) -> RangeInclusive<i16> {
        self.facts().first..=self.facts().last_stable
    }

    /// Whether the version has compact lengths and tagged fields. Holds for versions of the future, too.
    pub const fn is_flexible(self, version: i16) -> bool {
        self.facts().flexible <= version
    }

    /// The version of the request header: 2 if the request is flexible, otherwise 1.
    pub const fn request_header_version(self, version: i16) -> i16 {
        if self.is_flexible(version) { 2 } else { 1 }
    }

    /// The version of the response header: 1 if the response is flexible, otherwise 0. Always 0 for
    /// `ApiVersions`: its client cannot know yet which versions the broker speaks.
    pub const fn response_header_version(self, version: i16) -> i16 {
        match self {
            Self::ApiVersions => 0,
            _ if self.is_flexible(version) => 1,
            _ => 0,
        }
    }
}

impl TryFrom<i16> for ApiKey {
    /// The number that is no valid key.
    type Error = i16;

    fn try_from(key: i16) -> Result<Self, i16> {
        let found = Self::ALL.binary_search_by_key(&key, |known| *known as i16);
        found.map(|index| Self::ALL[index]).map_err(|_| key)
    }
}

impl From<ApiKey> for i16 {
    fn from(key: ApiKey) -> i16 {
        key as i16
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
"#;
