//! Secrets that a recipe asks for, and their generation (recipe-format.md §2).
//!
//! `SECRET_DB_PASSWORD_VERSION=v1 # length=32 charset=hex` asks for the secret `db_password`. From memory of abra's behaviour, and
//! unverified [M], are: which characters each charset stands for, that charsets with commas between are joined, that `generate=false`
//! leaves a secret to the operator, and that no length means a passphrase. It all stands in this folder, so that it is easy to change.

mod words;

use std::collections::BTreeSet;

use rand::seq::IndexedRandom as _;
use rand::{CryptoRng, Rng as _};

use super::{Entry, EnvFile, Problem};

/// The longest secret that is generated, in characters.
const LONGEST: usize = 4096;
/// Words in a passphrase: seven of 128 words carry 49 bits, enough for a secret that lives as long as a test.
const PASSPHRASE_WORDS: usize = 7;

/// One secret that a recipe asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSpec {
    /// The secret's name: the part of the variable between `SECRET_` and `_VERSION`, in small letters. Compose files may spell it
    /// as they like; what ties a secret to this is the variable in its `name:`.
    pub name: String,
    /// The variable, `SECRET_<NAME>_VERSION`.
    pub variable: String,
    /// Its version, `v1`.
    pub version: String,
    /// How many characters; `None` asks for a passphrase [M].
    pub length: Option<usize>,
    /// Of which characters.
    pub charset: Charset,
    /// False when the operator inserts it (`generate=false`) [M].
    pub generate: bool,
    /// The line that the modifiers were taken from, counted from 1; `None` when the variable comes from outside the file.
    pub line: Option<usize>,
}

/// The characters that a secret is made of: one or several of abra's sets, joined.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Charset {
    sets: BTreeSet<Set>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Set {
    Default,
    Hex,
    Special,
    SafeSpecial,
}

impl Set {
    fn characters(self) -> &'static str {
        match self {
            Set::Default => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
            Set::Hex => "0123456789abcdef",
            // [M]: the set of abra is at least this; quotes, backslash and space are left out because they break hooks, not secrets.
            Set::Special => "!@#$%^&*()_-+={}[]|:;<>,.?/~",
            // [M]: without what a shell, a URL or a compose file would read as its own.
            Set::SafeSpecial => "!@#%^&*_-+=",
        }
    }
}

impl Charset {
    /// Reads names with commas between, `default,special`; an empty text is the default set.
    ///
    /// # Errors
    /// The first name that is not known.
    pub fn parse(text: &str) -> Result<Charset, String> {
        let mut sets = BTreeSet::new();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            sets.insert(match name.to_ascii_lowercase().as_str() {
                "default" => Set::Default,
                "hex" => Set::Hex,
                "special" => Set::Special,
                "safespecial" => Set::SafeSpecial,
                _ => return Err(name.to_owned()),
            });
        }
        Ok(Charset { sets })
    }

    /// Every character that may come, each once.
    pub fn characters(&self) -> Vec<char> {
        if self.sets.is_empty() {
            return Set::Default.characters().chars().collect();
        }
        let all: BTreeSet<char> = self.sets.iter().flat_map(|set| set.characters().chars()).collect();
        all.into_iter().collect()
    }
}

