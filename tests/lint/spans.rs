//! Lesson 34: exact spans in every way to write YAML.

use taster::lint::{Options, Outside, lint};

use crate::fixture::{Case, fixtures};

/// The bytes that the findings of a rule mark, in a recipe with this compose file.
fn marked(rule: &str, compose: &str) -> Vec<String> {
    let case = Case::make(&fixtures().join("R002/good"));
    std::fs::write(case.path().join("compose.yml"), compose).unwrap();
    std::fs::write(case.path().join(".env.sample"), "TYPE=teapot\n").unwrap();
    let report = lint(&case.target(), Outside::default(), &Options::default()).report;
    let of_rule = report.findings.iter().filter(|finding| finding.rule == rule);
    of_rule
        .map(|finding| {
            let span = finding.places[0].span.unwrap();
            let text = &compose[span.start..span.end];
            // Line and column lead to the same place as the bytes.
            let line = compose.split_inclusive('\n').nth(span.line - 1).unwrap();
            let column: String = line.trim_start_matches('\u{feff}').chars().skip(span.column - 1).collect();
            let first = text.split(['\n', '\r']).next().unwrap();
            assert!(column.starts_with(first), "{}:{}: `{column}` is not `{first}`", span.line, span.column);
            text.to_owned()
        })
        .collect()
}

#[test]
fn lesson_34_images_are_marked_where_they_are_written() {
    let forms = [
        ("services:\n  app:\n    image: nginx:latest\n", "nginx:latest"),
        ("services:\n  app:\n    image: \"nginx:latest\"\n", "\"nginx:latest\""),
        ("services:\n  app:\n    image: 'nginx:latest' # why\n", "'nginx:latest'"),
        ("services: {app: {image: nginx:latest, user: é}}\n", "nginx:latest"),
        ("# ünï\nservices:\n  app: {user: \"é\", image: \"nginx:latest\"}\n", "\"nginx:latest\""),
        ("services:\r\n  app:\r\n    image: nginx:latest\r\n", "nginx:latest"),
        ("\u{feff}services:\n  app:\n    image: nginx:latest\n", "nginx:latest"),
        ("x-image: &i nginx:latest\nservices:\n  app:\n    image: *i\n", "nginx:latest"),
        ("x-app: &a\n  image: nginx:latest\nservices:\n  app:\n    <<: *a\n    user: x\n", "nginx:latest"),
        ("services:\n  app:\n    image: ${IMAGE:-nginx:latest}\n", "${IMAGE:-nginx:latest}"),
    ];
    for (compose, expected) in forms {
        assert_eq!(marked("R004", compose), [expected], "{compose}");
    }
    let folded = marked("R004", "services:\n  app:\n    image: >-\n      nginx:latest\n    user: x\n");
    assert!(folded.len() == 1 && folded[0].contains("nginx:latest") && !folded[0].contains("user"), "{folded:?}");
}

#[test]
fn what_is_missing_is_marked_at_the_key_that_lacks_it() {
    assert_eq!(marked("R002", "services:\n  \"app\":\n    image: nginx:1.2\n"), ["\"app\""]);
    assert_eq!(marked("R009", "services: {web: {image: 'nginx:1.2'}}\n"), ["services"]);
}
