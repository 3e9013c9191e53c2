//! Error pages that come with a good status.

/// How apps, frameworks and servers begin what they show when they fail. Each is from the software's own page; words that an
/// ordinary page may hold are not among them.
const SIGNATURES: [&str; 22] = [
    // Servers
    "500 internal server error",
    "502 bad gateway",
    "503 service unavailable",
    "503 service temporarily unavailable",
    "504 gateway time-out",
    "internal server error",
    "bad gateway",
    // PHP
    "fatal error: uncaught",
    "parse error: syntax error",
    "error establishing a database connection",
    "there has been a critical error on this website",
    "whoops, looks like something went wrong",
    "sqlstate[",
    // Python
    "traceback (most recent call last)",
    "server error (500)",
    // Ruby, JavaScript, Java
    "we're sorry, but something went wrong",
    "application error: a client-side exception has occurred",
    "application error: a server-side exception has occurred",
    "unhandled runtime error",
    "whitelabel error page",
    "http status 500",
    "cannot get /",
];

/// A page with more text than this is no error page, whatever words are in it.
const LONGEST: usize = 3_000;

/// The line that says that this is an error page. It must be the title, or begin a line of a short page: a page that *speaks* of errors is none.
pub(super) fn error_text(title: &str, text: &str) -> Option<String> {
    let tells = |line: &str| {
        let lower = line.trim().to_lowercase();
        SIGNATURES.iter().any(|signature| lower.starts_with(signature)).then(|| line.trim().chars().take(200).collect())
    };
    if text.chars().count() > LONGEST {
        return None;
    }
    tells(title).or_else(|| text.lines().find_map(tells))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_page_is_told_from_a_page_about_errors() {
        let found = |title: &str, text: &str| error_text(title, text).is_some();
        assert!(found("500 Internal Server Error", "nginx"));
        assert!(found("", "Blog\n\nFatal error: Uncaught PDOException in /app/db.php:3"));
        assert!(found("Blog", "Error establishing a database connection"));
        assert!(!found("Blog", "How to get rid of “Internal Server Error” on your site"));
        assert!(!found(
            "Wiki",
            &format!("{}\nInternal Server Error\nis a status", "words and more words ".repeat(200))
        ));
        assert!(!found("Errors", "All errors of the day"));
    }
}
