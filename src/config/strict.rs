//! TOML files, read strictly.

use serde::de::DeserializeOwned;

/// A file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}{}", .suggestion.as_ref().map(|word| format!("; did you mean `{word}`?")).unwrap_or_default())]
pub struct FileError {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The key that was probably meant.
    pub suggestion: Option<String>,
}

/// Reads a text; `file` is its name for messages.
///
/// # Errors
/// An unknown key or a wrong type, with its place.
pub fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, FileError> {
    toml::from_str(text).map_err(|error| {
        let (line, column) = place(text, error.span().map_or(0, |span| span.start));
        let message = error.message().trim().replace('\n', " ");
        FileError { file: file.to_owned(), line, column, suggestion: suggestion(&message), message }
    })
}

/// Line and column, from 1, of a byte in a text.
pub fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

/// The known word that is nearest to a word, if one is near.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    known
        .into_iter()
        .map(|known| (strsim::osa_distance(word, known), known))
        .filter(|(distance, known)| *distance <= 1 + known.len() / 3)
        .min()
        .map(|(_, known)| known)
}

/// The known word that is nearest to the unknown one, from serde's words: «unknown field `x`, expected one of `a`, `b`».
fn suggestion(message: &str) -> Option<String> {
    let unknown = message.strip_prefix("unknown field `").or_else(|| message.strip_prefix("unknown variant `"))?;
    let (unknown, expected) = unknown.split_once('`')?;
    nearest(unknown, expected.split('`').skip(1).step_by(2)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn an_unknown_key_or_word_is_told_with_its_place_and_what_was_meant() {
        let said = |text: &str| parse::<Config>("taster.toml", text).unwrap_err().to_string();
        let key = said("[lint]\nlevel = {}\n");
        assert!(key.starts_with("taster.toml:2:1: unknown field `level`"), "{key}");
        assert!(key.ends_with("did you mean `levels`?"), "{key}");
        let word = said("[lint.levels]\nR002 = \"warm\"\n");
        assert!(
            word.starts_with("taster.toml:2:8: unknown variant `warm`") && word.ends_with("did you mean `warn`?"),
            "{word}"
        );
        let missing = said("[[lint.ignore]]\nrule = \"R002\"\n");
        assert!(missing.starts_with("taster.toml:1:1: missing field `reason`"), "{missing}");
    }
}
