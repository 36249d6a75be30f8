//! Values of conditions: what a policy expects, and how a request's value compares.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::super::context::Context;
use super::super::hole;
use super::super::pattern::{Pattern, PatternError};
use super::super::truth::Truth;
use super::operator::Base;

/// One value of a condition, read for its operator. `None` inside: the text is not what the operator compares.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    Text(Pattern),
    Number(Option<Decimal>),
    Date(Option<Instant>),
    Binary(Option<Vec<u8>>),
    Network(Option<Network>),
    Null(Option<bool>),
    /// A text with holes for an operator that compares no texts.
    Unknown(Pattern),
}

impl Expected {
    /// Variables count in string, ARN and Bool comparisons; elsewhere they are plain text.
    pub(super) fn read(base: Base, text: &str, variables: bool) -> Result<Self, PatternError> {
        let text_base = base.compares_texts();
        if !text_base && hole::has_unknown(text) {
            return Ok(Self::Unknown(Pattern::value(text, false, false)?));
        }
        Ok(match base {
            Base::StringEquals
            | Base::StringNotEquals
            | Base::StringEqualsIgnoreCase
            | Base::StringNotEqualsIgnoreCase
            | Base::Bool => Self::Text(Pattern::value(text, false, variables)?),
            Base::StringLike
            | Base::StringNotLike
            | Base::ArnEquals
            | Base::ArnNotEquals
            | Base::ArnLike
            | Base::ArnNotLike => Self::Text(Pattern::value(text, true, variables)?),
            Base::NumericEquals
            | Base::NumericNotEquals
            | Base::NumericLessThan
            | Base::NumericLessThanEquals
            | Base::NumericGreaterThan
            | Base::NumericGreaterThanEquals => Self::Number(Decimal::read(text)),
            Base::DateEquals
            | Base::DateNotEquals
            | Base::DateLessThan
            | Base::DateLessThanEquals
            | Base::DateGreaterThan
            | Base::DateGreaterThanEquals => Self::Date(Instant::read(text)),
            Base::BinaryEquals => Self::Binary(base64(text)),
            Base::IpAddress | Base::NotIpAddress => Self::Network(Network::read(text)),
            Base::Null => Self::Null(boolean(text)),
        })
    }

    pub(super) fn pattern(&self) -> Option<&Pattern> {
        match self {
            Self::Text(pattern) | Self::Unknown(pattern) => Some(pattern),
            _ => None,
        }
    }

    /// Whether the request's value matches. What cannot be compared does not match; whether a negated operator then holds
    /// is not documented, so it is unknown.
    pub(super) fn compare(&self, base: Base, value: &str, context: &Context, negated: bool) -> Truth {
        let incomparable = if negated { Truth::Unknown } else { Truth::False };
        if !matches!(self, Self::Text(_)) && hole::has_unknown(value) {
            return Truth::Unknown;
        }
        let order = match self {
            Self::Unknown(_) => return Truth::Unknown,
            Self::Text(pattern) => {
                return match base {
                    Base::StringEqualsIgnoreCase | Base::StringNotEqualsIgnoreCase | Base::Bool => {
                        pattern.equals_ignoring_case(value, context)
                    }
                    Base::ArnEquals | Base::ArnNotEquals | Base::ArnLike | Base::ArnNotLike => {
                        pattern.matches_arn(value, context, negated)
                    }
                    _ => pattern.matches(value, context),
                };
            }
            Self::Number(wanted) => {
                wanted.as_ref().and_then(|wanted| Some(Decimal::read(value)?.cmp(wanted)))
            }
            Self::Date(wanted) => wanted.and_then(|wanted| Some(Instant::read(value)?.cmp(&wanted))),
            Self::Binary(wanted) => {
                return Truth::from(wanted.is_some() && base64(value).as_ref() == wanted.as_ref());
            }
            Self::Network(wanted) => {
                let inside = wanted.and_then(|network| Some(network.contains(value.parse().ok()?)));
                return inside.map_or(incomparable, Truth::from);
            }
            Self::Null(_) => None,
        };
        order.map_or(incomparable, |order| Truth::from(is_wanted(base, order)))
    }
}

/// Whether the request's value may stand in this order to the policy's.
fn is_wanted(base: Base, order: Ordering) -> bool {
    match base {
        Base::NumericLessThan | Base::DateLessThan => order.is_lt(),
        Base::NumericLessThanEquals | Base::DateLessThanEquals => order.is_le(),
        Base::NumericGreaterThan | Base::DateGreaterThan => order.is_gt(),
        Base::NumericGreaterThanEquals | Base::DateGreaterThanEquals => order.is_ge(),
        _ => order.is_eq(),
    }
}

fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else {
        text.eq_ignore_ascii_case("false").then_some(false)
    }
}

/// A decimal number of any length, compared exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    whole: String,
    fraction: String,
}

