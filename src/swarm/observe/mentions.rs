//! Which peers a service's own settings name as hosts.

use serde_json::Value;

/// Parts of a variable's name that tell that its value is an address.
const ADDRESS_KEYS: [&str; 11] =
    ["HOST", "URL", "URI", "ADDR", "SERVER", "DSN", "ENDPOINT", "BROKER", "UPSTREAM", "BACKEND", "SMTP"];

/// The short names, among `names`, that the environment, the command or the healthcheck of a container specification use as a host:
/// `<stack>_<name>` anywhere, `name:port`, `//name`, `@name`, or the whole word where the variable's name says that it is an address. A
/// database called `app` is no mention of a service `app`.
pub(super) fn mentions(container: &Value, stack: &str, own: &str, names: &[String]) -> Vec<String> {
    let mut texts: Vec<(&str, &str)> = Vec::new();
    for variable in strings(&container["Env"]) {
        texts.push(variable.split_once('=').unwrap_or(("", variable)));
    }
    for part in ["Command", "Args"] {
        texts.extend(strings(&container[part]).map(|word| ("", word)));
    }
    let mentioned =
        |name: &&String| name.as_str() != own && texts.iter().any(|(key, value)| is_host(key, value, stack, name));
    names.iter().filter(mentioned).cloned().collect()
}

/// The short names, among `names`, that a text such as a configuration file uses as a host.
pub fn mentioned_in(text: &str, stack: &str, own: &str, names: &[String]) -> Vec<String> {
    let mentioned = |name: &&String| name.as_str() != own && text.lines().any(|line| is_host("", line, stack, name));
    names.iter().filter(mentioned).cloned().collect()
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn is_host(key: &str, value: &str, stack: &str, name: &str) -> bool {
    let key = key.to_uppercase();
    let is_address = ADDRESS_KEYS.iter().any(|part| key.contains(part));
    let full = format!("{stack}_{name}");
    let in_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-' || c == '.';
    let mut at = 0;
    for word in value.split(|c: char| !in_name(c)) {
        let (start, end) = (at, at + word.len());
        at = end + value[end..].chars().next().map_or(0, char::len_utf8);
        let host = word.strip_prefix("tasks.").unwrap_or(word);
        if host == full {
            return true;
        }
        if host != name {
            continue;
        }
        let before = &value[..start];
        let after = &value[end..];
        let port = after.strip_prefix(':').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if is_address || port || before.ends_with("//") || before.ends_with('@') {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(container: &Value) -> Vec<String> {
        mentions(container, "shop_example", "web", &["app".into(), "db".into(), "web".into()])
    }

    #[test]
    fn hosts_are_mentions() {
        for variable in [
            "DB_HOST=db",
            "X=postgres://u:p@db:5432/x",
            "X=shop_example_db",
            "X=redis://db",
            "LIST=a,db:6379",
            "URL=http://tasks.db/",
        ] {
            assert_eq!(names(&json!({ "Env": [variable] })), ["db"], "{variable}");
        }
        assert_eq!(names(&json!({ "Args": ["wait-for", "db:3306", "--", "run"] })), ["db"]);
    }

    #[test]
    fn names_of_other_things_are_not() {
        for variable in [
            "POSTGRES_DB=app",
            "MYSQL_USER=app",
            "X=app-data",
            "X=my.app",
            "HOST=dbx",
            "X=web:80",
            "Y",
            "PATH=/app:/bin",
            "é=ädb",
        ] {
            assert!(names(&json!({ "Env": [variable] })).is_empty(), "{variable}");
        }
        assert!(names(&json!({})).is_empty());
    }
}
