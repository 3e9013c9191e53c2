//! Small notations inside values: durations, sizes, port mappings, shell words.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Reads a duration as Go writes it: `1m30s`, `1.5h`, `300ms`, `0`; in nanoseconds.
pub(super) fn duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    const LIMIT: u64 = 1 << 63;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (whole, fraction, after) = decimal(rest)?;
        let end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let unit = nanoseconds(&after[..end])?;
        let value = whole.checked_mul(unit).filter(|&value| value <= LIMIT)?;
        let part = (fraction.0 as f64 * (unit as f64 / fraction.1)) as u64;
        total = value.checked_add(part)?.checked_add(total).filter(|&sum| sum <= LIMIT)?;
        rest = &after[end..];
    }
    match (negative, i64::try_from(total)) {
        (true, Ok(total)) => Some(-total),
        (true, Err(_)) => Some(i64::MIN),
        (false, total) => total.ok(),
    }
}

/// Whole part, fraction as (digits, scale), and what follows.
fn decimal(text: &str) -> Option<(u64, (u64, f64), &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole_length = digits(text);
    let whole =
        if whole_length == 0 { 0 } else { text[..whole_length].parse().ok().filter(|&whole| whole <= 1 << 63)? };
    let rest = &text[whole_length..];
    let Some(after_point) = rest.strip_prefix('.') else {
        return (whole_length > 0).then_some((whole, (0, 1.0), rest));
    };
    let fraction_length = digits(after_point);
    if whole_length == 0 && fraction_length == 0 {
        return None;
    }
    // More digits than a nanosecond of an hour can tell are dropped.
    let kept = &after_point[..fraction_length.min(18)];
    let fraction = if kept.is_empty() { 0 } else { kept.parse().ok()? };
    let scale = 10f64.powi(i32::try_from(kept.len()).ok()?);
    Some((whole, (fraction, scale), &after_point[fraction_length..]))
}

fn nanoseconds(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// Reads a decimal number, in which underscores may stand between digits.
pub(super) fn number(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let misplaced = |(at, &byte): (usize, &u8)| byte == b'_' && !(digit(at.checked_sub(1)) && digit(Some(at + 1)));
    if bytes.iter().enumerate().any(misplaced) {
        return None;
    }
    text.replace('_', "").parse().ok().filter(|number: &f64| number.is_finite())
}

/// Reads an amount of memory: `512M`, `1.5gb`, `64 KiB`, `1024`; in bytes, units being powers of 1024.
pub(super) fn bytes(text: &str) -> Option<i64> {
    let split = text.rfind(|c: char| c.is_ascii_digit() || c == '.' || c == ' ')?;
    let (number, suffix) = match &text[split..=split] {
        " " => (&text[..split], &text[split + 1..]),
        _ => text.split_at(split + 1),
    };
    let size = self::number(number).filter(|&size| size >= 0.0)?;
    let suffix = suffix.to_ascii_lowercase();
    let power = match suffix.as_bytes() {
        [] | [b'b'] => 0,
        [unit] | [unit, b'b'] | [unit, b'i', b'b'] => 1 + b"kmgtp".iter().position(|known| known == unit)?,
        _ => return None,
    };
    let size = size * 1024f64.powi(i32::try_from(power).ok()?);
    // Beyond 63 bits the reference wraps round.
    Some(if size >= 9_223_372_036_854_775_808.0 { i64::MIN } else { size as i64 })
}

/// One mapping of a short port notation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PortMapping {
    /// The port in the container.
    pub(super) target: u16,
    /// Ports on the node, from and to; `None` when the engine chooses.
    pub(super) published: Option<(u16, u16)>,
    /// `tcp`, `udp` or `sctp`.
    pub(super) protocol: String,
    /// The address that was asked for, which swarm ignores.
    pub(super) address: Option<IpAddr>,
}

/// Reads `[address:][published:]target[/protocol]`, each port being one or a range.
pub(super) fn ports(text: &str) -> Result<Vec<PortMapping>, String> {
    let mut parts = text.rsplitn(3, ':');
    let container = parts.next().unwrap_or_default();
    let host = parts.next().unwrap_or_default();
    let address = address(parts.next().unwrap_or_default())?;
    let (container, protocol) = protocol(container)?;
    let target =
        range(container).ok_or_else(|| format!("`{container}` is no port between 0 and 65535, and no range"))?;
    let published = match host {
        "" => None,
        _ => Some(range(host).ok_or_else(|| format!("`{host}` is no port between 0 and 65535, and no range"))?),
    };
    if let Some((from, to)) = published
        && to - from != target.1 - target.0
        && target.0 != target.1
    {
        return Err(format!("the ranges `{host}` and `{container}` are not of the same length"));
    }
    let one_target = target.0 == target.1;
    Ok((target.0..=target.1)
        .map(|port| {
            let shift = port - target.0;
            let published =
                published.map(|(from, to)| if one_target { (from, to) } else { (from + shift, from + shift) });
            PortMapping { target: port, published, protocol: protocol.clone(), address }
        })
        .collect())
}

