//! The language in which [`super::rules`] says what a compose file may hold.

/// What a value may be.
#[derive(Debug)]
pub(super) enum Rule {
    /// A value of one of these kinds.
    Scalar(&'static [Kind]),
    /// Text in a notation.
    Text(Notation),
    /// A whole number that is not negative.
    Natural,
    /// A list.
    List { item: &'static Rule, unique: bool },
    /// A mapping.
    Object(Object),
    /// One of several rules for values of different kinds.
    Either(&'static [Rule]),
}

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean,
    /// A number without fraction.
    Integer,
    Number,
    Text,
    List,
    Object,
}

/// How a text must be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    Duration,
    Ports,
    /// `start-first` or `stop-first`.
    UpdateOrder,
}

/// A mapping.
#[derive(Debug)]
pub(super) struct Object {
    /// Keys that are known by name.
    pub(super) fields: &'static [Field],
    /// What other keys may be.
    pub(super) others: Others,
    /// The format's minor version since which `x-` keys are allowed.
    pub(super) extensions_since: Option<u8>,
    /// Keys that must be there.
    pub(super) required: &'static [&'static str],
}

impl Object {
    /// A mapping of named keys only.
    pub(super) const fn closed(fields: &'static [Field]) -> Self {
        Self { fields, others: Others::Refused, extensions_since: None, required: &[] }
    }

    /// A mapping of named keys, and any others.
    pub(super) const fn open(fields: &'static [Field]) -> Self {
        Self { fields, others: Others::Free, extensions_since: None, required: &[] }
    }

    /// A mapping from names that fit `keys`.
    pub(super) const fn map(keys: Keys, value: &'static Rule, rest_is_free: bool) -> Self {
        Self {
            fields: &[],
            others: Others::Matching { keys, value, rest_is_free },
            extensions_since: None,
            required: &[],
        }
    }

    /// The same mapping with `x-` keys since a version.
    pub(super) const fn extensible(self, since: u8) -> Self {
        Self { extensions_since: Some(since), ..self }
    }

    /// The same mapping with a key that must be there.
    pub(super) const fn requiring(self, required: &'static [&'static str]) -> Self {
        Self { required, ..self }
    }
}

/// What becomes of a key that has no field.
#[derive(Debug)]
pub(super) enum Others {
    Refused,
    Free,
    /// Free since this minor version, refused before.
    FreeSince(u8),
    Matching {
        keys: Keys,
        value: &'static Rule,
        rest_is_free: bool,
    },
}

/// Which keys a mapping has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keys {
    /// Letters, digits, dot, underscore and hyphen.
    Name,
    /// At least one character that does not end a line.
    NotEmpty,
    /// One line, not empty.
    OneLine,
    /// Small letters.
    Lowercase,
}

impl Keys {
    pub(super) fn fit(self, key: &str) -> bool {
        match self {
            Self::Name => {
                !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            }
            Self::NotEmpty => key.chars().any(|char| char != '\n'),
            Self::OneLine => !key.is_empty() && !key.contains('\n'),
            Self::Lowercase => !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase()),
        }
    }
}

/// A key that is known by name.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    /// The format's minor versions in which the key has this rule.
    pub(super) since: u8,
    pub(super) until: u8,
    pub(super) rule: Rule,
}

/// A key that every version has.
pub(super) const fn field(name: &'static str, rule: Rule) -> Field {
    Field { name, since: 0, until: u8::MAX, rule }
}

/// A key that came with a version.
pub(super) const fn field_since(since: u8, name: &'static str, rule: Rule) -> Field {
    Field { name, since, until: u8::MAX, rule }
}

/// A key whose rule changed after a version.
pub(super) const fn field_until(until: u8, name: &'static str, rule: Rule) -> Field {
    Field { name, since: 0, until, rule }
}
