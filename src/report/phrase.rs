//! Words that several reports share: how numbers, sizes and places are said.

use crate::finding::Redacted;
use seaworthy_source::{Origin, OriginKind, Place, SourceLines, escape_bytes};

/// Text from outside on one line: nothing in it can move a cursor, start a line or hide.
pub(super) fn printable(text: &str) -> String {
    escape_bytes(text.as_bytes())
}

/// Prose of ours that may hold text from outside: the same, but it may have several lines.
pub(crate) fn prose(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// The same for a message that may have colours of ours: `ESC [ … m` stays.
pub(crate) fn coloured(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pieces = text.split('\x1b');
    out.push_str(&prose(pieces.next().unwrap_or_default()));
    for piece in pieces {
        let end =
            piece.strip_prefix('[').and_then(|rest| rest.find(|c: char| !c.is_ascii_digit() && c != ';'));
        match end.and_then(|end| piece.split_at_checked(end + 1)) {
            Some((numbers, rest)) if rest.starts_with('m') => {
                out.extend(["\x1b", numbers]);
                out.push_str(&prose(rest));
            }
            _ => out.push_str(&prose(&format!("\x1b{piece}"))),
        }
    }
    out
}

/// A number with thousands separators, such as `8,123`.
pub(super) fn number(n: impl TryInto<u64>) -> String {
    let digits = n.try_into().unwrap_or(u64::MAX).to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of things, such as `1 layer` or `8,123 files`; the plural is made with an `s`.
pub(super) fn count(n: impl TryInto<u64>, noun: &str) -> String {
    let n = n.try_into().unwrap_or(u64::MAX);
    format!("{} {noun}{}", number(n), if n == 1 { "" } else { "s" })
}

/// A size in decimal units up to megabytes: `950 B`, `12 kB`, `3.4 MB`, `1,412 MB`.
pub(super) fn size(bytes: u64) -> String {
    const KB: u64 = 1_000;
    const MB: u64 = 1_000_000;
    match bytes {
        0..KB => format!("{bytes} B"),
        // What would round up to 1,000 kB belongs to the next line.
        KB..999_500 => format!("{} kB", (bytes + KB / 2) / KB),
        _ if bytes < 9_950_000 => {
            let tenths = (bytes + MB / 20) / (MB / 10);
            format!("{}.{} MB", tenths / 10, tenths % 10)
        }
        _ => format!("{} MB", number(bytes.saturating_add(MB / 2) / MB)),
    }
}

/// At most `most` characters of a text; the last is an ellipsis if something was cut.
pub(super) fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// A text as a sentence: it ends with a full stop or the like.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim_end();
    let ends = text.ends_with(['.', '!', '?', ':']);
    format!("{text}{}", if ends { "" } else { "." })
}

/// Where, inside its artifact: `/app/.env:4:7`, `image config at /config/Env/3`, `layer 3 at byte 1,024`.
pub(super) fn place(origin: &Origin) -> String {
    let path = origin.whole_path().as_deref().map(printable);
    let artifact = || printable(&origin.artifact);
    let thing = match origin.kind {
        OriginKind::LayerFile => format!("/{}", path.as_deref().unwrap_or_default().trim_start_matches('/')),
        OriginKind::Dockerfile | OriginKind::Context => path.unwrap_or_else(artifact),
        OriginKind::Artifact | OriginKind::Infrastructure | OriginKind::Account | OriginKind::Registry => {
            path.map_or_else(artifact, |p| format!("{}: {p}", artifact()))
        }
        OriginKind::Document | OriginKind::Workflow => path.unwrap_or_else(artifact),
        OriginKind::Layer => named(layer_number(origin), path),
        OriginKind::History => named("image history".to_owned(), path),
        OriginKind::Config => named("image config".to_owned(), path),
        OriginKind::Manifest => named("image manifest".to_owned(), path),
        OriginKind::Attestation => named("attestation".to_owned(), path),
    };
    match &origin.place {
        Place::Whole => thing,
        Place::Text { position, .. } => format!("{thing}:{position}"),
        Place::Byte(offset) => format!("{thing} at byte {}", number(*offset)),
        Place::Pointer(pointer) if pointer.as_str().is_empty() => thing,
        Place::Pointer(pointer) => format!("{thing} at {}", printable(pointer.as_str())),
    }
}

fn named(kind: String, path: Option<String>) -> String {
    match path {
        Some(path) => format!("{kind} {path}"),
        None => kind,
    }
}

fn layer_number(origin: &Origin) -> String {
    origin.layer.as_ref().map_or_else(|| "layer".to_owned(), |l| format!("layer {}", l.index))
}

/// Lines of a source file: `Dockerfile:12` or `Dockerfile:12-14`.
pub(super) fn lines(source: &SourceLines) -> String {
    let path = printable(&source.path);
    match source.end_line > source.line {
        true => format!("{path}:{}-{}", source.line, source.end_line),
        false => format!("{path}:{}", source.line),
    }
}

/// The layer and what made it: `layer 3, Dockerfile:12, COPY . /app`. Instructions are cut to `most` characters.
pub(super) fn made_in(origin: &Origin, most: usize) -> Option<String> {
    // A layer that is itself the place has been named already.
    let layer =
        origin.layer.as_ref().filter(|_| origin.kind != OriginKind::Layer).map(|_| layer_number(origin));
    let made_by = origin.made_by.as_ref().map(lines);
    let instruction = origin.layer.as_ref().and_then(|l| l.instruction.as_deref());
    let instruction = instruction.map(|i| shorten(&printable(i), most));
    let parts: Vec<String> = [layer, made_by, instruction].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// What hides a file that is shipped all the same: `deleted by layer 5: still shipped`.
pub(super) fn hidden(origin: &Origin) -> Option<String> {
    let state = origin.state?;
    state.by_layer().map(|layer| format!("{} by layer {layer}: still shipped", state.as_str()))
}

/// A secret as it may be shown: `ghp_… (40 bytes)` for a token, `value not shown` for a password.
pub(super) fn redacted(secret: &Redacted) -> String {
    let shown = match secret.preview.as_str() {
        "…" => "value not shown".to_owned(),
        preview => printable(preview),
    };
    match secret.length {
        Some(length) => format!("{shown} ({})", count(length, "byte")),
        None => shown,
    }
}

/// Digests in a text cut to twelve digits, for people: `sha256:…`, and `sha256/…` as files of an OCI layout are named.
pub(super) fn short_digests(text: &str) -> String {
    const ALGORITHM: &str = "sha256";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(ALGORITHM) {
        let (before, after) = rest.split_at(at + ALGORITHM.len());
        let Some(after) = after.strip_prefix([':', '/']) else {
            out.push_str(before);
            rest = after;
            continue;
        };
        let (before, _) = rest.split_at(before.len() + 1);
        out.push_str(before);
        let digits = after.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (hex, tail) = after.split_at(digits);
        match digits {
            64 => out.push_str(&format!("{}…", hex.get(..12).unwrap_or_default())),
            _ => out.push_str(hex),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// IDs of checks in order, neighbours as a range: `SW101 SW401-407`.
pub(super) fn ids(checks: &[&str]) -> String {
    let number = |id: &str| id.get(2..).and_then(|n| n.parse::<u32>().ok());
    let mut sorted: Vec<&str> = checks.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut runs: Vec<Vec<&str>> = Vec::new();
    for id in sorted {
        let follows = |run: &&mut Vec<&str>| {
            let last = run.last().and_then(|l| number(l));
            last.is_some() && last.map(|n| n + 1) == number(id)
        };
        match runs.last_mut().filter(follows) {
            Some(run) => run.push(id),
            None => runs.push(vec![id]),
        }
    }
    let word = |run: &Vec<&str>| match run.as_slice() {
        [first, .., last] if run.len() > 2 => format!("{first}-{}", last.get(2..).unwrap_or(last)),
        run => run.join(" "),
    };
    runs.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// The artifact, and its platform if it has one: `app:1.0 (linux/amd64)`.
pub(super) fn artifact(name: &str, platform: Option<&str>) -> String {
    match platform {
        Some(platform) => format!("{} ({})", printable(name), printable(platform)),
        None => printable(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seaworthy_source::{FileState, JsonPointer, LayerOrigin, Position};

    #[test]
    fn numbers_have_separators_and_sizes_have_units() {
        let numbers: Vec<String> = [0u64, 999, 1_000, 1_234_567].into_iter().map(number).collect();
        assert_eq!(numbers, ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(count(1_usize, "file"), "1 file");
        assert_eq!(count(2_000_usize, "file"), "2,000 files");
        let sizes = [999, 1_000, 999_499, 999_500, 3_449_999, 9_949_999, 9_950_000, 1_412_000_000];
        assert_eq!(
            sizes.map(size),
            ["999 B", "1 kB", "999 kB", "1.0 MB", "3.4 MB", "9.9 MB", "10 MB", "1,412 MB"]
        );
        assert_eq!(size(u64::MAX), "18,446,744,073,709 MB");
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(shorten("äöü", 3), "äöü");
        assert_eq!(shorten("äöüß", 3), "äö…");
        assert_eq!(sentence("No."), "No.");
        assert_eq!(sentence("No "), "No.");
    }

    #[test]
    fn places_are_said_by_kind() {
        let mut origin = Origin::new(OriginKind::LayerFile, "app:1.0");
        origin.path = Some("app/.env".to_owned());
        origin.place = Place::Text { position: Position { line: 4, column: 7 }, offset: 60 };
        assert_eq!(place(&origin), "/app/.env:4:7");
        origin.state = Some(FileState::Overwritten(5));
        assert_eq!(hidden(&origin).as_deref(), Some("overwritten by layer 5: still shipped"));
        origin.layer = Some(LayerOrigin {
            index: 3,
            digest: "sha256:0".to_owned(),
            instruction: Some("COPY . /app".to_owned()),
        });
        origin.made_by = Some(SourceLines { path: "Dockerfile".to_owned(), line: 12, end_line: 14 });
        assert_eq!(made_in(&origin, 6).as_deref(), Some("layer 3, Dockerfile:12-14, COPY …"));
        origin.kind = OriginKind::Layer;
        origin.path = None;
        origin.place = Place::Byte(1_024);
        assert_eq!(place(&origin), "layer 3 at byte 1,024");

        let mut origin = Origin::new(OriginKind::Config, "app:1.0");
        origin.place = Place::Pointer(JsonPointer::root().key("config").key("Env").index(3));
        assert_eq!(place(&origin), "image config at /config/Env/3");
    }
}
