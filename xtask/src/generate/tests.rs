//! Tests of the schema's parser, the import and the checks of the generator. That the generated code is right is
//! tested in the wire crate.

use super::schema::{self, Field, Kind, Scalar, Type, Versions};
use super::{api_key, import, message, names};

const EXAMPLE: &str = "\
# a comment
request ExampleRequest, key 7, versions 2-4, flexible 3+, unstable, listeners broker controller
  Name string 0+, nullable 3+, default null, ignorable
  Old int32 0-1
  Parts []Part 3+
    Id uuid 3+
    Inner Shared 4+, tag 1
  ErrorCode int16 4
  struct Shared 0+
    Count int32 0+, default -1
";

fn fields(fields: &[Field]) -> Vec<(&str, String, String)> {
    fields
        .iter()
        .map(|field| (field.name.as_str(), field.ty.to_string(), field.versions.to_string()))
        .collect()
}

fn error(text: &str) -> String {
    match schema::parse(text) {
        Ok(messages) => messages
            .iter()
            .find_map(|parsed| message::render(parsed).err())
            .unwrap_or_else(|| "no error".to_owned()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_message_is_parsed_whole() {
    let messages = schema::parse(EXAMPLE).unwrap();
    let [example] = messages.as_slice() else { panic!("one message") };
    assert_eq!((example.kind, example.key, example.flexible), (Kind::Request, Some(7), Some(3)));
    assert_eq!((example.versions, example.unstable), (Versions { first: 2, last: 4 }, true));
    assert_eq!(example.listeners, ["broker", "controller"]);
    let row = |name, ty: &str, versions: &str| (name, ty.to_owned(), versions.to_owned());
    assert_eq!(
        fields(&example.fields),
        [
            row("Name", "string", "0+"),
            row("Old", "int32", "0-1"),
            row("Parts", "[]Part", "3+"),
            row("ErrorCode", "int16", "4"),
        ]
    );
    assert_eq!(fields(&example.fields[2].fields), [row("Id", "uuid", "3+"), row("Inner", "Shared", "4+")]);
    assert_eq!(example.fields[2].ty, Type::Array(Box::new(Type::Struct("Part".to_owned()))));
    assert_eq!(example.structs[0].fields[0].ty, Type::Scalar(Scalar::Int32));
    assert_eq!(example.structs[0].fields[0].default.as_deref(), Some("-1"));
}

#[test]
fn only_what_a_valid_version_has_becomes_a_field() {
    let text = message::render(&schema::parse(EXAMPLE).unwrap()[0]).unwrap();
    for part in [
        "pub name: Option<Str>,",
        "pub error_code: ErrorCode,",
        "pub parts: Vec<Part>,",
        "pub inner: Shared,",
        "const KEY: ApiKey = ApiKey::Example;",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    assert!(
        text.contains("if version >= 4 { ErrorCode(r.i16(\"ErrorCode\")?) } else { ErrorCode(0) }"),
        "{text}"
    );
    assert!(!text.contains("old"), "a field of removed versions is left out");
    assert!(text.contains("Err(w.absent(\"Parts\"))"), "what is not ignorable is refused");
    assert!(!text.contains("Err(w.absent(\"Name\"))"), "what is ignorable is dropped");
}

#[test]
fn mistakes_are_told_with_their_line() {
    let head = "data D, versions 0-1\n";
    assert_eq!(error("data D\n"), "line 1: `versions FIRST-LAST` is missing or open");
    assert_eq!(
        error("request D, versions 0\n"),
        "line 1: requests, responses and apis have a key, others have none"
    );
    assert_eq!(error(&format!("{head}  A int9 0+\n")), "line 2: unknown type `int9`");
    assert_eq!(error(&format!("{head}  A int8\n")), "line 2: expected `Name type versions`");
    assert_eq!(error(&format!("{head}   A int8 0+\n")), "line 2: odd indent");
    assert_eq!(error(&format!("{head}    A int8 0+\n")), "line 2: indented too far");
    assert_eq!(error(&format!("{head}  A int8 0+, ignoreable\n")), "line 2: unknown word `ignoreable`");
    assert_eq!(error(&format!("{head}  A int8 0+, tag x\n")), "line 2: bad value `x` of `tag`");
    assert_eq!(
        error(&format!("{head}  A int8 0+\n    B int8 0+\n")),
        "line 2: fields below a type that has none"
    );
    assert_eq!(error(&format!("{head}  A B 0+\n")), "structure B is not defined");
    assert_eq!(error(&format!("{head}  A int8 0+, tag 0\n")), "A: tagged in a version that is not flexible");
    assert_eq!(error(&format!("{head}  A int8 0+, default null\n")), "A: null by default and never null");
}

#[test]
fn names_are_split_at_words() {
    assert_eq!(names::snake("ThrottleTimeMs"), "throttle_time_ms");
    assert_eq!(names::snake("ISRs"), "is_rs");
    assert_eq!(names::snake("KRaftVersionFeature"), "k_raft_version_feature");
    assert_eq!(names::field("Match"), "r#match");
}

#[test]
fn a_key_is_used_once() {
    let twice = "api One, key 3, versions 0\napi Two, key 3, versions 0\n";
    assert_eq!(api_key::render(&schema::parse(twice).unwrap()), Err("an API key is used twice".to_owned()));
}

#[test]
fn comments_are_cut_and_addresses_kept() {
    let clean = import::without_comments("{ // note\n\"a\": \"http://x \\\" // y\" }\n");
    assert_eq!(clean, "{ \n\"a\": \"http://x \\\" // y\" }\n");
}
