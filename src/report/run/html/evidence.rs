//! Pages as they looked, what the run was made of and on.

use std::path::{Component, Path};

use base64::Engine as _;
use maud::{Markup, html};

use super::super::{KeptRun, RunReportError};
use super::last;
use crate::record::{Fact, NodeFacts};

/// A picture larger than this many bytes is named and not shown.
const MOST_OF_A_PICTURE: u64 = 3 << 20;

/// The pages that were opened, with their pictures.
pub(super) fn pages(run: &KeptRun) -> Result<Markup, RunReportError> {
    let mut shown = Vec::new();
    for event in &run.events {
        if let Fact::Page { look, url, title, faults, third_parties, screenshot, status, .. } = &event.fact {
            let picture = screenshot.as_deref().and_then(|file| picture(&run.folder, file));
            shown.push((look, url, title, faults, third_parties, *status, picture));
        }
    }
    Ok(html! {
        @if !shown.is_empty() {
            section aria-labelledby="pages" {
                h2 #pages { "Pages" }
                div.pages {
                    @for (look, url, title, faults, third_parties, status, picture) in &shown {
                        figure.page {
                            @if let Some(picture) = picture { img src=(picture) alt={ "The page “" (title) "” at " (url) } loading="lazy"; }
                            figcaption {
                                strong { (title) } br;
                                code { (url) } @if let Some(status) = status { " " (status) } ", " (look)
                                @for fault in *faults { p.fault { (fault) } }
                                @if !third_parties.is_empty() { p { "It asked of other hosts, and did not get: " (third_parties.join(", ")) } }
                            }
                        }
                    }
                }
            }
        }
    })
}

/// A picture of the run's folder as a data address; one whose path leaves the folder is not taken, for a log may come from strangers.
fn picture(folder: &Path, file: &str) -> Option<String> {
    let inside = Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
    let path = folder.join(file);
    let fits = std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= MOST_OF_A_PICTURE);
    let bytes = (inside && fits).then(|| std::fs::read(&path).ok()).flatten()?;
    // What is not a PNG is not shown as one.
    bytes
        .starts_with(b"\x89PNG\r\n")
        .then(|| format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(bytes)))
}

/// The node, the images, and what taster changed.
pub(super) fn ground(run: &KeptRun) -> Markup {
    let planned = last(run, |fact| match fact {
        Fact::Plan { steps, left_out, beside } => Some(((steps, left_out), beside)),
        _ => None,
    });
    let (planned, beside) = planned.unzip();
    let (steps, left_out) = planned.unzip();
    let beside = beside.filter(|beside| !beside.is_empty());
    let declared = steps.into_iter().flatten().filter_map(|step| Some((&step.id, step.skip.as_ref()?)));
    let adaptations = run.events.iter().filter_map(|event| match &event.fact {
        Fact::Adaptation { service, what, why } => Some((service, what, why)),
        _ => None,
    });
    let adaptations: std::collections::BTreeSet<_> = adaptations.collect();
    let notes = run.events.iter().filter_map(|event| match &event.fact {
        Fact::Note { text } => Some(text.clone()),
        Fact::Irregularity { place, text } => Some(format!("{place}: {text}")),
        _ => None,
    });
    let notes: Vec<String> = notes.collect();
    html! {
        @if let Some(node) = &run.summary.node { (node_table(node)) }
        @if !run.summary.digests.is_empty() {
            h3 { "Images" }
            div.wide { table {
                thead { tr { th scope="col" { "image" } th scope="col" { "digest" } th scope="col" { "size" } th scope="col" { "from" } } }
                tbody { @for image in &run.summary.digests {
                    tr { td { code { (image.reference) } } td { code { (image.digest.as_ref().unwrap_or(&image.id)) } }
                        td { (image.size / 1_000_000) " MB" } td { (image.source) } }
                } }
            } }
        }
        @if let Some(beside) = beside { h3 { "Beside it" } ul { @for name in beside { li { (name) } } } }
        h3 { "Not tried" }
        ul {
            @for (id, why) in declared { li { (id) ", declared in the scenario: " (why) } }
            @for words in left_out.into_iter().flatten() { li { (words) } }
        }
        @if !adaptations.is_empty() {
            h3 { "Changed or added by taster" }
            ul { @for (service, what, why) in &adaptations {
                li { @if !service.is_empty() { code { (service) } ": " } (what) " (" (why) ")" }
            } }
        }
        @if !notes.is_empty() { h3 { "Notes" } ul { @for note in &notes { li { (note) } } } }
    }
}

fn node_table(node: &NodeFacts) -> Markup {
    let rows = [
        ("engine", format!("Docker {} (API {}), {}", node.engine, node.api, node.image)),
        (
            "machine",
            format!(
                "{}, kernel {}, {} CPUs, {} MB",
                node.architecture,
                node.kernel,
                node.cpus,
                node.memory / 1_000_000
            ),
        ),
        ("node", format!("{}, {} rights, {} swarm node(s)", node.kind, node.rights, node.swarm_nodes)),
        ("storage and cgroup", format!("{}, cgroup {}", node.storage, node.cgroup)),
        ("services are reached by", node.endpoint_mode.clone()),
    ];
    html! { table.facts { tbody { @for (what, value) in &rows { tr { th scope="row" { (what) } td { (value) } } } } } }
}
