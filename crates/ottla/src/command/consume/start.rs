//! `-o`: where reading begins.

use crate::exit::{Failure, Outcome};
use crate::offsets::{self, Found};
use ottla_base::{Offset, Timestamp};
use ottla_client::{Client, Isolation, OffsetSpec, Reset, TopicPartition};
use std::str::FromStr;

/// Where reading begins, in each partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// At the first record that is there.
    Beginning,
    /// Behind the last record that is there.
    End,
    /// This many records before the end.
    Last(i64),
    /// At this offset, or the nearest that is there.
    Offset(Offset),
    /// At the first record that is at least as young.
    Time(Timestamp),
}

impl FromStr for Start {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "beginning" | "start" | "earliest" => return Ok(Self::Beginning),
            "end" | "latest" => return Ok(Self::End),
            _ => {}
        }
        if let Some(time) = text.strip_prefix('@') {
            return crate::text::parse_moment(time).map(Self::Time);
        }
        match text.parse::<i64>() {
            Ok(number) if text.starts_with('-') => Ok(Self::Last(number.saturating_neg())),
            Ok(number) => Ok(Self::Offset(Offset(number))),
            Err(_) => Err("write beginning, end, an offset, -N for the last N, or @TIME".to_owned()),
        }
    }
}

impl Start {
    /// The first offset to read of each partition, and the end of each as of now.
    pub(super) async fn find(
        self,
        client: &Client,
        partitions: &[TopicPartition],
        isolation: Isolation,
    ) -> Outcome<(Found, Found)> {
        let starts = offsets::find(client, partitions, OffsetSpec::Earliest).await?;
        let ends = offsets::find_for(client, partitions, (OffsetSpec::Latest, isolation)).await?;
        let by_time = match self {
            Self::Time(at) => offsets::find_for(client, partitions, (OffsetSpec::At(at), isolation)).await?,
            Self::Beginning | Self::End | Self::Last(_) | Self::Offset(_) => Found::new(),
        };
        let first = |partition: &TopicPartition| {
            let (start, end) = (starts[partition], ends[partition]);
            let wanted = match self {
                Self::Beginning => start,
                Self::End => end,
                Self::Last(count) => end.plus(count.saturating_neg()),
                Self::Offset(offset) => offset,
                Self::Time(_) => {
                    by_time.get(partition).copied().filter(|at| *at != Offset::NONE).unwrap_or(end)
                }
            };
            wanted.clamp(start, end)
        };
        Ok((partitions.iter().map(|partition| (partition.clone(), first(partition))).collect(), ends))
    }

    /// Where a group begins that has committed nothing.
    pub(super) fn reset(self) -> Outcome<Reset> {
        match self {
            Self::Beginning => Ok(Reset::Earliest),
            Self::End => Ok(Reset::Latest),
            Self::Last(_) | Self::Offset(_) | Self::Time(_) => Err(Failure::usage(
                "with -g, -o is beginning or end, and only counts where the group has committed nothing; \
                 'ottla group reset-offsets' moves a group",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_say_where() {
        let parse = |text: &str| text.parse::<Start>();
        assert_eq!(parse("beginning"), Ok(Start::Beginning));
        assert_eq!(parse("end"), Ok(Start::End));
        assert_eq!(parse("-10"), Ok(Start::Last(10)));
        assert_eq!(parse("10"), Ok(Start::Offset(Offset(10))));
        assert_eq!(parse("@1500"), Ok(Start::Time(Timestamp(1500))));
        assert_eq!(parse("@1970-01-01T00:00:01Z"), Ok(Start::Time(Timestamp(1000))));
        assert!(parse("yesterday").is_err());
        assert!(parse("@x").is_err());
    }
}
