//! Which releases an operator may come from, and which ways between them are tried.

use jiff::{SignedDuration, Timestamp};

use super::file::Upgrade;
use crate::recipe::Release;
use crate::record::{HopKind, PlannedHop};

/// What `[upgrade] edges` and `stops` call the revision under test.
pub const CANDIDATE: &str = "candidate";

/// So many releases the chain goes back by itself.
const LONGEST: usize = 10;

/// So far back it goes: two years.
const OLDEST: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);

/// The way from the oldest release that is considered to the candidate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// The releases, the oldest first, by tag with the first of the version's numbers; the candidate, which comes after them, is not
    /// among them.
    releases: Vec<(String, u64)>,
    /// Releases at which every operator stops.
    stops: Vec<String>,
    /// What older releases are not considered, and why, in words.
    pub left_out: Option<String>,
}

/// The scenario speaks of a release that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("[upgrade] {key} names {name}, which is no release of the recipe; those are {known}")]
pub struct RouteError {
    /// The key in the scenario.
    pub key: &'static str,
    /// What it names.
    pub name: String,
    /// What there is.
    pub known: String,
}

impl Route {
    /// Chooses among the releases that are `earlier` than the candidate, the oldest first. A scenario may speak of later ones among `all`, for it
    /// is read with older candidates as well.
    ///
    /// # Errors
    /// When the scenario names a release that is not among them.
    pub fn choose(all: &[Release], earlier: &[Release], upgrade: &Upgrade, now: Timestamp) -> Result<Self, RouteError> {
        // Without any release, as in a clone without tags, nothing is upgraded and nothing can be checked.
        if earlier.is_empty() {
            return Ok(Self::default());
        }
        let check = |key: &'static str, name: &String| {
            if all.iter().any(|release| release.tag == *name) {
                return Ok(());
            }
            let known: Vec<&str> = all.iter().map(|release| release.tag.as_str()).collect();
            Err(RouteError { key, name: name.clone(), known: known.join(", ") })
        };
        for stop in &upgrade.stops {
            check("stops", stop)?;
        }
        upgrade.from.as_ref().map_or(Ok(()), |from| check("from", from))?;
        let from = upgrade.from.as_ref().and_then(|from| earlier.iter().position(|release| release.tag == *from));
        let is_recent = |release: &Release| release.tagged_at.is_none_or(|tagged| now.duration_since(tagged) <= OLDEST);
        let (first, why) = match from {
            Some(from) => (from, "[upgrade] from"),
            None => {
                let newest = earlier.len().saturating_sub(1);
                let recent = earlier.iter().position(is_recent).unwrap_or(newest);
                let within = earlier.len().saturating_sub(LONGEST);
                if within > recent {
                    (within, "ten releases back is enough")
                } else {
                    (recent, "two years back is enough")
                }
            }
        };
        let left_out = (first > 0).then(|| match &earlier[first - 1] {
            release if first == 1 => format!("upgrades from {} ({why})", release.tag),
            release => format!("upgrades from {} and {} older releases ({why})", release.tag, first - 1),
        });
        Ok(Self {
            releases: earlier[first..].iter().map(|release| (release.tag.clone(), release.version.major)).collect(),
            stops: upgrade
                .stops
                .iter()
                .filter(|stop| earlier.iter().any(|release| release.tag == **stop))
                .cloned()
                .collect(),
            left_out,
        })
    }

    /// The releases with the candidate in the end, the oldest first.
    pub fn names(&self, candidate: &str) -> Vec<String> {
        self.releases.iter().map(|(tag, _)| tag.clone()).chain([candidate.to_owned()]).collect()
    }

    /// Each release to the next one, and the newest to the candidate.
    pub fn chain(&self, candidate: &str) -> Vec<PlannedHop> {
        let names = self.names(candidate);
        let hops = names.windows(2).map(|pair| PlannedHop {
            from: pair[0].clone(),
            to: pair[1].clone(),
            kind: if pair[1] == candidate { HopKind::Newest } else { HopKind::Chain },
        });
        hops.collect()
    }

    /// Past what lies between: the first to the candidate, and the last release of each major version to the last of the next; never
    /// past a declared stop.
    pub fn skips(&self, candidate: &str) -> Vec<PlannedHop> {
        let names = self.names(candidate);
        let last_of_major = self.releases.windows(2).enumerate().filter(|(_, pair)| pair[0].1 != pair[1].1);
        let mut majors: Vec<usize> = last_of_major.map(|(at, _)| at).collect();
        majors.push(names.len() - 1);
        let mut stops: Vec<usize> = vec![0];
        stops.extend(names.iter().enumerate().skip(1).filter(|(_, name)| self.stops.contains(name)).map(|(at, _)| at));
        stops.push(names.len() - 1);
        let legs = stops.windows(2).map(|pair| (pair[0], pair[1]));
        let majors = majors.windows(2).map(|pair| (pair[0], pair[1]));
        let passes = |(from, to): (usize, usize)| stops.iter().any(|stop| from < *stop && *stop < to);
        let mut skips: Vec<(usize, usize)> = Vec::new();
        for (from, to) in legs.chain(majors) {
            if to > from + 1 && !passes((from, to)) && !skips.contains(&(from, to)) {
                skips.push((from, to));
            }
        }
        let hop = |(from, to): (usize, usize)| PlannedHop {
            from: names[from].clone(),
            to: names[to].clone(),
            kind: HopKind::Skip,
        };
        skips.into_iter().map(hop).collect()
    }

    /// The declared stops.
    pub fn stops(&self) -> &[String] {
        &self.stops
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Version;

    fn releases(versions: &[&str]) -> Vec<Release> {
        let release = |version: &&str| Release {
            version: Version::parse(version).unwrap(),
            tag: (*version).to_owned(),
            annotated: true,
            tagged_at: Some(Timestamp::UNIX_EPOCH),
            commit: String::new(),
            message: String::new(),
        };
        versions.iter().map(release).collect()
    }

    fn route(versions: &[&str], upgrade: &Upgrade) -> Route {
        Route::choose(&releases(versions), &releases(versions), upgrade, Timestamp::UNIX_EPOCH).unwrap()
    }

    fn words(hops: &[PlannedHop]) -> Vec<String> {
        hops.iter().map(|hop| format!("{}>{}", hop.from, hop.to)).collect()
    }

    const SIX: [&str; 6] = ["1.0.0+1", "1.1.0+1", "2.0.0+2", "2.1.0+2", "2.2.0+2", "3.0.0+3"];

    #[test]
    fn the_chain_is_whole_and_the_skips_are_the_first_and_each_majors_last() {
        let route = route(&SIX, &Upgrade::default());
        let chain = route.chain("c");
        assert_eq!(words(&chain).first().unwrap(), "1.0.0+1>1.1.0+1");
        assert_eq!((chain.len(), words(&chain).last().unwrap().as_str()), (6, "3.0.0+3>c"));
        assert!(chain.iter().all(|hop| (hop.kind == HopKind::Newest) == (hop.to == "c")));
        assert_eq!(words(&route.skips("c")), ["1.0.0+1>c", "1.1.0+1>2.2.0+2", "2.2.0+2>c"]);
    }

    #[test]
    fn no_skip_goes_past_a_declared_stop() {
        let upgrade = Upgrade { stops: vec!["2.0.0+2".to_owned()], ..Upgrade::default() };
        assert_eq!(words(&route(&SIX, &upgrade).skips("c")), ["1.0.0+1>2.0.0+2", "2.0.0+2>c", "2.2.0+2>c"]);
        let unknown = Upgrade { stops: vec!["9.0.0+9".to_owned()], ..Upgrade::default() };
        let error = Route::choose(&releases(&SIX), &releases(&SIX), &unknown, Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(error.to_string().contains("stops names 9.0.0+9") && error.to_string().contains("3.0.0+3"), "{error}");
    }

    #[test]
    fn an_older_candidate_is_tried_by_a_scenario_that_speaks_of_later_releases() {
        let upgrade = Upgrade {
            from: Some("3.0.0+3".to_owned()),
            stops: vec!["2.0.0+2".to_owned(), "3.0.0+3".to_owned()],
            ..Upgrade::default()
        };
        let all = releases(&SIX);
        let route = Route::choose(&all, &all[..4], &upgrade, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((route.stops(), route.releases.len()), (&["2.0.0+2".to_owned()][..], 4));
        assert_eq!(Route::choose(&[], &[], &upgrade, Timestamp::UNIX_EPOCH).unwrap(), Route::default());
    }

    #[test]
    fn it_goes_ten_releases_or_two_years_back_or_to_what_the_scenario_says() {
        let many: Vec<String> = (0..14).map(|minor| format!("1.{minor}.0+1")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let ten = route(&many, &Upgrade::default());
        assert_eq!((ten.releases.len(), ten.releases[0].0.as_str()), (10, "1.4.0+1"));
        assert_eq!(ten.left_out.unwrap(), "upgrades from 1.3.0+1 and 3 older releases (ten releases back is enough)");
        let from = Upgrade { from: Some("1.1.0+1".to_owned()), ..Upgrade::default() };
        let chosen = route(&many, &from);
        assert_eq!(
            (chosen.releases.len(), chosen.left_out.unwrap().as_str()),
            (13, "upgrades from 1.0.0+1 ([upgrade] from)")
        );
        let mut dated = releases(&SIX);
        dated[4].tagged_at = Some(Timestamp::from_second(3 * 365 * 86_400).unwrap());
        dated[5].tagged_at = None;
        let now = Timestamp::from_second(4 * 365 * 86_400).unwrap();
        let recent = Route::choose(&dated, &dated, &Upgrade::default(), now).unwrap();
        assert_eq!(recent.releases.len(), 2);
        assert!(recent.left_out.unwrap().contains("two years back"));
        let now = Timestamp::from_second(9 * 365 * 86_400).unwrap();
        let old = Route::choose(&releases(&SIX), &releases(&SIX), &Upgrade::default(), now).unwrap();
        assert_eq!(old.releases.len(), 1, "the newest is tried however old it is");
    }

    #[test]
    fn without_an_earlier_release_there_is_no_way() {
        let route = route(&[], &Upgrade::default());
        assert!(route.chain("c").is_empty() && route.skips("c").is_empty() && route.left_out.is_none());
        let one = super::tests::route(&["1.0.0+1"], &Upgrade::default());
        assert_eq!((words(&one.chain("c")), one.skips("c").len()), (vec!["1.0.0+1>c".to_owned()], 0));
    }
}
