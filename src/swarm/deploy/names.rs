//! Names: a stack's own, and those of its objects, with the limits that Docker puts on them.

use super::DeployError;
use super::error::NameTooLong;

/// Longest name of a secret or a config (swarmkit, control API).
pub(super) const FILE_NAME_LIMIT: usize = 64;
/// Longest name of a service or a network (swarmkit, control API).
pub(super) const SERVICE_NAME_LIMIT: usize = 63;

/// `<stack>_<key>`: how the reference names what a compose file does not name itself.
pub(super) fn scope(stack: &str, key: &str) -> String {
    format!("{stack}_{key}")
}

/// A `name:` as written, or the scoped key when there is none.
pub(super) fn name_or_scope(stack: &str, key: &str, name: &str) -> String {
    if name.is_empty() { scope(stack, key) } else { name.to_owned() }
}

/// Refuses a secret's or config's name that swarm would refuse.
pub(super) fn check_file_name(kind: &'static str, stack: &str, key: &str, name: &str) -> Result<(), DeployError> {
    check_length(kind, stack, key, name, FILE_NAME_LIMIT)?;
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if edge(name.chars().next()) && edge(name.chars().next_back()) && name.chars().all(inner) {
        return Ok(());
    }
    Err(DeployError::NameRefused {
        kind,
        key: key.to_owned(),
        name: name.to_owned(),
        rule: "only a-z, A-Z, 0-9, `-`, `_` and `.` are allowed, and it must begin and end with a letter or digit",
    })
}

/// Refuses a service's or network's name that swarm would refuse.
pub(super) fn check_service_name(kind: &'static str, stack: &str, key: &str, name: &str) -> Result<(), DeployError> {
    check_length(kind, stack, key, name, SERVICE_NAME_LIMIT)?;
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if edge(name.chars().next())
        && edge(name.chars().next_back())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    {
        return Ok(());
    }
    Err(DeployError::NameRefused {
        kind,
        key: key.to_owned(),
        name: name.to_owned(),
        rule: "only a-z, A-Z, 0-9, `-` and `_` are allowed, and it must begin and end with a letter or digit",
    })
}

fn check_length(kind: &'static str, stack: &str, key: &str, name: &str, limit: usize) -> Result<(), DeployError> {
    let length = name.chars().count();
    if length <= limit {
        return Ok(());
    }
    let excess = length - limit;
    let stack_length = stack.chars().count();
    let own = name.strip_prefix(stack).and_then(|rest| rest.strip_prefix('_'));
    let (sum, shorter) = match own {
        Some(own) => {
            let own_length = own.chars().count();
            let sum = format!("stack name `{stack}` {stack_length} + `_` 1 + `{own}` {own_length}");
            let shorter = match stack_length.checked_sub(excess) {
                Some(room) if room > 0 => format!("a domain whose stack name has at most {room} characters"),
                _ => format!("a shorter name: `{own}` alone leaves no room for a stack name"),
            };
            (sum, shorter)
        }
        None => (format!("`{name}` {length}"), format!("a `name:` of at most {limit} characters")),
    };
    Err(DeployError::NameTooLong(Box::new(NameTooLong {
        kind,
        key: key.to_owned(),
        name: name.to_owned(),
        length,
        limit,
        sum,
        excess,
        shorter,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lesson_25_the_arithmetic_of_a_long_name_is_shown() {
        let stack = "s".repeat(45);
        let name = format!("{stack}_{}", "k".repeat(19));
        let error = check_file_name("secret", &stack, "key", &name).unwrap_err().to_string();
        assert!(error.contains("has 65 characters, and Docker allows 64"), "{error}");
        assert!(error.contains(&format!("stack name `{stack}` 45 + `_` 1 + `{}` 19 = 65", "k".repeat(19))), "{error}");
        assert!(error.contains("by 1, or use a domain whose stack name has at most 44 characters"), "{error}");
        check_file_name("secret", &stack, "key", &name[..64]).unwrap();
        assert!(check_service_name("service", &stack, "key", &name[..64]).is_err());
        check_service_name("service", &stack, "key", &name[..63]).unwrap();
    }

    #[test]
    fn a_name_without_the_stack_in_it_is_counted_alone() {
        let error = check_file_name("config", "shop", "c", &"x".repeat(70)).unwrap_err().to_string();
        assert!(error.contains("has 70 characters") && error.contains("a `name:` of at most 64 characters"), "{error}");
    }

    #[test]
    fn characters_that_swarm_refuses_are_refused() {
        assert!(check_file_name("config", "s", "c", "s_a b").is_err());
        assert!(check_file_name("config", "s", "c", "s_a.").is_err());
        check_file_name("config", "s", "c", "s_a.conf").unwrap();
        assert!(check_service_name("service", "s", "c", "s_a.b").is_err());
    }
}
