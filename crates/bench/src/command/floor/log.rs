//! Files that grow by the batches that were taken, one for each partition, as a broker's do and with the same bytes.

use super::answer::Part;
use crate::command::{Failure, While};
use ottla_base::{LeaderEpoch, Offset};
use ottla_wire::ErrorCode;
use ottla_wire::record::{BatchHeader, set_base_offset, set_leader_epoch, verify_crc};
use std::fs::{self, File};
use std::io::{self, IoSlice};
use std::path::Path;

/// What must be true before a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Durability {
    /// The batches are in the page cache
    Os,
    /// The batches are on the disk
    Sync,
    /// Nothing: the batches are checked and dropped
    Discard,
}

/// All partitions.
#[derive(Debug)]
pub(super) struct Log {
    durability: Durability,
    partitions: Vec<Partition>,
    /// Those with batches to write.
    dirty: Vec<usize>,
}

#[derive(Debug)]
struct Partition {
    file: File,
    bytes: u64,
    next: Offset,
    /// Which parts are to be written, in their order.
    waiting: Vec<usize>,
}

impl Log {
    /// Makes the directories and empty files.
    pub(super) fn create(data: &Path, partitions: u32, durability: Durability) -> Result<Self, Failure> {
        let create = |number| -> io::Result<Partition> {
            let directory = data.join(format!("floor-{number}"));
            fs::create_dir_all(&directory)?;
            let file = File::create(directory.join("00000000000000000000.log"))?;
            Ok(Partition { file, bytes: 0, next: Offset::ZERO, waiting: Vec::new() })
        };
        let partitions = (0..partitions).map(create).collect::<io::Result<_>>();
        let partitions = partitions.while_doing(format_args!("making files in {}", data.display()))?;
        Ok(Self { durability, partitions, dirty: Vec::new() })
    }

    /// How many there are.
    pub(super) fn partitions(&self) -> u32 {
        u32::try_from(self.partitions.len()).expect("it was made of a u32")
    }

    /// Checks a batch and stamps its offset and its leader's epoch, or says in the part why not. `number` is the part's.
    pub(super) fn take(&mut self, number: usize, part: &mut Part, bytes: &mut [u8]) {
        let batch = &mut bytes[part.records.clone()];
        let Some(index) = usize::try_from(part.partition).ok().filter(|index| *index < self.partitions.len())
        else {
            part.error = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
            return;
        };
        let header = BatchHeader::parse(batch).ok().filter(|header| header.size() == batch.len());
        let Some(header) = header.filter(|_| verify_crc(batch).is_ok()) else {
            part.error = ErrorCode::CORRUPT_MESSAGE;
            return;
        };
        let partition = &mut self.partitions[index];
        part.base_offset = partition.next.0;
        set_base_offset(batch, partition.next);
        set_leader_epoch(batch, LeaderEpoch(0));
        partition.next = partition.next.plus(i64::from(header.last_offset_delta) + 1);
        if partition.waiting.is_empty() {
            self.dirty.push(index);
        }
        partition.waiting.push(number);
    }

    /// Writes all that was taken, each partition's with one call if the kernel takes it.
    pub(super) fn write<'b>(&mut self, bytes: impl Fn(usize) -> &'b [u8]) -> io::Result<()> {
        for index in self.dirty.drain(..) {
            let partition = &mut self.partitions[index];
            if self.durability != Durability::Discard {
                let mut slices: Vec<_> =
                    partition.waiting.iter().map(|part| IoSlice::new(bytes(*part))).collect();
                partition.bytes += write_all_at(&partition.file, &mut slices, partition.bytes)?;
            }
            if self.durability == Durability::Sync {
                rustix::fs::fdatasync(&partition.file)?;
            }
            partition.waiting.clear();
        }
        Ok(())
    }
}

/// Writes all slices from `position` on and returns their bytes.
fn write_all_at(file: &File, mut slices: &mut [IoSlice], position: u64) -> io::Result<u64> {
    let mut done = 0;
    while !slices.is_empty() {
        let some = &slices[..slices.len().min(SLICES_MAX)];
        match rustix::io::pwritev(file, some, position + done)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => {
                done += written as u64;
                IoSlice::advance_slices(&mut slices, written);
            }
        }
    }
    Ok(done)
}

/// The kernel takes no more in one call.
const SLICES_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_wire::record::{BatchBuilder, BatchOptions};

    fn batch(records: usize) -> Vec<u8> {
        let mut builder = BatchBuilder::new(BatchOptions::default());
        for _ in 0..records {
            builder.append(ottla_base::Timestamp(1), None, Some(b"value"), &[]).unwrap();
        }
        builder.build().to_vec()
    }

    #[test]
    fn batches_get_their_offsets_and_follow_one_another_in_the_file() {
        let data = tempfile::tempdir().unwrap();
        let mut log = Log::create(data.path(), 2, Durability::Sync).unwrap();
        let mut bytes = [batch(3), batch(1), batch(2), batch(1)];
        bytes[3][70] ^= 1;
        for (number, (partition, base_offset, error)) in [
            (1, 0, ErrorCode::NONE),
            (2, -1, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
            (1, 3, ErrorCode::NONE),
            (1, -1, ErrorCode::CORRUPT_MESSAGE),
        ]
        .into_iter()
        .enumerate()
        {
            let records = 0..bytes[number].len();
            let mut part = Part { id: 0, partition, records, base_offset: -1, error: ErrorCode::NONE };
            log.take(number, &mut part, &mut bytes[number]);
            assert_eq!((part.base_offset, part.error), (base_offset, error), "{number}");
        }
        log.write(|part| &bytes[part]).unwrap();
        log.write(|_| unreachable!("everything is written")).unwrap();
        let file = |partition| {
            fs::read(data.path().join(format!("floor-{partition}/00000000000000000000.log"))).unwrap()
        };
        assert_eq!(file(1), [&bytes[0][..], &bytes[2]].concat());
        assert_eq!(BatchHeader::parse(&bytes[2]).unwrap().base_offset, Offset(3));
        assert!(file(0).is_empty());
    }
}
