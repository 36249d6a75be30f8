use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::super::{Detector, Encoding, Engine, FileKind, Piece, Scratch};

const TOKEN: &str = "hbr_4f9qk27m1xz8w3pd";

fn engine() -> Engine {
    Engine::new(vec![Detector {
        id: "harbour-token".to_owned(),
        anchors: vec!["hbr_".to_owned()],
        case_insensitive: false,
        lookbehind: 0,
        pattern: "hbr_[a-z0-9]{16}".to_owned(),
        lexer: None,
        requires: None,
        boundary: true,
        min_entropy: None,
        placeholder: false,
        validators: Vec::new(),
        base64: false,
    }])
    .unwrap()
}

fn found(text: &[u8], kind: FileKind) -> Vec<(Vec<Encoding>, std::ops::Range<usize>)> {
    let mut out = Vec::new();
    engine().scan(&Piece::whole(text).of_kind(kind), &mut Scratch::default(), &mut |hit| {
        assert_eq!(hit.secret, TOKEN.as_bytes());
        out.push((hit.encodings.clone(), hit.span));
    });
    out
}

#[track_caller]
fn finds(text: impl AsRef<[u8]>, encodings: &[Encoding]) {
    let text = text.as_ref();
    let all = found(text, FileKind::Config);
    let shown = String::from_utf8_lossy(text);
    assert!(all.iter().any(|(e, _)| e == encodings), "{shown}: {all:?}");
    for (_, span) in &all {
        assert!(span.end <= text.len() && span.start < span.end, "{shown}: {span:?}");
    }
}

fn wrapped(text: &str, width: usize, glue: &str) -> String {
    let lines: Vec<&str> = text.as_bytes().chunks(width).map(|l| std::str::from_utf8(l).unwrap()).collect();
    lines.join(glue)
}

fn config() -> String {
    format!("region=eu-west-1\nuser=harbour\ntoken={TOKEN}\nurl=https://api.example.com/v1/orders?limit=10\n")
}

#[test]
fn base64_in_all_its_forms() {
    use Encoding::Base64;
    for shift in 0..3 {
        let text = format!("{}{}", "abc ".get(..shift + 1).unwrap(), config());
        let encoded = STANDARD.encode(&text);
        for glue in ["\n", "\r\n", "\n    ", "\\n"] {
            for width in [64, 76, 48] {
                finds(format!("data: |\n    {}\n", wrapped(&encoded, width, glue)), &[Base64]);
            }
        }
        finds(format!("x={encoded}"), &[Base64]);
        finds(URL_SAFE_NO_PAD.encode(&text), &[Base64]);
        let twice = STANDARD.encode(&encoded);
        finds(format!("release: {twice}\n"), &[Base64, Base64]);
        finds(
            wrapped(&STANDARD.encode(format!("{}\n", wrapped(&encoded, 76, "\n"))), 76, "\n"),
            &[Base64, Base64],
        );
    }
    let script: Vec<u8> = format!("$t = '{TOKEN}'").encode_utf16().flat_map(u16::to_le_bytes).collect();
    finds(format!("powershell -enc {}", STANDARD.encode(script)), &[Base64, Encoding::Utf16]);
}

#[test]
fn values_of_secret_manifests() {
    let manifest = format!("apiVersion: v1\nkind: Secret\ndata:\n  t: {}\n", STANDARD.encode(TOKEN));
    finds(manifest, &[Encoding::Base64]);
    assert!(super::is_secret_manifest(b"{\"kind\":\"Secret\"}", FileKind::Config));
    assert!(super::is_secret_manifest(b"kind: Secret\n", FileKind::Config));
    assert!(!super::is_secret_manifest(b"kind: SecretStore\n", FileKind::Config));
    assert!(!super::is_secret_manifest(b"kind of Secret", FileKind::Code));
}