/// The secrets that an environment asks for, in its order, and what is wrong with them.
///
/// `environment` decides which secrets there are and their versions ([`EnvFile::effective`]); the modifiers come from the file: from
/// the line that sets the variable, or else from the commented-out line that documents it.
pub fn specs(file: &EnvFile, environment: &[(String, String)]) -> (Vec<SecretSpec>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut specs = Vec::new();
    for (variable, version) in environment {
        let Some(name) = variable.strip_prefix("SECRET_").and_then(|rest| rest.strip_suffix("_VERSION")) else {
            // Recipes also use `SECRET_KEY` and the like for plain values; only a version-like value is a slip.
            if let Some(entry) = file.entry(variable)
                && variable.starts_with("SECRET_")
                && is_version(version)
            {
                let what = format!(
                    "`{variable}` looks like a secret's version, and its name does not end with `_VERSION`; no secret is generated for it"
                );
                problems.push(Problem::new(entry.line, entry.name_span.clone(), what));
            }
            continue;
        };
        let entry = file.entry(variable).or_else(|| file.option(variable));
        let mut spec = SecretSpec {
            name: name.to_ascii_lowercase(),
            variable: variable.clone(),
            version: version.clone(),
            length: None,
            charset: Charset::default(),
            generate: true,
            line: entry.map(|entry| entry.line),
        };
        if let Some(entry) = entry {
            modify(&mut spec, entry, &mut problems);
            if version.is_empty() {
                let what = format!("`{variable}` is empty; the secret has no version");
                problems.push(Problem::new(entry.line, entry.span.clone(), what));
            }
        }
        specs.push(spec);
    }
    (specs, problems)
}

