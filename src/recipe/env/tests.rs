use super::*;
use proptest::prelude::*;

fn values(text: &str) -> Vec<(String, String)> {
    EnvFile::parse(text).entries.into_iter().map(|entry| (entry.name, entry.value)).collect()
}

fn value(line: &str) -> String {
    let file = EnvFile::parse(&format!("{line}\n"));
    assert_eq!(file.entries.len(), 1, "{line}: {:?}", file.problems);
    file.entries[0].value.clone()
}

fn problems(text: &str) -> Vec<String> {
    EnvFile::parse(text).problems.into_iter().map(|problem| format!("{}: {}", problem.line, problem.what)).collect()
}

#[track_caller]
fn assert_problems(text: &str, starts: &[&str]) {
    let problems = problems(text);
    assert_eq!(problems.len(), starts.len(), "{problems:#?}");
    for (problem, start) in problems.iter().zip(starts) {
        assert!(problem.starts_with(start), "{problem:?} does not start with {start:?}");
    }
}

#[test]
fn reads_every_quoting() {
    for (line, expected) in [
        ("A=b", "b"),
        ("A=", ""),
        ("A=\"\"", ""),
        ("A=b c", "b c"),
        ("MOUNTS=/ /var/lib/docker", "/ /var/lib/docker"),
        ("A=  b  ", "b"),
        ("A=\"b c\"", "b c"),
        ("A='b c'", "b c"),
        ("A=\" b \"", " b "),
        ("EXTRA_DOMAINS=', `www.example.com`'", ", `www.example.com`"),
        ("A='$HOME \\n \"x\"'", "$HOME \\n \"x\""),
        ("A=\"say \\\"hi\\\" \\\\ \\$5\"", "say \"hi\" \\ $5"),
        ("A=\"one\\ntwo\"", "one\ntwo"),
        ("A=\"b # c\" # d", "b # c"),
        ("A='b # c'", "b # c"),
        ("A=b # c", "b"),
        ("A=it's", "it's"),
        ("A=b=c", "b=c"),
        ("A=https://example.com/?a=b&c=d", "https://example.com/?a=b&c=d"),
        ("A=a\\b", "a\\b"),
        ("A=$5 and $", "$5 and $"),
        ("A=ünï©öde", "ünï©öde"),
        ("  A=b", "b"),
    ] {
        assert_eq!(value(line), expected, "{line}");
    }
}

#[test]
fn accumulates() {
    let text = "DOMAIN=example.com\nCOMPOSE_FILE=\"compose.yml\"\nCOMPOSE_FILE=\"$COMPOSE_FILE:compose.smtp.yml\"\nCOMPOSE_FILE=${COMPOSE_FILE}:compose.${DOMAIN}.yml\nLITERAL='$DOMAIN'\n";
    let file = EnvFile::parse(text);
    assert_eq!(file.problems, []);
    assert_eq!(file.compose_files(), ["compose.yml", "compose.smtp.yml", "compose.example.com.yml"]);
    assert_eq!(file.value("COMPOSE_FILE"), Some("compose.yml:compose.smtp.yml:compose.example.com.yml"));
    assert_eq!(file.value("LITERAL"), Some("$DOMAIN"));
    let environment = file.effective(&BTreeMap::new());
    let names: Vec<_> = environment.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["DOMAIN", "COMPOSE_FILE", "LITERAL"]);
}

