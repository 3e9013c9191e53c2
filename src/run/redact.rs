//! Secrets never reach a log: their values are replaced before anything is written (design.md §3.1).

use std::sync::{Arc, RwLock};

use base64::Engine as _;

/// Values shorter than this are not replaced: they would blot out ordinary words.
const SHORTEST: usize = 5;

/// Lines of a value of several lines are replaced by themselves from this length on: shorter ones may be ordinary words.
const LONG_LINE: usize = 12;

/// The value as it stands in a URL (RFC 3986): everything but unreserved characters is encoded, with the digits in upper or lower case.
fn percent_encoded(value: &str, upper: bool) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if upper => format!("%{byte:02X}"),
        byte => format!("%{byte:02x}"),
    };
    value.bytes().map(encode).collect()
}

/// Replaces secret values by `[secret NAME]`. Clones share what they know.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    secrets: Arc<RwLock<Vec<(String, String)>>>,
}

impl Redactor {
    /// Learns a secret's value, and the forms in which it travels: escaped as in JSON, percent-encoded as in URLs, in Base64 as in
    /// headers, and line by line as in logs.
    pub fn learn(&self, name: &str, value: &str) {
        let mut forms: Vec<String> =
            vec![value.to_owned(), percent_encoded(value, true), percent_encoded(value, false)];
        // A JSON log writes the value in its escaped form, between one quote at each end.
        let quoted = serde_json::to_string(value).unwrap_or_default();
        forms.extend(quoted.get(1..quoted.len().saturating_sub(1)).map(str::to_owned));
        forms.push(percent_encoded(value, true).replace("%20", "+"));
        forms.push(base64::engine::general_purpose::STANDARD.encode(value));
        forms.extend(value.lines().map(|line| line.trim().to_owned()).filter(|line| line.len() >= LONG_LINE));
        if value.len() < SHORTEST {
            return;
        }
        if let Ok(mut secrets) = self.secrets.write() {
            for form in forms.into_iter().filter(|form| form.len() >= SHORTEST) {
                let known = (name.to_owned(), form);
                if !secrets.contains(&known) {
                    secrets.push(known);
                }
            }
            // The longest first, so that a secret that contains another is replaced whole.
            secrets.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        }
    }

    /// The values that it knows, in all their forms, the longest first.
    pub fn values(&self) -> Vec<String> {
        self.secrets.read().map(|secrets| secrets.iter().map(|(_, value)| value.clone()).collect()).unwrap_or_default()
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
        // One that ends in a quote leaves no half of an escape behind.
        redactor.learn("quoted", "abcdef\"");
        let line = serde_json::to_string("x abcdef\" y").unwrap();
        assert_eq!(redactor.clean(&line), "\"x [secret quoted] y\"");
    }

    #[test]
    fn values_are_replaced_in_urls_headers_and_line_by_line() {
        let redactor = Redactor::default();
        redactor.learn("db", "p@ss#word");
        assert_eq!(redactor.clean("postgres://u:p%40ss%23word@db"), "postgres://u:[secret db]@db");
        assert_eq!(redactor.clean("Basic cEBzcyN3b3Jk"), "Basic [secret db]");
        redactor.learn("key", "-----BEGIN KEY-----\nMIIEvAIBADANBgkqh\nshort\n");
        assert_eq!(redactor.clean("log: MIIEvAIBADANBgkqh short"), "log: [secret key] short");
    }

    #[test]
    fn values_are_replaced_also_as_addresses_and_forms_carry_them() {
        let redactor = Redactor::default();
        redactor.learn("pw", "a b/c&de");
        assert_eq!(redactor.clean("?p=a%20b%2Fc%26de&q=a+b%2Fc%26de"), "?p=[secret pw]&q=[secret pw]");
        assert!(redactor.values().contains(&"a%20b%2Fc%26de".to_owned()));
    }

    #[test]
    fn a_secret_that_contains_another_is_replaced_whole() {
        let redactor = Redactor::default();
        redactor.learn("short", "abcdef");
        redactor.learn("long", "abcdefghij");
        assert_eq!(redactor.clean("abcdefghij abcdef"), "[secret long] [secret short]");
    }
}
