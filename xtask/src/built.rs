//! `--built DIR`: programs of Ottla's that were built before.

use std::path::PathBuf;

/// Where a command takes them from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Built(pub(crate) Option<PathBuf>);

impl Built {
    /// The program, by `build` unless it was built before.
    ///
    /// # Errors
    /// If it does not build.
    pub(crate) fn program(
        &self,
        name: &str,
        build: impl FnOnce(&str) -> Result<PathBuf, String>,
    ) -> Result<PathBuf, String> {
        self.0.as_ref().map_or_else(|| build(name), |folder| Ok(folder.join(name)))
    }

    /// What the document says of that.
    pub(crate) fn origin(&self) -> &'static str {
        if self.0.is_some() { "; the program was built before" } else { "" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_built_before_is_not_built_again() {
        let program = |built: Built| built.program("ottla", |name| Err(format!("{name} is built")));
        assert_eq!(program(Built(Some("there".into()))), Ok(PathBuf::from("there/ottla")));
        assert_eq!(program(Built::default()), Err("ottla is built".to_owned()));
    }
}
