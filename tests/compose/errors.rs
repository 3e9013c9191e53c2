//! Bad input: each with its message, place and advice.

use taster::compose::{LoadError, Problem, Severity, SourceFile, load, render};

fn refusal(text: &[u8]) -> LoadError {
    let file = SourceFile::new("compose.yml", text);
    let env = |name: &str| (name == "EMPTY").then(String::new);
    load(&[file], &env, &|path| Err(format!("no file {path}"))).expect_err("this must be refused")
}

/// A service `app` with one more line, which is line 5.
fn service(line: &str) -> String {
    format!("version: \"3.8\"\nservices:\n  app:\n    image: a\n    {line}\n")
}

#[track_caller]
fn expect(text: &str, line: usize, column: usize, message: &str, help: &str) {
    let error = refusal(text.as_bytes());
    let [problem] = &error.problems[..] else { panic!("one problem, not {:#?}", error.problems) };
    assert_eq!((problem.line, problem.column), (line, column), "{problem}");
    assert!(problem.message.contains(message), "`{message}` is missing in: {problem}");
    let advice = problem.help.as_deref().unwrap_or_default();
    assert!(advice.contains(help), "`{help}` is missing in: {problem}");
    assert_eq!(problem.file, "compose.yml");
}

#[test]
fn a_tab() {
    expect(
        "version: \"3.8\"\nservices:\n\tapp:\n\t  image: a\n",
        3,
        1,
        "a tab is used for indentation",
        "indent with spaces",
    );
    expect(
        "version: \"3.8\"\nservices:\n  app:\n  \timage: a\n",
        4,
        3,
        "a tab is used for indentation",
        "indent with spaces",
    );
}

#[test]
fn a_cycle_of_anchors() {
    expect("x-a: &a\n  b: [1, *a]\n", 2, 10, "the anchor `a` contains itself", "remove the alias");
    expect("x-a: &a\n  <<: *a\n", 2, 7, "the anchor `a` contains itself", "remove the alias");
}

#[test]
fn an_alias_bomb() {
    let mut text = "x-a: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("x-{level}: &a{level} [{aliases}]\n"));
    }
    let started = std::time::Instant::now();
    let error = refusal(text.as_bytes());
    assert!(error.problems[0].message.contains("alias bomb"), "{error}");
    assert!(started.elapsed().as_secs() < 10, "a bomb must not take {:?}", started.elapsed());
}

#[test]
fn an_alias_without_anchor() {
    expect("x-a: 1\nservices:\n  app: *nothing\n", 3, 8, "the alias `*nothing` has no anchor", "define the anchor");
}

#[test]
fn fifty_megabytes() {
    let mut text = b"x-a:\n".to_vec();
    text.extend(b"  - some line of text\n".repeat(50 * 1024 * 1024 / 22));
    let error = refusal(&text);
    let [problem] = &error.problems[..] else { panic!("one problem") };
    assert_eq!((problem.line, problem.column), (1, 1));
    assert!(problem.message.contains("too large: 524287") && problem.message.contains("2097152"), "{problem}");
    assert!(error.render(false).contains("compose.yml:1:1"), "{}", error.render(false));
}

#[test]
fn no_utf8() {
    let error = refusal(b"version: \"3.8\"\nservices:\n  app:\n    image: \xC3\xA4a\xff\n");
    let problem = &error.problems[0];
    assert_eq!((problem.line, problem.column), (4, 14), "{problem}");
    assert!(problem.message.contains("no valid UTF-8: byte 0xFF"), "{problem}");
    let error = refusal(b"\xff\xfev\0e\0r\0");
    assert!(error.problems[0].message.contains("UTF-16"), "{error}");
}

#[test]
fn deep_nesting() {
    for open in ["[", "{a: ", "- "] {
        let error = refusal(format!("x-a: {}", open.repeat(50_000)).as_bytes());
        assert!(!error.problems.is_empty());
    }
    let error = refusal(format!("x-a: {}{}", "[".repeat(200), "]".repeat(200)).as_bytes());
    assert!(error.problems[0].message.contains("nested more than 100 levels"), "{error}");
    let mut chain = "x-0: &a0 [x]\n".to_owned();
    for level in 1..30 {
        chain.push_str(&format!("x-{level}: &a{level} {}*a{}{}\n", "[".repeat(50), level - 1, "]".repeat(50)));
    }
    assert!(refusal(chain.as_bytes()).problems[0].message.contains("too deeply"));
}

