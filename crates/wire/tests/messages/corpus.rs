//! Bytes of messages, made at random from the schema text.
//!
//! They are canonical: one value has one encoding, so reading and writing must give the same bytes again.

use crate::schema::{self, Field, Kind, Message, Scalar, Type};
use bytes::Bytes;
use std::path::Path;

/// What may stand in a structure besides the fields of its version.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strangers {
    /// Nothing.
    Absent,
    /// Tagged fields that no version knows.
    Tagged,
}

/// Every message of the schema text that has a module.
pub(crate) fn messages() -> Vec<Message> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    let mut messages = Vec::new();
    for name in ["kafka", "internal"] {
        for entry in std::fs::read_dir(folder.join(name)).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "txt") {
                let text = std::fs::read_to_string(&path).unwrap();
                messages.extend(schema::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display())));
            }
        }
    }
    messages.retain(|message| message.kind != Kind::Api);
    messages.sort_by(|a, b| a.name.cmp(&b.name));
    messages
}

/// A message at random; the same seed gives the same bytes. With strangers, the value is the same as without.
pub(crate) fn bytes(message: &Message, version: i16, seed: u64, strangers: Strangers) -> Bytes {
    let flexible = message.flexible.is_some_and(|first| first <= version);
    let mut maker = Maker {
        message,
        version,
        flexible,
        strangers,
        random: fastrand::Rng::with_seed(seed ^ ((version as u64) << 32)),
    };
    let mut out = Vec::new();
    maker.structure(&mut out, &message.fields, 0);
    Bytes::from(out)
}

struct Maker<'a> {
    message: &'a Message,
    version: i16,
    flexible: bool,
    strangers: Strangers,
    random: fastrand::Rng,
}

impl<'a> Maker<'a> {
    fn structure(&mut self, out: &mut Vec<u8>, fields: &'a [Field], depth: usize) {
        let present = |field: &&Field| field.versions.contains(self.version);
        let (mut tagged, plain): (Vec<&Field>, Vec<&Field>) =
            fields.iter().filter(present).partition(|field| field.tag.is_some());
        for field in plain {
            self.field(out, field, depth);
        }
        if !self.flexible {
            return;
        }
        tagged.sort_by_key(|field| field.tag);
        let mut contents = Vec::new();
        for field in tagged {
            let mut content = Vec::new();
            self.field(&mut content, field, depth);
            let mut default = Vec::new();
            self.default(&mut default, field);
            if content != default && self.random.bool() {
                contents.push((field.tag.unwrap_or_default(), content));
            }
        }
        self.tags(out, contents);
    }

    fn tags(&self, out: &mut Vec<u8>, mut contents: Vec<(u32, Vec<u8>)>) {
        if self.strangers == Strangers::Tagged {
            // A fixed content: it must not change what the random source gives to the fields.
            contents.push((9_000, vec![0xff; 3]));
            contents.push((u32::MAX, vec![7; 200]));
            // Ottla's own tags are above the lower of them.
            contents.sort_by_key(|(tag, _)| *tag);
        }
        varint(out, contents.len() as u32);
        for (tag, content) in contents {
            varint(out, tag);
            varint(out, content.len() as u32);
            out.extend(content);
        }
    }

    fn field(&mut self, out: &mut Vec<u8>, field: &'a Field, depth: usize) {
        let nullable = field.nullable.is_some_and(|versions| versions.contains(self.version));
        if nullable && self.random.u8(..) < 64 {
            return self.null(out, field);
        }
        if let (Type::Struct(_), true) = (&field.ty, nullable) {
            out.push(1);
        }
        self.value(out, field, &field.ty, depth);
    }

    fn value(&mut self, out: &mut Vec<u8>, field: &'a Field, ty: &'a Type, depth: usize) {
        match ty {
            Type::Struct(_) => self.structure(out, self.fields(field), depth + 1),
            Type::Array(element) => {
                let most = if depth < 2 { 3 } else { 1 };
                let count = match **element {
                    Type::Scalar(_) if self.random.u8(..) < 8 => 200,
                    _ => self.random.usize(0..=most),
                };
                self.length(out, count);
                for _ in 0..count {
                    self.value(out, field, element, depth);
                }
            }
            Type::Scalar(Scalar::String) => {
                let text = self.text();
                if field.inflexible {
                    out.extend((text.len() as i16).to_be_bytes());
                } else {
                    self.text_length(out, text.len());
                }
                out.extend(text.bytes());
            }
            Type::Scalar(Scalar::Bytes | Scalar::Records) => {
                let length = if self.random.u8(..) < 16 { 1_500 } else { self.random.usize(0..40) };
                self.length(out, length);
                out.extend((0..length).map(|_| self.random.u8(..)));
            }
            Type::Scalar(scalar) => self.number(out, *scalar),
        }
    }