fn address(text: &str) -> Result<Option<IpAddr>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let bare = text.strip_prefix('[').map_or(Some(text), |rest| rest.strip_suffix(']'));
    let parsed = bare.and_then(|bare| {
        bare.parse::<Ipv4Addr>().map(IpAddr::V4).or_else(|_| bare.parse::<Ipv6Addr>().map(IpAddr::V6)).ok()
    });
    parsed.map(Some).ok_or_else(|| format!("`{text}` is no IP address"))
}

fn protocol(container: &str) -> Result<(&str, String), String> {
    let mut parts = container.split('/');
    let port = parts.next().unwrap_or_default();
    let protocol = match parts.next() {
        None | Some("") => "tcp".to_owned(),
        Some(protocol) => protocol.to_lowercase(),
    };
    if port.is_empty() {
        return Err("the container's port is missing".to_owned());
    }
    match protocol.as_str() {
        "tcp" | "udp" | "sctp" => Ok((port, protocol)),
        _ => Err(format!("`{protocol}` is no protocol; there are tcp, udp and sctp")),
    }
}

fn range(text: &str) -> Option<(u16, u16)> {
    let port = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u16>().ok()).flatten()
    };
    let mut parts = text.split('-');
    let from = port(parts.next()?)?;
    let to = match parts.next() {
        None => from,
        Some(to) => port(to)?,
    };
    (from <= to).then_some((from, to))
}

/// Splits a command into words as a shell would, without expanding anything. `#` starts a comment where a word could start.
pub(super) fn words(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some(char) => word.push(char),
                        None => return Err("a single quote is not closed"),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('\\') => word.push(chars.next().ok_or("a double quote is not closed")?),
                        Some(char) => word.push(char),
                        None => return Err("a double quote is not closed"),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(chars.next().ok_or("a backslash ends the command")?),
            '#' if word.is_none() => {
                for char in chars.by_ref() {
                    if char == '\n' {
                        break;
                    }
                }
            }
            char => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, nanoseconds) in [
            ("1m30s", 90_000_000_000),
            ("1.5h", 5_400_000_000_000),
            ("0", 0),
            (".5s", 500_000_000),
            ("-5s", -5_000_000_000),
            ("1h5m30s20ms", 3_930_020_000_000),
            ("10us", 10_000),
            ("2562047h47m16.854775807s", i64::MAX),
        ] {
            assert_eq!(duration(text), Some(nanoseconds), "{text}");
        }
        for text in ["", "5", "1d", "s", ".", ".s", "1s ", " 1s", "1 s", "-", "2562048h", "1h-5m", "1e3s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        for (text, size) in [
            ("512M", 512 << 20),
            ("1.5gb", 3 << 29),
            ("64 KiB", 64 << 10),
            ("1024", 1024),
            ("5b", 5),
            ("1e3", 1000),
            ("5 ", 5),
            ("1_000k", 1_024_000),
        ] {
            assert_eq!(bytes(text), Some(size), "{text}");
        }
        for text in ["", "M", "-5M", "5x", "5bb", "5kbb", "5 k b", "5mi", "1..5k"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn port_notations() {
        let one = |text: &str| {
            ports(text).unwrap().into_iter().map(|p| (p.published, p.target, p.protocol)).collect::<Vec<_>>()
        };
        assert_eq!(one("80"), [(None, 80, "tcp".into())]);
        assert_eq!(one("8080:80/UDP"), [(Some((8080, 8080)), 80, "udp".into())]);
        assert_eq!(one("127.0.0.1:8080-8081:80-81").len(), 2);
        assert_eq!(one("8000-8010:80"), [(Some((8000, 8010)), 80, "tcp".into())]);
        assert_eq!(one("[::1]::80"), [(None, 80, "tcp".into())]);
        for text in ["", "70000", "80-79", "80/icmp", "1.2.3:1:2", "a:b", "80-81:1-3", "80:", "+80", "8000-8002:80-81"]
        {
            assert!(ports(text).is_err(), "{text}");
        }
    }

    #[test]
    fn commands_are_split_as_a_shell_does() {
        assert_eq!(words(r#"sh -c "a \"b\" $$c" 'd e'f \g # rest"#).unwrap(), ["sh", "-c", "a \"b\" $$c", "d ef", "g"]);
        assert_eq!(words("a#b ''").unwrap(), ["a#b", ""]);
        assert_eq!(words("  ").unwrap(), [""; 0]);
        for text in ["'", "\"", "\\", "a 'b"] {
            assert!(words(text).is_err(), "{text}");
        }
    }
}