#[test]
fn no_mapping() {
    expect("", 1, 1, "must be a mapping, and this one is empty", "services:");
    expect("# nothing\n", 1, 1, "must be a mapping", "services:");
    expect("- a\n", 1, 1, "must be a mapping, and this one is a list", "services:");
}

#[test]
fn a_duplicate_key() {
    expect(&service("image: b"), 5, 5, "the key `image` is written twice", "keep one");
}

#[test]
fn broken_syntax() {
    expect(&service("command: a: b"), 5, 15, "no valid YAML", "colons");
    expect("version: \"3.8\"\nservices:\n  app:\n    command: [a,\n", 4, 14, "no valid YAML", "quotes");
    expect(&service(r#"hostname: "a\/b""#), 5, 17, r"escape `\/`", "without the backslash");
}

#[test]
fn an_unknown_key() {
    expect(&service("enviroment: {A: b}"), 5, 5, "the key `enviroment` is not known", "did you mean `environment`?");
    expect(&service("Image: b"), 5, 5, "the key `Image` is not known", "did you mean `image`?");
    expect(&service("deploy: {replica: 2}"), 5, 14, "the key `replica` is not known", "did you mean `replicas`?");
    expect("version: \"3.8\"\nservice: {}\n", 2, 1, "the key `service` is not known", "did you mean `services`?");
    expect(&service("profiles: [a]"), 5, 5, "the key `profiles` is not known", "docker compose");
    expect(&service("oom_score_adj: 5"), 5, 5, "the key `oom_score_adj` is not known", "version: \"3.13\"");
    expect(&service("deploy: {x-a: 5}"), 5, 14, "the key `x-a` is not known", "indentation");
    expect(&service("extends: {service: x}"), 5, 5, "refuses `extends`", "anchor");
}

#[test]
fn a_wrong_type() {
    expect(
        &service("environment: {DEBUG: true}"),
        5,
        26,
        "this is a boolean, and must be text, a number or empty",
        "quotes",
    );
    expect(&service("hostname: 5"), 5, 15, "this is a number, and must be text", "put it in quotes");
    expect(&service("tty: \"yes\""), 5, 10, "this is text, and must be true or false", "without quotes");
    expect(&service("ports: 80"), 5, 12, "this is a number, and must be a list", "check");
    expect(&service("ports: \"80:80\""), 5, 12, "this is text, and must be a list", "start each item with `- `");
    expect(&service("command:"), 5, 12, "this is nothing, and must be text or a list", "give it a value");
    expect(&service("labels: {1: x}"), 5, 14, "this mapping key is no text", "quotes");
    expect(&service("healthcheck: {interval: 30}"), 5, 29, "this is a number, and must be text", "quotes");
    expect(&service("healthcheck: {interval: 30x}"), 5, 29, "`30x` is no duration", "`30s`");
    expect(&service("ports: [\"70000:80\"]"), 5, 13, "`70000` is no port", "8080:80");
    expect(&service("cap_add: [A, B, A]"), 5, 21, "stands in the list twice", "remove");
    expect(&service("deploy: {replicas: -1}"), 5, 24, "`-1` is negative", "zero or more");
    expect(&service("command: sh -c \"a"), 5, 14, "double quote is not closed", "list");
    expect(&service("ulimits: {nofile: {soft: 5}}"), 5, 23, "the key `hard` is missing", "add `hard:`");
    expect(&service("stop_grace_period: -5s"), 5, 24, "negative duration", "zero or more");
}

#[test]
fn a_variable() {
    expect(
        &service("hostname: ${MISSING:?set it}"),
        5,
        15,
        "the required variable `MISSING` is not set: set it",
        ".env.sample",
    );
    expect(&service("hostname: a-${EMPTY:?}"), 5, 17, "the required variable `EMPTY` is empty", "`EMPTY`");
    expect(&service("hostname: \"a ${X:+b}\""), 5, 18, "this `$` starts no variable", "$$");
    expect(&service("command: echo $5"), 5, 19, "this `$` starts no variable", "$$");
    expect(
        &service("deploy: {replicas: \"${EMPTY}\"}"),
        5,
        24,
        "`${EMPTY}` becomes ``, and this must be a whole number",
        "default",
    );
    // The place is exact in folded text too.
    expect(
        &service("command: >\n      some words\n      and ${MISSING?no}"),
        7,
        11,
        "the required variable `MISSING`",
        "set",
    );
}

#[test]
fn versions() {
    expect("version: \"2.4\"\nservices: {}\n", 1, 10, "`2.4` is no compose format that swarm takes", "3.8");
    expect("version: 3.8\nservices: {}\n", 1, 10, "the version is a number", "quotes");
    let files = [
        SourceFile::new("compose.yml", &b"version: \"3.8\"\n"[..]),
        SourceFile::new("compose.b.yml", &b"services: {}\n"[..]),
    ];
    let error = load(&files, &|_| None, &|_| Err(String::new())).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("compose.b.yml:1:1: version: this file has format 3.13, and `compose.yml` has format 3.8"),
        "{error}"
    );
}

#[test]
fn an_env_file() {
    expect(
        &service("env_file: missing.env"),
        5,
        15,
        "`missing.env` cannot be read: no file missing.env",
        "add the file",
    );
    expect(&service("env_file: [../x.env]"), 5, 16, "lies outside of the recipe", "into the recipe");
    expect(&service("env_file: /etc/passwd"), 5, 15, "lies outside of the recipe", "into the recipe");
}

#[test]
fn every_problem_of_a_file_is_told() {
    let error = refusal(service("enviroment: {}\n    tty: 5\n    ports: [x]").as_bytes());
    let lines: Vec<usize> = error.problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [5, 6, 7]);
    assert!(error.to_string().ends_with("and 2 more"), "{error}");
}

