//! Secrets never reach a log: their values are replaced before anything is written (design.md §3.1).

use std::sync::{Arc, RwLock};

/// Values shorter than this are not replaced: they would blot out ordinary words.
const SHORTEST: usize = 5;

/// Replaces secret values by `[secret NAME]`. Clones share what they know.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    secrets: Arc<RwLock<Vec<(String, String)>>>,
}

impl Redactor {
    /// Learns a secret's value, and the forms in which it travels (URL-encoded is left to the caller).
    pub fn learn(&self, name: &str, value: &str) {
        if value.len() < SHORTEST {
            return;
        }
        if let Ok(mut secrets) = self.secrets.write() {
            secrets.push((name.to_owned(), value.to_owned()));
            // A JSON log writes the value in its escaped form.
            if let Ok(quoted) = serde_json::to_string(value) {
                let escaped = quoted.trim_matches('"');
                if escaped != value {
                    secrets.push((name.to_owned(), escaped.to_owned()));
                }
            }
            // The longest first, so that a secret that contains another is replaced whole.
            secrets.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        }
    }

    /// The text without any secret.
    pub fn clean(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        if let Ok(secrets) = self.secrets.read() {
            for (name, value) in secrets.iter() {
                if clean.contains(value.as_str()) {
                    clean = clean.replace(value.as_str(), &format!("[secret {name}]"));
                }
            }
        }
        clean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_replaced_also_in_their_escaped_form() {
        let redactor = Redactor::default();
        redactor.learn("db_password", "hunter\"22");
        assert_eq!(redactor.clean("pw=hunter\"22;"), "pw=[secret db_password];");
        let line = serde_json::to_string("pw=hunter\"22").unwrap();
        assert!(!redactor.clean(&line).contains("hunter"), "{line}");
    }

    #[test]
    fn a_secret_that_contains_another_is_replaced_whole() {
        let redactor = Redactor::default();
        redactor.learn("short", "abcdef");
        redactor.learn("long", "abcdefghij");
        assert_eq!(redactor.clean("abcdefghij abcdef"), "[secret long] [secret short]");
    }
}
