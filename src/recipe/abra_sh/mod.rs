//! `abra.sh`: exported configuration versions, and the functions that `abra app cmd` runs. It is parsed, never executed.
//!
//! The parser is our own and tolerant. A full shell grammar (`yash-syntax`, `brush-parser`) stops at the first construct that it does
//! not know, and bash has many; a recipe is untrusted and its script may be broken, and then the rest still counts. What is needed is
//! little: where words, quotes, here-documents, comments and compound commands begin and end.

mod assignments;
mod grammar;
mod lexer;
mod words;

use std::ops::Range;

use super::Problem;

/// What an `abra.sh` defines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AbraSh {
    /// The assignments outside functions, in order.
    pub variables: Vec<Variable>,
    /// The functions, in the order of their ends.
    pub functions: Vec<Function>,
    /// What a shell would refuse, as far as this parser can tell, and what it would take otherwise than it seems meant.
    pub problems: Vec<Problem>,
}

/// One assignment outside every function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The variable.
    pub name: String,
    /// The value without its quotes; `None` when only a shell could tell (`$(…)`, `$OTHER`, an array).
    pub value: Option<String>,
    /// The value as written.
    pub raw: String,
    /// `export` stands before it, or exports it later.
    pub exported: bool,
    /// It stands in an `if`, a loop or the like, so it may not be reached.
    pub conditional: bool,
    /// The line, counted from 1.
    pub line: usize,
    /// From the variable's first byte to the value's last.
    pub span: Range<usize>,
}

/// One function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The first line, counted from 1.
    pub line: usize,
    /// The last line.
    pub end_line: usize,
    /// From its first byte to the last of its body.
    pub span: Range<usize>,
}

impl AbraSh {
    /// Parses a script. Never fails and never executes anything: what a shell would refuse is in [`problems`](AbraSh::problems).
    pub fn parse(text: &str) -> AbraSh {
        grammar::parse(text)
    }

    /// The assignment that decides the value of a variable: the last one of that name.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().rev().find(|variable| variable.name == name)
    }

    /// The exported variables whose values are known: (name, value), each once, in the order in which they first appear.
    pub fn exported(&self) -> Vec<(&str, &str)> {
        let mut exported: indexmap::IndexMap<&str, &str> = indexmap::IndexMap::new();
        for variable in self.variables.iter().filter(|variable| variable.exported) {
            match &variable.value {
                Some(value) => exported.insert(&variable.name, value),
                None => exported.shift_remove(variable.name.as_str()),
            };
        }
        exported.into_iter().collect()
    }

    /// The function of this name; the last one when there are several, as in a shell.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().rev().find(|function| function.name == name)
    }
}

#[cfg(test)]
mod tests;
