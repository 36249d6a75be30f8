//! Scanning in pieces, with either search, is scanning the whole.

use proptest::prelude::*;

use super::{AHEAD, BEHIND, Detector, Engine, FileKind, Piece, Scratch};

fn detector(
    id: &str,
    anchors: &[&str],
    fold: bool,
    lookbehind: usize,
    pattern: &str,
    base64: bool,
) -> Detector {
    Detector {
        id: id.to_owned(),
        anchors: anchors.iter().map(|a| (*a).to_owned()).collect(),
        case_insensitive: fold,
        lookbehind,
        pattern: pattern.to_owned(),
        lexer: None,
        requires: None,
        boundary: false,
        min_entropy: None,
        placeholder: false,
        validators: Vec::new(),
        base64,
    }
}

fn detectors() -> Vec<Detector> {
    vec![
        detector("key", &["AKIA"], false, 0, r"\bAKIA[A-Z2-7]{4,8}\b", true),
        detector("token", &["ghp_", "gho_"], false, 0, "gh[po]_(?P<secret>[a-z]{3})", true),
        detector(
            "word",
            &["pass", "password"],
            true,
            0,
            r"pass(?:word)?[ ]{0,3}=[ ]{0,2}(?P<secret>\w{2,9})",
            false,
        ),
        detector("behind", &[":AA"], false, 6, r"\d{2,6}:AA\w{2}", false),
        detector("end", &["END"], false, 0, r"(?m)END.{0,3}$", false),
    ]
}

type Found = (usize, usize, usize, usize, usize, Vec<u8>);

fn scan(engine: &Engine, bytes: &[u8], pieces: &[(usize, usize)]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut scratch = Scratch::default();
    for (start, end) in pieces {
        let from = start.saturating_sub(BEHIND);
        let to = (end + AHEAD).min(bytes.len());
        let piece = Piece {
            bytes: &bytes[from..to],
            core_start: start - from,
            core_end: end - from,
            kind: FileKind::Config,
        };
        engine.scan_plain(&piece, &mut scratch, &mut |hit| {
            let (m, s) = (hit.matched, hit.span);
            found.push((
                hit.detector,
                m.start + from,
                m.end + from,
                s.start + from,
                s.end + from,
                hit.secret.to_vec(),
            ));
        });
    }
    found.sort();
    found.dedup();
    found
}

/// Text that is full of anchors and near misses.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("AKIA".to_owned()),
        Just("ABCD2345".to_owned()),
        Just("ghp_abc".to_owned()),
        Just("PassWord = x1y2".to_owned()),
        Just("pass=".to_owned()),
        Just("12345:AAxy".to_owned()),
        Just("END\n".to_owned()),
        Just("ZZ Z2hwX2FiYw== QUtJQUFCQ0QyMzQ1 ".to_owned()),
        "[ -~\n]{0,9}",
        Just(" ".repeat(70)),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|parts| parts.concat().into_bytes())
}

