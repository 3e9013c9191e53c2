//! Which words are commands, and where compound commands begin and end.

use std::ops::Range;

use super::lexer::{Kind, Lexer, Token};
use super::{AbraSh, Function, Variable};

/// An open compound command.
#[derive(Debug)]
pub(super) struct Frame {
    opened_by: &'static str,
    closed_by: &'static str,
    at: usize,
    pub(super) function: Option<Head>,
    /// In a `case`, between two lists of commands.
    in_pattern: bool,
}

/// The name of a function whose body follows.
#[derive(Debug)]
pub(super) struct Head {
    name: String,
    span: Range<usize>,
}

/// What the next word can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A command, or a reserved word.
    Command,
    /// A command after an assignment or a redirection: no word is reserved there.
    Prefixed,
    /// Only a reserved word that goes on with a compound command: `fi` may follow `done` at once.
    AfterCompound,
    /// An argument.
    Argument,
    /// The target of a redirection, after which it goes on as before.
    Target,
}

/// The grammar's state for one list of commands: the script, or one substitution.
pub(super) struct Commands {
    pub(super) frames: Vec<Frame>,
    place: Place,
    after_target: Place,
    head: Option<Head>,
    /// The command's own name, such as `export`; `None` before it is known.
    pub(super) command: Option<String>,
    pub(super) exports: bool,
    /// Assignments before a command belong to that command only.
    assigned: Vec<Variable>,
    pub(super) variables: Vec<Variable>,
    functions: Vec<Function>,
}

pub(super) fn parse(text: &str) -> AbraSh {
    let mut lexer = Lexer::new(text);
    if text.starts_with('\u{feff}') {
        lexer.at = '\u{feff}'.len_utf8();
        lexer.problem(
            0..lexer.at,
            "the script starts with a byte order mark; a shell takes it for part of the first command",
        );
    }
    if let Some(at) = text.find("\r\n") {
        lexer.problem(at..at + 1, "lines end with CR LF; a shell takes the CR for part of the last word");
    }
    let mut commands = Commands::new();
    commands.run(&mut lexer, false);
    lexer.finish();
    lexer.problems.sort_by_key(|problem| problem.span.start);
    AbraSh { variables: commands.variables, functions: commands.functions, problems: lexer.problems }
}

impl Lexer<'_> {
    /// Reads the commands of a substitution up to its `)`; false when the script ends before.
    pub(super) fn nested_commands(&mut self) -> bool {
        Commands::new().run(self, true)
    }
}

impl Commands {
    fn new() -> Commands {
        Commands {
            frames: vec![],
            place: Place::Command,
            after_target: Place::Command,
            head: None,
            command: None,
            exports: false,
            assigned: vec![],
            variables: vec![],
            functions: vec![],
        }
    }

    /// Reads commands to the end of the script, or of the substitution; tells whether that was closed.
    fn run(&mut self, lexer: &mut Lexer<'_>, nested: bool) -> bool {
        loop {
            if self.place == Place::Command && lexer_at_arithmetic(lexer) && !self.in_pattern() {
                self.arithmetic_command(lexer);
                continue;
            }
            let token = lexer.next();
            match token.kind {
                Kind::End => {
                    self.end_command();
                    self.unclosed(lexer, 0);
                    return false;
                }
                Kind::Operator(")")
                    if nested && !self.frames.iter().any(|frame| frame.closed_by == ")") && !self.in_pattern() =>
                {
                    self.end_command();
                    self.unclosed(lexer, 0);
                    return true;
                }
                Kind::Newline => {
                    if !self.in_pattern() {
                        self.separate();
                    }
                }
                Kind::Operator(operator) => self.operator(lexer, operator, token.span),
                Kind::Word => self.word(lexer, token.span),
            }
        }
    }

