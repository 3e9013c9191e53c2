//! What a scalar means: text, number, boolean, date or nothing.
//!
//! The rules are those of the reference loader's YAML library (go-yaml 3): YAML 1.2's core schema, plus `0777` octals, `0b`
//! binaries, underscores in numbers and dates from YAML 1.1; `yes`, `no`, `on` and `off` are text, and there is no base 60.

use base64::Engine as _;

use super::timestamp::Timestamp;
use crate::compose::format;
use crate::compose::tree::Content;

/// The tags that a scalar can resolve to, in their short form.
const RESOLVABLE: [&str; 6] = ["!!str", "!!bool", "!!int", "!!float", "!!null", "!!timestamp"];

/// Resolves a scalar that has no tag of its own and is not quoted.
pub(super) fn plain(text: &str) -> Content {
    resolve("", text)
}

/// Resolves a scalar with an explicit tag, given in its short form (`!!int`).
///
/// # Errors
/// What the text was read as, when that does not fit the tag.
pub(super) fn tagged(tag: &str, text: &str) -> Result<Content, String> {
    if tag == "!!binary" {
        let joined: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        let bytes = base64::engine::general_purpose::STANDARD.decode(joined);
        let bytes = bytes.map_err(|_| "it is tagged `!!binary` and is no valid base64".to_owned())?;
        return String::from_utf8(bytes).map(Content::Text).map_err(|_| "what it encodes is no text".to_owned());
    }
    if !RESOLVABLE.contains(&tag) || tag == "!!str" {
        return Ok(Content::Text(text.to_owned()));
    }
    let content = resolve(tag, text);
    match (tag, content) {
        ("!!float", Content::Int(value)) => Ok(Content::Float(value as f64)),
        (tag, content) if tag_of(&content) == tag => Ok(content),
        (tag, _) => Err(format!("it is tagged `{tag}`, and `{text}` cannot be read as that")),
    }
}

/// The short tag of a resolved scalar.
pub(super) fn tag_of(content: &Content) -> &'static str {
    match content {
        Content::Null => "!!null",
        Content::Bool(_) => "!!bool",
        Content::Int(_) | Content::Uint(_) => "!!int",
        Content::Float(_) => "!!float",
        Content::Time(_) => "!!timestamp",
        Content::Text(_) | Content::List(_) | Content::Map(_) | Content::ForeignKeys(_) => "!!str",
    }
}

fn resolve(tag: &str, text: &str) -> Content {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Content::Null,
        "true" | "True" | "TRUE" => return Content::Bool(true),
        "false" | "False" | "FALSE" => return Content::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Content::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Content::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Content::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let number = match text.as_bytes().first() {
        // Behind a point, underscores count only between digits; elsewhere they never matter.
        Some(b'.') => format::number(text).and_then(|_| float(&text.replace('_', ""))),
        Some(b'+' | b'-' | b'0'..=b'9') => {
            let dated = if tag.is_empty() || tag == "!!timestamp" { Timestamp::parse(text) } else { None };
            match dated {
                Some(time) => return Content::Time(time),
                None => {
                    let digits = text.replace('_', "");
                    integer(&digits).or_else(|| float(&digits))
                }
            }
        }
        _ => None,
    };
    number.unwrap_or_else(|| Content::Text(text.to_owned()))
}

/// `12`, `-0x1F`, `0o17`, `017`, `0b11`: the prefix decides the base.
fn integer(text: &str) -> Option<Content> {
    let (negative, magnitude) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (digits, base) = match magnitude.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&magnitude[2..], 16),
        [b'0', b'o' | b'O', ..] => (&magnitude[2..], 8),
        [b'0', b'b' | b'B', ..] => (&magnitude[2..], 2),
        [b'0', _, ..] => (&magnitude[1..], 8),
        _ => (magnitude, 10),
    };
    // The standard library takes a sign here, the reference does not.
    if digits.starts_with(['+', '-']) {
        return signed_digits(text, digits, base);
    }
    let value = u64::from_str_radix(digits, base).ok()?;
    match (negative, i64::try_from(value)) {
        (false, Ok(value)) => Some(Content::Int(value)),
        // A plus sign marks a signed number, and 64 bits do not fit in one.
        (false, Err(_)) => (!text.starts_with('+')).then_some(Content::Uint(value)),
        (true, Ok(value)) => Some(Content::Int(-value)),
        (true, Err(_)) => (value == 1 << 63).then_some(Content::Int(i64::MIN)),
    }
}

/// `0b-1` and `0o+7`: the reference strips these two prefixes by hand and reads what is left as a signed number.
fn signed_digits(text: &str, digits: &str, base: u32) -> Option<Content> {
    let small_prefix = text.starts_with("0b") || text.starts_with("0o");
    small_prefix.then(|| i64::from_str_radix(digits, base).ok().map(Content::Int)).flatten()
}

/// A decimal number with a point or an exponent, or with leading zeros that are no octal (`08`).
fn float(text: &str) -> Option<Content> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_is_number = match mantissa.split_once('.') {
        Some(("", after)) => !after.is_empty() && all_digits(after),
        Some((before, after)) => all_digits(before) && all_digits(after),
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    let exponent_is_number = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && all_digits(exponent)
    });
    let value: f64 = (mantissa_is_number && exponent_is_number).then(|| text.parse().ok())??;
    value.is_finite().then_some(Content::Float(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_the_reference_reads() {
        for (text, value) in [
            ("yes", Content::Text("yes".into())),
            ("on", Content::Text("on".into())),
            ("True", Content::Bool(true)),
            ("~", Content::Null),
            ("0444", Content::Int(0o444)),
            ("0o444", Content::Int(0o444)),
            ("0x1F", Content::Int(31)),
            ("-0b11", Content::Int(-3)),
            ("1_000", Content::Int(1000)),
            ("08", Content::Float(8.0)),
            ("12:30:45", Content::Text("12:30:45".into())),
            ("1e3", Content::Float(1000.0)),
            ("1.", Content::Float(1.0)),
            (".5", Content::Float(0.5)),
            (".5_0", Content::Float(0.5)),
            ("._5", Content::Text("._5".into())),
            (".", Content::Text(".".into())),
            ("-", Content::Text("-".into())),
            ("1e999", Content::Text("1e999".into())),
            ("18446744073709551615", Content::Uint(u64::MAX)),
            ("+18446744073709551615", Content::Float(18_446_744_073_709_551_615.0)),
            ("18446744073709551616", Content::Float(18_446_744_073_709_551_616.0)),
            ("-9223372036854775808", Content::Int(i64::MIN)),
            ("0x", Content::Text("0x".into())),
            ("3.8", Content::Float(3.8)),
            ("1.2.3", Content::Text("1.2.3".into())),
            ("0b-1", Content::Int(-1)),
        ] {
            assert_eq!(plain(text), value, "{text}");
        }
    }

    #[test]
    fn a_tag_must_fit() {
        assert_eq!(tagged("!!str", "5"), Ok(Content::Text("5".into())));
        assert_eq!(tagged("!!int", "5"), Ok(Content::Int(5)));
        assert_eq!(tagged("!!float", "5"), Ok(Content::Float(5.0)));
        assert_eq!(tagged("!!binary", "aGk="), Ok(Content::Text("hi".into())));
        assert_eq!(tagged("!custom", "5"), Ok(Content::Text("5".into())));
        assert!(tagged("!!bool", "yes").is_err());
        assert!(tagged("!!int", "").is_err());
    }
}