/// Where an anchor stands, tried with the pattern over all of the bytes: what the scan must find of plain text, found
/// in the slowest way.
fn naive(bytes: &[u8]) -> Vec<(usize, usize, usize)> {
    let mut found = Vec::new();
    for (i, d) in detectors().iter().enumerate() {
        let regex = regex_automata::meta::Regex::builder()
            .syntax(
                regex_automata::util::syntax::Config::new()
                    .unicode(false)
                    .utf8(false)
                    .case_insensitive(d.case_insensitive),
            )
            .build(&d.pattern)
            .unwrap();
        for anchor in &d.anchors {
            let same = |w: &[u8]| {
                if d.case_insensitive {
                    w.eq_ignore_ascii_case(anchor.as_bytes())
                } else {
                    w == anchor.as_bytes()
                }
            };
            let places = bytes.windows(anchor.len()).enumerate().filter(|(_, w)| same(w)).map(|(at, _)| at);
            for at in places {
                let starts = at.saturating_sub(d.lookbehind)..=at;
                let anchored = |start: usize| {
                    let input = regex_automata::Input::new(bytes)
                        .span(start..bytes.len())
                        .anchored(regex_automata::Anchored::Yes);
                    regex.find(input).filter(|m| m.end() >= at + anchor.len())
                };
                found.extend(starts.filter_map(anchored).map(|m| (i, m.start(), m.end())).next());
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// What takes part of a second, and minutes where time grows with the square, on a machine that is busy.
const AT_ONCE: std::time::Duration = std::time::Duration::from_secs(20);

/// Repeated anchors of a detector that looks far behind: the time grows with the bytes, not with bytes and lookbehind.
#[test]
fn many_anchors_close_together_are_cheap() {
    let slow = detector("slow", &[":54:"], false, 256, r"[a-z0-9]{1,40}:54:[a-z]{1,40}=[0-9]{8}", false);
    let engine = Engine::new(vec![slow]).unwrap();
    let steps = |text: &[u8]| {
        let start = std::time::Instant::now();
        let found = scan(&engine, text, &[(0, text.len())]);
        (found.len(), start.elapsed())
    };
    let (none, took) = steps(&":54:".repeat(50_000).into_bytes());
    assert_eq!(none, 0);
    assert!(took < AT_ONCE, "{took:?}");
    // What stands after them is found as ever.
    let text = format!("{}abc:54:def=12345678", ":54:".repeat(100));
    assert_eq!(steps(text.as_bytes()).0, 1);
}

/// Cores of base64 one after the other: what surrounds them is decoded once, not once for each.
#[test]
fn many_cores_close_together_are_cheap() {
    let engine = Engine::new(detectors()).unwrap();
    let text = "Z2hwX".repeat(400_000);
    let start = std::time::Instant::now();
    scan(&engine, text.as_bytes(), &[(0, text.len())]);
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    // What stands behind them is found as ever, in each place that it may have in the groups of three.
    for before in ["", "Z", "Z2"] {
        let text = format!("{before}{}Z2hwX2FiYyBoZXJl", "Z2hwX".repeat(4 * 100));
        let found = scan(&engine, text.as_bytes(), &[(0, text.len())]);
        assert!(found.iter().any(|f| f.5 == b"abc"), "{before}");
    }
}

/// One detector for each reader.
fn readers() -> Vec<Detector> {
    let anchors = ["password", "token", "secret", "kind: Secret", "identified by"];
    super::lexer::ALL
        .iter()
        .map(|(name, lexer, _)| Detector {
            lexer: Some(*lexer),
            ..detector(name, &anchors, true, 0, "", false)
        })
        .collect()
}

/// Text that is full of names, operators and values.
fn assignments() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("db_password".to_owned()),
        Just("\"token\"".to_owned()),
        Just("secret".to_owned()),
        Just("kind: Secret\ndata:\n  a: cTdUeiFtMlJr\n".to_owned()),
        Just("{\"name\":\"TOKEN\",\"value\":\"".to_owned()),
        Just("<token>".to_owned()),
        Just("</token>".to_owned()),
        Just("user,password\na,".to_owned()),
        Just("create user x identified by '".to_owned()),
        Just(" = ".to_owned()),
        Just(": ".to_owned()),
        Just("\n".to_owned()),
        Just("\"".to_owned()),
        Just("'".to_owned()),
        Just("q7Tz!m2Rk9vL".to_owned()),
        "[ -~\n]{0,9}",
        Just("x".repeat(300)),
        Just(" ".repeat(70)),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #[test]
    fn readers_see_the_same_in_pieces(bytes in assignments(), cuts in prop::collection::vec(0usize..6000, 0..6)) {
        let engine = Engine::new(readers()).unwrap();
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|c| *c < bytes.len()).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<(usize, usize)> = cuts.windows(2).map(|w| (w[0], w[1])).collect();
        prop_assert_eq!(scan(&engine, &bytes, &pieces), scan(&engine, &bytes, &[(0, bytes.len())]));
    }

    #[test]
    fn pieces_are_the_whole(bytes in text(), cuts in prop::collection::vec(0usize..4000, 0..6)) {
        let engine = Engine::new(detectors()).unwrap();
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|c| *c < bytes.len()).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<(usize, usize)> = cuts.windows(2).map(|w| (w[0], w[1])).collect();
        prop_assert_eq!(scan(&engine, &bytes, &pieces), scan(&engine, &bytes, &[(0, bytes.len())]));
    }

    #[test]
    fn every_search_finds_the_same(bytes in text(), noise in prop::collection::vec(any::<u8>(), 0..300)) {
        let bytes = [noise.as_slice(), &bytes, &noise].concat();
        let whole = [(0, bytes.len())];
        let without_sieve = scan(&Engine::new(detectors()).unwrap(), &bytes, &whole);
        for engine in [Engine::new(detectors()), Engine::portable(detectors())] {
            let engine = engine.unwrap();
            engine.prepare();
            prop_assert_eq!(&scan(&engine, &bytes, &whole), &without_sieve);
        }
    }

    #[test]
    fn windows_are_the_whole_input(bytes in text()) {
        let found = scan(&Engine::new(detectors()).unwrap(), &bytes, &[(0, bytes.len())]);
        // Wrapped secrets have spans of encoded text, which the naive search knows nothing of.
        let plain = found.iter().filter(|f| bytes[f.3..f.4] == f.5[..]).map(|f| (f.0, f.1, f.2));
        let mut plain: Vec<_> = plain.collect();
        plain.dedup();
        prop_assert_eq!(plain, naive(&bytes));
    }
}

#[test]
fn a_match_may_cross_the_core_by_its_full_length() {
    let long = detector("long", &["BEGIN"], false, 0, "BEGIN[a-z]{8,8000}!", false);
    let bytes = [b"BEGIN".as_slice(), &b"x".repeat(8000), b"!"].concat();
    let engine = Engine::new(vec![long]).unwrap();
    assert_eq!(scan(&engine, &bytes, &[(0, 1), (1, bytes.len())]).len(), 1);
}

#[test]
fn wrapped_secrets_are_decoded() {
    let engine = Engine::new(detectors()).unwrap();
    let bytes = b"data: c29tZXRoaW5nIGdocF9hYmMgaGVyZQ== end";
    let found = scan(&engine, bytes, &[(0, bytes.len())]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].5, b"abc");
}

#[test]
fn patterns_that_windows_cannot_decide_are_refused() {
    for (pattern, why) in [
        ("AKIA.*", "upper bound"),
        ("AKIA[a-z]{0,9000}", "upper bound"),
        ("^AKIA", "window"),
        ("(?:AKIA)?", "empty"),
        ("AKIA(", "does not parse"),
    ] {
        let error = Engine::new(vec![detector("x", &["AKIA"], false, 0, pattern, false)]).err().unwrap();
        assert!(error.to_string().contains(why), "{pattern}: {error}");
    }
    assert!(Engine::new(vec![detector("x", &["AK"], false, 0, "AK", false)]).is_err());
    assert!(Engine::new(vec![detector("x", &["AKIA"], false, 999, "AKIA", false)]).is_err());
}
