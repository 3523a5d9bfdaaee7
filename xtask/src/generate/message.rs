//! The Rust text of one message and of the list of all messages.

use std::fmt::Write as _;

use super::field::FieldText;
use super::layout::{self, Flexible, Layout};
use super::names;
use super::schema::{Kind, Message, Scalar, Type};

/// The module of a message.
pub(crate) fn render(message: &Message) -> Result<String, String> {
    let layouts = layout::layouts(message)?;
    let mut text = format!("//! {}\n\nuse crate::codec::prelude::*;\n", summary(message));
    for layout in &layouts {
        let fields = layout
            .fields
            .iter()
            .map(|field| FieldText::new(message, &layouts, layout, field))
            .collect::<Result<Vec<_>, _>>()?;
        structure(&mut text, message, layout, &fields);
        match layout.is_message {
            true => codec(&mut text, message, &fields),
            false => part(&mut text, message, layout, &fields),
        }
    }
    if text.contains(": f64") || uses(message, Scalar::Float64) {
        text = text.replace(", PartialEq, Eq", ", PartialEq");
    }
    Ok(text)
}

/// The module that lists all messages.
pub(crate) fn render_list(messages: &[Message]) -> String {
    let mut text = String::from(
        "//! Every message of the protocol, one module each: plain structures, supersets of all valid versions.\n\
         #![allow(clippy::all, clippy::too_many_lines, unused_variables)]\n\n\
         pub use crate::codec::{Message, Request, Response};\n\n",
    );
    let mut generated: Vec<&Message> = messages.iter().filter(|message| message.kind != Kind::Api).collect();
    generated.sort_by(|a, b| a.name.cmp(&b.name));
    for message in &generated {
        let _ = writeln!(text, "pub mod {};", names::snake(&message.name));
    }
    text.push('\n');
    for message in &generated {
        let _ = writeln!(text, "pub use {}::{};", names::snake(&message.name), message.name);
    }
    text.push_str(
        "\n/// Calls a macro once with the names of all messages: \
         `callback! { requests: [A …], others: [B …] }`.\n\
         ///\n/// For tests and fuzz targets that treat every message alike.\n\
         #[macro_export]\nmacro_rules! for_every_message {\n    ($callback:ident) => {\n        $callback! {\n",
    );
    let list = |wanted: &dyn Fn(Kind) -> bool| -> String {
        let names =
            generated.iter().filter(|message| wanted(message.kind)).map(|message| message.name.as_str());
        names.collect::<Vec<_>>().join(" ")
    };
    let requests = list(&|kind| kind == Kind::Request);
    let others = list(&|kind| kind != Kind::Request);
    let _ = write!(text, "requests: [{requests}],\nothers: [{others}]\n        }}\n    }};\n}}\n");
    text
}

fn summary(message: &Message) -> String {
    let what = match message.kind {
        Kind::Request => "request",
        Kind::Response => "response",
        Kind::Header => "header",
        Kind::Data | Kind::Api => "structure",
    };
    let key = message.key.map_or(String::new(), |key| format!(" of API key {key}"));
    let flexible = match layout::flexible(message) {
        Flexible::Never => "never flexible".to_owned(),
        Flexible::Always => "always flexible".to_owned(),
        Flexible::From(first) => format!("flexible from version {first}"),
    };
    format!("`{}`: {what}{key}, versions {}, {flexible}.", message.name, message.versions)
}

fn uses(message: &Message, scalar: Scalar) -> bool {
    fn within(fields: &[super::schema::Field], wanted: &Type) -> bool {
        fields.iter().any(|field| field.ty == *wanted || within(&field.fields, wanted))
    }
    let wanted = Type::Scalar(scalar);
    within(&message.fields, &wanted) || message.structs.iter().any(|s| within(&s.fields, &wanted))
}

fn structure(text: &mut String, message: &Message, layout: &Layout<'_>, fields: &[FieldText<'_>]) {
    let natural = fields.iter().all(FieldText::has_natural_default);
    let default = if natural { ", Default" } else { "" };
    let doc = if layout.is_message { summary(message) } else { format!("Part of [`{}`].", message.name) };
    let _ = writeln!(text, "\n/// {doc}\n#[derive(Clone, Debug, PartialEq{default})]");
    let _ = writeln!(text, "pub struct {} {{", layout.name);
    for field in fields {
        let _ = writeln!(text, "{}\npub {}: {},", field.doc(), field.name(), field.rust_type());
    }
    text.push_str("}\n");
    if !natural {
        let _ = writeln!(text, "\nimpl Default for {} {{\nfn default() -> Self {{\nSelf {{", layout.name);
        for field in fields {
            let _ = writeln!(text, "{}: {},", field.name(), field.default());
        }
        text.push_str("}\n}\n}\n");
    }
}

