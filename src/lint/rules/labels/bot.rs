//! What a hook of backup-bot writes; how the bot reads a stack is [`crate::compose::backup`]'s.

use crate::compose::backup;
pub(super) use crate::compose::backup::{below, volumes};
use crate::lint::{Pair, Set};

/// Whether some service says if the stack is backed up.
pub(super) fn switched(set: &Set) -> bool {
    backup::is_said(set.project())
}

/// A hook of a service: `backup.pre-hook`, …
pub(super) fn hook<'s>(set: &'s Set, service: &str, kind: &str) -> Option<&'s Pair> {
    let key = format!("backupbot.{kind}");
    let mut hooks = set.deploy_labels(service).iter().rev();
    hooks.find(|pair| pair.key == key && pair.value.as_deref().is_some_and(|value| !value.trim().is_empty()))
}

/// The files that a command writes, as far as its text tells: behind `>`, and behind the options for it that dump programs have.
/// Paths that are not absolute, or hold variables, cannot be told.
pub(super) fn written(command: &str) -> Vec<&str> {
    let mut files = Vec::new();
    let mut wanted = false;
    let separators = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '|' | '&' | '(' | ')');
    for piece in command.split(separators).filter(|piece| !piece.is_empty()) {
        let (redirected, rest) = match piece.split_once('>') {
            Some((before, rest)) if !before.ends_with(|c: char| c.is_ascii_digit()) => {
                (true, rest.trim_start_matches('>'))
            }
            Some(_) => (false, ""),
            None => (false, piece),
        };
        let path = if redirected || wanted {
            rest
        } else {
            let options = ["--file=", "--result-file=", "--archive=", "--out=", "-f", "-r"];
            options.iter().find_map(|option| piece.strip_prefix(option)).unwrap_or_default()
        };
        wanted = (redirected && rest.is_empty())
            || matches!(piece, "-f" | "-r" | "-o" | "--file" | "--result-file" | "--out");
        if path.starts_with('/') && path != "/dev/null" && !path.contains('$') {
            files.push(path);
        }
    }
    files
}

/// Whether a command calls one of these programs.
pub(super) fn calls(command: &str, programs: &[&str]) -> bool {
    command.split(|c: char| !(c.is_alphanumeric() || "-_".contains(c))).any(|word| programs.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_that_a_hook_writes_are_told() {
        assert_eq!(written("sh -c 'pg_dump -U a b > /data/backup.sql'"), ["/data/backup.sql"]);
        assert_eq!(
            written(r#"bash -c "pg_dump a >/data/a.sql && gzip -f /data/a.sql 2>/dev/null""#),
            ["/data/a.sql", "/data/a.sql"]
        );
        assert_eq!(written("mysqldump --result-file=/d/x.sql a"), ["/d/x.sql"]);
        assert_eq!(written("pg_dump -f /d/x a"), ["/d/x"]);
        assert!(written("/pg_backup.sh backup").is_empty());
        assert!(written("pg_dump a > $DIR/x; echo > /dev/null 2>&1").is_empty());
    }

    #[test]
    fn programs_are_whole_words() {
        assert!(calls("sh -c 'pg_dump a'", &["pg_dump"]));
        assert!(!calls("pg_dumper", &["pg_dump"]));
    }
}
