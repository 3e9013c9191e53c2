//! `[needs]`: recipes by their names, and nothing that leads elsewhere.

use taster::scenario::Scenario;

#[test]
fn what_is_needed_is_named_and_no_path() {
    let text = "[needs.authentik]\nat = \"1.2.0+3.4\"\nenv = { A = \"b\" }\n[needs.mail_relay]\n";
    let needs = Scenario::parse("t", text).unwrap().needs;
    assert_eq!(needs.keys().collect::<Vec<_>>(), ["authentik", "mail_relay"]);
    assert_eq!((needs["authentik"].at.as_deref(), needs["authentik"].env["A"].as_str()), (Some("1.2.0+3.4"), "b"));
    for (text, place, words) in [
        ("[needs.\"../../etc\"]\n", "t:1:8: `../../etc` is no name of a recipe", "--needs"),
        ("[needs.\".\"]\n", "t:1:8: `.` is no name of a recipe", "--needs"),
        ("[needs.x]\npath = \"/etc\"\n", "t:2:1: unknown field `path`", "expected `at` or `env`"),
        ("[needs]\nx = \"1.0\"\n", "t:2:5: invalid type: string", "struct Need"),
    ] {
        let said = Scenario::parse("t", text).unwrap_err().to_string();
        assert!(said.starts_with(place) && said.contains(words), "{text}: {said}");
    }
}