#[test]
fn overrides_stand_where_the_operator_would_write_them() {
    let file = EnvFile::parse(
        "DOMAIN=a.example\nURL=https://$DOMAIN/$STACK_NAME\nCOMPOSE_FILE=compose.yml\nCOMPOSE_FILE=$COMPOSE_FILE:b.yml\n",
    );
    let overrides =
        [("DOMAIN", "b.example"), ("COMPOSE_FILE", "compose.yml:c$d.yml"), ("STACK_NAME", "s"), ("EXTRA", "1")];
    let overrides: BTreeMap<String, String> = overrides.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
    let environment = file.effective(&overrides);
    let expected = [
        ("DOMAIN", "b.example"),
        ("URL", "https://b.example/s"),
        ("COMPOSE_FILE", "compose.yml:c$d.yml"),
        ("EXTRA", "1"),
        ("STACK_NAME", "s"),
    ];
    assert_eq!(environment, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    assert_eq!(compose_files(&environment), ["compose.yml", "c$d.yml"]);
}

#[test]
fn the_compose_file_defaults() {
    for text in ["", "COMPOSE_FILE=\n", "COMPOSE_FILE=\":\"\n"] {
        assert_eq!(EnvFile::parse(text).compose_files(), ["compose.yml"], "{text}");
    }
}

#[test]
fn spans_modifiers_and_comments_are_where_they_are() {
    let text = "# Secrets\nSECRET_DB_VERSION=\"v1\"  # length=32 charset=hex,special\n";
    let file = EnvFile::parse(text);
    let entry = &file.entries[0];
    assert_eq!(&text[entry.span.clone()], "SECRET_DB_VERSION=\"v1\"");
    assert_eq!(&text[entry.name_span.clone()], "SECRET_DB_VERSION");
    assert_eq!((&text[entry.value_span.clone()], entry.raw.as_str()), ("\"v1\"", "\"v1\""));
    assert_eq!((entry.line, entry.quoting, entry.exported), (2, Quoting::Double, false));
    assert_eq!(
        (entry.modifier("length"), entry.modifier("charset"), entry.modifier("x")),
        (Some("32"), Some("hex,special"), None)
    );
    assert_eq!(&text[entry.modifiers[1].span.clone()], "charset=hex,special");
    assert_eq!(file.comments[0].text, "Secrets");
    assert_eq!(&text[entry.comment.clone().unwrap().span], "# length=32 charset=hex,special");
}

#[test]
fn options_that_are_off_are_kept_with_their_line() {
    let text = "A=1\n#SMTP_HOST=mail.$A.example # off\n## COMPOSE_FILE=\"$COMPOSE_FILE:compose.smtp.yml\"\n# see DOC=x for more\n# foo=bar\n#\n";
    let file = EnvFile::parse(text);
    let options: Vec<_> = file.options.iter().map(|o| (o.name.as_str(), o.value.as_str(), o.line)).collect();
    assert_eq!(options, [("SMTP_HOST", "mail.1.example", 2), ("COMPOSE_FILE", ":compose.smtp.yml", 3)]);
    assert_eq!(&text[file.options[0].span.clone()], "SMTP_HOST=mail.$A.example");
    assert_eq!(
        file.comments.iter().map(|c| c.text.as_str()).collect::<Vec<_>>(),
        ["see DOC=x for more", "foo=bar", ""]
    );
    assert_eq!(file.problems, []);
    assert_eq!(file.compose_files(), ["compose.yml"]);
}

#[test]
fn survives_and_reports_every_irregular_line() {
    assert_problems("export A=b\n", &["1: `export` does not belong"]);
    assert_problems("A = b\n", &["1: there is a space before `=`"]);
    assert_problems("what is this\n", &["1: not an assignment"]);
    assert_problems("KEY: value\n", &["1: not an assignment"]);
    assert_problems("=x\n1A=x\nA-B=x\n", &["1: not an", "2: not an", "3: not an"]);
    assert_problems("A=1\nB=2\nA=3\n", &["3: `A` is set again (before that on line 1)"]);
    assert_problems("A=\"b\n", &["1: the quote \" is not closed"]);
    assert_problems("A='b # c\n", &["1: the quote ' is not closed"]);
    assert_problems("A=\"b\"c\n", &["1: text follows the closing quote"]);
    assert_problems("A=#ff0000\n", &["1: the value starts with `#`"]);
    assert_problems("A=a#b\n", &["1: `#` without a space"]);
    assert_problems("A=$B\n", &["1: `$B` is not set"]);
    assert_problems("A=${B:-c}\nC=$(date)\n", &["1: `${B:-c}` is not expanded", "2: `$(date)` is not expanded"]);
    assert_problems("A=${B\n", &["1: `${B` is not expanded"]);
    assert_problems("A=\u{1}\n", &["1: the value holds a control"]);
    assert_problems("\u{feff}A=b\n", &["1: the file starts with a byte order mark"]);
    assert_problems("A=b\r\nB=c\r\n", &["1: lines end with CR LF"]);
    assert_problems("A=b", &["1: the last line does not end"]);
    assert_problems("", &[]);
    assert_problems("A=$STACK_NAME\nB='$X'\nCOMPOSE_FILE=\"$COMPOSE_FILE:x\"\n", &[]);
}

#[test]
fn what_it_makes_of_irregular_lines() {
    for (text, expected) in [
        ("export A=b\n", "b"),
        ("\u{feff}A=b\r\n", "b"),
        ("A = b", "b"),
        ("A=\"b c", "b c"),
        ("A=\"x.yml\":y.yml # z", "x.yml:y.yml"),
        ("A=\"x\"-'y'-z", "x-y-z"),
        ("A=#ff0000", ""),
        ("A=a#b", "a#b"),
        ("A=${B:-c}", "${B:-c}"),
        ("A=${B", "${B"),
        ("A=x\nA=y", "y"),
    ] {
        let file = EnvFile::parse(text);
        assert_eq!(file.value("A"), Some(expected), "{text}: {:?}", values(text));
    }
}

proptest! {
    #[test]
    fn never_panics_and_spans_index_the_text(text in "([A-Z_]{0,3}|[ =#$'\"{}\\\\()\r\n\t:a-zé]|export |\u{feff}|\\$\\{A\\}){0,40}") {
        let file = EnvFile::parse(&text);
        for entry in file.entries.iter().chain(&file.options) {
            prop_assert_eq!(&text[entry.name_span.clone()], &entry.name);
            prop_assert_eq!(&text[entry.value_span.clone()], &entry.raw);
            prop_assert_eq!(entry.span.clone(), entry.name_span.start..entry.value_span.end);
            prop_assert_eq!(text[..entry.span.start].matches('\n').count() + 1, entry.line);
            for modifier in &entry.modifiers {
                prop_assert!(text[modifier.span.clone()].starts_with(&modifier.key));
            }
            if let Some(comment) = &entry.comment {
                prop_assert!(text[comment.span.clone()].starts_with('#'));
            }
        }
        for comment in &file.comments {
            prop_assert!(text[comment.span.clone()].starts_with('#'));
        }
        for problem in &file.problems {
            prop_assert!(text.get(problem.span.clone()).is_some());
            prop_assert!(problem.line >= 1);
        }
        file.compose_files();
    }

    /// What is written in single quotes comes back as it was.
    #[test]
    fn single_quotes_protect_everything(data in "[^'\n\r\\p{Cc}]{0,30}") {
        let file = EnvFile::parse(&format!("A='{data}' # c\n"));
        prop_assert_eq!(file.value("A"), Some(data.as_str()));
        prop_assert_eq!(file.problems, []);
    }

    /// Parsing with the values it found gives the same environment again.
    #[test]
    fn effective_agrees_with_the_entries(lines in prop::collection::vec("[A-C]=[A-C$x]{0,4}", 0..8)) {
        let file = EnvFile::parse(&(lines.join("\n") + "\n"));
        for (name, value) in file.effective(&BTreeMap::new()) {
            prop_assert_eq!(file.value(&name), Some(value.as_str()));
        }
    }
}
