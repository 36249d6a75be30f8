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

/// As much of a path as the file tells.
fn known(expanded: Option<Expanded>, text: &Text) -> SourcePath {
    let Some(expanded) = expanded else {
        let end = text.find('$').unwrap_or(text.len());
        return SourcePath::Prefix(text.get(..end).unwrap_or_default().to_owned());
    };
    match expanded.parts().iter().find(|p| p.kind == PartKind::Unknown) {
        Some(part) => {
            SourcePath::Prefix(expanded.as_str().get(..part.range.start).unwrap_or_default().to_owned())
        }
        None => SourcePath::Known(expanded.as_str().to_owned()),
    }
}
