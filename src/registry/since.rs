//! Since when there has been something newer than a tag.

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use super::RegistryError;
use super::answer::{Built, ImageFacts, Manifest};
use super::client::{Registries, Said, json};
use super::place::Place;
use crate::lint::{ImageReference, newer_tags};

/// So many newer tags are asked for their date at most. Docker Hub counts each as one or two pulls, and those of the lowest versions are
/// the oldest unless they were built anew.
const MOST_DATES: usize = 16;
/// So many of them at once.
const AT_ONCE: usize = 4;
/// Docker's first release was in this month. Images that say they are older, mostly of 1970 or of the year 1, were built so that equal
/// files give equal bytes, and have no date.
const FIRST: Date = date(2013, 3, 1);

/// What is newer than a tag, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Newer {
    /// Nothing of its kind is.
    Nothing,
    /// Something is.
    There {
        /// The newest tag of the kind.
        newest: String,
        /// The earliest day, UTC, that a newer one is known to be from; `None` when no date is known.
        since: Option<Date>,
    },
    /// Nobody can tell: the tag is no version, or the registry does not list the repository's tags whole.
    Unknown,
}

impl Registries {
    /// Since when there has been something newer of the kind of this image's tag (same suffix, same number of parts). `facts` is what the
    /// registry said about the image.
    ///
    /// The date is the earliest `created` of the configurations of the newer images: of the 16 lowest versions at most, and of an image for
    /// many platforms that for amd64, or else for the first. A tag that was built anew tells a later day than that of its first release,
    /// one that is gone tells none, and what is before March 2013 counts for none: so the day errs to the recipe's favour alone.
    ///
    /// # Errors
    /// When the registry stops answering. A single image that it does not hand out, or not as images are, has no date.
    pub async fn newer_since(&self, reference: &str, facts: &ImageFacts) -> Result<Newer, RegistryError> {
        let place = Place::of(reference)?;
        let tag = ImageReference::parse(reference).tag.unwrap_or_default();
        let Some(newer) = newer_tags(tag, &facts.tags) else { return Ok(Newer::Unknown) };
        let Some(newest) = newer.last().map(|newest| (*newest).to_owned()) else {
            // A list without the very tag that was asked for, or with an end that nobody saw, proves no absence.
            let listed = facts.tags_are_whole && facts.tags.iter().any(|known| known == tag);
            return Ok(if listed { Newer::Nothing } else { Newer::Unknown });
        };
        let lowest: Vec<Place> =
            newer.iter().take(MOST_DATES).map(|tag| Place { manifest: (*tag).to_owned(), ..place.clone() }).collect();
        let mut dates = stream::iter(lowest).map(|place| async move { self.created(&place).await }).buffered(AT_ONCE);
        let mut since: Option<Date> = None;
        while let Some(answer) = dates.next().await {
            let created = match answer {
                Err(error @ (RegistryError::Unreachable { .. } | RegistryError::Limited { .. })) => return Err(error),
                Err(RegistryError::Odd { .. } | RegistryError::Malformed { .. }) => None,
                Ok(created) => created,
            };
            since = [since, created].into_iter().flatten().min();
        }
        Ok(Newer::There { newest, since })
    }

    /// The day on which an image was made, as its configuration says; `None` for one that is not there or tells none.
    async fn created(&self, place: &Place) -> Result<Option<Date>, RegistryError> {
        let Some(mut manifest) = self.manifest(place, &place.manifest).await? else { return Ok(None) };
        if let Some(entry) = manifest.one_platform() {
            let Some(of_platform) = self.manifest(place, &entry).await? else { return Ok(None) };
            manifest = of_platform;
        }
        let Some(config) = manifest.config else { return Ok(None) };
        match self.get(place, place.url(&format!("blobs/{}", config.digest))).await? {
            Said::Found(response) => Ok(json::<Built>(place, response).await?.created.as_deref().and_then(day)),
            Said::Absent | Said::Hidden => Ok(None),
        }
    }

    async fn manifest(&self, place: &Place, what: &str) -> Result<Option<Manifest>, RegistryError> {
        match self.get(place, place.url(&format!("manifests/{what}"))).await? {
            Said::Found(response) => Ok(Some(json(place, response).await?)),
            Said::Absent | Said::Hidden => Ok(None),
        }
    }
}

/// The day of an RFC 3339 moment, when that can be when an image was made.
fn day(created: &str) -> Option<Date> {
    let at: Timestamp = created.parse().ok()?;
    Some(at.to_zoned(TimeZone::UTC).date()).filter(|day| *day >= FIRST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_before_docker_is_no_date() {
        assert_eq!(day("2013-03-01T00:00:00Z"), Some(FIRST));
        assert_eq!(day("2026-05-02T01:00:00.123456789+02:00"), Some(date(2026, 5, 1)), "days are those of UTC");
        for none in ["2013-02-28T23:59:59Z", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "", "yesterday"] {
            assert_eq!(day(none), None, "{none}");
        }
    }
}
