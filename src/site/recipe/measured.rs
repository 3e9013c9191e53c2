//! What was measured of a recipe and what it claims: claims, lint findings, runs, facts.

use maud::{Markup, html};

use crate::record::{CatalogueRecipe, Level, LintFinding, Outcome, RunLink};
use crate::report::markup::prose;
use crate::site::runs::{Kept, SHOWN};
use crate::site::words::{bytes, count, day, outcome_tone, outcome_word, run_level, safe_link, verdict_tone};

/// Findings that are seen at once.
const FINDINGS: usize = 12;

pub(super) fn claims(entry: &CatalogueRecipe, kept: &[Kept]) -> Markup {
    html! {
        @if entry.claims.is_empty() { p.none { "Its README claims nothing." } }
        @else {
            ul.claims {
                @for claim in &entry.claims {
                    li {
                        span.what { (claim.feature.word()) } span.said { (claim.claimed) }
                        span class={ "pill " (verdict_tone(claim.verdict)) } { (claim.verdict.word()) }
                        @if !claim.reason.is_empty() {
                            p { (prose(&claim.reason))
                                @if let Some(path) = claim.run.as_deref().and_then(|run| Kept::report(kept, run)) { " (" a href={ "../" (path) } { "the run" } ")" } }
                        }
                    }
                }
            }
            p.dim { "Claims are the README's. " em { "Verified" } ": a run showed it. " em { "Contradicted" } ": a run or the files show the contrary. "
                em { "Unverified" } ": nothing speaks for it or against it." }
        }
    }
}

pub(super) fn lint(entry: &CatalogueRecipe) -> Markup {
    let Some(lint) = &entry.lint else { return html! {} };
    let counts = &lint.counts;
    let (first, rest) = lint.findings.split_at(lint.findings.len().min(FINDINGS));
    html! {
        p { (count(counts.error, "error")) ", " (count(counts.warn, "warning")) " and " (count(counts.info, "remark")) " at the default branch." }
        @if lint.findings.is_empty() { p { "Nothing to complain about." } }
        @else {
            ul.findings { @for finding in first { (found(finding)) } }
            @if !rest.is_empty() {
                details.older { summary { (count(rest.len(), "more finding")) } ul.findings { @for finding in rest { (found(finding)) } } }
            }
            p.dim { code { "taster lint --explain ID" } " says why a rule is there and what to do." }
        }
    }
}

fn found(finding: &LintFinding) -> Markup {
    let (tone, word) = match finding.level {
        Level::Error => ("bad", "error"),
        Level::Warn => ("unsure", "warning"),
        Level::Info => ("idle", "remark"),
    };
    html! {
        li {
            span class={ "pill " (tone) } { (word) } " " code { (finding.rule) } " " (prose(&finding.message))
            @if let Some(place) = &finding.place {
                span.dim { " in " code { (place.file) @if let Some(span) = &place.span { ":" (span.line) } } @if let Some(release) = &place.release { " of " (release) } }
            }
        }
    }
}

pub(super) fn runs(entry: &CatalogueRecipe, kept: &[Kept]) -> Markup {
    html! {
        @if entry.runs.is_empty() { p.none { "Not tested: no run is known." } }
        @else { ol.runs { @for run in entry.runs.iter().take(SHOWN) { li { (one_run(run, kept)) } } } }
        @if entry.runs.len() > SHOWN { p.dim { (count(entry.runs.len() - SHOWN, "older run")) " in catalogue.json." } }
    }
}

fn one_run(run: &RunLink, kept: &[Kept]) -> Markup {
    let pictures = Kept::pictures(kept, &run.run);
    let when = run.at.as_deref().map(|at| at.get(..16).unwrap_or(at).replace('T', " "));
    let revision = run.version.clone().or_else(|| Some(run.commit.as_deref()?.get(..10)?.to_owned()));
    html! {
        p.run {
            span class={ "pill " (outcome_tone(run.outcome)) } { (outcome_word(run.outcome)) }
            // A run that broke off before it proved anything says nothing of a level, not even 0.
            @if run.outcome != Outcome::Errored || run.level > 0 { strong { (run_level(run)) } }
            @if let Some(revision) = revision { code { (revision) } }
            @if let Some(at) = when { time datetime=[run.at.as_deref()] { (at) " UTC" } }
            @if let Some(path) = Kept::report(kept, &run.run) { a href={ "../" (path) } aria-label={ "All of the run " (run.run) } { "all of it" } }
            @else { span.dim { (run.run) } }
        }
        @if !pictures.is_empty() {
            div.pictures { @for (number, path) in pictures.iter().enumerate() {
                a href={ "../" (path) } { img src={ "../" (path) } loading="lazy" width="320" height="200" alt={ "Screenshot " (number + 1) " of this run" }; }
            } }
        }
    }
}

pub(super) fn about(entry: &CatalogueRecipe) -> Markup {
    let untested = || html! { span.none { "not tested" } };
    let told = |text: Option<String>| text.map_or_else(untested, |text| html! { (text) });
    let claimed = entry.features.status.to_string();
    let rows: [(&str, Markup); 11] = [
        ("Last tested", told(entry.last_tested.as_deref().map(|at| day(at).to_owned()))),
        ("Status measured", told(entry.measured_status.map(|status| format!("{status} of 5")))),
        ("Status claimed", html! { (claimed) " of 5" }),
        ("Start-up", told(entry.start_seconds.map(|seconds| format!("{seconds:.1} s to the first answer")))),
        ("Memory at its peak", told(entry.peak_memory.map(bytes))),
        ("Disk", told(entry.disk.map(bytes))),
        ("Backup proven by", told(entry.backup_proof.clone())),
        (
            "Maintainers",
            html! { @if entry.maintainers.is_empty() { span.none { "nobody named" } } @else { (entry.maintainers.join(", ")) } },
        ),
        (
            "Community",
            html! { @match entry.community { Some(true) => "operated by a community", Some(false) => "not in a community organisation", None => span.none { "unknown" } } },
        ),
        (
            "Licence",
            html! { @match &entry.licence_file { Some(file) => code { (file) }, None => span.none { "none found" } } },
        ),
        (
            "Repository",
            html! { @match safe_link(&entry.repository.url) { Some(url) => a href=(url) rel="noopener noreferrer" { (entry.repository.url) }, None => span.none { "not told" } } },
        ),
    ];
    html! {
        dl.about { @for (name, value) in rows { div { dt { (name) } dd { (value) } } } }
        @if !entry.warnings.is_empty() {
            details { summary { (count(entry.warnings.len(), "warning")) " while reading it" }
                ul { @for warning in &entry.warnings { li { (warning) } } } }
        }
    }
}
