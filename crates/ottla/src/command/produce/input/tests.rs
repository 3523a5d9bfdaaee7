use super::*;

/// All records as `key=value` with a dot for null; the error behind an exclamation mark.
fn read(shape: &Shape, text: &str) -> String {
    let mut found = Vec::new();
    let show = |bytes: &Option<Bytes>| {
        bytes.as_ref().map_or(".".to_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    read_all("in", text.as_bytes(), shape, &mut |record| {
        found.push(match record {
            Ok(record) => format!("{}={}", show(&record.key), show(&record.value)),
            Err(reason) => format!("!{reason}"),
        });
        true
    });
    found.join("|")
}

fn lines(delimiter: &str, key_delimiter: Option<&str>, tombstones: bool) -> Shape {
    Shape::Lines { delimiter: delimiter.into(), key_delimiter: key_delimiter.map(Into::into), tombstones }
}

fn template(text: &str) -> Shape {
    Shape::Fields {
        parts: fields(&text.parse().expect("a format")).expect("a readable one"),
        tombstones: false,
    }
}

#[test]
fn a_line_is_a_record() {
    assert_eq!(read(&lines("\n", None, false), "a\n\nb"), ".=a|.=|.=b");
    assert_eq!(read(&lines("\n", None, true), "a\n\n"), ".=a|.=.");
    assert_eq!(read(&lines("\n", Some("::"), false), "k::v::w\nplain\n"), "k=v::w|.=plain");
    assert_eq!(read(&lines("ab", None, false), "xaabyb"), ".=xa|.=yb");
    assert_eq!(read(&lines("\n", None, false), ""), "");
}

#[test]
fn a_format_cuts_fields() {
    assert_eq!(read(&template("%k %v\n"), "a 1 2\nb 3"), "a=1 2|b=3");
    assert_eq!(read(&template("<%k|%v>"), "<a|1><b|2>"), "a=1|b=2");
    assert_eq!(read(&template("%v"), "all\nof it"), ".=all\nof it");
    assert_eq!(read(&template("%k %v\n"), "a"), "!in, record 1: the input ends inside a record");
    assert!(read(&template("%k %p\n"), "a x\n").contains("must be a number"));
    assert!(fields(&"%k%v".parse().expect("a format")).is_err());
    assert!(fields(&"%o\n".parse().expect("a format")).is_err());
    assert!(fields(&"x\n".parse().expect("a format")).is_err());
}

#[test]
fn json_lines_keep_null_and_refuse_what_no_record_has() {
    let json = |text| read(&Shape::Json, text);
    assert_eq!(json("{\"key\":\"a\",\"value\":{\"n\":1}}\n\n{\"value\":null}"), "a={\"n\":1}|.=.");
    assert!(json("[1]").contains("no JSON object"));
    assert!(json("{\"valeu\":1}").contains("'valeu'"));
    let record =
        of_json(br#"{"partition":3,"timestamp":5,"headers":{"h":null,"i":"x"},"topic":"t"}"#).expect("one");
    assert_eq!((record.partition, record.timestamp), (Some(PartitionIndex(3)), Some(Timestamp(5))));
    assert_eq!((record.headers.len(), record.headers[0].value.clone(), &*record.topic), (2, None, "t"));
    let record = of_json(br#"{"headers":[["h","1"],["h","2"]]}"#).expect("one");
    assert_eq!(record.headers.len(), 2);
    assert!(of_json(br#"{"headers":[["h"]]}"#).is_err());
}
