//! SARIF 2.1.0 (OASIS), as code scanning services read it.
//!
//! Columns count Unicode code points, and say so (`columnKind`).

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};

use super::{advice, is_file, path_of};
use crate::lint::FAMILIES;
use crate::record::{Finding, Level, LintReport, Place, RecipeFindings, Silenced, SilencedBy, Span};

pub(super) fn write(report: &LintReport, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &log(report))?;
    writeln!(out)
}

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Value,
    column_kind: &'static str,
    invocations: [Invocation; 1],
    results: Vec<SarifResult>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: String,
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Fix>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
    properties: Value,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    justification: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_location: Option<PhysicalLocation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

/// Something that is no file of the candidate: a tag, a file of a release.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    fully_qualified_name: String,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
    byte_offset: usize,
    byte_length: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix {
    description: Message,
    artifact_changes: Vec<ArtifactChange>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange {
    artifact_location: ArtifactLocation,
    replacements: Vec<Replacement>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement {
    deleted_region: ByteRegion,
    inserted_content: Message,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ByteRegion {
    byte_offset: usize,
    byte_length: usize,
}

fn log(report: &LintReport) -> Log {
    let troubles: Vec<Notification> = report
        .recipes
        .iter()
        .filter_map(|recipe| recipe.error.as_ref())
        .map(|error| Notification { level: "error", message: Message { text: error.clone() } })
        .collect();
    let results = report.parts().flat_map(|recipe| {
        let shown = recipe.findings.iter().map(|finding| result(recipe, finding, None));
        shown.chain(recipe.silenced.iter().map(|silenced| result(recipe, &silenced.finding, Some(silenced))))
    });
    Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: tool(&report.taster),
            column_kind: "unicodeCodePoints",
            invocations: [Invocation {
                execution_successful: troubles.is_empty(),
                tool_execution_notifications: troubles,
            }],
            results: results.collect(),
        }],
    }
}

fn tool(version: &str) -> Value {
    let rules: Vec<Value> = FAMILIES
        .iter()
        .flat_map(|family| family.rules)
        .map(|rule| {
            json!({
                "id": rule.id,
                "name": rule.name,
                "shortDescription": { "text": rule.summary },
                "help": { "text": rule.page, "markdown": rule.page },
                "defaultConfiguration": { "level": level(rule.level) },
            })
        })
        .collect();
    json!({ "driver": { "name": "taster", "version": version, "informationUri": env!("CARGO_PKG_REPOSITORY"), "rules": rules } })
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warning",
        Level::Info => "note",
    }
}

fn result(recipe: &RecipeFindings, finding: &Finding, silenced: Option<&Silenced>) -> SarifResult {
    let mut text = finding.message.clone();
    for (kind, line) in advice(recipe, finding) {
        text.push_str(&format!("\n{kind}: {line}"));
    }
    let (first, others) = match finding.places.split_first() {
        Some((first, others)) => (Some(location(recipe, first, None)), others),
        None => (None, &[][..]),
    };
    SarifResult {
        rule_id: finding.rule.clone(),
        level: level(finding.level),
        message: Message { text },
        locations: first.into_iter().collect(),
        related_locations: (1..).zip(others).map(|(id, place)| location(recipe, place, Some(id))).collect(),
        fixes: finding.fix.iter().map(|fix| fix_of(recipe, fix)).collect(),
        suppressions: silenced.into_iter().map(suppression).collect(),
        properties: json!({ "recipe": recipe.recipe, "sets": finding.sets }),
    }
}

fn suppression(silenced: &Silenced) -> Suppression {
    let (kind, justification) = match silenced.by {
        SilencedBy::Comment => ("inSource", silenced.reason.clone()),
        SilencedBy::Config => ("external", silenced.reason.clone()),
        SilencedBy::Baseline => ("external", "it is in the baseline".to_owned()),
    };
    Suppression { kind, justification }
}

fn location(recipe: &RecipeFindings, place: &Place, id: Option<usize>) -> Location {
    let message = (!place.label.is_empty()).then(|| Message { text: place.label.clone() });
    if is_file(place) {
        let artifact_location = artifact(recipe, &place.file);
        let physical = PhysicalLocation { artifact_location, region: place.span.as_ref().map(region) };
        Location { id, physical_location: Some(physical), logical_locations: Vec::new(), message }
    } else {
        let name = LogicalLocation { fully_qualified_name: place.to_string() };
        Location { id, physical_location: None, logical_locations: vec![name], message }
    }
}

fn region(span: &Span) -> Region {
    Region {
        start_line: span.line,
        start_column: span.column,
        end_line: span.end_line,
        end_column: span.end_column,
        byte_offset: span.start,
        byte_length: span.end - span.start,
    }
}

fn fix_of(recipe: &RecipeFindings, fix: &crate::record::Fix) -> Fix {
    let artifact_changes = fix
        .edits
        .iter()
        .map(|edit| ArtifactChange {
            artifact_location: artifact(recipe, &edit.file),
            replacements: vec![Replacement {
                deleted_region: ByteRegion { byte_offset: edit.start, byte_length: edit.end - edit.start },
                inserted_content: Message { text: edit.replacement.clone() },
            }],
        })
        .collect();
    Fix { description: Message { text: fix.title.clone() }, artifact_changes }
}

fn artifact(recipe: &RecipeFindings, file: &str) -> ArtifactLocation {
    ArtifactLocation { uri: uri(&path_of(recipe, file)) }
}

/// A path as a URI reference (RFC 3986).
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'+' | b'@' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
