//! The Rust text for one field: its type, default, documentation, and how it is read and written.

use super::layout::{self, Layout};
use super::names;
use super::schema::{Field, Message, Scalar, Type, Versions};

/// Everything about one field that its text is made from.
pub(crate) struct FieldText<'a> {
    message: &'a Message,
    layouts: &'a [Layout<'a>],
    owner: &'a Layout<'a>,
    field: &'a Field,
}

impl<'a> FieldText<'a> {
    /// The text of a field of `owner`.
    pub(crate) fn new(
        message: &'a Message,
        layouts: &'a [Layout<'a>],
        owner: &'a Layout<'a>,
        field: &'a Field,
    ) -> Result<Self, String> {
        let text = Self { message, layouts, owner, field };
        if field.tag.is_some() && field.nullable.is_some() && matches!(field.ty, Type::Struct(_)) {
            return Err(format!("{}: a tagged structure cannot be null", field.name));
        }
        if field.tag.is_some() && message.flexible.is_none_or(|first| text.versions().first < first) {
            return Err(format!("{}: tagged in a version that is not flexible", field.name));
        }
        if field.default.as_deref() == Some("null") && field.nullable.is_none() {
            return Err(format!("{}: null by default and never null", field.name));
        }
        Ok(text)
    }

    /// The name in Rust.
    pub(crate) fn name(&self) -> String {
        names::field(&self.field.name)
    }

    /// The tag of a tagged field.
    pub(crate) fn tag(&self) -> Option<u32> {
        self.field.tag
    }

    /// The condition under which the field is present; `None` if it always is.
    pub(crate) fn condition(&self) -> Option<String> {
        layout::condition(self.message.versions, self.field.versions)
    }

    /// One documentation line: the facts of the schema.
    pub(crate) fn doc(&self) -> String {
        let valid = self.versions();
        let mut doc =
            format!("/// `{}`: {}", self.field.name, self.field.ty.to_string().replace("[]", "array of "));
        if valid != self.message.versions {
            if valid.last == self.message.versions.last {
                doc.push_str(&format!(", from version {}", valid.first));
            } else {
                doc.push_str(&format!(", versions {valid}"));
            }
        }
        if let Some(tag) = self.field.tag {
            doc.push_str(&format!(", tag {tag}"));
        }
        if let Some(nullable) = self.nullable() {
            if layout::condition(valid, nullable).is_none() {
                doc.push_str(", nullable");
            } else {
                doc.push_str(&format!(", nullable in versions {nullable}"));
            }
        }
        match self.field.default.as_deref() {
            None | Some("" | "0" | "false") => {}
            Some(default) => doc.push_str(&format!(", default {default}")),
        }
        if self.field.ignorable && valid != self.message.versions {
            doc.push_str(", dropped where unsupported");
        }
        doc.push('.');
        doc
    }

    /// The type in Rust.
    pub(crate) fn rust_type(&self) -> String {
        let ty = self.plain_type(&self.field.ty);
        match (&self.field.ty, self.is_option()) {
            (_, false) => ty,
            (Type::Struct(_), true) => format!("Option<Box<{ty}>>"),
            (_, true) => format!("Option<{ty}>"),
        }
    }

    /// The default in Rust.
    pub(crate) fn default(&self) -> String {
        let default = self.field.default.as_deref();
        if self.is_option() {
            return match (&self.field.ty, default) {
                (_, Some("null")) | (Type::Scalar(Scalar::Records), None) => "None".to_owned(),
                (Type::Struct(name), _) => format!("Some(Box::<{name}>::default())"),
                (ty, _) => format!("Some({})", plain_default(ty)),
            };
        }
        match (&self.field.ty, default) {
            (ty, None | Some("")) => self.code(plain_default(ty)),
            (Type::Scalar(Scalar::String), Some(text)) => format!("Str::from_static({text:?})"),
            (Type::Scalar(Scalar::Bool), Some(word)) => word.to_owned(),
            (_, Some(number)) => self.code(match number.strip_prefix("0x") {
                Some(hex) => format!("0x{}", hex.to_ascii_lowercase()),
                None => number.to_owned(),
            }),
        }
    }

    /// Whether `Default::default()` of the type is the default.
    pub(crate) fn has_natural_default(&self) -> bool {
        match (self.is_option(), self.field.default.as_deref()) {
            (true, Some("null")) => true,
            (true, _) => self.field.ty == Type::Scalar(Scalar::Records),
            (false, None | Some("" | "0" | "false")) => true,
            (false, Some(_)) => false,
        }
    }

    /// The condition under which `self` holds something else than the default.
    pub(crate) fn differs(&self) -> String {
        let place = format!("self.{}", self.name());
        if self.is_option() {
            return match (self.default().as_str(), &self.field.ty) {
                ("None", _) => format!("{place}.is_some()"),
                (_, Type::Struct(name)) => {
                    format!("{place}.as_deref().is_none_or(|value| *value != {name}::default())")
                }
                _ => format!("{place}.as_ref().is_none_or(|value| !value.is_empty())"),
            };
        }
        match &self.field.ty {
            Type::Array(_) => format!("!{place}.is_empty()"),
            Type::Struct(name) => format!("{place} != {name}::default()"),
            Type::Scalar(Scalar::String | Scalar::Bytes) if self.has_natural_default() => {
                format!("!{place}.is_empty()")
            }
            Type::Scalar(Scalar::Uuid) => format!("!{place}.is_nil()"),
            Type::Scalar(Scalar::Bool) => {
                if self.default() == "true" {
                    format!("!{place}")
                } else {
                    place
                }
            }
            Type::Scalar(_) => format!("{place} != {}", self.default()),
        }
    }

    /// The expression that reads the field where it is present.
    pub(crate) fn read(&self) -> String {
        let name = self.path();
        let plain = self.read_plain(&self.field.ty, &name);
        let Some(nullable) = self.nullable() else {
            return if self.is_option() { format!("Some({plain})") } else { plain };
        };
        let null = match &self.field.ty {
            Type::Scalar(Scalar::String) if self.field.inflexible => {
                format!("r.nullable_classic_string({name:?})?")
            }
            Type::Scalar(scalar) => format!("r.nullable_{}({name:?})?", method(*scalar)),
            Type::Struct(structure) => {
                format!("r.nullable_struct({name:?}, |r| {structure}::read(r, version))?")
            }
            Type::Array(element) => self.read_array("nullable_array", element, &name),
        };
        match layout::condition(self.versions(), nullable) {
            None => null,
            Some(condition) => {
                let plain = if matches!(self.field.ty, Type::Struct(_)) {
                    format!("Box::new({plain})")
                } else {
                    plain
                };
                format!("if {condition} {{ {null} }} else {{ Some({plain}) }}")
            }
        }
    }

    /// The statement that writes the field where it is present.
    pub(crate) fn write(&self) -> String {
        let name = self.path();
        let place = format!("self.{}", self.name());
        if !self.is_option() {
            return self.write_plain(&name, &place, &format!("&{place}"));
        }
        let Some(nullable) = self.nullable() else {
            // Only records: a missing value is written as an empty one, there is no other way to say it.
            return format!("w.records({name:?}, self.{}.as_ref())?;", self.name());
        };
        let null = match &self.field.ty {
            Type::Scalar(Scalar::String) if self.field.inflexible => {
                format!("w.nullable_classic_string({name:?}, {place}.as_ref())?;")
            }
            Type::Scalar(scalar) => format!("w.nullable_{}({name:?}, {place}.as_ref())?;", method(*scalar)),
            Type::Struct(_) => {
                format!("w.nullable_struct({place}.as_deref(), |w, value| value.write(w, version))?;")
            }
            Type::Array(element) => {
                let write = self.write_element(element, &name);
                format!("w.nullable_array({name:?}, {place}.as_deref(), |w, value| {write})?;")
            }
        };
        match layout::condition(self.versions(), nullable) {
            None => null,
            Some(condition) => {
                let value = format!("w.required({name:?}, &{place})?");
                let plain = self.write_plain(&name, &value, &value);
                format!("if {condition} {{ {null} }} else {{ {plain} }}")
            }
        }
    }

    /// The name by which errors call the field.
    pub(crate) fn path(&self) -> String {
        if self.owner.is_message {
            self.field.name.clone()
        } else {
            format!("{}.{}", self.owner.name, self.field.name)
        }
    }

    /// Whether values are dropped silently in versions without the field.
    pub(crate) fn is_ignorable(&self) -> bool {
        self.field.ignorable
    }

    fn versions(&self) -> Versions {
        self.field.versions.intersect(self.message.versions).unwrap_or(self.message.versions)
    }

    fn nullable(&self) -> Option<Versions> {
        self.field.nullable.and_then(|nullable| nullable.intersect(self.versions()))
    }

    fn is_option(&self) -> bool {
        self.nullable().is_some() || self.field.ty == Type::Scalar(Scalar::Records)
    }

    fn is_error_code(&self) -> bool {
        self.field.ty == Type::Scalar(Scalar::Int16) && self.field.name.ends_with("ErrorCode")
    }

    fn code(&self, value: String) -> String {
        if self.is_error_code() { format!("ErrorCode({value})") } else { value }
    }

    fn plain_type(&self, ty: &Type) -> String {
        match ty {
            Type::Array(element) => format!("Vec<{}>", self.plain_type(element)),
            Type::Struct(name) => name.clone(),
            Type::Scalar(_) if self.is_error_code() => "ErrorCode".to_owned(),
            Type::Scalar(scalar) => rust(*scalar).to_owned(),
        }
    }

    fn read_plain(&self, ty: &Type, name: &str) -> String {
        match ty {
            Type::Array(element) => self.read_array("array", element, name),
            Type::Struct(structure) => format!("{structure}::read(r, version)?"),
            Type::Scalar(Scalar::String) if self.field.inflexible => format!("r.classic_string({name:?})?"),
            Type::Scalar(scalar) => self.code(format!("r.{}({name:?})?", method(*scalar))),
        }
    }

    fn read_array(&self, method_name: &str, element: &Type, name: &str) -> String {
        let least = layout::bytes_min(self.message, self.layouts, element, self.versions());
        let read = match element {
            Type::Struct(structure) => format!("{structure}::read(r, version)"),
            Type::Array(_) => format!("Ok({})", self.read_plain(element, name)),
            Type::Scalar(scalar) => format!("r.{}({name:?})", method(*scalar)),
        };
        format!("r.{method_name}({name:?}, {least}, |r| {read})?")
    }

    /// `value` is the place for values that are copied, `reference` the same borrowed.
    fn write_plain(&self, name: &str, value: &str, reference: &str) -> String {
        match &self.field.ty {
            Type::Array(element) => {
                let write = self.write_element(element, name);
                format!("w.array({name:?}, {reference}, |w, value| {write})?;")
            }
            Type::Struct(_) => format!("{value}.write(w, version)?;"),
            Type::Scalar(Scalar::String) if self.field.inflexible => {
                format!("w.classic_string({name:?}, {reference})?;")
            }
            Type::Scalar(Scalar::String) => format!("w.string({name:?}, {reference})?;"),
            Type::Scalar(Scalar::Bytes) => format!("w.bytes({name:?}, {reference})?;"),
            Type::Scalar(Scalar::Records) => format!("w.records({name:?}, Some({reference}))?;"),
            Type::Scalar(scalar) => {
                let inner = if self.is_error_code() { ".0" } else { "" };
                format!("w.{}({value}{inner});", method(*scalar))
            }
        }
    }

    fn write_element(&self, element: &Type, name: &str) -> String {
        match element {
            Type::Struct(_) => "value.write(w, version)".to_owned(),
            Type::Array(inner) => {
                let write = self.write_element(inner, name);
                format!("w.array({name:?}, value, |w, value| {write})")
            }
            Type::Scalar(scalar @ (Scalar::String | Scalar::Bytes)) => {
                format!("w.{}({name:?}, value)", method(*scalar))
            }
            Type::Scalar(Scalar::Records) => format!("w.records({name:?}, Some(value))"),
            Type::Scalar(scalar) => format!("{{ w.{}(*value); Ok(()) }}", method(*scalar)),
        }
    }
}

fn rust(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "bool",
        Scalar::Int8 => "i8",
        Scalar::Int16 => "i16",
        Scalar::Uint16 => "u16",
        Scalar::Int32 => "i32",
        Scalar::Uint32 => "u32",
        Scalar::Int64 => "i64",
        Scalar::Float64 => "f64",
        Scalar::Uuid => "Uuid",
        Scalar::String => "Str",
        Scalar::Bytes => "Bytes",
        Scalar::Records => "Records",
    }
}

/// The method of reader and writer.
fn method(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Uuid => "uuid",
        Scalar::String => "string",
        Scalar::Bytes => "bytes",
        Scalar::Records => "records",
        number => rust(number),
    }
}

fn plain_default(ty: &Type) -> String {
    match ty {
        Type::Array(_) => "Vec::new()".to_owned(),
        Type::Struct(name) => format!("{name}::default()"),
        Type::Scalar(scalar) => match scalar {
            Scalar::Bool => "false",
            Scalar::Float64 => "0.0",
            Scalar::Uuid => "Uuid::nil()",
            Scalar::String => "Str::default()",
            Scalar::Bytes => "Bytes::new()",
            Scalar::Records => "Records::default()",
            _ => "0",
        }
        .to_owned(),
    }
}
