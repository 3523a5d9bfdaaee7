//! Removes what is no longer part of a log, and keeps a copy of what an operator may want to see.

use super::Recovery;
use super::scan::has_batch_after;
use crate::error::OpenError;
use crate::local::index::{self, OffsetEntry, TimeEntry};
use crate::local::names::CUT_SUFFIX;
use crate::local::segment::Segment;
use crate::report::Cut;
use ottla_base::Offset;
use std::path::PathBuf;

impl Recovery<'_> {
    /// Removes everything from `position` on. If whole batches follow the damage, this is no torn write: a
    /// copy is kept.
    pub(super) fn cut(
        &mut self,
        base: Offset,
        (position, length): (u64, u32),
        reason: &str,
    ) -> Result<(), OpenError> {
        let failed = |error| self.failed("cutting", error);
        let file = self.open_log(base)?;
        let mut kept = None;
        if has_batch_after(self.place.disk, &file, position, length.into()).map_err(failed)? {
            let path = self.place.path.join(format!("{:020}.log.{position}{CUT_SUFFIX}", base.0));
            let mut rest = vec![0; usize::try_from(u64::from(length) - position).expect("less than 4 GiB")];
            self.place.disk.read_exact_at(&file, &mut rest, position).map_err(failed)?;
            self.place.disk.write(&path, &rest).map_err(failed)?;
            kept = Some(path);
        }
        self.place.disk.set_len(&file, position).map_err(failed)?;
        self.report_cut(u64::from(length) - position, reason, kept);
        Ok(())
    }

    /// Takes a segment that lies behind a cut out of the log, but keeps its file.
    pub(super) fn set_aside(&mut self, segment: &Segment, reason: &str) -> Result<(), OpenError> {
        let failed = |error| self.failed("setting aside a segment of", error);
        let path = self.place.log(segment.base);
        let mut aside = path.clone().into_os_string();
        aside.push(CUT_SUFFIX);
        let aside = PathBuf::from(aside);
        self.place.disk.rename(&path, &aside).map_err(failed)?;
        index::truncate::<OffsetEntry>(self.place, segment.base, |_, _| false).map_err(failed)?;
        index::truncate::<TimeEntry>(self.place, segment.base, |_, _| false).map_err(failed)?;
        self.report_cut(segment.size.into(), reason, Some(aside));
        Ok(())
    }

    /// Ends the log before segments that begin later: what lay between never reached the disk, and with it nothing
    /// that follows was ever acknowledged. Sequence numbers would not fit, if they stayed.
    pub(super) fn end_before(&mut self, lost: impl Iterator<Item = Segment>) -> Result<(), OpenError> {
        for segment in lost {
            if segment.size == 0 {
                self.remove_empty(segment.base)?;
            } else {
                let reason = format!("its segment {} does not follow", segment.base);
                self.set_aside(&segment, &reason)?;
            }
        }
        Ok(())
    }

    pub(super) fn remove_empty(&self, base: Offset) -> Result<(), OpenError> {
        let removed = self.place.disk.remove_file(&self.place.log(base));
        removed.map_err(|error| self.failed("removing an empty segment of", error))
    }

    fn report_cut(&mut self, bytes: u64, reason: &str, kept: Option<PathBuf>) {
        let (topic, partition) = (self.known.topic.clone(), self.known.id.index);
        tracing::warn!(%topic, %partition, end = %self.state.end, bytes, reason, "the end of a log was cut");
        let end = self.state.end;
        self.report.cuts.push(Cut { topic, partition, end, bytes, reason: reason.to_owned(), kept });
    }
}