#[test]
fn problems_are_shown_as_a_compiler_does() {
    let shown = refusal(service("enviroment: {A: grün}").as_bytes()).render(false);
    insta::assert_snapshot!(shown, @"
    error: services.app: the key `enviroment` is not known here (format 3.8)
     --> compose.yml:5:5
      |
    5 |     enviroment: {A: grün}
      |     ^^^^^^^^^^
      |
      = help: did you mean `environment`?
    ");
    assert!(refusal(b"- a").render(true).contains("\u{1b}["), "colour must be there when wanted");
}

#[test]
fn surprises_are_warnings() {
    let text = service(
        "labels: [\"a=$X-b c\", \"b=${Y:?must-be}\", \"$ ${Z:-}\"]\n    restart: always\n    ports: [\"127.0.0.1:80:80\"]",
    );
    let loaded = load(&[SourceFile::new("compose.yml", text.as_bytes())], &|_| None, &|_| Err(String::new())).unwrap();
    let warnings: Vec<(usize, usize, &str)> = loaded
        .warnings
        .iter()
        .map(|Problem { line, column, message, .. }| (*line, *column, message.as_str()))
        .collect();
    let [unbraced, operator, forgotten, ignored, address] = &warnings[..] else {
        panic!("five warnings: {warnings:#?}")
    };
    assert!(unbraced.0 == 5 && unbraced.1 == 17 && unbraced.2.contains("takes all that follows"), "{unbraced:?}");
    assert!(operator.1 == 29 && operator.2.contains("looks up a variable called `Y:?must`"), "{operator:?}");
    assert!(forgotten.1 == 46 && forgotten.2.contains("overlooks this"), "{forgotten:?}");
    assert!(ignored.0 == 6 && ignored.2.contains("swarm ignores this key"), "{ignored:?}");
    assert!(address.0 == 7 && address.2.contains("127.0.0.1"), "{address:?}");
    assert!(render(&loaded.warnings, &loaded.sources(), Severity::Warning, false).starts_with("warning:"));
}

#[test]
fn variables_are_kept_with_their_places() {
    let text = service("labels: {a: \"x ${A:-d} $B\"}");
    let env = |name: &str| (name == "B").then(|| "b".to_owned());
    let loaded = load(&[SourceFile::new("compose.yml", text.as_bytes())], &env, &|_| Err(String::new())).unwrap();
    let uses: Vec<_> = loaded
        .variables
        .iter()
        .map(|used| {
            (
                used.name.as_str(),
                used.operand.as_deref(),
                used.value.as_deref(),
                &text[used.span.range()],
                used.path.as_str(),
            )
        })
        .collect();
    let path = "services.app.labels.a";
    assert_eq!(uses, [("A", Some("d"), None, "${A:-d}", path), ("B", None, Some("b"), "$B", path)]);
    let entry = loaded.find(&["services", "app", "labels", "a"]).unwrap();
    assert_eq!((&text[entry.key.range()], entry.node.as_text()), ("a", Some("x d b")));
    assert_eq!(&text[entry.node.span.range()], "\"x ${A:-d} $B\"");
}
