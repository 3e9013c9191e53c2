//! Recipe versions, `x.y.z+<upstream>`, and their order (recipe-format.md §1.4).
//!
//! The `semver` crate cannot hold them: it refuses `_` in the part after `+`, which the tags of container images may carry, and
//! it compares that part by rules of its own.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A recipe version: three numbers for the recipe, and the version of the app that it packages.
///
/// The order is by (x, y, z), then by the natural order of the upstream part (`1.9` before `1.10`). Releases put the tag's date
/// between the two, see [`Release`](super::Release).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version {
    /// Raised when the operator must act.
    pub major: u64,
    /// Raised for a new feature.
    pub minor: u64,
    /// Raised for a bump or a fix.
    pub patch: u64,
    /// The tag of the `app` service's image, with its suffixes; never empty.
    upstream: String,
}

/// Why a text is not a recipe version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// Nothing is there.
    #[error("it is empty; a recipe version reads `x.y.z+<upstream>`, for example `1.0.0+2.4.1`")]
    Empty,
    /// A `v` stands before the numbers.
    #[error("it starts with `v`; a recipe version starts with a number, for example `1.0.0+2.4.1`")]
    LeadingV,
    /// The part after `+` is missing or empty.
    #[error("it has no `+<upstream>` part; a recipe version names the app's version too, for example `1.0.0+2.4.1`")]
    NoUpstream,
    /// There are not exactly three numbers before the `+`.
    #[error("`{0}` is not three numbers `x.y.z`")]
    NotThreeNumbers(String),
    /// One of the three is not a plain number, or is too large.
    #[error("`{0}` is not a plain number without leading zeros")]
    NotANumber(String),
    /// The upstream part holds a character that the tag of an image cannot hold.
    #[error("`{0}` may not stand in the part after `+`; letters, digits, `.`, `-` and `_` may")]
    BadCharacter(char),
    /// The upstream part is longer than the tag of an image can be (128 characters).
    #[error("the part after `+` is longer than 128 characters, the limit of an image's tag")]
    TooLong,
}

impl Version {
    /// The version of the app: the tag of the `app` service's image with its suffixes.
    pub fn upstream(&self) -> &str {
        &self.upstream
    }

    /// The recipe's own three numbers.
    pub fn numbers(&self) -> (u64, u64, u64) {
        (self.major, self.minor, self.patch)
    }

    /// Reads a version strictly.
    ///
    /// # Errors
    /// [`VersionError`] says what is not as it must be.
    pub fn parse(text: &str) -> Result<Version, VersionError> {
        if text.is_empty() {
            return Err(VersionError::Empty);
        }
        let mut characters = text.chars();
        if matches!(characters.next(), Some('v' | 'V')) && characters.next().is_some_and(|c| c.is_ascii_digit()) {
            return Err(VersionError::LeadingV);
        }
        let (numbers, upstream) = text.split_once('+').unwrap_or((text, ""));
        let parts: Vec<&str> = numbers.split('.').collect();
        let [major, minor, patch] = parts.as_slice() else {
            return Err(VersionError::NotThreeNumbers(numbers.to_owned()));
        };
        let (major, minor, patch) = (number(major)?, number(minor)?, number(patch)?);
        if upstream.is_empty() {
            return Err(VersionError::NoUpstream);
        }
        if let Some(bad) = upstream.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))) {
            return Err(VersionError::BadCharacter(bad));
        }
        if upstream.len() > 128 {
            return Err(VersionError::TooLong);
        }
        Ok(Version { major, minor, patch, upstream: upstream.to_owned() })
    }
}

fn number(text: &str) -> Result<u64, VersionError> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    match text.parse() {
        Ok(value) if plain => Ok(value),
        _ => Err(VersionError::NotANumber(text.to_owned())),
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}+{}", self.major, self.minor, self.patch, self.upstream)
    }
}

