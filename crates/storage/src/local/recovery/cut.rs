//! Removes what is no longer part of a log, and keeps a copy of what an operator may want to see.

use super::Recovery;
use super::scan::has_batch_after;
use crate::error::OpenError;
use crate::local::partition::log_path;
use crate::local::segment::Segment;
use crate::report::Cut;
use ottla_base::Offset;
use std::os::unix::fs::FileExt;
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
        if has_batch_after(&file, position, length.into()).map_err(failed)? {
            let path = self.directory.join(format!("{:020}.log.{position}{CUT_SUFFIX}", base.0));
            let mut rest = vec![0; usize::try_from(u64::from(length) - position).expect("less than 4 GiB")];
            file.read_exact_at(&mut rest, position).map_err(failed)?;
            std::fs::write(&path, rest).map_err(failed)?;
            kept = Some(path);
        }
        file.set_len(position).map_err(failed)?;
        self.report_cut(u64::from(length) - position, reason, kept);
        Ok(())
    }

    /// Takes a segment that lies behind a cut out of the log, but keeps its file.
    pub(super) fn set_aside(&mut self, segment: &Segment, reason: &str) -> Result<(), OpenError> {
        let failed = |error| self.failed("setting aside a segment of", error);
        let path = log_path(self.directory, segment.base);
        let mut aside = path.clone().into_os_string();
        aside.push(CUT_SUFFIX);
        std::fs::rename(&path, &aside).map_err(failed)?;
        self.empty_indexes(segment)?;
        self.report_cut(segment.size.into(), reason, Some(aside.into()));
        Ok(())
    }

    fn report_cut(&mut self, bytes: u64, reason: &str, kept: Option<PathBuf>) {
        let (topic, partition) = (self.known.topic.clone(), self.known.id.index);
        tracing::warn!(%topic, %partition, end = %self.state.end, bytes, reason, "the end of a log was cut");
        let end = self.state.end;
        self.report.cuts.push(Cut { topic, partition, end, bytes, reason: reason.to_owned(), kept });
    }
}

const CUT_SUFFIX: &str = ".cut";
