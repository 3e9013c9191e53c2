//! The schemas in `catalogue-schema/` are those of the types, and what taster writes is valid by them.

use std::path::Path;

use serde_json::{Value, json};
use taster::record::{Event, Fact, Progress, schemas};

#[test]
fn the_files_are_what_the_types_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue-schema");
    for (name, schema) in schemas() {
        let path = folder.join(format!("{name}.json"));
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            text == format!("{schema:#}\n"),
            "{} has drifted: run `taster schema --dir catalogue-schema`",
            path.display()
        );
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), schemas().len(), "no schema without a type");
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
