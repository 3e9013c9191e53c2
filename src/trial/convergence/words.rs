//! Small phrases shared by all messages.

use std::time::Duration;

use jiff::Timestamp;

/// `0.4 s`, `12 s`, `2 min 5 s`.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 9.95 {
        let text = format!("{seconds:.1}");
        return format!("{} s", text.strip_suffix(".0").unwrap_or(&text));
    }
    let whole = duration.as_secs() + u64::from(duration.subsec_millis() >= 500);
    if whole < 120 {
        return format!("{whole} s");
    }
    if whole.is_multiple_of(60) {
        format!("{} min", whole / 60)
    } else {
        format!("{} min {} s", whole / 60, whole % 60)
    }
}

/// `20 MiB`, `1.5 GiB`.
pub(super) fn bytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "for reading only")]
    let mut amount = bytes as f64;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB"].iter().peekable();
    let mut unit = "B";
    while let Some(next) = units.next() {
        unit = next;
        if amount < 1024.0 || units.peek().is_none() {
            break;
        }
        amount /= 1024.0;
    }
    let text = format!("{amount:.1}");
    format!("{} {unit}", text.strip_suffix(".0").unwrap_or(&text))
}

/// `once`, `twice`, `3 times`.
pub(super) fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

/// The time from one moment to a later one; zero when they are the wrong way round (two clocks).
pub(super) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(from.duration_until(to)).unwrap_or(Duration::ZERO)
}

/// The name of a signal (signal(7), Linux, x86 and ARM).
pub(super) fn signal(number: u8) -> String {
    let (name, meaning) = match number {
        1 => ("SIGHUP", "hang-up"),
        2 => ("SIGINT", "interrupt"),
        3 => ("SIGQUIT", "quit"),
        4 => ("SIGILL", "illegal instruction"),
        5 => ("SIGTRAP", "trap"),
        6 => ("SIGABRT", "the program aborted itself"),
        7 => ("SIGBUS", "bus error"),
        8 => ("SIGFPE", "arithmetic error"),
        9 => ("SIGKILL", "killed"),
        11 => ("SIGSEGV", "segmentation fault"),
        13 => ("SIGPIPE", "broken pipe"),
        14 => ("SIGALRM", "alarm"),
        15 => ("SIGTERM", "asked to end"),
        24 => ("SIGXCPU", "processor time used up"),
        25 => ("SIGXFSZ", "file too large"),
        31 => ("SIGSYS", "forbidden system call"),
        other => return format!("signal {other}"),
    };
    format!("{name} ({meaning})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases() {
        assert_eq!(duration(Duration::from_millis(400)), "0.4 s");
        assert_eq!(duration(Duration::from_secs(3)), "3 s");
        assert_eq!(duration(Duration::from_millis(12_600)), "13 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 5 s");
        assert_eq!(duration(Duration::from_secs(300)), "5 min");
        assert_eq!(bytes(20 * 1024 * 1024), "20 MiB");
        assert_eq!(bytes(1536 * 1024 * 1024), "1.5 GiB");
        assert_eq!(times(2), "twice");
        assert_eq!(signal(11), "SIGSEGV (segmentation fault)");
        assert_eq!(signal(60), "signal 60");
    }
}
