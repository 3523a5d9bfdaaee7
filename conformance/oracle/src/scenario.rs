//! What a scenario is: data that says who asks and what may differ.

use crate::side::Side;

/// One family of rules: a file below `subject/`.
pub struct Subject {
    pub name: &'static str,
    /// One sentence for the document.
    pub about: &'static str,
    pub scenarios: &'static [Scenario],
}

/// Some requests in an order, sent to each broker.
pub struct Scenario {
    /// Lower case and dashes; it is part of the names of topics.
    pub name: &'static str,
    /// What is asked, for the document.
    pub asks: &'static str,
    pub run: fn(&mut Side) -> Ran,
    /// Differences that are meant, each with its reason.
    pub differs: &'static [Difference],
}

/// `Err` if the scenario could not go on; the other broker should then have failed in the same way.
pub type Ran = Result<(), String>;

/// A difference that is meant.
pub struct Difference {
    /// The step's name, or a beginning of it; all steps, if it is empty.
    pub step: &'static str,
    /// A part of the field's path; all fields, if it is empty.
    pub field: &'static str,
    pub because: &'static str,
}

impl Difference {
    /// Whether this is the reason for that field of that step.
    pub fn explains(&self, step: &str, field: &str) -> bool {
        step.starts_with(self.step) && field.contains(self.field)
    }
}
