//! Rust types that a configuration value can have.

use super::{Kind, Parsed, Valid};
use std::fmt;

/// A Rust type behind a configuration key.
pub trait Value: Sized {
    /// How text becomes such a value.
    const KIND: Kind;
    /// The rule of the type itself; an entry may narrow it.
    const VALID: Valid = Valid::Any;

    /// Takes the value out of `parsed`.
    ///
    /// # Errors
    /// `parsed` is not such a value; the text says what was expected, or is empty where the kind says it.
    fn from_parsed(parsed: &Parsed) -> Result<Self, String>;
}

macro_rules! whole {
    ($type:ty, $kind:expr, $valid:expr) => {
        impl Value for $type {
            const KIND: Kind = $kind;
            const VALID: Valid = $valid;
            fn from_parsed(parsed: &Parsed) -> Result<Self, String> {
                match parsed {
                    Parsed::Integer(n) => Self::try_from(*n).map_err(|_| String::new()),
                    _ => Err(String::new()),
                }
            }
        }
    };
}

whole!(i16, Kind::Short, Valid::Any);
whole!(i32, Kind::Int, Valid::Any);
whole!(i64, Kind::Long, Valid::Any);
whole!(u32, Kind::Int, Valid::AtLeast(0));
whole!(u64, Kind::Long, Valid::AtLeast(0));
whole!(usize, Kind::Int, Valid::AtLeast(0));

impl Value for bool {
    const KIND: Kind = Kind::Boolean;
    fn from_parsed(parsed: &Parsed) -> Result<Self, String> {
        match parsed {
            Parsed::Boolean(b) => Ok(*b),
            _ => Err(String::new()),
        }
    }
}

impl Value for f64 {
    const KIND: Kind = Kind::Double;
    fn from_parsed(parsed: &Parsed) -> Result<Self, String> {
        match parsed {
            Parsed::Number(n) => Ok(*n),
            _ => Err(String::new()),
        }
    }
}

impl Value for String {
    const KIND: Kind = Kind::Text;
    fn from_parsed(parsed: &Parsed) -> Result<Self, String> {
        match parsed {
            Parsed::Text(text) => Ok(text.clone()),
            _ => Err(String::new()),
        }
    }
}

impl Value for Vec<String> {
    const KIND: Kind = Kind::List;
    fn from_parsed(parsed: &Parsed) -> Result<Self, String> {
        match parsed {
            Parsed::List(texts) => Ok(texts.clone()),
            _ => Err(String::new()),
        }
    }
}

/// A key that may stay without value.
impl<T: Value> Value for Option<T> {
    const KIND: Kind = T::KIND;
    const VALID: Valid = T::VALID;
    fn from_parsed(parsed: &Parsed) -> Result<Self, String> {
        match parsed {
            Parsed::Null => Ok(None),
            present => T::from_parsed(present).map(Some),
        }
    }
}

/// A text that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

impl Value for Password {
    const KIND: Kind = Kind::Password;
    fn from_parsed(parsed: &Parsed) -> Result<Self, String> {
        String::from_parsed(parsed).map(Self)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(hidden)")
    }
}

/// Declares an enum whose variants are the valid texts of a key.
///
/// ```
/// ottla_base::config_choice! {
///     /// How tea is taken.
///     pub enum Tea {
///         /// As it is.
///         Plain = "plain",
///         /// With milk.
///         Milk = "milk",
///     }
/// }
/// assert_eq!(Tea::Milk.name(), "milk");
/// ```
#[macro_export]
macro_rules! config_choice {
    (
        $(#[doc = $about:literal])+
        $vis:vis enum $name:ident { $( $(#[doc = $doc:literal])+ $variant:ident = $text:literal ),+ $(,)? }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name { $( $(#[doc = $doc])+ $variant, )+ }

        impl $name {
            /// The text that stands for this choice.
            #[must_use]
            $vis const fn name(self) -> &'static str {
                match self { $( Self::$variant => $text, )+ }
            }
        }

        impl $crate::config::Value for $name {
            const KIND: $crate::config::Kind = $crate::config::Kind::Text;
            const VALID: $crate::config::Valid = $crate::config::Valid::OneOf(&[$($text),+]);
            fn from_parsed(parsed: &$crate::config::Parsed) -> Result<Self, String> {
                match parsed {
                    $( $crate::config::Parsed::Text(text) if text == $text => Ok(Self::$variant), )+
                    _ => Err(String::new()),
                }
            }
        }
    };
}
