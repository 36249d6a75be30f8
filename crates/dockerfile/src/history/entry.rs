//! Reading `created_by`.

use super::super::keyword::Keyword;

/// What a history entry says.
pub(super) struct Entry<'a> {
    /// The instruction that it tells of. What has no other mark is a `RUN`.
    pub(super) keyword: Keyword,
    /// What follows the instruction's name.
    pub(super) body: &'a str,
    /// Who wrote it.
    pub(super) style: Style,
}

/// How builders write their entries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `RUN /bin/sh -c x # buildkit`, `ENV A=b`.
    BuildKit,
    /// `/bin/sh -c #(nop)  ENV A=b`, and the bare command of a `RUN`: the classic builder and buildah.
    Classic,
}

impl<'a> Entry<'a> {
    pub(super) fn read(created_by: &'a str) -> Self {
        const MARK: &str = "#(nop)";
        // The mark stands behind the shell; further on it is text of a command.
        const LONGEST_SHELL: usize = 120;
        let text = created_by.trim();
        if let Some(at) = text.find(MARK).filter(|at| *at <= LONGEST_SHELL)
            && let Some((keyword, body)) = split(text.get(at + MARK.len()..).unwrap_or_default())
        {
            return Self { keyword, body, style: Style::Classic };
        }
        if let Some((keyword, body)) =
            split(text).filter(|_| text.starts_with(|c: char| c.is_ascii_uppercase()))
        {
            let body = body.strip_suffix("# buildkit").map_or(body, str::trim_end);
            return Self { keyword, body, style: Style::BuildKit };
        }
        Self { keyword: Keyword::Run, body: text, style: Style::Classic }
    }
}

fn split(text: &str) -> Option<(Keyword, &str)> {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    Some((Keyword::parse(text.get(..end).unwrap_or_default())?, text.get(end..).unwrap_or_default().trim()))
}
