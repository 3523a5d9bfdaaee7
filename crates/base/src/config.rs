//! Declaration of configuration keys: one entry per key, everything else follows.
//!
//! An entry of [`config!`](crate::config!) says what a key is called, what it means, in which unit, what it
//! costs to set it low or high, its type, default, valid values, what it falls back to and when a change takes
//! effect. From that entry come the typed field the broker reads, parsing with clear errors, the answer to
//! DescribeConfigs, `ottla config explain` and the reference page.
//!
//! Invariants: a key's default is valid by its own rule, and a typed field exists for every key of its table
//! (`Table::flaws` finds breaches of both in tests). Nothing here knows where a value came from: layers are the
//! broker's business.

mod error;
mod key;
mod parsed;
mod table;
mod value;

pub use error::Invalid;
pub use key::{Change, Effect, Fallback, Key, Kind, Unit, Valid};
pub use parsed::Parsed;
pub use table::{Table, nearest};
pub use value::{Password, Value};

/// Declares a table of keys and the struct that holds their values, one entry per key.
///
/// Each entry is a documented field with its Rust type and, in braces, those facts of [`Key`] that differ
/// from what the type implies. The doc comment is the key's documentation for users.
///
/// ```
/// ottla_base::config! {
///     /// What a kettle needs to know.
///     pub struct Kettle, keys KETTLE;
///
///     /// How hot the water gets.
///     heat_degrees: i32 {
///         name: "heat.degrees",
///         default: Some("100"),
///         valid: ottla_base::config::Valid::Within { min: 1, max: 100 },
///         low: "The tea is weak.",
///         high: "The tea is bitter.",
///     }
/// }
/// let kettle = Kettle::read(|key| key.parse_default());
/// assert_eq!(kettle.heat_degrees, 100);
/// ```
#[macro_export]
macro_rules! config {
    (
        $(#[doc = $about:literal])+
        $vis:vis struct $name:ident, keys $keys:ident;
        $(
            $(#[doc = $doc:literal])+
            $field:ident: $type:ty { $($fact:ident: $value:expr),+ $(,)? }
        )+
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq)]
        $vis struct $name {
            $( $(#[doc = $doc])+ pub $field: $type, )+
        }

        #[doc = concat!("The keys behind [`", stringify!($name), "`].")]
        $vis static $keys: &[$crate::config::Key] = &[
            $( $crate::config::Key {
                doc: concat!($($doc),+),
                $($fact: $value,)+
                ..$crate::config::Key::of::<$type>()
            }, )+
        ];

        impl $name {
            /// Builds the struct from one value per key. `value` hands out what [`$crate::config::Key::parse`]
            /// accepted for that very key.
            #[must_use]
            $vis fn read(mut value: impl FnMut(&'static $crate::config::Key) -> $crate::config::Parsed) -> Self {
                let mut keys = $keys.iter();
                $(
                    let key = keys.next().expect("the table has an entry for every field");
                    let $field = <$type as $crate::config::Value>::from_parsed(&value(key))
                        .expect("a value that its key accepted fits the field");
                )+
                Self { $($field),+ }
            }
        }
    };
}

#[cfg(test)]
mod tests;
