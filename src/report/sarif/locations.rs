//! Origins as SARIF locations that GitHub takes: never without a region, and with a relative URI in which nothing reads
//! as a scheme.

use serde_sarif::sarif::{ArtifactLocation, Location, LogicalLocation, PhysicalLocation, Region};

use super::message;
use crate::finding::Severity;
use crate::report::phrase::{hidden, made_in, place, printable};
use crate::report::source::{Source, line};
use seaworthy_source::{LayerPath, Origin, OriginKind, Place};

/// The place that an alert is shown at: the line of the repository that leads to `origin`, else the place inside the
/// artifact.
pub(super) fn primary(origin: &Origin) -> Location {
    let physical = match Source::of(origin) {
        Some(source) => physical(uri([source.path.as_bytes()]), source.line, source.end_line),
        None => inside(origin),
    };
    let mut location = Location::builder().physical_location(physical).build();
    location.logical_locations = logical(origin).map(|l| vec![l]);
    location
}

/// A further place, with words that tell what it is and its severity where that is not the finding's. The `id` is
/// unique in its result.
pub(super) fn related(origin: &Origin, severity: Option<Severity>, id: usize) -> Location {
    let mut location = primary(origin);
    let severity = severity.map(|s| format!("{s} there"));
    let parts = [Some(place(origin)), severity, made_in(origin, 120), hidden(origin)];
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
    location.message = Some(message(&text));
    location.id = Some(id as i64);
    location
}

/// The place inside the image, when [`primary`] is the line of the Dockerfile that made it.
pub(super) fn in_image(origin: &Origin, id: usize) -> Option<Location> {
    let is_made = origin.made_by.is_some() && of_image(origin.kind);
    is_made.then(|| Location { physical_location: Some(inside(origin)), ..related(origin, None, id) })
}

/// Whether an origin lies in an image, whose name is told in the logical location.
fn in_an_image(kind: OriginKind) -> bool {
    match kind {
        OriginKind::LayerFile
        | OriginKind::Layer
        | OriginKind::History
        | OriginKind::Config
        | OriginKind::Manifest
        | OriginKind::Attestation => true,
        OriginKind::Dockerfile
        | OriginKind::Context
        | OriginKind::Artifact
        | OriginKind::Infrastructure
        | OriginKind::Account
        | OriginKind::Document
        | OriginKind::Registry
        | OriginKind::Workflow => false,
    }
}

fn of_image(kind: OriginKind) -> bool {
    !matches!(kind, OriginKind::Dockerfile | OriginKind::Context)
}

/// The path in the image, else `<artifact>/<path>`; what is no file is named by its kind. An image's own name is left out:
/// an archive's name or a tag changes with each release, and code scanning would close every alert and open it again.
fn inside(origin: &Origin) -> PhysicalLocation {
    let path = origin.path.as_deref().unwrap_or_else(|| origin.kind.as_str());
    let artifact = if in_an_image(origin.kind) { "" } else { origin.artifact.as_str() };
    let line = match origin.kind {
        OriginKind::LayerFile | OriginKind::Dockerfile | OriginKind::Context => line(&origin.place),
        _ => 1,
    };
    physical(uri([artifact.as_bytes(), path.as_bytes()]), line, line)
}

/// Columns are not given: SARIF counts characters, an origin counts bytes, and the text that would tell one from the
/// other is gone. So a region is whole lines.
fn physical(uri: String, line: u32, end_line: u32) -> PhysicalLocation {
    let region = Region::builder().start_line(line).start_column(1).end_line(end_line).build();
    PhysicalLocation::builder()
        .artifact_location(ArtifactLocation::builder().uri(uri).build())
        .region(region)
        .build()
}

/// A relative URI of the parts: every byte but RFC 3986's unreserved ones is encoded, colons too, so that an image name
/// such as `app:1.0` is no scheme; `.`, `..` and empty segments are gone.
fn uri<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let joined = parts.into_iter().collect::<Vec<_>>().join(&b'/');
    let mut out = String::new();
    for byte in LayerPath::clean(&joined).as_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(*byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    // GitHub refuses a whole upload for one empty URI.
    if out.is_empty() { "unnamed".to_owned() } else { out }
}

/// `image@layer:/path`, for things inside an image. What lies in no layer has its kind in the layer's place.
fn logical(origin: &Origin) -> Option<LogicalLocation> {
    if !of_image(origin.kind) {
        return None;
    }
    let layer =
        origin.layer.as_ref().map_or_else(|| origin.kind.as_str().to_owned(), |l| printable(&l.digest));
    let path = match (&origin.whole_path(), &origin.place) {
        (Some(path), _) => printable(path),
        (None, Place::Pointer(pointer)) => printable(pointer.as_str()),
        (None, _) => String::new(),
    };
    let path = path.trim_start_matches('/');
    let name = format!("{}@{layer}:/{path}", printable(&origin.artifact));
    Some(LogicalLocation::builder().fully_qualified_name(name).kind("resource").build())
}
