use super::*;

fn properties(text: &str) -> Vec<(usize, String, String)> {
    properties::parse(text).expect("well-formed")
}

fn setting(line: usize, name: &str, value: &str) -> (usize, String, String) {
    (line, name.to_owned(), value.to_owned())
}

#[test]
fn properties_are_read_as_java_reads_them() {
    let text = "# comment\n! comment\n\n  a=1\nb : 2\nc 3\nd\ne=x\\\n   y\\\n z\nf\\=g=h=i\nj=\\u00e9\\t\\\\\nk = v  \n";
    let expected = vec![
        setting(4, "a", "1"),
        setting(5, "b", "2"),
        setting(6, "c", "3"),
        setting(7, "d", ""),
        setting(8, "e", "xyz"),
        setting(11, "f=g", "h=i"),
        setting(12, "j", "é\t\\"),
        setting(13, "k", "v  "),
    ];
    assert_eq!(properties(text), expected);
}

#[test]
fn properties_have_their_odd_corners() {
    assert_eq!(properties("a=1\r\nb=2\r\n"), [setting(1, "a", "1"), setting(2, "b", "2")]);
    assert_eq!(properties("a=\\uD83D\\uDE00"), [setting(1, "a", "😀")]);
    assert_eq!(properties("a=1\\"), [setting(1, "a", "1")]);
    assert_eq!(properties("a=1\\\\\nb=2"), [setting(1, "a", "1\\"), setting(2, "b", "2")]);
    assert_eq!(properties("=x"), [setting(1, "", "x")]);
    assert_eq!(properties::parse("\na=\\u12").map_err(|(line, _)| line), Err(2));
    assert_eq!(properties::parse("a=\\uD83D").map_err(|(line, _)| line), Err(1));
}

#[test]
fn toml_takes_dotted_names_tables_and_lists() {
    let text = "num.partitions = 3\nlog.dirs = [\"/a\"]\n\n[log.retention]\nhours = 1_000\n[auto.create.topics]\nenable = false\n";
    let expected = vec![
        setting(1, "num.partitions", "3"),
        setting(2, "log.dirs", "/a"),
        setting(5, "log.retention.hours", "1000"),
        setting(7, "auto.create.topics.enable", "false"),
    ];
    assert_eq!(toml_file::parse(text), Ok(expected));
    assert_eq!(toml_file::parse("a = 1\nb = ").map_err(|(line, _)| line), Err(2));
    assert_eq!(toml_file::parse("a = 1\n\nb = 2026-01-01").map_err(|(line, _)| line), Err(3));
}

#[test]
fn variables_become_names_and_ottlas_beat_kafkas() {
    let variables = [
        ("OTTLA_LOG_RETENTION_MS", "2"),
        ("KAFKA_LOG_RETENTION_MS", "1"),
        ("KAFKA_HEAP_OPTS", "-Xmx1G"),
        ("OTTLA_BOOTSTRAP", "h:1"),
        ("KAFKA_A__B___C_D", "x"),
        ("HOME", "/"),
    ];
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let read = environment::read(variables.into_iter());
    let read: Vec<_> = read.iter().map(|found| (found.name.as_str(), found.value.as_str())).collect();
    assert_eq!(read, [("a_b-c.d", "x"), ("log.retention.ms", "1"), ("log.retention.ms", "2")]);
}

#[test]
fn a_flag_without_value_is_refused() {
    assert_eq!(set("a=b=c").expect("a setting").value, "b=c");
    assert_eq!(set("a").expect_err("no value").status, Status::Usage);
}