fn codec(text: &mut String, message: &Message, fields: &[FieldText<'_>]) {
    let flexible = message.flexible.map_or("None".to_owned(), |first| format!("Some({first})"));
    let _ = writeln!(
        text,
        "\nimpl Message for {name} {{\nconst NAME: &'static str = {name:?};\n\
         const VERSIONS: RangeInclusive<i16> = {}..={};\n\
         const FLEXIBLE_FROM: Option<i16> = {flexible};\n",
        message.versions.first,
        message.versions.last,
        name = message.name,
    );
    text.push_str("fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {\nr.begin::<Self>(version)?;\n");
    read(text, message, fields);
    text.push_str(
        "}\n\nfn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {\nw.begin::<Self>(version)?;\n",
    );
    write(text, message, fields);
    text.push_str("}\n}\n");
    let Some(key) = message.key else { return };
    let api = message.name.trim_end_matches("Request").trim_end_matches("Response");
    debug_assert!(key >= 0);
    let _ = match message.kind {
        Kind::Request => writeln!(
            text,
            "\nimpl Request for {api}Request {{\nconst KEY: ApiKey = ApiKey::{api};\n\
             type Response = super::{api}Response;\n}}"
        ),
        _ => writeln!(text, "\nimpl Response for {api}Response {{\nconst KEY: ApiKey = ApiKey::{api};\n}}"),
    };
}

fn part(text: &mut String, message: &Message, layout: &Layout<'_>, fields: &[FieldText<'_>]) {
    let _ = writeln!(
        text,
        "\nimpl {} {{\nfn read(r: &mut Reader, version: i16) -> Result<Self, DecodeError> {{",
        layout.name
    );
    read(text, message, fields);
    text.push_str("}\n\nfn write(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {\n");
    write(text, message, fields);
    text.push_str("}\n}\n");
}

fn read(text: &mut String, message: &Message, fields: &[FieldText<'_>]) {
    for field in fields {
        let name = field.name();
        let _ = match (field.tag(), field.condition()) {
            (Some(_), _) => writeln!(text, "let mut {name} = {};", field.default()),
            (None, None) => writeln!(text, "let {name} = {};", field.read()),
            (None, Some(condition)) => {
                writeln!(
                    text,
                    "let {name} = if {condition} {{ {} }} else {{ {} }};",
                    field.read(),
                    field.default()
                )
            }
        };
    }
    read_tags(text, message, fields);
    let names: Vec<String> = fields.iter().map(FieldText::name).collect();
    let _ = writeln!(text, "Ok(Self {{ {} }})", names.join(", "));
}

fn read_tags(text: &mut String, message: &Message, fields: &[FieldText<'_>]) {
    let flexible = layout::flexible(message);
    if flexible == Flexible::Never {
        return;
    }
    if let Flexible::From(first) = flexible {
        let _ = writeln!(text, "if version >= {first} {{");
    }
    if fields.iter().all(|field| field.tag().is_none()) {
        text.push_str("r.skip_tags()?;\n");
    } else {
        text.push_str(
            "let mut tags = r.tags()?;\nwhile let Some(tag) = r.next_tag(&mut tags)? {\nmatch tag {\n",
        );
        for field in fields {
            let Some(tag) = field.tag() else { continue };
            let guard = field.condition().map_or(String::new(), |condition| format!(" if {condition}"));
            let _ = writeln!(text, "{tag}{guard} => {} = {},", field.name(), field.read());
        }
        text.push_str("_ => r.skip_tag(&tags),\n}\n}\n");
    }
    if let Flexible::From(_) = flexible {
        text.push_str("}\n");
    }
}

fn write(text: &mut String, message: &Message, fields: &[FieldText<'_>]) {
    for field in fields {
        let Some(condition) = field.condition() else {
            if field.tag().is_none() {
                let _ = writeln!(text, "{}", field.write());
            }
            continue;
        };
        let absent = format!("{{ return Err(w.absent({:?})); }}", field.path());
        let _ = match (field.tag(), field.is_ignorable()) {
            (None, true) => writeln!(text, "if {condition} {{ {} }}", field.write()),
            (None, false) => {
                writeln!(text, "if {condition} {{ {} }} else if {} {absent}", field.write(), field.differs())
            }
            (Some(_), true) => Ok(()),
            (Some(_), false) => writeln!(text, "if !({condition}) && {} {absent}", field.differs()),
        };
    }
    write_tags(text, message, fields);
    text.push_str("Ok(())\n");
}

fn write_tags(text: &mut String, message: &Message, fields: &[FieldText<'_>]) {
    let flexible = layout::flexible(message);
    if flexible == Flexible::Never {
        return;
    }
    if let Flexible::From(first) = flexible {
        let _ = writeln!(text, "if version >= {first} {{");
    }
    let mut tagged: Vec<&FieldText<'_>> = fields.iter().filter(|field| field.tag().is_some()).collect();
    tagged.sort_by_key(|field| field.tag());
    if tagged.is_empty() {
        text.push_str("w.no_tags();\n");
    } else {
        let mut sum = Vec::new();
        for field in &tagged {
            let name = names::snake(&field.name().replace("r#", ""));
            let condition = match field.condition() {
                Some(condition) => format!("{condition} && {}", field.differs()),
                None => field.differs(),
            };
            let _ = writeln!(text, "let has_{name} = {condition};");
            sum.push(format!("u32::from(has_{name})"));
        }
        let _ = writeln!(text, "w.tag_count({});", sum.join(" + "));
        for field in &tagged {
            let name = names::snake(&field.name().replace("r#", ""));
            let tag = field.tag().unwrap_or_default();
            let _ = writeln!(
                text,
                "if has_{name} {{\nlet start = w.begin_tag({tag});\n{}\nw.end_tag(start);\n}}",
                field.write()
            );
        }
    }
    if let Flexible::From(_) = flexible {
        text.push_str("}\n");
    }
}
