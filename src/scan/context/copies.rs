//! What takes files from the context, in the stages that a build needs.

use seaworthy_context::{CopyKind, CopySource, SourcePath};
use seaworthy_dockerfile::{Expanded, Instruction, Kind, MountType, PartKind, Resolution, Source, Text};

/// Every COPY, ADD and bind mount of the stages, with the number of its instruction.
pub(super) fn sources(resolution: &Resolution<'_>, stages: &[usize]) -> Vec<(usize, CopySource)> {
    let file = resolution.file();
    let mut out = Vec::new();
    for stage in stages.iter().filter_map(|s| file.stages.get(*s)) {
        let own = stage.instructions.clone().filter_map(|i| Some((i, file.instructions.get(i)?)));
        for (number, instruction) in file.triggers(stage).chain(own) {
            take(resolution, number, instruction, &mut out);
        }
    }
    out
}

fn take(
    resolution: &Resolution<'_>,
    number: usize,
    instruction: &Instruction,
    out: &mut Vec<(usize, CopySource)>,
) {
    let path = |text: &Text| known(resolution.expand(number, text).ok(), text);
    let source = |kind, sources, excludes, parents| CopySource {
        kind,
        sources,
        excludes,
        parents,
        span: instruction.span,
        line: instruction.lines.first,
    };
    match &instruction.kind {
        Kind::Run(run) => {
            for mount in run.mounts.iter().filter(|m| m.mount_type() == Some(MountType::Bind)) {
                if mount.from().is_none() {
                    let from = mount.source().map_or_else(|| SourcePath::Known("/".to_owned()), path);
                    out.push((number, source(CopyKind::BindMount, vec![from], Vec::new(), false)));
                }
            }
        }
        Kind::Copy(copy) if copy.from.as_ref().is_none_or(|f| f.is_empty()) => {
            let excludes = copy.files.exclude.iter().map(path).collect();
            out.push((
                number,
                source(CopyKind::Copy, paths(&copy.files.sources, path), excludes, copy.parents),
            ));
        }
        Kind::Add(add) => {
            let excludes = add.files.exclude.iter().map(path).collect();
            out.push((number, source(CopyKind::Add, paths(&add.files.sources, path), excludes, false)));
        }
        _ => {}
    }
}

fn paths(sources: &[Source], path: impl Fn(&Text) -> SourcePath) -> Vec<SourcePath> {
    let plain = |s: &Source| match s {
        Source::Path(text) => Some(path(text)),
        Source::Heredoc(_) => None,
    };
    sources.iter().filter_map(plain).collect()
}

/// As much of a path as the file tells. A variable that stands for a platform has one of few values.
fn known(expanded: Option<Expanded>, text: &Text) -> SourcePath {
    let Some(expanded) = expanded else {
        let end = text.find('$').unwrap_or(text.len());
        return SourcePath::Prefix(text.get(..end).unwrap_or_default().to_owned());
    };
    let whole = expanded.as_str();
    let mut paths = vec![String::new()];
    let mut done = 0;
    for part in expanded.parts().iter().filter(|p| p.kind == PartKind::Unknown) {
        let values = part.via.as_ref().and_then(|via| platform::values(&via.name));
        let before = whole.get(done..part.range.start).unwrap_or_default();
        let Some(values) = values.filter(|v| v.len() * paths.len() <= MAX_PATHS) else {
            let known = whole.get(..part.range.start).unwrap_or_default();
            let first = expanded.parts().iter().find(|p| p.kind == PartKind::Unknown);
            let end = first.map_or(known.len(), |p| p.range.start);
            return SourcePath::Prefix(known.get(..end).unwrap_or_default().to_owned());
        };
        paths =
            paths.iter().flat_map(|path| values.iter().map(move |v| format!("{path}{before}{v}"))).collect();
        done = part.range.end;
    }
    let rest = whole.get(done..).unwrap_or_default();
    paths.iter_mut().for_each(|path| path.push_str(rest));
    match <[String; 1]>::try_from(paths) {
        Ok([path]) => SourcePath::Known(path),
        Err(paths) => SourcePath::OneOf(paths),
    }
}

/// Most paths that variables in one source may stand for.
const MAX_PATHS: usize = 2_000;

/// The values of BuildKit's platform arguments: Go's names of systems and architectures, as OCI has them.
mod platform {
    const SYSTEMS: [&str; 5] = ["linux", "windows", "darwin", "freebsd", "wasip1"];
    const ARCHITECTURES: [&str; 13] = [
        "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64le",
        "riscv64", "s390x", "wasm",
    ];
    const VARIANTS: [&str; 9] = ["", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8"];

    /// What `TARGETPLATFORM` and its relatives may be; nothing for another variable.
    pub(super) fn values(name: &str) -> Option<Vec<String>> {
        let own = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect();
        match name.strip_prefix("TARGET").or_else(|| name.strip_prefix("BUILD"))? {
            "OS" => Some(own(&SYSTEMS)),
            "ARCH" => Some(own(&ARCHITECTURES)),
            "VARIANT" => Some(own(&VARIANTS)),
            "PLATFORM" => {
                let mut all = Vec::new();
                for system in SYSTEMS {
                    for architecture in ARCHITECTURES {
                        for variant in VARIANTS {
                            let slash = if variant.is_empty() { "" } else { "/" };
                            all.push(format!("{system}/{architecture}{slash}{variant}"));
                        }
                    }
                }
                Some(all)
            }
            _ => None,
        }
    }
}
