//! Each sieve finds what an Aho-Corasick automaton over the same anchors finds, whatever the bytes are.

use aho_corasick::{AhoCorasick, MatchKind};
use proptest::prelude::*;

use super::*;

type Found = Vec<(usize, usize)>;

fn anchor(text: &str, fold: bool) -> Anchor {
    let text = if fold { text.to_ascii_lowercase() } else { text.to_owned() };
    Anchor { text: text.into_bytes().into(), fold, targets: Vec::new() }
}

/// Anchors of every length, alike and unlike, so many that there are windows in every bucket.
fn anchors() -> Vec<Anchor> {
    let texts = [
        "ghp_",
        "gho_",
        "Z2hwX",
        "AKIA",
        "YCE",
        "YCA",
        "YCB",
        "sk-",
        "sk_",
        " * ",
        "\t*\t",
        "aaa",
        "aaaa",
        "aaaaaaa",
        "-----BEGIN RSA PRIVATE KEY-----",
        "password",
        "pass",
        "PASS",
        "passwd",
        "token",
        "abcabcabc",
        "bcabca",
    ];
    let mut anchors: Vec<Anchor> = texts.iter().map(|t| anchor(t, false)).collect();
    anchors.extend(["Password", "TOKEN", "secret_key", "api"].iter().map(|t| anchor(t, true)));
    anchors.extend(
        (0..90u32)
            .map(|i| anchor(&format!("k{}x{}", i * 7919 % 97, "yz".repeat(i as usize % 5)), i % 3 == 0)),
    );
    anchors
}

/// One anchor for every byte that ASCII has, so that each place of a text may begin one.
fn every_byte() -> Vec<Anchor> {
    (0..128u8).map(|b| anchor(&String::from(char::from(b)).repeat(3), false)).collect()
}

fn automaton(anchors: &[Anchor], bytes: &[u8], starts: &Range<usize>) -> Found {
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .build(anchors.iter().map(|a| &a.text))
        .unwrap();
    let found = automaton.find_overlapping_iter(bytes).map(|m| (m.start(), m.pattern().as_usize()));
    let mut found: Found = found
        .filter(|(start, anchor)| starts.contains(start) && anchors[*anchor].stands_at(bytes, *start))
        .collect();
    found.sort_unstable();
    found
}

/// Every search: each sieve, and the exact stage alone.
fn searches(anchors: &[Anchor]) -> Vec<(String, Search)> {
    let sets = [1, 2, 4].map(Preferred::Sets);
    let sieves = sets.into_iter().chain([Preferred::Fastest, Preferred::Portable]).map(|preferred| {
        let search = Search::new(anchors.to_vec(), preferred);
        search.prepare();
        (format!("{preferred:?}"), search)
    });
    let exact = Search::new(anchors.to_vec(), Preferred::Fastest);
    sieves.chain([("exact".to_owned(), exact)]).collect()
}

fn found(search: &Search, bytes: &[u8], starts: &Range<usize>) -> Found {
    let mut found = Vec::new();
    search.each(bytes, starts.clone(), &mut |start, anchor| found.push((start, anchor)));
    found.sort_unstable();
    found
}

fn check(searches: &[(String, Search)], bytes: &[u8], starts: Range<usize>) {
    let expected = automaton(searches[0].1.anchors(), bytes, &starts);
    for (name, search) in searches {
        assert_eq!(found(search, bytes, &starts), expected, "{name}, {} bytes, {starts:?}", bytes.len());
    }
}

#[test]
fn every_anchor_is_found_at_every_place_of_a_short_text() {
    let searches = searches(&anchors());
    let anchors = searches[0].1.anchors();
    for anchor in anchors {
        // Before the first block, across blocks, in what is left behind the last.
        for before in (0..140).chain([4090, 4096, 4150]) {
            let mut bytes = vec![b'.'; before];
            bytes.extend_from_slice(&anchor.text);
            let length = bytes.len();
            check(&searches, &bytes, 0..length);
        }
    }
}

