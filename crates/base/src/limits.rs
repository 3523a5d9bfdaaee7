//! Every fixed limit of Ottla, in one place. What an operator may change is a config key instead.

/// Most elements of one array in a request. Kafka 4.4 refuses more, too.
pub const ARRAY_ELEMENTS_MAX: usize = 1_000_000;

/// Most tagged fields of one structure in a request. Kafka 4.4 refuses more, too.
pub const TAGGED_FIELDS_MAX: usize = 10_000;

/// Largest regular expression of a client, in bytes of what it is compiled to.
pub const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Most topics that one member of a group may subscribe to by name. The names are kept, so that a large request must not
/// become large state.
pub const SUBSCRIBED_TOPICS_MAX: usize = 10_000;

/// Longest id that a member of a consumer, share or streams group may make for itself, and longest instance id, rack,
/// process id and host, in bytes. Clients make ids of 22.
pub const MEMBER_ID_BYTES_MAX: usize = 1_024;

/// Longest regular expression by which a member subscribes to topics, in bytes.
pub const TOPIC_PATTERN_TEXT_MAX: usize = 1 << 16;

/// Largest regular expression by which a member subscribes to topics, in bytes of what it is compiled to. It is matched
/// with the name of every topic: at this size, and made to be slow, it takes some milliseconds for a long name.
pub const TOPIC_PATTERN_BYTES_MAX: usize = 1 << 17;

/// Most groups that have settings of their own, whether they exist or not. A group more is refused its settings.
pub const GROUPS_WITH_CONFIGS_MAX: usize = 100_000;

/// Largest record batch after decompression, in bytes. A batch that unpacks to more is refused as corrupt:
/// 1 GiB is a thousand times the default batch limit, and what a consumer could hold anyway.
pub const BATCH_UNCOMPRESSED_BYTES_MAX: usize = 1 << 30;

/// Most records of a share-partition that are on the way to a dead-letter topic that does not take them. Then the
/// share-partition hands out nothing that it has not looked at yet, until they have arrived.
pub const ARCHIVING_RECORDS_MAX: i64 = 100_000;

/// Most records that the writer of dead letters is given at once.
pub const DEAD_LETTERS_MAX: i64 = 500;

/// Most topics that the topology of a streams application may name. Real ones name dozens.
pub const STREAMS_TOPOLOGY_TOPICS_MAX: usize = 10_000;

/// Largest topology of a streams application, in bytes of what is kept of it.
pub const STREAMS_TOPOLOGY_BYTES_MAX: usize = 1 << 20;

/// Most tasks of one streams group, standbys not counted.
pub const STREAMS_TASKS_MAX: i64 = 100_000;

/// Most client tags and offsets of tasks that one member of a streams group may report at once, and most tasks that it
/// may say it has.
pub const STREAMS_MEMBER_ENTRIES_MAX: usize = 100_000;

/// Most bytes of text in these tags and offsets. Clients send tags of 50 and names of subtopologies of one or two.
pub const STREAMS_MEMBER_BYTES_MAX: usize = 1 << 22;

/// Longest explanation in an answer of a group, in bytes; longer ones are cut. Text of more than 32,767 bytes cannot be
/// sent, and some of these quote what a client sent, or list topics.
pub const EXPLANATION_BYTES_MAX: usize = 4_096;

/// Largest description of a topology that a streams application may leave with its group, in bytes.
pub const STREAMS_DESCRIPTION_BYTES_MAX: usize = 1 << 20;
