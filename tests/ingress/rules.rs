//! The grammar of rules, and what they match.

use hyper::HeaderMap;
use proptest::prelude::*;
use taster::ingress::routes::matching::{CompiledRule, RequestFacts};
use taster::ingress::routes::{parse_http, parse_tcp};

fn matches(rule: &str, method: &str, host: &str, path: &str) -> bool {
    let mut headers = HeaderMap::new();
    headers.insert("x-kind", "blog".parse().unwrap());
    let rule = CompiledRule::new(&parse_http(rule).unwrap()).unwrap();
    rule.matches(&RequestFacts { host, path, method, headers: &headers })
}

#[test]
fn rules_match_what_traefik_matches() {
    for (rule, yes, no) in [
        ("Host(`a.b`)", vec!["a.b/", "a.b/x"], vec!["x.a.b/", "b/"]),
        ("Host(\"a.b\")", vec!["a.b/"], vec!["a.c/"]),
        ("Host(`A.b.`)", vec!["a.b/", "a.b./"], vec!["b/"]),
        // With EXTRA_DOMAINS as recipes splice it, empty, and with one and two more.
        ("Host(`a.b`, `www.a.b`)", vec!["a.b/", "www.a.b/"], vec!["ww.a.b/"]),
        ("Host(`a.b`,`c.d`,\"e.f\")", vec!["a.b/", "c.d/", "e.f/"], vec!["g.h/"]),
        ("Host(`a.b`, )", vec!["a.b/"], vec!["/"]),
        ("Host(`a`) && PathPrefix(`/x`)", vec!["a/x", "a/xy", "a/x/y"], vec!["a/", "b/x", "a/X"]),
        ("Host(`a`) && Path(`/x`)", vec!["a/x"], vec!["a/x/", "a/xy"]),
        ("Host(`a`) || Host(`b`) && Path(`/x`)", vec!["a/", "b/x"], vec!["b/"]),
        ("(Host(`a`) || Host(`b`)) && Path(`/x`)", vec!["a/x", "b/x"], vec!["a/", "b/"]),
        ("!Host(`a`)", vec!["b/"], vec!["a/"]),
        ("!(Host(`a`) || Path(`/x`))", vec!["b/"], vec!["a/", "b/x"]),
        ("Host(`a`) && !PathPrefix(`/admin`)", vec!["a/"], vec!["a/admin", "b/"]),
        ("!!Host(`a`)", vec!["a/"], vec!["b/"]),
        ("HostRegexp(`^.+\\.example\\.com$`)", vec!["x.example.com/", "x.y.example.com/"], vec!["example.com/"]),
        ("HostRegexp(`^[a-z]{1,3}$`)", vec!["abc/"], vec!["abcd/"]),
        ("HostRegexp(`{sub:[a-z]+}.example.com`)", vec!["x.example.com/"], vec!["x1.example.com/", "x.exampleXcom/"]),
        (
            "HostRegexp(`example.com`, `{sub}.example.com`)",
            vec!["example.com/", "a.example.com/"],
            vec!["a.b.example.com/"],
        ),
        ("PathPrefix(`/{id:[0-9]{2,4}}/edit`)", vec!["a/12/edit", "a/1234/edit/x"], vec!["a/1/edit", "a/12345/edit"]),
        ("Path(`/a`, `/{x}/z`)", vec!["h/a", "h/q/z"], vec!["h/a/b", "h/q/z/z"]),
        ("PathPrefix(`/{x}`, `/a$`)", vec!["h/q", "h/a$b"], vec!["h/"]),
        ("HostRegexp(`example.com`)", vec!["a.example.com.b/"], vec!["a/"]),
        ("PathRegexp(`^/v[12]/`)", vec!["a/v1/x"], vec!["a/v3/x"]),
        ("Method(`GET`, `HEAD`)", vec!["a/"], vec![]),
        ("Method(`POST`)", vec![], vec!["a/"]),
        ("Headers(`X-Kind`, `blog`)", vec!["a/"], vec![]),
        ("Header(`X-Kind`, `wiki`)", vec![], vec!["a/"]),
        ("host(`a`) && PATHPREFIX(`/x`) && Pathprefix(`/x`)", vec!["a/x"], vec!["b/x"]),
        (" Host ( `a` ) &&\n\tPath(`/`)\n", vec!["a/"], vec!["b/"]),
        // Not emulated: certain neither way, so it decides only where nothing hangs on it.
        ("ClientIP(`10.0.0.0/8`)", vec![], vec!["a/"]),
        ("!ClientIP(`10.0.0.0/8`)", vec![], vec!["a/"]),
        ("Host(`a`) || Query(`x`, `y`)", vec!["a/"], vec!["b/"]),
        ("Host(`a`) && !Query(`x`, `y`)", vec![], vec!["a/", "b/"]),
        ("!(Host(`a`) && ClientIP(`::1`))", vec!["b/"], vec!["a/"]),
    ] {
        for (urls, expected) in [(yes, true), (no, false)] {
            for url in urls {
                let (host, path) = url.split_at(url.find('/').unwrap());
                assert_eq!(matches(rule, "GET", host, path), expected, "{rule} on {url}");
            }
        }
    }
}

