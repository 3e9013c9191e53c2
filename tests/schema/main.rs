//! The schemas in `catalogue-schema/` are those of the types, and what taster writes is valid by them.

use std::path::Path;

use serde_json::{Value, json};
use taster::record::{Event, Fact, Progress, schemas};
use taster::scenario::Scenario;

#[test]
fn the_files_are_what_the_types_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue-schema");
    let mut all = schemas();
    all.push(("scenario", Scenario::schema()));
    for (name, schema) in &all {
        let path = folder.join(format!("{name}.json"));
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            text == format!("{schema:#}\n"),
            "{} has drifted: run `taster schema --dir catalogue-schema`",
            path.display()
        );
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), all.len(), "no schema without a type");
}

#[test]
fn an_event_is_valid_by_its_schema_and_a_wrong_one_is_not() {
    let schema: Value = schemas().into_iter().find(|(name, _)| *name == "event").unwrap().1;
    let validator = jsonschema::validator_for(&schema).unwrap();
    let fact = Fact::Progress(Progress { step: "install@default".into(), text: "app: not healthy yet".into() });
    let event = serde_json::to_value(Event { at: "2026-11-21T00:00:00Z".into(), ms: 1, fact }).unwrap();
    assert!(validator.is_valid(&event), "{event}");
    assert!(!validator.is_valid(&json!({"at": "x", "ms": 1, "fact": {"type": "no-such-thing"}})));
    assert!(!validator.is_valid(&json!({"at": "x", "ms": -1, "fact": event["fact"]})));
}

#[test]
fn the_schema_of_a_scenario_and_its_reader_agree() {
    let validator = jsonschema::validator_for(&Scenario::schema()).unwrap();
    let good = "[env]\nA = \"b\"\n[variants.x]\ncompose = [\"compose.yml\"]\n[ready]\npath = \"/login\"\nwithin = \"2m\"\n[[seed]]\nservice = \"app\"\nrun = \"x\"\n\
        [[page]]\nsteps = [{ fill = \"User\", with = \"{env:A}\" }, { click = \"Go\" }]\n[limits]\ndeploy = \"90s\"\n";
    let bad = [
        "[ready]\npth = \"/\"\n",
        "[ready]\nstatus = \"ok\"\n",
        "[[seed]]\nservice = \"app\"\n",
        "[[seed]]\nservice = \"app\"\nrun = \"\"\n",
        "[limits]\ndeploy = 90\n",
        "[[page]]\nsteps = [{ fill = \"User\" }]\n",
        "[[page]]\nsteps = [{ click = \"a\", expect = \"b\" }]\n",
        "[[page]]\nsteps = [{ click = \"a\", with = \"b\" }]\n",
        "[[page]]\nsteps = [{}]\n",
        "[nothing]\n",
    ];
    let value = |text: &str| toml::from_str::<Value>(text).unwrap();
    assert!(Scenario::parse("t", good).is_ok() && validator.is_valid(&value(good)));
    for text in bad {
        assert!(Scenario::parse("t", text).is_err(), "the reader takes {text}");
        assert!(!validator.is_valid(&value(text)), "the schema takes {text}");
    }
}
