//! Words: quotes, expansions, substitutions.

use super::lexer::Lexer;

impl Lexer<'_> {
    /// Reads one word, up to a blank or an operator outside quotes.
    pub(super) fn word(&mut self) {
        let start = self.at;
        while let Some(c) = self.rest().chars().next() {
            match c {
                ' ' | '\t' | '\n' | ';' | '&' | '|' | ')' => return,
                '\r' if self.looking_at("\r\n") => return,
                '<' | '>' if self.rest()[1..].starts_with('(') => self.parenthesis(2),
                '<' | '>' => return,
                '(' => {
                    let before = &self.text[start..self.at];
                    if before.ends_with('=') {
                        self.array();
                    } else if before.ends_with(['@', '?', '!', '+', '*']) {
                        self.skip_balanced();
                    } else {
                        return;
                    }
                }
                _ => self.part(c, false),
            }
        }
    }

    /// Reads one part of a word or of a double-quoted text, which starts with `c`.
    fn part(&mut self, c: char, quoted: bool) {
        match c {
            '\\' => {
                let escaped = self.rest()[1..].chars().next().map_or(0, char::len_utf8);
                self.at += 1 + escaped;
            }
            '\'' if !quoted => self.until_quote(1, '\'', false, "single quote"),
            '"' if !quoted => self.double_quoted(1),
            '`' => self.until_quote(1, '`', true, "backquote"),
            '$' => self.dollar(quoted),
            c => self.at += c.len_utf8(),
        }
    }

    fn dollar(&mut self, quoted: bool) {
        if self.looking_at("$((") {
            let start = self.at;
            self.at += 1;
            if self.arithmetic() {
                return;
            }
            // `$((a) | b)` is a substitution that starts with a subshell.
            self.at = start;
            self.parenthesis(2);
        } else if self.looking_at("$(") {
            self.parenthesis(2);
        } else if self.looking_at("${") {
            self.brace();
        } else if self.looking_at("$'") && !quoted {
            self.until_quote(2, '\'', true, "quote `$'`");
        } else if self.looking_at("$\"") && !quoted {
            self.double_quoted(2);
        } else {
            self.at += 1;
        }
    }

    /// Reads to the closing mark. `opening` bytes open it.
    fn until_quote(&mut self, opening: usize, mark: char, escapes: bool, name: &str) {
        let start = self.at;
        self.at += opening;
        while let Some(c) = self.rest().chars().next() {
            self.at += c.len_utf8();
            if c == mark {
                return;
            }
            if c == '\\' && escapes {
                self.at += self.rest().chars().next().map_or(0, char::len_utf8);
            }
        }
        self.problem(start..start + opening, format!("the {name} that opens here is not closed"));
    }

    fn double_quoted(&mut self, opening: usize) {
        let start = self.at;
        if !self.enter() {
            return;
        }
        self.at += opening;
        let mut closed = false;
        while let Some(c) = self.rest().chars().next() {
            if c == '"' {
                self.at += 1;
                closed = true;
                break;
            }
            self.part(c, true);
        }
        self.depth -= 1;
        if !closed {
            self.problem(start..start + opening, "the double quote that opens here is not closed");
        }
    }

    /// Reads `${…}`.
    fn brace(&mut self) {
        let start = self.at;
        if !self.enter() {
            return;
        }
        self.at += 2;
        let mut closed = false;
        while let Some(c) = self.rest().chars().next() {
            match c {
                '}' => {
                    self.at += 1;
                    closed = true;
                    break;
                }
                // Quotes in an expansion quote again, and bash wants single ones in pairs even inside double ones.
                _ => self.part(c, false),
            }
        }
        self.depth -= 1;
        if !closed {
            self.problem(start..start + 2, "the `${` that opens here is not closed");
        }
    }

    /// Reads `$(…)` or `<(…)`: commands, with a grammar of their own.
    fn parenthesis(&mut self, opening: usize) {
        let start = self.at;
        if !self.enter() {
            return;
        }
        self.at += opening;
        let closed = self.nested_commands();
        self.depth -= 1;
        if !closed {
            let opened = &self.text[start..start + opening];
            self.problem(start..start + opening, format!("the `{opened}` that opens here is not closed"));
        }
    }

    /// Reads `((…))`; false, with the place unspecified, when what follows is not closed by `))`.
    pub(super) fn arithmetic(&mut self) -> bool {
        let mut depth = 0usize;
        while let Some(c) = self.rest().chars().next() {
            self.at += c.len_utf8();
            match c {
                '(' => depth += 1,
                ')' if depth == 2 => {
                    let closed = self.looking_at(")");
                    self.at += usize::from(closed);
                    return closed;
                }
                ')' => depth = depth.saturating_sub(1),
                '\\' => self.at += self.rest().chars().next().map_or(0, char::len_utf8),
                _ => {}
            }
        }
        false
    }

    /// Reads the elements of an array, `( … )`, comments and line feeds included.
    fn array(&mut self) {
        let start = self.at;
        if !self.enter() {
            return;
        }
        self.at += 1;
        let mut closed = false;
        loop {
            self.skip_blanks();
            let before = self.at;
            match self.rest().chars().next() {
                None => break,
                Some(')') => {
                    self.at += 1;
                    closed = true;
                    break;
                }
                Some(c @ ('\n' | ';' | '&' | '|' | '<' | '>' | '('))
                    if !self.looking_at("<(") && !self.looking_at(">(") =>
                {
                    self.at += c.len_utf8()
                }
                Some(c) => {
                    self.word();
                    if self.at == before {
                        self.at += c.len_utf8();
                    }
                }
            }
        }
        self.depth -= 1;
        if !closed {
            self.problem(start..start + 1, "the array that opens here is not closed");
        }
    }

    /// Reads an extended pattern, `@(a|b)`.
    fn skip_balanced(&mut self) {
        let start = self.at;
        let mut depth = 0usize;
        while let Some(c) = self.rest().chars().next() {
            match c {
                '(' => {
                    depth += 1;
                    self.at += 1;
                }
                ')' => {
                    self.at += 1;
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                '\n' => break,
                c => self.part(c, false),
            }
        }
        self.problem(start..start + 1, "the parenthesis that opens here is not closed");
    }
}

/// The value of a word without its quotes; `None` when only a shell could tell.
pub(super) fn literal(raw: &str) -> Option<String> {
    let mut value = String::new();
    let mut characters = raw.chars().peekable();
    let mut double = false;
    while let Some(c) = characters.next() {
        match c {
            '"' => double = !double,
            '\'' if !double => loop {
                match characters.next()? {
                    '\'' => break,
                    c => value.push(c),
                }
            },
            '\\' => match characters.next() {
                Some('\n') => {}
                Some(c) if !double || matches!(c, '$' | '`' | '"' | '\\') => value.push(c),
                Some(c) => value.extend(['\\', c]),
                None => value.push('\\'),
            },
            '`' => return None,
            '$' if characters.peek().is_some_and(|next| next.is_alphanumeric() || "_({'\"@*#?!$-".contains(*next)) => {
                return None;
            }
            '(' if !double => return None,
            c => value.push(c),
        }
    }
    (!double).then_some(value)
}
