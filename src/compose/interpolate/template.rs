//! `$X`, `${X}`, `${X:-d}`, `${X-d}`, `${X:?e}`, `${X?e}` and `$$` in one text, exactly as the reference loader reads them.
//!
//! It reads some texts in ways that surprise; they are kept, because the swarm gets that result, and reported as [`Surprise`]:
//! the form without braces takes a default too (`$A-b` is `A` or `b`); the first of `:-`, `-`, `:?`, `?` that occurs *anywhere* in
//! the expression decides its form (`${A:?must-be-set}` has the default `be-set`); and a mistake is forgotten when a
//! well-formed variable follows it in the same text.

use std::ops::Range;

/// What an expression does when its variable is unset or empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `$X` and `${X}`: nothing is filled in.
    Plain,
    /// `${X:-d}`: the default is taken when the variable is unset or empty.
    DefaultIfEmpty,
    /// `${X-d}`: the default is taken when the variable is unset.
    DefaultIfUnset,
    /// `${X:?e}`: an error when the variable is unset or empty.
    RequiredNotEmpty,
    /// `${X?e}`: an error when the variable is unset.
    Required,
}

/// One variable in a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expression {
    /// The bytes in the text, from the `$` to the end.
    pub(super) range: Range<usize>,
    pub(super) name: String,
    pub(super) form: Form,
    /// The default or the error message.
    pub(super) operand: Option<String>,
    pub(super) value: Option<String>,
}

/// A mistake in a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mistake {
    /// A `$` that starts no variable; the bytes of the `$`.
    Malformed(Range<usize>),
    /// A required variable that is unset or empty.
    Missing { range: Range<usize>, name: String, message: String, empty: bool },
}

/// A text that the reference reads in another way than it looks.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Surprise {
    /// An expression without braces swallowed the text behind it as a default or message.
    Unbraced(Range<usize>),
    /// The operator that decided is not the one right behind the name.
    OtherOperator { range: Range<usize>, name: String },
    /// A mistake that the reference forgets.
    Forgotten(Mistake),
}

/// A text with its variables filled in.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Filled {
    pub(super) text: String,
    pub(super) expressions: Vec<Expression>,
    pub(super) mistake: Option<Mistake>,
    pub(super) surprises: Vec<Surprise>,
}

