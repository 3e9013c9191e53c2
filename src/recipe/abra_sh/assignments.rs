//! Assignments: on their own, before a command, and as arguments of `export`.

use std::ops::Range;

use super::Variable;
use super::grammar::Commands;
use super::lexer::{Kind, Lexer};
use super::words::literal;

impl Commands {
    /// Handles an argument: of `export` and its relatives it may set or export a variable.
    pub(super) fn argument(&mut self, lexer: &mut Lexer<'_>, span: Range<usize>) {
        let declares = matches!(self.command.as_deref(), Some("export" | "declare" | "typeset" | "readonly" | "local"));
        if !declares {
            return;
        }
        let raw = &lexer.text[span.clone()];
        if raw.starts_with('-') {
            self.exports |= raw.contains('x') && self.command.as_deref() != Some("export");
        } else if let Some(mut variable) = self.assignment(lexer, &span) {
            variable.exported = self.exports;
            if variable.raw.is_empty() && lexer.looking_at(" ") && !lexer.peek_is_separator() {
                lexer.problem(span, format!("a space after `=`: `{}` is set to nothing", variable.name));
            }
            self.variables.push(variable);
        } else if raw.starts_with('=') {
            lexer.problem(span, "a space before `=`: a shell does not take this for an assignment");
        } else if self.exports {
            self.variables
                .iter_mut()
                .filter(|variable| variable.name == raw)
                .for_each(|variable| variable.exported = true);
        }
    }

    /// The assignment that a word is, outside functions.
    pub(super) fn assignment(&self, lexer: &Lexer<'_>, span: &Range<usize>) -> Option<Variable> {
        let raw = &lexer.text[span.clone()];
        let (name, value) = raw.split_once('=')?;
        let name = name.strip_suffix('+').unwrap_or(name);
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !starts || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return None;
        }
        let appended = raw[name.len()..].starts_with('+');
        Some(Variable {
            name: name.to_owned(),
            value: if appended { None } else { literal(value) },
            raw: value.to_owned(),
            exported: false,
            conditional: !self.frames.is_empty(),
            line: lexer.line_of(span.start),
            span: span.clone(),
        })
        .filter(|_| self.frames.iter().all(|frame| frame.function.is_none()))
    }
}

impl Lexer<'_> {
    /// Whether the command ends here.
    fn peek_is_separator(&mut self) -> bool {
        match self.peek().kind {
            Kind::Word => false,
            Kind::Newline | Kind::End | Kind::Operator(_) => true,
        }
    }
}
