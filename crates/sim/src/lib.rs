//! What judges Ottla's promises: what clients did and saw, and whether a correct log could have shown it to them.
//!
//! [`history`] is the record of a run, [`checker`] the judge. Both are pure and know nothing of who ran: the
//! simulator, or real clients beside a broker that is killed again and again.

pub mod checker;
pub mod history;