    fn in_pattern(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.in_pattern)
    }

    /// A new command may start.
    fn separate(&mut self) {
        self.end_command();
        self.place = Place::Command;
    }

    fn end_command(&mut self) {
        let assigned = std::mem::take(&mut self.assigned);
        if self.command.is_none() {
            self.variables.extend(assigned);
        }
        self.command = None;
        self.exports = false;
    }

    fn arithmetic_command(&mut self, lexer: &mut Lexer<'_>) {
        let start = lexer.at;
        if lexer.arithmetic() {
            self.push("((", "))", start);
            self.close(lexer, "))", start..lexer.at);
        } else {
            // `((a); b)` is a subshell in a subshell.
            lexer.at = start + 1;
            self.push("(", ")", start);
            self.place = Place::Command;
        }
    }

    fn operator(&mut self, lexer: &mut Lexer<'_>, operator: &'static str, span: Range<usize>) {
        if self.in_pattern() {
            match operator {
                ")" => {
                    if let Some(frame) = self.frames.last_mut() {
                        frame.in_pattern = false;
                    }
                    self.separate();
                }
                "(" | "|" => {}
                other => lexer.problem(span, format!("`{other}` in a pattern of `case`")),
            }
            return;
        }
        match operator {
            "(" => {
                if self.place == Place::Argument {
                    lexer.problem(span.clone(), "`(` where a word is expected; quote it if it is data");
                }
                self.end_command();
                self.push("(", ")", span.start);
                self.place = Place::Command;
            }
            ")" => {
                self.end_command();
                self.close(lexer, ")", span);
            }
            ";;" | ";&" | ";;&" => {
                self.separate();
                match self.frames.last_mut() {
                    Some(frame) if frame.opened_by == "case" => frame.in_pattern = true,
                    _ => lexer.problem(span, format!("`{operator}` outside of `case`")),
                }
            }
            ";" | "&" | "&&" | "||" | "|" | "|&" => {
                if self.place == Place::Command {
                    lexer.problem(span, format!("`{operator}` without a command before it"));
                }
                self.separate();
            }
            // The word that ends a here-document was read with its operator.
            "<<" | "<<-" => {}
            _ => {
                if self.place != Place::Target {
                    self.after_target = if self.place == Place::Command { Place::Prefixed } else { self.place };
                }
                self.place = Place::Target;
            }
        }
    }

    fn word(&mut self, lexer: &mut Lexer<'_>, span: Range<usize>) {
        let raw = &lexer.text[span.clone()];
        if self.in_pattern() {
            if raw == "esac" {
                self.close(lexer, "esac", span);
            }
            return;
        }
        match self.place {
            Place::Target => self.place = self.after_target,
            Place::Argument => self.argument(lexer, span),
            Place::Prefixed => self.simple(lexer, span),
            // After a compound command bash refuses a plain word; a redirection's number may stand there, so it is not told.
            Place::AfterCompound => {
                self.goes_on(lexer, raw, &span);
            }
            Place::Command => {
                if !self.goes_on(lexer, raw, &span) {
                    self.command_word(lexer, span);
                }
            }
        }
    }

    /// Handles the reserved words that go on with or close a compound command.
    fn goes_on(&mut self, lexer: &mut Lexer<'_>, raw: &str, span: &Range<usize>) -> bool {
        let needs = match raw {
            "then" | "elif" | "else" => "if",
            "do" => "loop",
            "fi" | "done" | "esac" | "}" => {
                let close = ["fi", "done", "esac", "}"].into_iter().find(|close| *close == raw).unwrap_or("}");
                self.end_command();
                self.close(lexer, close, span.clone());
                return true;
            }
            _ => return false,
        };
        let fits = self.frames.last().is_some_and(|frame| match needs {
            "if" => frame.opened_by == "if",
            _ => frame.closed_by == "done",
        });
        if !fits {
            lexer.problem(span.clone(), format!("`{raw}` without the command that it belongs to"));
        }
        self.separate();
        true
    }

    fn command_word(&mut self, lexer: &mut Lexer<'_>, span: Range<usize>) {
        let raw = &lexer.text[span.clone()];
        match raw {
            "if" => self.push("if", "fi", span.start),
            "while" => self.push("while", "done", span.start),
            "until" => self.push("until", "done", span.start),
            "for" | "select" => self.for_head(lexer, span.start),
            "case" => self.case_head(lexer, span.start),
            "{" => self.push("{", "}", span.start),
            "[[" => self.condition(lexer, span),
            "!" | "time" => {}
            "function" => {
                let name = lexer.next();
                if name.kind != Kind::Word {
                    return lexer.problem(span, "`function` without a name");
                }
                let parentheses = lexer_at_parentheses(lexer);
                self.function_head(lexer, name.span, span.start, parentheses);
            }
            _ if lexer.looking_at("(") || lexer_at_parentheses(lexer) => {
                self.function_head(lexer, span.clone(), span.start, true)
            }
            _ => self.simple(lexer, span),
        }
    }

    fn function_head(&mut self, lexer: &mut Lexer<'_>, name: Range<usize>, start: usize, parentheses: bool) {
        if parentheses {
            lexer.next();
            let close = lexer.next();
            if close.kind != Kind::Operator(")") {
                lexer.problem(name.clone(), "`(` after a word is expected to be followed by `)`, as in `name() {`");
            }
        }
        self.headless(lexer);
        self.head = Some(Head { span: start..name.end, name: lexer.text[name].to_owned() });
        self.place = Place::Command;
    }

    /// Tells of a function whose body did not come.
    fn headless(&mut self, lexer: &mut Lexer<'_>) {
        if let Some(head) = self.head.take() {
            lexer.problem(head.span, format!("the function `{}` has no body", head.name));
        }
    }

    fn simple(&mut self, lexer: &mut Lexer<'_>, span: Range<usize>) {
        self.headless(lexer);
        if let Some(variable) = self.assignment(lexer, &span) {
            self.assigned.push(variable);
            self.place = Place::Prefixed;
            return;
        }
        let raw = &lexer.text[span.clone()];
        self.command = Some(raw.to_owned());
        self.exports = raw == "export";
        self.place = Place::Argument;
        let is_name = raw.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if is_name && lexer.rest().trim_start_matches([' ', '\t']).starts_with('=') {
            lexer.problem(span, format!("a space before `=`: a shell would run `{raw}` instead of setting it"));
        }
    }

    fn for_head(&mut self, lexer: &mut Lexer<'_>, start: usize) {
        self.push("for", "done", start);
        lexer.skip_blanks();
        if lexer.looking_at("((") {
            if !lexer.arithmetic() {
                lexer.problem(start..start + 3, "the `((` of this `for` is not closed");
            }
            self.place = Place::AfterCompound;
            return;
        }
        if lexer.next().kind != Kind::Word {
            lexer.problem(start..start + 3, "`for` without a variable");
        }
        while lexer.peek().kind == Kind::Newline {
            lexer.next();
        }
        let next = lexer.peek();
        // The words after `in` are arguments; without `in`, `do` may follow at once.
        self.place = Place::AfterCompound;
        if &lexer.text[next.span] == "in" {
            lexer.next();
            self.command = Some("for".to_owned());
            self.place = Place::Argument;
        }
    }

    fn case_head(&mut self, lexer: &mut Lexer<'_>, start: usize) {
        self.push("case", "esac", start);
        let subject = lexer.next();
        while lexer.peek().kind == Kind::Newline {
            lexer.next();
        }
        let word = lexer.peek();
        if subject.kind != Kind::Word || &lexer.text[word.span] != "in" {
            return lexer.problem(start..start + 4, "`case` is expected to be followed by a word and `in`");
        }
        lexer.next();
        if let Some(frame) = self.frames.last_mut() {
            frame.in_pattern = true;
        }
    }

    /// Reads `[[ … ]]`.
    fn condition(&mut self, lexer: &mut Lexer<'_>, span: Range<usize>) {
        self.push("[[", "]]", span.start);
        loop {
            let Token { kind, span } = lexer.next();
            match kind {
                Kind::End => return,
                Kind::Word if &lexer.text[span.clone()] == "]]" => return self.close(lexer, "]]", span),
                _ => {}
            }
        }
    }

    fn push(&mut self, opened_by: &'static str, closed_by: &'static str, at: usize) {
        let function = self.head.take();
        self.frames.push(Frame { opened_by, closed_by, at, function, in_pattern: false });
        self.place = Place::Command;
    }

    fn close(&mut self, lexer: &mut Lexer<'_>, close: &'static str, span: Range<usize>) {
        self.headless(lexer);
        self.place = Place::AfterCompound;
        let Some(index) = self.frames.iter().rposition(|frame| frame.closed_by == close) else {
            return lexer.problem(span, format!("`{close}` closes nothing"));
        };
        self.unclosed(lexer, index + 1);
        if let Some(Frame { function: Some(head), .. }) = self.frames.pop() {
            let (line, end_line) = (lexer.line_of(head.span.start), lexer.line_of(span.end.saturating_sub(1)));
            self.functions.push(Function { name: head.name, line, end_line, span: head.span.start..span.end });
        }
    }

    /// Tells of the frames from `index` on, which were not closed, and drops them.
    fn unclosed(&mut self, lexer: &mut Lexer<'_>, index: usize) {
        self.headless(lexer);
        for frame in self.frames.drain(index..) {
            let Frame { opened_by, closed_by, at, .. } = frame;
            lexer.problem(
                at..at + opened_by.len(),
                format!("the `{opened_by}` that opens here is not closed by `{closed_by}`"),
            );
        }
    }
}

fn lexer_at_arithmetic(lexer: &mut Lexer<'_>) -> bool {
    lexer.skip_blanks();
    lexer.looking_at("((")
}

fn lexer_at_parentheses(lexer: &mut Lexer<'_>) -> bool {
    let rest = lexer.rest().trim_start_matches([' ', '\t']);
    rest.strip_prefix('(').is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with(')'))
}