fn is_version(value: &str) -> bool {
    value.strip_prefix('v').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn modify(spec: &mut SecretSpec, entry: &Entry, problems: &mut Vec<Problem>) {
    for modifier in &entry.modifiers {
        let value = modifier.value.as_str();
        let fault = match modifier.key.as_str() {
            "length" => match value.parse() {
                Ok(length) if (1..=LONGEST).contains(&length) => {
                    spec.length = Some(length);
                    continue;
                }
                _ => format!("`length={value}` is not a number from 1 to {LONGEST}; it was ignored"),
            },
            "charset" => match Charset::parse(value) {
                Ok(charset) => {
                    spec.charset = charset;
                    continue;
                }
                Err(name) => format!(
                    "`charset={value}`: `{name}` is none of default, hex, special and safespecial; the default was taken"
                ),
            },
            "generate" => match value.to_ascii_lowercase().as_str() {
                "false" => {
                    spec.generate = false;
                    continue;
                }
                "true" => {
                    spec.generate = true;
                    continue;
                }
                _ => format!("`generate={value}` is neither true nor false; it was ignored"),
            },
            other => format!("`{other}` is not a known modifier of a secret; it was ignored"),
        };
        problems.push(Problem::new(entry.line, modifier.span.clone(), fault));
    }
}

/// Makes a secret. Call it only for a spec with `generate`; whoever asks for another gets one all the same.
pub fn generate(spec: &SecretSpec, rng: &mut impl CryptoRng) -> String {
    match spec.length {
        None => {
            let words = (0..PASSPHRASE_WORDS).filter_map(|_| words::WORDS.choose(rng).copied());
            words.collect::<Vec<_>>().join("-")
        }
        Some(length) => {
            let characters = spec.charset.characters();
            (0..length).map(|_| characters[rng.random_range(0..characters.len())]).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;
    use std::collections::BTreeMap;

    fn of(text: &str) -> (Vec<SecretSpec>, Vec<String>) {
        let file = EnvFile::parse(text);
        let (specs, problems) = specs(&file, &file.effective(&BTreeMap::new()));
        (specs, problems.into_iter().map(|p| format!("{}: {}", p.line, p.what)).collect())
    }

    #[test]
    fn reads_the_modifiers() {
        let (specs, problems) = of(
            "DOMAIN=x\nSECRET_DB_PASSWORD_VERSION=v2 # length=32 charset=hex\nSECRET_KEY_VERSION=v1  # generate=false\nSECRET_P_VERSION=v1\n",
        );
        assert_eq!(problems, [""; 0]);
        let seen: Vec<_> =
            specs.iter().map(|s| (s.name.as_str(), s.version.as_str(), s.length, s.generate, s.line)).collect();
        assert_eq!(
            seen,
            [
                ("db_password", "v2", Some(32), true, Some(2)),
                ("key", "v1", None, false, Some(3)),
                ("p", "v1", None, true, Some(4))
            ]
        );
    }

    #[test]
    fn reports_what_it_cannot_follow() {
        let (specs, problems) = of(
            "SECRET_A_VERSION=v1 # length=0 charset=hex,emoji generate=maybe rotate=weekly\nSECRET_B=v1\nSECRET_KEY=abc\nSECRET_C_VERSION=\n",
        );
        assert_eq!(specs.len(), 2);
        assert_eq!((specs[0].length, specs[0].generate, &specs[0].charset), (None, true, &Charset::default()));
        let starts = [
            "1: `length=0`",
            "1: `charset=hex,emoji`: `emoji`",
            "1: `generate=maybe`",
            "1: `rotate`",
            "2: `SECRET_B` looks like",
            "4: `SECRET_C_VERSION` is empty",
        ];
        assert_eq!(problems.len(), starts.len(), "{problems:#?}");
        for (problem, start) in problems.iter().zip(starts) {
            assert!(problem.starts_with(start), "{problem}");
        }
    }

    #[test]
    fn a_secret_switched_on_from_outside_keeps_the_modifiers_of_the_commented_line() {
        let file = EnvFile::parse("#SECRET_SMTP_PASSWORD_VERSION=v1 # length=12 charset=safespecial\n");
        let environment =
            file.effective(&BTreeMap::from([("SECRET_SMTP_PASSWORD_VERSION".to_owned(), "v3".to_owned())]));
        let (specs, _) = specs(&file, &environment);
        assert_eq!((specs[0].version.as_str(), specs[0].length, specs[0].line), ("v3", Some(12), Some(1)));
    }

    #[test]
    fn a_seed_gives_the_same_secret_and_another_seed_another() {
        let (specs, _) = of("SECRET_A_VERSION=v1\nSECRET_B_VERSION=v1 # length=20\n");
        for spec in &specs {
            let with = |seed| generate(spec, &mut StdRng::seed_from_u64(seed));
            assert_eq!(with(1), with(1));
            assert_ne!(with(1), with(2));
        }
        assert_eq!(generate(&specs[0], &mut StdRng::seed_from_u64(1)).split('-').count(), PASSPHRASE_WORDS);
    }

    #[test]
    fn every_character_of_the_named_sets_may_come() {
        let count = |names: &str| Charset::parse(names).unwrap().characters().len();
        assert_eq!(
            ["", "default", "hex", "safespecial", "hex,default", "hex, safespecial"].map(count),
            [62, 62, 16, 11, 62, 27]
        );
        assert!(count("special") > count("safespecial"));
        assert_eq!(count("default,special"), 62 + count("special"));
    }

    #[test]
    fn the_word_list_is_as_long_as_the_passphrase_counts_on() {
        let distinct: BTreeSet<_> = words::WORDS.iter().collect();
        assert_eq!(distinct.len(), 128);
        assert!(words::WORDS.iter().all(|word| word.len() >= 3 && word.bytes().all(|b| b.is_ascii_lowercase())));
    }

    proptest! {
        #[test]
        fn a_secret_has_the_length_and_only_the_characters_asked_for(
            length in 1usize..200, names in prop::collection::vec(prop::sample::select(vec!["default", "hex", "special", "safespecial"]), 1..4), seed: u64,
        ) {
            let charset = Charset::parse(&names.join(",")).unwrap();
            let may = |c: char| names.iter().any(|name| match *name {
                "default" => c.is_ascii_alphanumeric(),
                "hex" => c.is_ascii_digit() || ('a'..='f').contains(&c),
                "special" => c.is_ascii_punctuation() && !"'\"`\\".contains(c),
                _ => "!@#%^&*_-+=".contains(c),
            });
            let spec = SecretSpec { name: "a".into(), variable: "SECRET_A_VERSION".into(), version: "v1".into(), length: Some(length), charset, generate: true, line: None };
            let secret = generate(&spec, &mut StdRng::seed_from_u64(seed));
            prop_assert_eq!(secret.chars().count(), length);
            prop_assert!(secret.chars().all(may), "{}", secret);
        }
    }
}
