//! A project as YAML text, for people and for the folder of a run.

use serde_json::Value as Json;

use super::canonical::canonical;
use super::project::Project;

/// The project as YAML text, in the shape that `docker stack config` prints; paths stay relative.
pub fn to_yaml(project: &Project) -> String {
    let mut text = String::new();
    write_yaml(&canonical(project, None), 0, &mut text);
    text
}

fn write_yaml(value: &Json, depth: usize, into: &mut String) {
    let indentation = "  ".repeat(depth);
    match value {
        Json::Object(map) => {
            for (key, value) in map {
                into.push_str(&indentation);
                into.push_str(&quoted(key));
                into.push(':');
                write_below(value, depth, into);
            }
        }
        Json::Array(items) => {
            for item in items {
                into.push_str(&indentation);
                into.push('-');
                write_below(item, depth, into);
            }
        }
        scalar => {
            into.push_str(&indentation);
            into.push_str(&scalar.to_string());
            into.push('\n');
        }
    }
}

fn write_below(value: &Json, depth: usize, into: &mut String) {
    match value {
        Json::Object(map) if !map.is_empty() => {
            into.push('\n');
            write_yaml(value, depth + 1, into);
        }
        Json::Array(items) if !items.is_empty() => {
            into.push('\n');
            write_yaml(value, depth + 1, into);
        }
        // JSON's own texts, numbers and empty collections are YAML too.
        value => {
            into.push(' ');
            into.push_str(&value.to_string());
            into.push('\n');
        }
    }
}

/// A key that needs no quotes stays as it is.
fn quoted(key: &str) -> String {
    let plain = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        && !matches!(
            key.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    if plain { key.to_owned() } else { Json::from(key).to_string() }
}