    fn number(&mut self, out: &mut Vec<u8>, scalar: Scalar) {
        let size = match scalar {
            Scalar::Bool => return out.push(u8::from(self.random.bool())),
            Scalar::Float64 => return out.extend(self.random.f64().to_be_bytes()),
            Scalar::Int8 => 1,
            Scalar::Int16 | Scalar::Uint16 => 2,
            Scalar::Int32 | Scalar::Uint32 => 4,
            Scalar::Int64 => 8,
            Scalar::Uuid => 16,
            Scalar::String | Scalar::Bytes | Scalar::Records => unreachable!("has a length"),
        };
        let edge = self.random.u8(0..8);
        let bytes = (0..size).map(|index| match (edge, index) {
            (0, _) => 0,
            (1, _) => 0xff,
            (2, 0) => 0x7f,
            (2, _) => 0xff,
            (3, 0) => 0x80,
            (3, _) => 0,
            _ => self.random.u8(..),
        });
        out.extend(bytes);
    }

    fn text(&mut self) -> String {
        let length = if self.random.u8(..) < 16 { 150 } else { self.random.usize(0..9) };
        (0..length)
            .map(|_| *self.random.choice(&['a', 'Z', '0', '.', '-', 'ß', '語', '🦦']).unwrap())
            .collect()
    }

    fn null(&self, out: &mut Vec<u8>, field: &Field) {
        match field.ty {
            Type::Struct(_) => out.push(0xff),
            Type::Scalar(Scalar::String) if field.inflexible || !self.flexible => out.extend([0xff; 2]),
            _ if self.flexible => out.push(0),
            _ => out.extend([0xff; 4]),
        }
    }

    /// The encoding of the field's default, to be told from a value that a tagged field would carry.
    fn default(&self, out: &mut Vec<u8>, field: &'a Field) {
        let number = |text: &str| match text.strip_prefix("0x") {
            Some(hex) => i64::from_str_radix(hex, 16).unwrap(),
            None => text.parse().unwrap(),
        };
        match (&field.ty, field.default.as_deref()) {
            (_, Some("null")) => self.null(out, field),
            (Type::Struct(_), _) => {
                for field in self.fields(field).iter().filter(|field| field.versions.contains(self.version)) {
                    self.default(out, field);
                }
                self.tags(out, Vec::new());
            }
            (Type::Array(_) | Type::Scalar(Scalar::String | Scalar::Bytes), _) => out.push(1),
            (Type::Scalar(Scalar::Uuid), _) => out.extend([0; 16]),
            (Type::Scalar(Scalar::Bool), default) => out.push(u8::from(default == Some("true"))),
            (Type::Scalar(Scalar::Int8), default) => out.push(number(default.unwrap_or("0")) as u8),
            (Type::Scalar(Scalar::Int16), default) => {
                out.extend((number(default.unwrap_or("0")) as i16).to_be_bytes());
            }
            (Type::Scalar(Scalar::Int32), default) => {
                out.extend((number(default.unwrap_or("0")) as i32).to_be_bytes());
            }
            (Type::Scalar(Scalar::Int64), default) => {
                out.extend(number(default.unwrap_or("0")).to_be_bytes())
            }
            (Type::Scalar(scalar), _) => unknown_default(*scalar, &field.name),
        }
    }

    fn fields(&self, field: &'a Field) -> &'a [Field] {
        let name = field.ty.structure().expect("only structures have fields");
        match self.message.structs.iter().find(|structure| structure.name == name) {
            Some(structure) => &structure.fields,
            None if !field.fields.is_empty() => &field.fields,
            None => panic!("{name} is not defined"),
        }
    }

    fn length(&self, out: &mut Vec<u8>, length: usize) {
        if self.flexible {
            varint(out, length as u32 + 1);
        } else {
            out.extend((length as i32).to_be_bytes());
        }
    }

    fn text_length(&self, out: &mut Vec<u8>, length: usize) {
        if self.flexible {
            varint(out, length as u32 + 1);
        } else {
            out.extend((length as i16).to_be_bytes());
        }
    }
}

fn unknown_default(scalar: Scalar, field: &str) {
    panic!("{field}: no tagged field has had the type {scalar:?} yet, teach the corpus its default");
}

/// Seven bits per byte, lowest first.
pub(crate) fn varint(out: &mut Vec<u8>, mut value: u32) {
    loop {
        let byte = (value % 128) as u8;
        value /= 128;
        if value == 0 {
            return out.push(byte);
        }
        out.push(byte + 128);
    }
}