impl Decimal {
    /// Reads `[-]digits[.digits][e[+-]digits]`: quotation marks are optional, so the forms are those of JSON numbers. Leading
    /// zeros do no harm.
    fn read(text: &str) -> Option<Self> {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (digits, exponent) = match rest.split_once(['e', 'E']) {
            None => (rest, 0),
            Some((digits, exponent)) => (digits, exponent.parse::<i16>().ok()?),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let numeric = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !numeric(whole) || !numeric(fraction) {
            return None;
        }
        let shift = usize::from(exponent.unsigned_abs());
        let (whole, fraction) = if exponent < 0 {
            let padded = format!("{}{whole}", "0".repeat(shift));
            let (whole, moved) = padded.split_at(padded.len().checked_sub(shift)?);
            (whole.to_owned(), format!("{moved}{fraction}"))
        } else {
            let padded = format!("{fraction}{}", "0".repeat(shift));
            let (moved, fraction) = padded.split_at(shift);
            (format!("{whole}{moved}"), fraction.to_owned())
        };
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let negative = negative && !(whole.is_empty() && fraction.is_empty());
        Some(Self { negative, whole: whole.to_owned(), fraction: fraction.to_owned() })
    }

    /// A key that orders magnitudes: both parts are trimmed, so the longer whole part is the greater.
    fn size(&self) -> (usize, &str, &str) {
        (self.whole.len(), &self.whole, &self.fraction)
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.size().cmp(&other.size()),
            (true, true) => other.size().cmp(&self.size()),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A point in time: seconds since 1970-01-01T00:00:00Z, and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Instant {
    seconds: i64,
    nanoseconds: u32,
}

impl Instant {
    /// Reads a W3C date (`YYYY`, `YYYY-MM`, `YYYY-MM-DD`, or with `Thh:mm[:ss[.s]]` and a zone; without zone it is UTC), or
    /// seconds since 1970. Four digits are a year.
    fn read(text: &str) -> Option<Self> {
        let is_epoch = text.len() != 4 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_epoch {
            return Some(Self { seconds: text.parse().ok()?, nanoseconds: 0 });
        }
        let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
        let mut parts = date.split('-');
        let year = digits(parts.next()?, 4)?;
        let month = parts.next().map_or(Some(1), |part| digits(part, 2))?;
        let day = parts.next().map_or(Some(1), |part| digits(part, 2))?;
        let full = date.len() == 10;
        if parts.next().is_some() || (time.is_some() && !full) || !(1..=12).contains(&month) {
            return None;
        }
        if !(1..=days_in_month(year, month)).contains(&day) {
            return None;
        }
        let (offset, nanoseconds) = time.map_or(Some((0, 0)), clock)?;
        Some(Self { seconds: days_since_epoch(year, month, day) * 86_400 + offset, nanoseconds })
    }
}

/// Reads `hh:mm[:ss[.s]]` and the zone: seconds after midnight UTC, and nanoseconds.
fn clock(text: &str) -> Option<(i64, u32)> {
    let zone_at = text.find(['Z', '+', '-']).unwrap_or(text.len());
    let (time, zone) = text.split_at(zone_at);
    let (time, fraction) = time.split_once('.').map_or((time, "0"), |(time, fraction)| (time, fraction));
    let mut parts = time.split(':');
    let hour = digits(parts.next()?, 2)?;
    let minute = digits(parts.next()?, 2)?;
    let second = parts.next().map_or(Some(0), |part| digits(part, 2))?;
    let valid = parts.next().is_none() && hour < 24 && minute < 60 && second <= 60;
    let numeric = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !valid || !numeric {
        return None;
    }
    let nanoseconds = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let shift = match zone {
        "" | "Z" => 0,
        _ => {
            let (hours, minutes) = zone.get(1..).unwrap_or_default().split_once(':')?;
            let shift = digits(hours, 2)? * 3600 + digits(minutes, 2)? * 60;
            if zone.starts_with('-') { -shift } else { shift }
        }
    };
    Some((hour * 3600 + minute * 60 + second - shift, nanoseconds))
}

fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the proleptic Gregorian calendar since 1970-01-01, for years 0 to 9999.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let years = (0..month - 1).map(|index| days_in_month(year, index + 1)).sum::<i64>();
    let before = year - 1;
    // Euclidean division keeps year 0 right.
    let leaps = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    before * 365 + leaps + years + day - 1 - 719_162
}

/// A range of addresses in CIDR notation; an address alone is a range of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    fn read(text: &str) -> Option<Self> {
        let (address, prefix) =
            text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().ok()?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            Some(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().ok()?
            }
            Some(_) => return None,
        };
        (prefix <= bits).then_some(Self { address, prefix })
    }

    /// Whether all of another range is in it.
    pub(super) fn holds(self, other: Self) -> bool {
        self.prefix <= other.prefix && self.contains(other.address)
    }

    fn contains(self, other: IpAddr) -> bool {
        match (self.address, other) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= self.prefix,
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= self.prefix,
            _ => false,
        }
    }
}

/// Decodes standard base 64 with padding (RFC 4648, section 4).
fn base64(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let body = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    let (mut bytes, mut bits, mut buffer) = (Vec::with_capacity(text.len() / 4 * 3), 0, 0_u32);
    for byte in body.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        buffer = (buffer << 6 | u32::from(six)) & 0xff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(buffer >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}
