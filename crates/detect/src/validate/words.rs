//! How names and values fall apart into words, and how much a run of letters looks like language.

/// The words of a name or a value: runs of letters and runs of digits, split at case changes (`dbPassword`,
/// `HTTPServer`) and at everything else.
#[derive(Clone)]
pub(crate) struct Words<'a> {
    rest: &'a [u8],
}

/// Splits into words. See [`Words`].
pub(crate) const fn words(text: &[u8]) -> Words<'_> {
    Words { rest: text }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.rest.iter().position(u8::is_ascii_alphanumeric)?;
        let rest = self.rest.get(start..)?;
        let len = word_len(rest);
        let (word, tail) = rest.split_at_checked(len)?;
        self.rest = tail;
        Some(word)
    }
}

/// The length of the word that `text` starts with.
fn word_len(text: &[u8]) -> usize {
    let Some(&first) = text.first() else { return 0 };
    let run = |from: usize, class: fn(&u8) -> bool| {
        text.get(from..).map_or(0, |rest| rest.iter().take_while(|byte| class(byte)).count())
    };
    if first.is_ascii_digit() {
        return run(0, u8::is_ascii_digit);
    }
    let upper = run(0, u8::is_ascii_uppercase);
    let lower = run(upper, u8::is_ascii_lowercase);
    match (upper, lower) {
        // An acronym before a capitalised word: the last capital belongs to the word.
        (2.., 1..) => upper - 1,
        _ => upper + lower,
    }
}

/// For each first letter, the second letters that follow it often in English words and identifiers: bit 0 is `a`.
/// The 230 pairs that make up nine tenths of the pairs in the words of a large body of source code.
const COMMON_PAIRS: [u32; 26] = [
    0x11ebd4e, // a
    0x0164911, // b
    0x01e4d95, // c
    0x0164919, // d
    0x0efb87d, // e
    0x0124931, // f
    0x0162991, // g
    0x0084111, // h
    0x22ef87f, // i
    0x0000000, // j
    0x0040110, // k
    0x11c4919, // l
    0x014d113, // m
    0x03c6d7d, // n
    0x07efc6e, // o
    0x11ec911, // p
    0x0100000, // q
    0x11ef95d, // r
    0x11cc995, // s
    0x11ec995, // t
    0x00eb917, // u
    0x0000111, // v
    0x0000111, // w
    0x0088000, // x
    0x0048000, // y
    0x0000010, // z
];

/// How many adjacent letter pairs the words of `text` have, and how many of these are common. Case is ignored.
pub(crate) fn letter_pairs(text: &[u8]) -> (usize, usize) {
    let mut pairs = 0;
    let mut common = 0;
    for pair in words(text).flat_map(|word| word.windows(2)) {
        let [first, second] = pair else { continue };
        if !first.is_ascii_alphabetic() || !second.is_ascii_alphabetic() {
            continue;
        }
        pairs += 1;
        let row = usize::from(first.to_ascii_lowercase() - b'a');
        let column = u32::from(second.to_ascii_lowercase() - b'a');
        if COMMON_PAIRS.get(row).is_some_and(|mask| mask >> column & 1 == 1) {
            common += 1;
        }
    }
    (pairs, common)
}

/// Whether letters follow each other as they do in words: random letters reach about a third of common pairs,
/// language about nine tenths.
pub(crate) fn reads_like_words(text: &[u8]) -> bool {
    let (pairs, common) = letter_pairs(text);
    pairs > 0 && common * 100 >= pairs * 70
}

/// Whether `text` contains `needle`, ASCII case ignored. `needle` is lower case.
pub(crate) fn contains_ignore_case(text: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && text.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}