#[test]
fn hex_escapes_and_references() {
    let hex: String = TOKEN.bytes().map(|b| format!("{b:02x}")).collect();
    finds(format!("blob={hex}\n"), &[Encoding::Hex]);
    finds(format!("v = x'{}'", hex.to_uppercase()), &[Encoding::Hex]);
    finds(format!("\\x{hex}"), &[Encoding::Hex]);
    let long: String = config().bytes().map(|b| format!("{b:02x}")).collect();
    for glue in ["\n", "\r\n", "\n    ", "\\n"] {
        for width in [60, 64, 76] {
            finds(format!("blob:\n    {}\n", wrapped(&long, width, glue)), &[Encoding::Hex]);
        }
    }
    for separator in [":", " "] {
        let pairs: Vec<String> = config().bytes().map(|b| format!("{b:02x}")).collect();
        finds(format!("blob={}\n", pairs.join(separator)), &[Encoding::Hex]);
        finds(pairs.join(separator).to_uppercase(), &[Encoding::Hex]);
        let lines: Vec<String> = pairs.chunks(16).map(|line| line.join(separator)).collect();
        finds(lines.join(&format!("{separator}\n    ")), &[Encoding::Hex]);
    }
    let each = |form: &dyn Fn(u8) -> String| TOKEN.bytes().map(form).collect::<String>();
    finds(format!("u=https://h/?a=1&t={}&b", each(&|b| format!("%{b:02X}"))), &[Encoding::Percent]);
    finds("u=t%3Dhbr%5f4f9qk27m1xz8w3pd%26", &[Encoding::Percent]);
    finds(format!("\"{}\"", each(&|b| format!("\\u00{b:02x}"))), &[Encoding::Escapes]);
    finds(format!("'{}'", each(&|b| format!("\\x{b:02x}"))), &[Encoding::Escapes]);
    finds(format!("'{}'", each(&|b| format!("\\{b:03o}"))), &[Encoding::Escapes]);
    finds(format!("<a>{}</a>", each(&|b| format!("&#{b};"))), &[Encoding::Entities]);
    finds(format!("<a>{}</a>", each(&|b| format!("&#x{b:X};"))), &[Encoding::Entities]);
}

#[test]
fn wide_texts() {
    for mark in ["", "\u{feff}"] {
        let text = format!("{mark}name = Größe\ntoken = {TOKEN}\n");
        let units = || text.encode_utf16();
        let chars = || text.chars().map(u32::from);
        for before in [&b""[..], b"\x7fELF\x01", b"\0\0\0\x01\x02"] {
            for after in [&b""[..], b"\0\0\0\0", b"\xff\x01"] {
                let around = |text: Vec<u8>| [before, &text, after].concat();
                finds(around(units().flat_map(u16::to_le_bytes).collect()), &[Encoding::Utf16]);
                finds(around(units().flat_map(u16::to_be_bytes).collect()), &[Encoding::Utf16]);
                finds(around(chars().flat_map(u32::to_le_bytes).collect()), &[Encoding::Utf32]);
                finds(around(chars().flat_map(u32::to_be_bytes).collect()), &[Encoding::Utf32]);
            }
        }
    }
}

#[test]
fn places_are_those_of_the_encoded_text() {
    let hex: String = TOKEN.bytes().map(|b| format!("{b:02x}")).collect();
    let text = format!("some text before\nblob={hex}\n");
    assert_eq!(found(text.as_bytes(), FileKind::Unknown), [(vec![Encoding::Hex], 22..62)]);
    let text = format!("a: {}\n", STANDARD.encode(format!("--{TOKEN}")));
    let spans = found(text.as_bytes(), FileKind::Unknown);
    assert_eq!(spans, [(vec![Encoding::Base64], 3..3 + 30)]);
}