#[test]
fn a_malformed_rule_is_refused_with_its_place() {
    for (rule, column, message) in [
        ("", 1, "the rule is empty"),
        ("  ", 1, "the rule is empty"),
        ("Host", 5, "expected '(' after Host, found the end"),
        ("Host(`a`", 5, "the '(' of Host is never closed"),
        ("Host(`a", 6, "this '`' is never closed"),
        ("Host(\"a", 6, "this '\"' is never closed"),
        ("Host('a')", 6, "single quotes are not accepted: use backticks or double quotes"),
        ("Host(a.b)", 6, "a value must stand in backticks or double quotes"),
        ("Host()", 1, "Host takes at least 1 value(s), 0 given"),
        ("Headers(`a`)", 1, "Headers takes 2 value(s), 1 given"),
        ("Host(`a` `b`)", 10, "expected ',' or ')', found '`'"),
        ("Host(,)", 6, "expected a value in backticks or double quotes, found ','"),
        ("Host(`a`) & Path(`/`)", 11, "expected '&&', found a single '&'"),
        ("Host(`a`) | Path(`/`)", 11, "expected '||', found a single '|'"),
        ("Host(`a`) &&", 13, "expected a matcher such as Host(`example.com`), found the end"),
        ("&& Host(`a`)", 1, "expected a matcher such as Host(`example.com`), found '&'"),
        ("Host(`a`) Host(`b`)", 11, "expected '&&', '||' or the end, found 'H'"),
        ("Host(`a`))", 10, "this ')' closes nothing"),
        ("(Host(`a`)", 1, "this '(' is never closed"),
        ("(Host(`a`) Path(`/`))", 12, "expected '&&', '||' or ')', found 'P'"),
        ("Hots(`a`)", 1, "unknown matcher 'Hots': did you mean Host?"),
        ("hOST(`a`)", 1, "unknown matcher 'hOST': did you mean Host?"),
        ("Domain(`a`)", 1, "unknown matcher 'Domain'"),
        ("HostSNI(`a`)", 1, "unknown matcher 'HostSNI'"),
        ("Host(`a`) && Path(`x`)", 19, "the path 'x' does not start with '/'"),
        ("Host(`ü.de`)", 6, "Host takes ASCII only: write 'ü.de' in punycode"),
        ("Path(`/ü`) && Hst(`a`)", 15, "unknown matcher 'Hst': did you mean Host?"),
        ("Path(\"/a\\d\")", 9, "the escape '\\d' is unknown: write patterns in backticks"),
        (
            "Host(`a`)\n|| Host(`b`)",
            10,
            "a line break ends the rule here: put the rule on one line, or break after an operator",
        ),
        ("Host:a.b", 5, "expected '(' after Host, found ':'"),
        ("${RULE}", 1, "expected a matcher such as Host(`example.com`), found '$'"),
    ] {
        let error = parse_http(rule).expect_err(rule);
        assert_eq!((error.column, error.message.as_str()), (column, message), "{rule}");
        assert_eq!(error.to_string(), format!("at character {column}: {message}"));
    }
    let deep = format!("{}Host(`a`){}", "(".repeat(5000), ")".repeat(5000));
    assert!(parse_http(&deep).unwrap_err().message.starts_with("nested deeper"));
    assert!(parse_http(&"!".repeat(100_000)).unwrap_err().message.starts_with("nested deeper"));
}

#[test]
fn a_pattern_that_does_not_compile_is_refused() {
    let rule = parse_http("HostRegexp(`[a-`)").unwrap();
    let error = CompiledRule::new(&rule).unwrap_err().to_string();
    assert!(error.starts_with("HostRegexp: the pattern '[a-' does not compile: "), "{error}");
}

#[test]
fn tcp_rules_have_matchers_of_their_own() {
    assert!(parse_tcp("HostSNI(`*`)").is_ok());
    assert!(parse_tcp("HostSNI(`a.b`) && !ClientIP(`10.0.0.1`)").is_ok());
    assert_eq!(parse_tcp("Host(`a`)").unwrap_err().message, "unknown matcher 'Host'");
}

#[test]
fn a_rule_tells_its_hosts_and_a_path_to_try() {
    let rule =
        parse_http("(Host(`A.b`, `c.d`) || HostHeader(`e.f`)) && !Host(`g.h`) && PathPrefix(`/{x}`) && Path(`/y`)");
    let rule = rule.unwrap();
    assert_eq!(rule.hosts().into_iter().collect::<Vec<_>>(), ["a.b", "c.d", "e.f"]);
    assert_eq!(rule.sample_path(), "/y");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
        let error = parse_http(&text);
        if let Err(error) = error {
            prop_assert!(text.is_char_boundary(error.offset) && error.column <= text.chars().count() + 1);
        }
        drop(parse_tcp(&text));
    }

    #[test]
    fn no_jumble_of_rule_pieces_makes_the_parser_panic(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "Host", "Path", "HostRegexp", "(", ")", "`", "\"", "'", "&&", "||", "&", "!", ",", " ", "\n", "\\", "a.b", "/x",
                "`a`", "\"b\"", "{id:[0-9]+}", "{", "}", "ü", "\u{0}", "Host(`a`)", "Path(`/x`)",
            ]),
            0..24,
        ),
    ) {
        let text = pieces.concat();
        match parse_http(&text) {
            Ok(rule) => drop(CompiledRule::new(&rule)),
            Err(error) => prop_assert!(text.is_char_boundary(error.offset), "{text}: {error}"),
        }
    }
}
