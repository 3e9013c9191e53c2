//! What `sh -c` is in the demo image: enough for the hooks and healthchecks of a recipe, and honest about the rest.
//!
//! Whoever runs a recipe's hook does so through a shell, and the image holds nothing but this executable.

use std::process::{Command, ExitCode};

use anyhow::{Context, bail};

/// Characters that a real shell would give a meaning to, outside of quotes.
const UNSUPPORTED: &str = "|&;<>()$`*?[]{}~#";

/// Runs commands joined by `&&`, one after the other, until one fails. The exit code is that of the last one that ran.
///
/// # Errors
/// When the text needs more than this shell can, or a command cannot be started.
pub(super) fn run(text: &str) -> anyhow::Result<ExitCode> {
    for command in parse(text)? {
        let Some((program, arguments)) = command.split_first() else { bail!("sh: there is no command in {text:?}") };
        let status =
            Command::new(program).args(arguments).status().with_context(|| format!("sh: cannot run {program}"))?;
        if !status.success() {
            // Killed by a signal: a code like a shell's own for it.
            return Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(128)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The words of each command.
fn parse(text: &str) -> anyhow::Result<Vec<Vec<String>>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next() {
                        Some(end) if end == c => break,
                        Some('$' | '`' | '\\') if c == '"' => {
                            bail!("sh: expansion inside double quotes is more than this shell can: {text}")
                        }
                        Some(inside) => word.push(inside),
                        None => bail!("sh: a quote is not closed: {text}"),
                    }
                }
            }
            '\\' => word.get_or_insert_default().extend(rest.next()),
            '&' if rest.peek() == Some(&'&') => {
                rest.next();
                end_word(&mut commands, &mut word);
                commands.push(Vec::new());
            }
            c if c.is_whitespace() => end_word(&mut commands, &mut word),
            c if UNSUPPORTED.contains(c) => {
                bail!("sh: {c:?} is more than this shell can (plain commands, quotes and &&): {text}")
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    end_word(&mut commands, &mut word);
    Ok(commands)
}

fn end_word(commands: &mut [Vec<String>], word: &mut Option<String>) {
    if let (Some(command), Some(word)) = (commands.last_mut(), word.take()) {
        command.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_quotes_and_chains_are_understood() {
        let parsed = parse("demo-app add 'a  b'\"c\" \\' && x ''").unwrap();
        assert_eq!(parsed, [vec!["demo-app", "add", "a  bc", "'"], vec!["x", ""]]);
    }

    #[test]
    fn what_a_real_shell_would_expand_is_refused_not_mistaken() {
        for text in ["a | b", "a > b", "a; b", "a & b", "echo $HOME", "echo \"$HOME\"", "ls *", "a 'b"] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with("sh: ") && error.contains(text), "{text}: {error}");
        }
    }

    #[test]
    fn the_first_failure_ends_the_chain() {
        let file = tempfile::tempdir().unwrap();
        let touched = file.path().join("touched");
        assert_eq!(run(&format!("false && touch {}", touched.display())).unwrap(), ExitCode::from(1));
        assert!(!touched.exists());
        assert_eq!(run(&format!("true && touch {}", touched.display())).unwrap(), ExitCode::SUCCESS);
        assert!(touched.exists());
        assert!(run("true && ").is_err());
        assert!(run("/no/such/program").unwrap_err().to_string().contains("/no/such/program"));
    }
}