/// Fills in the variables of `template`.
pub(super) fn fill(template: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Filled {
    let mut filled = Filled::default();
    let mut rest = 0;
    while let Some(found) = template[rest..].find('$') {
        let dollar = rest + found;
        filled.text.push_str(&template[rest..dollar]);
        rest = match Token::at(template, dollar) {
            Token::Escaped => {
                filled.text.push('$');
                dollar + 2
            }
            Token::Malformed => {
                filled.settle(Some(Mistake::Malformed(dollar..dollar + 1)));
                dollar + 1
            }
            Token::Variable { inner, braced, end } => {
                filled.expand(&template[inner], dollar..end, braced, lookup);
                end
            }
        };
    }
    filled.text.push_str(&template[rest..]);
    filled
}

impl Filled {
    /// Notes the outcome of one expression: it replaces the one before, good or bad.
    fn settle(&mut self, mistake: Option<Mistake>) {
        if let Some(forgotten) = std::mem::replace(&mut self.mistake, mistake)
            && self.mistake.is_none()
        {
            self.surprises.push(Surprise::Forgotten(forgotten));
        }
    }

    fn expand(&mut self, inner: &str, range: Range<usize>, braced: bool, lookup: &dyn Fn(&str) -> Option<String>) {
        let operators = [
            (":-", Form::DefaultIfEmpty),
            ("-", Form::DefaultIfUnset),
            (":?", Form::RequiredNotEmpty),
            ("?", Form::Required),
        ];
        let split =
            operators.iter().find_map(|(sign, form)| inner.split_once(sign).map(|(name, rest)| (name, rest, *form)));
        let (name, operand, form) = match split {
            Some((name, operand, form)) => (name, Some(operand), form),
            None => (inner, None, Form::Plain),
        };
        let plain_name = name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
        if !plain_name {
            self.surprises.push(Surprise::OtherOperator { range: range.clone(), name: name.to_owned() });
        }
        if !braced && operand.is_some() {
            self.surprises.push(Surprise::Unbraced(range.clone()));
        }
        let value = lookup(name);
        let usable = match form {
            Form::DefaultIfEmpty | Form::RequiredNotEmpty => value.as_deref().filter(|value| !value.is_empty()),
            _ => value.as_deref(),
        };
        let mut mistake = None;
        match (usable, form, operand) {
            (Some(value), ..) => self.text.push_str(value),
            (None, Form::DefaultIfEmpty | Form::DefaultIfUnset, Some(default)) => self.text.push_str(default),
            (None, Form::RequiredNotEmpty | Form::Required, message) => {
                mistake = Some(Mistake::Missing {
                    range: range.clone(),
                    name: name.to_owned(),
                    message: message.unwrap_or_default().to_owned(),
                    empty: value.is_some(),
                });
            }
            (None, ..) => {}
        }
        self.settle(mistake);
        self.expressions.push(Expression {
            range,
            name: name.to_owned(),
            form,
            operand: operand.map(str::to_owned),
            value,
        });
    }
}

enum Token {
    Escaped,
    Malformed,
    Variable { inner: Range<usize>, braced: bool, end: usize },
}

impl Token {
    /// What the `$` at `dollar` starts.
    fn at(template: &str, dollar: usize) -> Self {
        let bytes = template.as_bytes();
        let start = dollar + 1;
        match bytes.get(start) {
            Some(b'$') => Self::Escaped,
            Some(b'{') => match expression_end(bytes, start + 1) {
                Some(end) if bytes.get(end) == Some(&b'}') => {
                    Self::Variable { inner: start + 1..end, braced: true, end: end + 1 }
                }
                _ => Self::Malformed,
            },
            Some(_) => match expression_end(bytes, start) {
                Some(end) => Self::Variable { inner: start..end, braced: false, end },
                None => Self::Malformed,
            },
            None => Self::Malformed,
        }
    }
}

/// The end of a name with its operator and operand, which run up to the next `}`.
fn expression_end(bytes: &[u8], start: usize) -> Option<usize> {
    let name = |byte: &u8| *byte == b'_' || byte.is_ascii_alphanumeric();
    let first = bytes.get(start).filter(|byte| name(byte) && !byte.is_ascii_digit());
    first?;
    let end = start + bytes[start..].iter().take_while(|byte| name(byte)).count();
    let operator = match (bytes.get(end), bytes.get(end + 1)) {
        (Some(b'-' | b'?'), _) => 1,
        (Some(b':'), Some(b'-' | b'?')) => 2,
        _ => return Some(end),
    };
    let operand = end + operator;
    Some(bytes[operand..].iter().position(|&byte| byte == b'}').map_or(bytes.len(), |at| operand + at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(template: &str) -> Result<String, Mistake> {
        let env = |name: &str| match name {
            "SET" => Some("value".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let filled = fill(template, &env);
        filled.mistake.map_or(Ok(filled.text), Err)
    }

    #[test]
    fn every_form_is_filled_in_as_the_reference_does() {
        for (template, wanted) in [
            ("$SET", "value"),
            ("a${SET}b", "avalueb"),
            ("${NONE}", ""),
            ("${EMPTY:-d}", "d"),
            ("${EMPTY-d}", ""),
            ("${NONE-d}", "d"),
            ("${NONE:-}", ""),
            ("${SET:?e}", "value"),
            ("${EMPTY?e}", ""),
            ("$$SET", "$SET"),
            ("$$$SET", "$value"),
            ("${NONE:-a${SET}}", "a${SET}"),
            ("$NONE-b c", "b c"),
            ("${NONE:?must-be-set}", "be-set"),
            ("${NONE:?e} $SET", " value"),
            ("$ $SET", " value"),
            ("${NONE?x:-y}", "y"),
        ] {
            assert_eq!(text(template).as_deref(), Ok(wanted), "{template}");
        }
    }

    #[test]
    fn mistakes_are_told() {
        for template in ["$", "${", "${}", "${X", "${X:+a}", "${1}", "$1", "a$ b", "${X!}", "${X:=y}"] {
            assert!(matches!(text(template), Err(Mistake::Malformed(_))), "{template}");
        }
        assert_eq!(
            text("${EMPTY:?set it}"),
            Err(Mistake::Missing { range: 0..16, name: "EMPTY".into(), message: "set it".into(), empty: true })
        );
        assert!(matches!(text("$SET ${NONE?}"), Err(Mistake::Missing { .. })));
    }

    #[test]
    fn surprises_are_told() {
        let none = |_: &str| None;
        assert_eq!(fill("$A-b", &none).surprises, [Surprise::Unbraced(0..4)]);
        assert!(matches!(fill("${A:?b-c}", &none).surprises[..], [Surprise::OtherOperator { .. }]));
        assert!(matches!(fill("$ ${A}", &none).surprises[..], [Surprise::Forgotten(Mistake::Malformed(_))]));
        assert!(fill("${A:-b-c?d}", &none).surprises.is_empty());
    }
}
