//! What a scan has to say about each repository.

use super::read::{Outcome, Reading};
use crate::record::{SCAN_SCHEMA, ScanReport, ScanState, Scanned};

/// The report of a scan, by name.
pub fn scan_report(readings: &[Reading]) -> ScanReport {
    let mut repositories: Vec<Scanned> = readings.iter().map(scanned).collect();
    repositories.sort_by(|a, b| (&a.name, &a.source).cmp(&(&b.name, &b.source)));
    ScanReport { schema: SCAN_SCHEMA.to_owned(), repositories }
}

fn scanned(reading: &Reading) -> Scanned {
    let place = &reading.place;
    let told = reading.trouble.as_ref().map(|trouble| trouble.reason.clone()).unwrap_or_default();
    let mut scanned = Scanned {
        name: place.name.clone(),
        source: place.source.clone(),
        state: ScanState::Unreadable,
        reason: told,
        trouble: reading.trouble.clone(),
        versions: 0,
        latest: None,
        renewed: place.renewed,
        moved_tags: place.moved.clone(),
    };
    match (&reading.outcome, &reading.trouble) {
        (Some(Outcome::Recipe(entry)), trouble) => {
            scanned.name.clone_from(&entry.name);
            scanned.state = if trouble.is_some() { ScanState::Stale } else { ScanState::Recipe };
            scanned.versions = entry.versions.len();
            scanned.latest = entry.versions.last().map(|version| version.version.clone());
        }
        (Some(Outcome::NotARecipe { reason, .. }), None) => {
            scanned.state = ScanState::NotARecipe;
            scanned.reason.clone_from(reason);
        }
        _ => {}
    }
    scanned
}
