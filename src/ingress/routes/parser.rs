//! The grammar of rules: Traefik reads them as a Go expression of calls, `&&`, `||`, `!` and parentheses.

use super::rule::{Matcher, MatcherKind, Rule};

/// Parentheses and `!` deeper than this are refused, so that a hostile rule cannot exhaust the stack.
const MAX_DEPTH: usize = 100;

/// Why a rule does not parse, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {column}: {message}")]
pub struct RuleError {
    /// Byte offset into the rule, from 0.
    pub offset: usize,
    /// Character in the rule, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// Parses the rule of an HTTP router.
///
/// # Errors
/// When Traefik would refuse it, with the place.
pub fn parse_http(text: &str) -> Result<Rule, RuleError> {
    Parser { text, at: 0, depth: 0, kinds: MatcherKind::HTTP }.whole()
}

/// Parses the rule of a TCP router.
///
/// # Errors
/// When Traefik would refuse it, with the place.
pub fn parse_tcp(text: &str) -> Result<Rule, RuleError> {
    Parser { text, at: 0, depth: 0, kinds: MatcherKind::TCP }.whole()
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    kinds: &'static [MatcherKind],
}

impl<'t> Parser<'t> {
    fn whole(mut self) -> Result<Rule, RuleError> {
        self.skip_space();
        if self.rest().is_empty() {
            return Err(self.error_at(0, "the rule is empty".into()));
        }
        let rule = self.or()?;
        match self.peek() {
            None => Ok(rule),
            Some(')') => Err(self.error("this ')' closes nothing".into())),
            Some(_) => Err(self.error(format!("expected '&&', '||' or the end, found {}", self.found()))),
        }
    }

    fn or(&mut self) -> Result<Rule, RuleError> {
        let mut parts = vec![self.and()?];
        while self.operator("||", '|')? {
            parts.push(self.and()?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Rule::Or(parts) })
    }

    fn and(&mut self) -> Result<Rule, RuleError> {
        let mut parts = vec![self.unary()?];
        while self.operator("&&", '&')? {
            parts.push(self.unary()?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Rule::And(parts) })
    }

    /// Takes `operator` when it comes next; `single` is its character, which alone is a usual slip.
    fn operator(&mut self, operator: &str, single: char) -> Result<bool, RuleError> {
        if self.rest().starts_with(operator) {
            self.at += operator.len();
            self.skip_space();
            return Ok(true);
        }
        if self.peek() == Some(single) {
            return Err(self.error(format!("expected '{operator}', found a single '{single}'")));
        }
        Ok(false)
    }

    fn unary(&mut self) -> Result<Rule, RuleError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let rule = match self.peek() {
            Some('!') => {
                self.at += 1;
                self.skip_space();
                Rule::Not(Box::new(self.unary()?))
            }
            Some('(') => {
                let opened = self.at;
                self.at += 1;
                self.skip_space();
                let inner = self.or()?;
                if self.peek() != Some(')') {
                    return Err(match self.peek() {
                        None => self.error_at(opened, "this '(' is never closed".into()),
                        Some(_) => self.error(format!("expected '&&', '||' or ')', found {}", self.found())),
                    });
                }
                self.at += 1;
                self.skip_space_after_operand()?;
                inner
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.call()?,
            None => return Err(self.error("expected a matcher such as Host(`example.com`), found the end".into())),
            Some(_) => {
                return Err(
                    self.error(format!("expected a matcher such as Host(`example.com`), found {}", self.found()))
                );
            }
        };
        self.depth -= 1;
        Ok(rule)
    }

    fn call(&mut self) -> Result<Rule, RuleError> {
        let start = self.at;
        let name: &'t str =
            self.rest().split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or_default();
        let Some(kind) = self.kinds.iter().copied().find(|kind| spelled(kind.name(), name)) else {
            return Err(self.error_at(start, self.unknown(name)));
        };
        self.at += name.len();
        self.skip_space();
        if self.peek() != Some('(') {
            return Err(self.error(format!("expected '(' after {name}, found {}", self.found())));
        }
        let opened = self.at;
        self.at += 1;
        self.skip_space();
        let mut values = Vec::new();
        loop {
            match self.peek() {
                Some(')') => break,
                None => return Err(self.error_at(opened, format!("the '(' of {name} is never closed"))),
                Some(_) => {}
            }
            let place = self.at;
            let value = self.string()?;
            self.check_value(kind, &value, place)?;
            values.push(value);
            self.skip_space_after_operand()?;
            match self.peek() {
                Some(',') => {
                    self.at += 1;
                    self.skip_space();
                }
                Some(')') | None => {}
                Some(_) => return Err(self.error(format!("expected ',' or ')', found {}", self.found()))),
            }
        }
        let (least, most) = kind.arity();
        if values.len() < least || values.len() > most {
            let wanted = if least == most { least.to_string() } else { format!("at least {least}") };
            return Err(self.error_at(start, format!("{name} takes {wanted} value(s), {} given", values.len())));
        }
        self.at += 1;
        self.skip_space_after_operand()?;
        Ok(Rule::Matcher(Matcher { kind, values }))
    }

