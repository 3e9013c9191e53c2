//! Dates and moments in YAML, as the reference loader recognises and prints them.

use std::fmt::Write as _;

/// A moment as it was written: date, time of day, offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    nanosecond: u32,
    /// Minutes east of UTC.
    offset: i32,
}

impl Timestamp {
    /// Recognises `2001-12-14`, `2001-12-14 21:59:43.10` and `2001-12-14T21:59:43.10-05:00` (also with a small `t`, and with single
    /// digits); anything else is no date.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let year = digits(&mut rest, 4, 4)?;
        literal(&mut rest, "-")?;
        let month = digits(&mut rest, 1, 2)?;
        literal(&mut rest, "-")?;
        let day = digits(&mut rest, 1, 2)?;
        let mut moment = Self { year, month, day, hour: 0, minute: 0, second: 0, nanosecond: 0, offset: 0 };
        if rest.starts_with(['T', 't']) {
            rest = &rest[1..];
            moment.time_of_day(&mut rest)?;
            moment.offset = offset(&mut rest)?;
        } else if rest.starts_with(' ') {
            rest = rest.trim_start_matches(' ');
            moment.time_of_day(&mut rest)?;
        }
        (rest.is_empty() && moment.exists()).then_some(moment)
    }

    fn time_of_day(&mut self, rest: &mut &str) -> Option<()> {
        self.hour = digits(rest, 1, 2)?;
        literal(rest, ":")?;
        self.minute = digits(rest, 1, 2)?;
        literal(rest, ":")?;
        self.second = digits(rest, 1, 2)?;
        let fraction = rest.strip_prefix(['.', ',']).filter(|tail| tail.starts_with(|c: char| c.is_ascii_digit()));
        if let Some(tail) = fraction {
            let length = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
            let kept = &tail[..length.min(9)];
            self.nanosecond = format!("{kept:0<9}").parse().ok()?;
            *rest = &tail[length..];
        }
        Some(())
    }

    fn exists(&self) -> bool {
        let leap = self.year.is_multiple_of(4) && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        let days = match self.month {
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            1..=12 => 31,
            _ => return false,
        };
        (1..=days).contains(&self.day) && self.hour < 24 && self.minute < 60 && self.second < 60
    }

    /// As in `2001-12-14T21:59:43.1-05:00`.
    pub fn to_rfc3339(&self) -> String {
        let Self { year, month, day, .. } = self;
        let mut text = format!("{year:04}-{month:02}-{day:02}T{}", self.clock());
        match self.offset {
            0 => text.push('Z'),
            offset => {
                let (sign, minutes) = signed(offset);
                let _ = write!(text, "{sign}{:02}:{:02}", minutes / 60, minutes % 60);
            }
        }
        text
    }

    /// As the reference prints a date where text is wanted: `2001-12-14 00:00:00 +0000 UTC`.
    pub fn to_display(&self) -> String {
        let Self { year, month, day, .. } = self;
        let (sign, minutes) = signed(self.offset);
        let zone = format!("{sign}{:02}{:02}", minutes / 60, minutes % 60);
        let name = if self.offset == 0 { "UTC" } else { &zone };
        format!("{year:04}-{month:02}-{day:02} {} {zone} {name}", self.clock())
    }

    fn clock(&self) -> String {
        let mut text = format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second);
        if self.nanosecond > 0 {
            let fraction = format!("{:09}", self.nanosecond);
            let _ = write!(text, ".{}", fraction.trim_end_matches('0'));
        }
        text
    }
}

fn signed(offset: i32) -> (char, u32) {
    (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs())
}

fn digits(rest: &mut &str, least: usize, most: usize) -> Option<u32> {
    let length = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let value = (length >= least).then(|| rest[..length].parse().ok())??;
    *rest = &rest[length..];
    Some(value)
}

fn literal(rest: &mut &str, wanted: &str) -> Option<()> {
    *rest = rest.strip_prefix(wanted)?;
    Some(())
}

fn offset(rest: &mut &str) -> Option<i32> {
    if let Some(tail) = rest.strip_prefix('Z') {
        *rest = tail;
        return Some(0);
    }
    let sign = if rest.starts_with('-') { -1 } else { 1 };
    *rest = rest.strip_prefix(['+', '-'])?;
    let hours = digits(rest, 2, 2).filter(|&hours| hours <= 24)?;
    literal(rest, ":")?;
    let minutes = digits(rest, 2, 2).filter(|&minutes| minutes < 60)?;
    Some(sign * i32::try_from(hours * 60 + minutes).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_recognised_and_printed() {
        for (text, display) in [
            ("2001-12-14", "2001-12-14 00:00:00 +0000 UTC"),
            ("2001-1-2 3:4:5.10", "2001-01-02 03:04:05.1 +0000 UTC"),
            ("2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.1 -0500 -0500"),
            ("2001-12-14T21:59:43Z", "2001-12-14 21:59:43 +0000 UTC"),
        ] {
            assert_eq!(Timestamp::parse(text).map(|time| time.to_display()).as_deref(), Some(display), "{text}");
        }
        for text in ["2001-02-29", "2001-13-01", "01-02-03", "2001-12-14T21:59", "2001-12-14x", "20011214", "", "2001-"]
        {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }
}