#[test]
fn what_is_no_text_stays_closed() {
    let random: Vec<u8> = (0..30_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    for text in [
        STANDARD.encode(&random),
        wrapped(&STANDARD.encode(&random), 64, "\n"),
        random.iter().map(|b| format!("{b:02x}")).collect(),
        "/usr/lib/python3/dist-packages/pkg_resources/_vendor/packaging/requirements".repeat(50),
    ] {
        let mut regions = 0;
        super::sieve::marks(text.as_bytes(), false, &mut |at, mark| {
            if mark == super::Mark::Run && super::run::region(text.as_bytes(), at, false, &mut 0).is_some() {
                regions += 1;
            }
        });
        assert_eq!(regions, 0);
    }
}

#[test]
fn nesting_is_bounded() {
    let mut text = config();
    for _ in 0..4 {
        text = STANDARD.encode(text);
    }
    finds(&text, &[Encoding::Base64; 4]);
    let deeper = STANDARD.encode(&text);
    let undone = engine().scan(&Piece::whole(deeper.as_bytes()), &mut Scratch::default(), &mut |_| {});
    assert!(undone.encoded, "what lies deeper is told");
}

/// Texts one after the other, each behind its length as resources of programs have them: all places of a block.
#[test]
fn wide_texts_at_all_places_of_a_block() {
    let units = |text: &str, width: usize| -> Vec<u8> {
        text.bytes().flat_map(|b| std::iter::once(b).chain(std::iter::repeat_n(0, width - 1))).collect()
    };
    for (width, encoding) in [(2, Encoding::Utf16), (4, Encoding::Utf32)] {
        for place in 0..64 {
            let mut text = vec![1u8; place];
            for part in ["en-GB", "Harbour", TOKEN, "end"] {
                text.extend_from_slice(&u16::try_from(part.len()).unwrap().to_le_bytes());
                text.extend_from_slice(&units(part, width));
            }
            text.extend_from_slice(&[1; 9]);
            let all = found(&text, FileKind::Unknown);
            assert!(all.iter().any(|(e, _)| *e == [encoding]), "{width} bytes, at {place}: {all:?}");
        }
    }
}

/// A long text full of escapes is decoded in stretches: none of their ends may hide a token.
#[test]
fn escapes_at_all_places_of_a_stretch() {
    let escaped: String = TOKEN.bytes().map(|b| format!("%{b:02x}")).collect();
    for before in (15_000..20_600).step_by(7) {
        let text = format!("{}%20{escaped}%20{}", "ab%20cd.".repeat(before / 8), "x%20".repeat(2000));
        let all = found(text.as_bytes(), FileKind::Unknown);
        assert!(all.iter().any(|(e, _)| *e == [Encoding::Percent]), "after {before} bytes: {all:?}");
    }
}

/// A file is scanned in pieces: wherever it is cut, an encoded token is found.
#[test]
fn encoded_tokens_at_every_cut() {
    use super::super::{AHEAD, BEHIND};
    let engine = engine();
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let percent: String = TOKEN.bytes().map(|b| format!("%{b:02x}")).collect();
    let filler = "line of a file that says nothing\n".repeat(60);
    let encoded = [
        format!("data={}\n", STANDARD.encode(format!("user=harbour token={TOKEN}"))).into_bytes(),
        format!("url=https://x/?q={percent}&r=1\n").into_bytes(),
        wide(&format!("token = {TOKEN};")),
    ];
    for middle in encoded {
        let bytes = [filler.as_bytes(), &middle, filler.as_bytes()].concat();
        for cut in filler.len() - 40..filler.len() + middle.len() + 40 {
            let mut count = 0;
            for (start, end) in [(0, cut), (cut, bytes.len())] {
                let from = start.saturating_sub(BEHIND);
                let to = (end + AHEAD).min(bytes.len());
                let piece = Piece {
                    bytes: &bytes[from..to],
                    core_start: start - from,
                    core_end: end - from,
                    kind: FileKind::Unknown,
                };
                engine.scan(&piece, &mut Scratch::default(), &mut |_| count += 1);
            }
            assert!(count > 0, "cut at {cut}: {:?}", String::from_utf8_lossy(&middle));
        }
    }
}
