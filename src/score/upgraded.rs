//! Whether a recipe is upgraded within three months of upstream (level 8), from what its app's registry said in trusted runs.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::record::{HistoryLine, RungState, Upstream};
use crate::run::RunId;

/// Calendar months that a recipe has for an upgrade (design.md §3.3), and for which an answer of a registry holds: upstream may release at any
/// time after it.
const MONTHS: i64 = 3;

/// What is known of a recipe's upgrades. Days are those of UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Upgraded {
    /// No trusted run asked a registry.
    #[default]
    NeverAsked,
    /// The newest run that asked is too old to tell.
    AskedLongAgo {
        /// When it asked.
        on: Date,
    },
    /// Another commit was behind for too long when it was asked about, and nobody has asked about this one.
    OtherCommit {
        /// The commit that was asked about.
        commit: String,
    },
    /// Nobody can tell whether something is newer, or since when.
    Undated {
        /// What the registry said.
        said: Upstream,
    },
    /// Nothing newer than this image was there.
    Newest {
        /// The image.
        image: String,
        /// When the registry was asked.
        on: Date,
    },
    /// Something newer is there, and not for longer than three months.
    InTime {
        /// What the registry said.
        said: Upstream,
        /// Since when it is there.
        since: Date,
    },
    /// Something newer is there for longer than three months.
    Late {
        /// What the registry said.
        said: Upstream,
        /// Since when it is there.
        since: Date,
    },
}

impl Upgraded {
    /// What the trusted runs tell of the commit `current` at the moment `as_of`; runs after that moment do not count.
    ///
    /// The newest run that asked counts, one of that commit before all others: a run of an old release says nothing against what came after
    /// it, so that of another commit only what is good is taken.
    pub(super) fn of(lines: &[HistoryLine], current: &str, as_of: Timestamp) -> Self {
        let today = as_of.to_zoned(TimeZone::UTC).date();
        let mut asked: Vec<(Date, &HistoryLine, &Upstream)> = lines
            .iter()
            .filter_map(|line| {
                let began = RunId::began(&line.run).filter(|began| *began <= as_of)?;
                Some((began.to_zoned(TimeZone::UTC).date(), line, line.upstream.as_ref()?))
            })
            .collect();
        asked.sort_by(|(_, a, _), (_, b, _)| b.run.cmp(&a.run));
        let Some((newest, ..)) = asked.first().copied() else { return Self::NeverAsked };
        asked.retain(|(on, ..)| is_within(*on, today));
        let own = asked.iter().find(|(_, line, _)| line.commit == current);
        let Some((on, line, said)) = own.or(asked.first()) else { return Self::AskedLongAgo { on: newest } };
        match Self::said(said, *on, today) {
            Self::Late { .. } if line.commit != current => Self::OtherCommit { commit: line.commit.clone() },
            known => known,
        }
    }

    /// What one answer, given `on` that day, means today.
    fn said(said: &Upstream, on: Date, today: Date) -> Self {
        let said = said.clone();
        match said.behind_since.as_deref().map(str::parse::<Date>) {
            Some(Ok(since)) if is_within(since, today) => Self::InTime { said, since },
            Some(Ok(since)) => Self::Late { said, since },
            None if said.newest.is_none() && said.dates_known => Self::Newest { image: said.image, on },
            None | Some(Err(_)) => Self::Undated { said },
        }
    }

    /// What it means to level 8, and in words.
    pub(super) fn demand(&self) -> (RungState, String) {
        use RungState::{Missing, Satisfied, Unknown};
        let there = |said: &Upstream, since: &Date| {
            let newest = said.newest.as_deref().unwrap_or("unknown");
            format!("something newer than {} (the newest is {newest}) is there since {since}", said.image)
        };
        match self {
            Self::NeverAsked => (
                Unknown,
                "no trusted run asked the registry since when upstream has something newer: give --online to `taster test`, `taster ci` or \
                 `taster nightly`, or write `online = true` under [history] in taster.toml"
                    .to_owned(),
            ),
            Self::AskedLongAgo { on } => (
                Unknown,
                format!(
                    "the registry was last asked on {on}, more than three months ago, and upstream may have released since: test it with --online"
                ),
            ),
            Self::OtherCommit { commit } => (
                Unknown,
                format!(
                    "the registry was asked about the commit {commit:.10}, which was behind for more than three months, and not about this one: \
                     test it with --online"
                ),
            ),
            Self::Undated { said } => {
                (Unknown, format!("nobody knows whether it was upgraded within three months of upstream: {said}"))
            }
            Self::Newest { image, on } => {
                (Satisfied, format!("nothing newer than {image} of its kind was there on {on}"))
            }
            Self::InTime { said, since } => (Satisfied, format!("{}, not more than three months", there(said, since))),
            Self::Late { said, since } => (Missing, format!("{}, more than three months", there(said, since))),
        }
    }
}

/// Whether three calendar months from a day are not over yet; the last day counts.
fn is_within(day: Date, today: Date) -> bool {
    // A day that has none after it is not over.
    day.checked_add(Span::new().months(MONTHS)).map_or(true, |end| end >= today)
}
