use super::*;

const SHEET: Sheet = Sheet {
    tool: "kafka-test",
    about: "Does nothing.",
    flags: &[
        switch("list", "lists"),
        value("topic", "NAME", "the topic"),
        perhaps("state", "STATES", "states"),
    ],
    examples: "  kafka-test --list",
    misread: Stop::Error,
    wrong_text: Stop::Error,
    wrong_number: Stop::Usage,
    failed: Stop::Failed,
};

fn read(line: &str) -> Result<Vec<(&'static str, Option<String>)>, String> {
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let given = parse(&SHEET, &words)?;
    Ok(given.pairs().map(|(name, value)| (name, value.map(str::to_owned))).collect())
}

#[test]
fn flags_are_read_in_every_way_that_kafkas_tools_know() {
    let topic = |name: &str| Ok(vec![("topic", Some(name.to_owned()))]);
    assert_eq!(read("--topic t"), topic("t"));
    assert_eq!(read("--topic=t"), topic("t"));
    assert_eq!(read("-topic t"), topic("t"));
    assert_eq!(read("x --topic= t y"), topic("t"));
    assert_eq!(read("--topic --list"), topic("--list"));
    assert_eq!(read("-- --topic t"), Ok(vec![]));
    assert_eq!(read("--state --list"), Ok(vec![("state", None), ("list", None)]));
    assert_eq!(read("--state Empty"), Ok(vec![("state", Some("Empty".to_owned()))]));
    assert_eq!(read("--topics t"), Err("topics is not a recognized option".to_owned()));
    assert_eq!(read("--topic"), Err("Option topic requires an argument".to_owned()));
}

#[test]
fn a_value_that_is_asked_for_once_may_come_once() {
    let words: Vec<String> = "--topic 1 --topic 2".split(' ').map(str::to_owned).collect();
    let given = parse(&SHEET, &words).expect("it is read");
    assert_eq!(given.all("topic"), ["1", "2"]);
    let reason = "Found multiple arguments for option topic, but you asked for only one".to_owned();
    assert_eq!(given.one("topic"), Err(Stop::Error(reason.clone())));
    assert_eq!(given.number::<i32>("topic"), Err(Stop::Usage(reason)));
    let given = parse(&SHEET, &words[..2]).expect("it is read");
    assert_eq!(given.number("topic"), Ok(Some(1)));
    assert!(given.require(&["topic"]).is_ok() && given.require(&["list"]).is_err());
    assert!(given.exclude("topic", &["list"]).is_ok() && given.exclude("topic", &["topic"]).is_err());
}