#[test]
fn texts_shorter_than_two_vectors_are_searched_to_their_end() {
    let searches = searches(&anchors());
    let text = b"AKIAsk-aaaaaaaYCEtokenZ2hwXghp_PASSWORDpasswd".repeat(4);
    for length in 0..=160 {
        for from in [0, 1, 7] {
            check(&searches, &text[from..from + length], 0..length);
        }
    }
}

#[test]
fn only_anchors_that_begin_in_the_range_are_told() {
    let searches = searches(&anchors());
    let text = b"AKIA sk- aaaaaaa YCE token Z2hwX ghp_ PASSWORD ".repeat(200);
    for starts in [0..0, 0..1, 3..3, 40..41, 64..128, 100..5000, 4095..4097, 9000..text.len(), 0..text.len()]
    {
        check(&searches, &text, starts);
    }
}

#[test]
fn nothing_is_missed_where_every_position_passes() {
    let all = every_byte();
    let searches = searches(&all);
    for byte in [0, b' ', b'A', b'a', 0x5f, 0x7f, 0x80, 0xff] {
        check(&searches, &vec![byte; 9000], 0..9000);
    }
    let runs: Vec<u8> = (0..9000usize).map(|i| (i / 3 % 128) as u8).collect();
    check(&searches, &runs, 0..9000);
}

/// What a search reads beyond its bytes would be the next page, which is not there.
#[test]
fn a_text_at_the_end_of_its_allocation_is_searched_within_it() {
    let searches = searches(&anchors());
    for length in [1, 3, 4, 5, 63, 64, 68, 79, 80, 81, 4096, 4112, 8191] {
        let mut bytes = vec![b'-'; length].into_boxed_slice();
        let tail = b"token".len().min(length);
        bytes[length - tail..].copy_from_slice(&b"token"[..tail]);
        check(&searches, &bytes, 0..length);
    }
}

/// Pieces of anchors, so that windows stand everywhere and whole anchors often.
fn adversarial() -> impl Strategy<Value = Vec<u8>> {
    let anchors = anchors();
    let piece =
        (0..anchors.len(), 0..40usize, 0..40usize, any::<bool>()).prop_map(move |(i, from, to, upper)| {
            let text = &anchors[i].text;
            let (from, to) = (from.min(text.len()), to.min(text.len()));
            let part = &text[from.min(to)..from.max(to)];
            if upper { part.to_ascii_uppercase() } else { part.to_vec() }
        });
    let any_bytes = prop::collection::vec(any::<u8>(), 0..12);
    prop::collection::vec(prop_oneof![6 => piece, 1 => any_bytes], 0..400).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn every_search_finds_what_the_automaton_finds(bytes in adversarial(), from in 0usize..300, length in 0usize..6000) {
        static SEARCHES: OnceLock<Vec<(String, Search)>> = OnceLock::new();
        let searches = SEARCHES.get_or_init(|| searches(&anchors()));
        let starts = from.min(bytes.len())..(from + length).min(bytes.len());
        let expected = automaton(searches[0].1.anchors(), &bytes, &starts);
        for (name, search) in searches {
            prop_assert_eq!(&found(search, &bytes, &starts), &expected, "{}", name);
        }
    }

    #[test]
    fn any_anchors_are_found(
        texts in prop::collection::vec(("[ -~]{3,12}", any::<bool>()), 1..40),
        picks in prop::collection::vec((0usize..40, "[ -~]{0,3}"), 0..200),
    ) {
        let mut anchors: Vec<Anchor> = texts.iter().map(|(text, fold)| anchor(text, *fold)).collect();
        anchors.sort_by(|a, b| (&a.text, a.fold).cmp(&(&b.text, b.fold)));
        anchors.dedup_by(|a, b| (&a.text, a.fold) == (&b.text, b.fold));
        let bytes: Vec<u8> = picks
            .iter()
            .flat_map(|(i, noise)| [&*anchors[i % anchors.len()].text, noise.as_bytes()].concat())
            .collect();
        let starts = 0..bytes.len();
        let expected = automaton(&anchors, &bytes, &starts);
        for (name, search) in searches(&anchors) {
            prop_assert_eq!(&found(&search, &bytes, &starts), &expected, "{}", name);
        }
    }
}
