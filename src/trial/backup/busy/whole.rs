//! Whether what came back is what was there at one moment.

use std::collections::BTreeSet;

/// What a writer did before, while and after a backup was taken. It writes 1, 2, 3 and so on, each once the one before is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    /// So many were safe before the backup began.
    pub(super) before: u64,
    /// So many were tried in the end.
    pub(super) tried: u64,
}

/// Everything up to some number must be there, and nothing after it; all that was safe before the backup began among it. Gives that number.
///
/// # Errors
/// What is not so, in words.
pub(super) fn prefix(found: &BTreeSet<u64>, written: Written) -> Result<u64, String> {
    let last = found.last().copied().unwrap_or(0);
    if let Some(missing) = (1..last).find(|number| !found.contains(number)) {
        return Err(format!("number {missing} is missing, and {last}, which was written after it, is there"));
    }
    if last < written.before {
        return Err(format!("of {} that were written before the backup began only {last} came back", written.before));
    }
    if last > written.tried {
        return Err(format!("number {last} came back, and only {} were ever written", written.tried));
    }
    Ok(last)
}

/// The same for two tables of a database into which every number was written in one transaction.
///
/// # Errors
/// What is not so, in words.
pub(super) fn pairs(one: &BTreeSet<u64>, other: &BTreeSet<u64>, written: Written) -> Result<u64, String> {
    if one != other {
        let last = |numbers: &BTreeSet<u64>| numbers.last().copied().unwrap_or(0);
        return Err(format!(
            "a transaction is torn: of two tables that were always written together one ends at {} and the other at {}",
            last(one),
            last(other)
        ));
    }
    prefix(one, written)
}

/// The numbers of a writer's marks in a text.
pub(super) fn marks(text: &str, mark: &str) -> BTreeSet<u64> {
    let after = text.split(mark).skip(1);
    let digits = after.map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    digits.filter_map(|digits| digits.parse().ok()).collect()
}

/// A text without the lines that hold any writer's mark.
pub(super) fn unmarked(text: &str, mark: &str) -> String {
    text.lines().filter(|line| !line.contains(mark)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: Written = Written { before: 3, tried: 9 };

    fn numbers(numbers: &[u64]) -> BTreeSet<u64> {
        numbers.iter().copied().collect()
    }

    #[test]
    fn a_moment_is_everything_up_to_it_and_nothing_after() {
        assert_eq!(prefix(&numbers(&[1, 2, 3]), WRITTEN), Ok(3));
        assert_eq!(prefix(&numbers(&[1, 2, 3, 4, 5, 6, 7, 8, 9]), WRITTEN), Ok(9));
        for (found, words) in [
            (&[1, 2, 3, 5][..], "number 4 is missing, and 5"),
            (&[2, 3, 4], "number 1 is missing"),
            (&[1, 2], "of 3 that were written before"),
            (&[], "only 0 came back"),
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "only 9 were ever written"),
        ] {
            let said = prefix(&numbers(found), WRITTEN).unwrap_err();
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn a_transaction_is_whole_or_not_there() {
        assert_eq!(pairs(&numbers(&[1, 2, 3, 4]), &numbers(&[1, 2, 3, 4]), WRITTEN), Ok(4));
        let torn = pairs(&numbers(&[1, 2, 3]), &numbers(&[1, 2, 3, 4]), WRITTEN).unwrap_err();
        assert!(torn.contains("one ends at 3 and the other at 4"), "{torn}");
    }

    #[test]
    fn marks_are_found_wherever_they_stand() {
        let text = "buy tea\n* mark-7-12!\n{\"a\": \"mark-7-3\", \"b\": \"mark-8-4\"}\nmark-7-x\n";
        assert_eq!(marks(text, "mark-7-"), numbers(&[3, 12]));
        assert_eq!(unmarked(text, "mark-"), "buy tea");
    }
}
