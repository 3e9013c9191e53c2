//! How many there are of something, in words.

/// `1 run`, `3 runs`, `2 repositories`.
pub(crate) fn count(number: usize, what: &str) -> String {
    match what.strip_suffix('y') {
        _ if number == 1 => format!("1 {what}"),
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{number} {stem}ies"),
        _ => format!("{number} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn one_is_one_and_none_are_many() {
        assert_eq!([0, 1, 2].map(|number| count(number, "run")), ["0 runs", "1 run", "2 runs"]);
        assert_eq!([1, 2].map(|number| count(number, "repository")), ["1 repository", "2 repositories"]);
        assert_eq!(count(2, "day"), "2 days");
    }
}
