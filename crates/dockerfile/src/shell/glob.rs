//! The patterns of `case` and `[[ … == pattern ]]` (POSIX, Shell Command Language 2.13).

/// The longest pattern that is tried, in bytes.
const MAX_PATTERN: usize = 256;
/// The longest text that a pattern is tried on, in bytes.
const MAX_TEXT: usize = 4096;

/// Whether a text is one that a pattern with `*` and `?` means. Nothing where a bracket or an escape decides, or where the
/// two are too long to try; a text that is the pattern itself is one that it means.
pub fn fits_pattern(pattern: &str, text: &str) -> Option<bool> {
    if pattern == "*" {
        return Some(true);
    }
    if pattern.contains(['[', '\\']) || pattern.len() > MAX_PATTERN || text.len() > MAX_TEXT {
        return (pattern == text).then_some(true);
    }
    Some(fits(pattern.as_bytes(), text.as_bytes()))
}

/// Whether a text fits a pattern with `*` and `?`.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == b'?' || text.get(t) == Some(c) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|c| *c == b'*')
}