impl FromStr for Version {
    type Err = VersionError;
    fn from_str(text: &str) -> Result<Version, VersionError> {
        Version::parse(text)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers().cmp(&other.numbers()).then_with(|| natural_order(&self.upstream, &other.upstream))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares two texts as people do: runs of digits by their value, everything else character by character.
///
/// Two texts are equal only when they are the same, so that it agrees with `==`: runs of one value are told apart by their
/// leading zeros, fewer first.
pub fn natural_order(left: &str, right: &str) -> Ordering {
    let (mut a, mut b) = (left, right);
    loop {
        let (run_a, rest_a) = split_run(a);
        let (run_b, rest_b) = split_run(b);
        let digits = |run: &str| run.starts_with(|c: char| c.is_ascii_digit());
        let order = if digits(run_a) && digits(run_b) {
            let (value_a, value_b) = (run_a.trim_start_matches('0'), run_b.trim_start_matches('0'));
            value_a.len().cmp(&value_b.len()).then_with(|| value_a.cmp(value_b))
        } else {
            run_a.cmp(run_b)
        };
        if order != Ordering::Equal {
            return order;
        }
        if rest_a.is_empty() && rest_b.is_empty() {
            return left.len().cmp(&right.len()).then_with(|| left.cmp(right));
        }
        (a, b) = (rest_a, rest_b);
    }
}

/// The run of digits or of other characters that a text starts with, and what follows it.
fn split_run(text: &str) -> (&str, &str) {
    let Some(first) = text.chars().next() else { return ("", "") };
    let digits = first.is_ascii_digit();
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_real_recipes_write() {
        for text in ["1.0.0+1.0.5-social-amd64", "2.0.0+1.0.5", "0.1.0+v2.3-alpine_x", "10.20.30+latest"] {
            let version = Version::parse(text).unwrap();
            assert_eq!(version.to_string(), text);
        }
    }

    #[test]
    fn says_why_not() {
        use VersionError::*;
        let cases = [
            ("", Empty),
            ("0.0.1", NoUpstream),
            ("0.0.1+", NoUpstream),
            ("v1.0.3", LeadingV),
            ("v1.0.3+1.0.3", LeadingV),
            ("${VAR:-latest}", NotThreeNumbers("${VAR:-latest}".into())),
            ("1.0+2", NotThreeNumbers("1.0".into())),
            ("1.0.0.0+2", NotThreeNumbers("1.0.0.0".into())),
            ("1.x.0+2", NotANumber("x".into())),
            ("01.0.0+2", NotANumber("01".into())),
            ("+1.0.0+2", NotThreeNumbers(String::new())),
            ("1.0.99999999999999999999+2", NotANumber("99999999999999999999".into())),
            ("1.0.0+2+3", BadCharacter('+')),
            ("1.0.0+2 ", BadCharacter(' ')),
        ];
        for (text, error) in cases {
            assert_eq!(Version::parse(text), Err(error), "{text}");
        }
        assert_eq!(Version::parse(&format!("1.0.0+{}", "x".repeat(129))), Err(TooLong));
    }

    #[test]
    fn orders_numbers_first_and_then_the_upstream_part_naturally() {
        let ordered =
            ["0.9.9+9", "1.0.0+1.9", "1.0.0+1.10", "1.0.0+1.10-rc1", "1.0.1+1.0", "1.2.0+0.1", "1.10.0+0.1", "2.0.0+0"];
        let mut versions: Vec<Version> = ordered.iter().rev().map(|t| Version::parse(t).unwrap()).collect();
        versions.sort();
        assert_eq!(versions.iter().map(ToString::to_string).collect::<Vec<_>>(), ordered);
    }

    proptest! {
        #[test]
        fn never_panics_and_reads_back_what_it_writes(text in "\\PC{0,40}") {
            if let Ok(version) = Version::parse(&text) {
                prop_assert_eq!(version.to_string(), text);
            }
        }

        #[test]
        fn natural_order_is_a_total_order(a in "[0-9a.é]{0,6}", b in "[0-9a.é]{0,6}", c in "[0-9a.é]{0,6}") {
            prop_assert_eq!(natural_order(&a, &b), natural_order(&b, &a).reverse());
            prop_assert_eq!(natural_order(&a, &b) == Ordering::Equal, a == b);
            if natural_order(&a, &b).is_le() && natural_order(&b, &c).is_le() {
                prop_assert!(natural_order(&a, &c).is_le(), "{} {} {}", a, b, c);
            }
        }
    }
}
