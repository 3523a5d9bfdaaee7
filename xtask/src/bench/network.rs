//! Congestion control, which on the loopback interface decides more than any server does: BBR costs a sender several
//! times what CUBIC costs. While the bench runs, everybody has CUBIC.

use std::path::{Path, PathBuf};

const SETTING: &str = "/proc/sys/net/ipv4/tcp_congestion_control";
const WANTED: &str = "cubic";

/// The machine's setting for the time of the bench; what was there before comes back when this is dropped.
#[derive(Debug)]
pub(super) struct Congestion {
    setting: PathBuf,
    before: String,
    during: String,
}

impl Congestion {
    /// Sets it, where that is allowed.
    pub(super) fn set() -> Self {
        Self::set_in(Path::new(SETTING))
    }

    fn set_in(path: &Path) -> Self {
        let read = || std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let before = read();
        // Who may not set it measures with what there is, and the document says so.
        drop(std::fs::write(path, WANTED));
        Self { setting: path.to_owned(), before, during: read() }
    }

    /// For the document.
    pub(super) fn text(&self) -> String {
        let Self { setting: _, before, during } = self;
        let outside =
            if before == during { String::new() } else { format!(" ({before} outside of the bench)") };
        format!("TCP congestion control {during} for all{outside}")
    }
}

impl Drop for Congestion {
    fn drop(&mut self) {
        if self.before != self.during && std::fs::write(&self.setting, &self.before).is_err() {
            eprintln!("{} stays {}, it was {}", self.setting.display(), self.during, self.before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_is_changed_for_the_time_and_then_put_back() {
        let path = std::env::temp_dir().join(format!("ottla-congestion-{}", std::process::id()));
        std::fs::write(&path, "bbr\n").unwrap();
        let congestion = Congestion::set_in(&path);
        assert_eq!(congestion.text(), "TCP congestion control cubic for all (bbr outside of the bench)");
        drop(congestion);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "bbr");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn what_cannot_be_set_is_told_as_it_is() {
        let congestion = Congestion::set_in(Path::new("/proc/sys/kernel/ostype"));
        assert_eq!(congestion.text(), "TCP congestion control Linux for all");
    }
}
