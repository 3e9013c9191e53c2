//! Which recipes run side by side on one machine.

/// What one recipe needs of the machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Need {
    /// Seconds, about.
    pub seconds: f64,
    /// Bytes of memory.
    pub memory: u64,
}

/// What the machine has for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// So many at a time.
    pub jobs: usize,
    /// Bytes of memory for all of them; `None` when nobody knows, and then only the number counts.
    pub memory: Option<u64>,
}

/// Of those that wait, the one to start now: the longest that fits beside those that run. One that is larger than the whole machine runs
/// alone. `None`: wait until one ends.
pub fn next(waiting: &[Need], running: &[Need], capacity: Capacity) -> Option<usize> {
    if running.len() >= capacity.jobs.max(1) {
        return None;
    }
    let used = running.iter().fold(0, |sum: u64, need| sum.saturating_add(need.memory));
    let fits = |need: &Need| {
        running.is_empty() || capacity.memory.is_none_or(|memory| used.saturating_add(need.memory) <= memory)
    };
    let longest = waiting.iter().enumerate().filter(|(_, need)| fits(need));
    // Of equals the first, so that the order is told by the names.
    longest.max_by(|(a, one), (b, other)| one.seconds.total_cmp(&other.seconds).then(b.cmp(a))).map(|(index, _)| index)
}