    /// A Go string literal: raw in backticks, or with escapes in double quotes.
    fn string(&mut self) -> Result<String, RuleError> {
        let opened = self.at;
        match self.peek() {
            Some('`') => {
                let inner = &self.rest()[1..];
                let Some(length) = inner.find('`') else {
                    return Err(self.error_at(opened, "this '`' is never closed".into()));
                };
                self.at += length + 2;
                Ok(inner[..length].replace('\r', ""))
            }
            Some('"') => self.quoted(opened),
            Some('\'') => Err(self.error("single quotes are not accepted: use backticks or double quotes".into())),
            Some(c) if c.is_alphanumeric() => {
                Err(self.error("a value must stand in backticks or double quotes".into()))
            }
            _ => Err(self.error(format!("expected a value in backticks or double quotes, found {}", self.found()))),
        }
    }

    fn quoted(&mut self, opened: usize) -> Result<String, RuleError> {
        let mut value = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((index, character)) = characters.next() {
            match character {
                '"' => {
                    self.at = opened + index + 1;
                    return Ok(value);
                }
                '\n' => break,
                '\\' => match characters.next() {
                    Some((_, c @ ('"' | '\\'))) => value.push(c),
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, 't')) => value.push('\t'),
                    Some((_, c)) => {
                        let message = format!("the escape '\\{c}' is unknown: write patterns in backticks");
                        return Err(self.error_at(opened + index, message));
                    }
                    None => break,
                },
                c => value.push(c),
            }
        }
        Err(self.error_at(opened, "this '\"' is never closed".into()))
    }

    fn check_value(&self, kind: MatcherKind, value: &str, place: usize) -> Result<(), RuleError> {
        let problem = match kind {
            MatcherKind::Host | MatcherKind::HostHeader | MatcherKind::HostRegexp | MatcherKind::HostSNI => {
                (!value.is_ascii()).then(|| format!("{} takes ASCII only: write '{value}' in punycode", kind.name()))
            }
            MatcherKind::Path | MatcherKind::PathPrefix => {
                (!value.starts_with('/')).then(|| format!("the path '{value}' does not start with '/'"))
            }
            _ => None,
        };
        problem.map_or(Ok(()), |message| Err(self.error_at(place, message)))
    }

    fn unknown(&self, name: &str) -> String {
        let close = self
            .kinds
            .iter()
            .map(|kind| (strsim::damerau_levenshtein(&kind.name().to_lowercase(), &name.to_lowercase()), kind.name()))
            .min()
            .filter(|(distance, _)| *distance <= 2);
        match close {
            Some((_, close)) => format!("unknown matcher '{name}': did you mean {close}?"),
            None => format!("unknown matcher '{name}'"),
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn found(&self) -> String {
        self.peek().map_or_else(|| "the end".into(), |c| format!("'{c}'"))
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    /// Go ends an expression at a line break that follows a value or a ')'.
    fn skip_space_after_operand(&mut self) -> Result<(), RuleError> {
        let start = self.at;
        self.skip_space();
        let skipped = self.text.get(start..self.at).unwrap_or_default();
        match skipped.find('\n') {
            Some(at) if !self.rest().is_empty() => {
                let message = "a line break ends the rule here: put the rule on one line, or break after an operator";
                Err(self.error_at(start + at, message.into()))
            }
            _ => Ok(()),
        }
    }

    fn error(&self, message: String) -> RuleError {
        self.error_at(self.at, message)
    }

    fn error_at(&self, offset: usize, message: String) -> RuleError {
        let column = self.text.get(..offset).unwrap_or(self.text).chars().count() + 1;
        RuleError { offset, column, message }
    }
}

/// Traefik accepts a matcher's name as it is, in lower case, in upper case, and capitalised.
fn spelled(name: &str, written: &str) -> bool {
    name.eq_ignore_ascii_case(written)
        && (written == name
            || written.chars().all(|c| c.is_ascii_lowercase())
            || written.chars().all(|c| c.is_ascii_uppercase())
            || (written.starts_with(|c: char| c.is_ascii_uppercase())
                && written.chars().skip(1).all(|c| c.is_ascii_lowercase())))
}
