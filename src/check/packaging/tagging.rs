//! What an image reference's tag is made of, compared with the contract's pattern: the whole commit, a part of it, or
//! something that will stand for another image some day.

use crate::check::provenance::{TagPattern, fits_wildcard};

/// What is known of a reference's tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tagging {
    /// It is made of the commit by the contract's pattern, or is a digest.
    Immutable,
    /// It is made of a part of the commit.
    Shortened,
    /// It is made of the whole commit, and not by the contract's pattern.
    OtherPattern,
    /// It will name another image some day.
    Mutable,
    /// It comes from where the file does not say.
    Unknown,
}

/// What stands for something that is not known, in a tag's form.
const HOLE: char = '\u{1}';
/// What stands for a part of the commit.
const PART: char = '\u{2}';

/// Deepest nesting of `$(echo …)` that is followed.
const MAX_ECHOES: usize = 8;

/// Variables and expressions that hold the whole commit, in lower case.
const COMMITS: [&str; 14] = [
    "github.sha",
    "github_sha",
    "github.event.pull_request.head.sha",
    "github.event.workflow_run.head_sha",
    "github.event.after",
    "git_sha",
    "git_commit",
    "commit_sha",
    "head_sha",
    "ci_commit_sha",
    "codebuild_resolved_source_version",
    "inputs.git_sha",
    "inputs.sha",
    "full_sha",
];

/// Variables and expressions that name one build and no commit.
const MOVING: [&str; 8] =
    ["ref_name", "head_ref", "github.ref", "github_ref", "run_number", "run_attempt", "date", "branch"];

/// What is known of a reference, its variables put in.
pub(super) fn tagging(reference: &str, pattern: &TagPattern) -> Tagging {
    let text = reference.trim().trim_matches(['"', '\'']);
    if text.contains("@sha256:") {
        return Tagging::Immutable;
    }
    // `IMAGE|type=…`, as docker/metadata-action would make it.
    if let Some(rule) = text.rsplit('|').next().and_then(|rule| rule.strip_prefix("type=")) {
        return metadata_rule(rule, pattern);
    }
    let form = Form::of(text);
    let Some(tag) = form.tag() else {
        // A reference without a tag is `latest`; one that is a variable may hold any.
        return if form.text.contains(HOLE) { form.unknown() } else { Tagging::Mutable };
    };
    form.judge(tag, pattern)
}

/// Whether a text is the whole commit of the run, and nothing else.
pub(super) fn is_commit(text: &str) -> bool {
    let text = text.trim().trim_matches(['"', '\'']);
    Form::of(text).text == TagPattern::COMMIT || text.len() == 40 && with_commit(text) == TagPattern::COMMIT
}

/// The expression of a commit in a reference that need not be the commit of the run: `inputs.git_sha`,
/// `github.event.pull_request.head.sha`.
pub(super) fn other_commit(reference: &str) -> Option<&str> {
    let mut expressions = reference.split("${{").skip(1).filter_map(|e| e.split("}}").next()).map(str::trim);
    expressions.find(|e| {
        let lower = e.to_ascii_lowercase();
        (lower.starts_with("inputs.") || lower.starts_with("github.event."))
            && COMMITS.contains(&lower.as_str())
    })
}

/// A text in which commits, and what is not known, are marked.
struct Form {
    text: String,
    /// A name that is not known says that it holds the immutable tag.
    says_immutable: bool,
    moves: bool,
}

impl Form {
    fn of(text: &str) -> Self {
        let mut form = Self { text: String::with_capacity(text.len()), says_immutable: false, moves: false };
        let mut rest = text;
        while let Some(at) = rest.find(['$', '`']) {
            let (before, from) = rest.split_at(at);
            form.text.push_str(before);
            let length = expression(from);
            form.mark(from.get(..length).unwrap_or(from));
            rest = from.get(length..).unwrap_or_default();
        }
        form.text.push_str(rest);
        form
    }

    fn mark(&mut self, expression: &str) {
        let lower = expression.to_ascii_lowercase();
        let inner =
            lower.trim_start_matches(['$', '{', '(', '`', ' ']).trim_end_matches(['}', ')', '`', ' ']);
        let name = inner.strip_prefix("env.").unwrap_or(inner);
        // `${GITHUB_SHA:0:40}` and `${GITHUB_SHA,,}` are all of it.
        let name = name.strip_suffix(":0:40").or_else(|| name.strip_suffix(",,")).unwrap_or(name);
        let name = without_default(name);
        let is_command = expression.starts_with("$(") || expression.starts_with('`');
        let is_choice = expression.starts_with("${{")
            && ["&&", "||"].iter().any(|o| inner.contains(o))
            && COMMITS.iter().any(|c| inner.contains(c));
        let echoed = expression.strip_prefix("$(echo ").and_then(|e| e.strip_suffix(')'));
        let is_plain = |e: &&str| !e.contains(['|', ';', '&', '<', '>']) && !e.starts_with('-');
        let echoed = echoed.filter(|e| is_plain(e) && e.matches("$(").count() <= MAX_ECHOES);
        if is_command && passes_whole(inner) {
            self.text.push_str(TagPattern::COMMIT);
        } else if let Some(text) = echoed {
            let inside = Self::of(text.trim().trim_matches(['"', '\'']));
            self.text.push_str(&inside.text);
            self.says_immutable |= inside.says_immutable;
            self.moves |= inside.moves;
        } else if is_choice && !inner.contains("short") {
            // One of several values: which one is known only when it runs, unless the first is always there.
            let first = inner.split("||").next().filter(|f| !f.contains("&&")).unwrap_or_default();
            self.moves |= MOVING.iter().any(|m| first.contains(m));
            self.text.push(HOLE);
        } else if is_command
            && (inner.contains("rev-parse") || inner.contains("git log") || inner.contains("git show"))
        {
            self.text.push_str(match head_of(inner, expression) {
                Head::Whole => TagPattern::COMMIT,
                Head::Part => "\u{2}",
                Head::Other => "\u{1}",
            });
        } else if COMMITS.contains(&name) || name.ends_with(".outputs.sha") {
            self.text.push_str(TagPattern::COMMIT);
        } else if name.contains("short")
            || COMMITS.iter().any(|c| name.contains(c))
            || is_command && is_cut(inner)
        {
            // `${GITHUB_SHA::7}`, `$(echo "$GITHUB_SHA" | cut -c1-7)`, `$SHORT_SHA`, `git describe`.
            let whole = name.contains("immutable");
            self.text.push(if whole { HOLE } else { PART });
        } else if matches!(name, "github.run_id" | "github_run_id" | "ci_run_id") {
            self.text.push_str("{ci_run_id}");
        } else if matches!(name, "platform_run_id" | "inputs.platform_run_id") {
            self.text.push_str("{platform_run_id}");
        } else {
            self.says_immutable |= name.contains("immutable");
            self.moves |= MOVING.iter().any(|m| name.contains(m));
            self.text.push(HOLE);
        }
    }

    /// The tag: what follows the last colon after the last slash.
    fn tag(&self) -> Option<&str> {
        self.text.rsplit('/').next().unwrap_or_default().rsplit_once(':').map(|(_, tag)| tag)
    }

    fn unknown(&self) -> Tagging {
        match (self.says_immutable, self.moves) {
            (true, _) => Tagging::Immutable,
            (false, true) => Tagging::Mutable,
            (false, false) => Tagging::Unknown,
        }
    }

    fn judge(&self, tag: &str, pattern: &TagPattern) -> Tagging {
        if tag.contains(PART) {
            return Tagging::Shortened;
        }
        let whole = with_commit(tag);
        if pattern.accepts_form(&whole) {
            return Tagging::Immutable;
        }
        let has_commit = whole.contains(TagPattern::COMMIT);
        match (has_commit, tag.contains(HOLE)) {
            // The commit, and something that is not known: a part of the pattern, or something beside it.
            (true, true) if could_be(&whole, pattern) => Tagging::Immutable,
            (true, true) => Tagging::OtherPattern,
            (true, false) => Tagging::OtherPattern,
            (false, true) => self.unknown(),
            (false, false) => Tagging::Mutable,
        }
    }
}

/// A name without the default or the message behind it, where it is the whole commit all the same: `GITHUB_SHA:-x`, whose
/// variable every run has, and `GIT_SHA:?`, without which the script ends.
fn without_default(name: &str) -> &str {
    let end = name.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(name.len());
    let (base, rest) = name.split_at(end);
    if !COMMITS.contains(&base) {
        return name;
    }
    let operator = rest.strip_prefix(':').unwrap_or(rest);
    let is_set = matches!(base, "github_sha" | "ci_commit_sha");
    let is_asked = operator.contains("rev-parse") && !operator.contains("short");
    match operator.chars().next() {
        Some('?') => base,
        Some('-' | '=') if is_set || is_asked => base,
        _ => name,
    }
}

/// Whether a form may be the pattern's, whatever stands for what is not known.
fn could_be(form: &str, pattern: &TagPattern) -> bool {
    let any = |text: &str| text.replace(HOLE, "*");
    let written = pattern.text();
    let plain = TagPattern::COMMIT;
    // A field of the pattern other than the commit may be any text.
    let fields: Vec<&str> =
        written.split(['{', '}']).enumerate().filter(|(n, _)| n % 2 == 1).map(|(_, f)| f).collect();
    let only_commit = fields.len() == 1;
    if only_commit { fits_wildcard(&any(form), &written) } else { form.contains(plain) }
}

/// The length of the expression that a text begins with.
pub(super) fn expression(from: &str) -> usize {
    if let Some(inner) = from.strip_prefix("${{") {
        return inner.find("}}").map_or(from.len(), |end| end + 5);
    }
    if let Some(inner) = from.strip_prefix("${") {
        return inner.find('}').map_or(from.len(), |end| end + 3);
    }
    if let Some(inner) = from.strip_prefix('`') {
        return inner.find('`').map_or(from.len(), |end| end + 2);
    }
    if from.starts_with("$(") {
        let mut open = 0_usize;
        for (i, c) in from.char_indices() {
            match c {
                '(' => open += 1,
                ')' if open <= 1 => return i + 1,
                ')' => open -= 1,
                _ => {}
            }
        }
        return from.len();
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = from.get(1..).unwrap_or_default().split(|c| !is_name(c)).next().unwrap_or_default();
    1 + name.len()
}

/// What a command of git tells of the commit that is checked out.
enum Head {
    Whole,
    Part,
    Other,
}

/// Whether a command writes the commit as it gets it, all of it: `echo "$GITHUB_SHA" | tr A-Z a-z`.
fn passes_whole(command: &str) -> bool {
    let mut parts = command.split('|').map(str::trim);
    let Some(first) = parts.next() else { return false };
    let text = ["echo -n ", "echo ", "printf %s ", "printf '%s' ", "printf \"%s\" ", "cat <<< "]
        .iter()
        .find_map(|p| first.strip_prefix(p));
    let is_name = |text: &str| {
        let bare = text.trim().trim_matches(['"', '$', '{', '}', ' ']);
        COMMITS.contains(&bare.strip_prefix("env.").unwrap_or(bare))
    };
    let keeps = |part: &str| {
        let cuts = ["cut -c1-40", "cut -c 1-40", "cut -c-40", "head -c 40", "head -c40", "cat"];
        // In lower case as it is, so that it stays.
        cuts.contains(&part) || part.starts_with("tr ") && (part.contains("-d") || part.ends_with("a-z"))
    };
    text.is_some_and(is_name) && parts.all(keeps)
}

/// Whether `git log` or `git show` tells the last commit of what is checked out, and its whole ID.
fn tells_last(command: &str, written: &str) -> Head {
    let mut parts = command.split('|').map(str::trim);
    let words: Vec<&str> = parts.next().unwrap_or_default().split_whitespace().collect();
    let rest: Vec<&str> = parts.collect();
    let is_first = |part: &str| matches!(part, "head -1" | "head -n1" | "head -n 1");
    let lasts = ["-1", "-n1", "--max-count=1", "-s", "--no-patch"];
    let is_last = words.iter().any(|w| lasts.contains(w))
        || command.contains("-n 1")
        || rest.first().is_some_and(|part| is_first(part));
    let mut format = None;
    for word in words.iter().skip(2) {
        let value = word.strip_prefix("--format=").or_else(|| word.strip_prefix("--pretty="));
        if let Some(value) = value {
            format = Some(value.trim_start_matches("format:").trim_start_matches("tformat:"));
        } else if !(lasts.contains(word)
            || matches!(*word, "-n" | "1" | "head" | "@" | "--no-show-signature"))
        {
            // Other commits than the last one may be asked for: of a path, of a branch, behind others.
            return Head::Other;
        }
    }
    let Some(format) = format.filter(|_| is_last && rest.iter().all(|part| is_first(part))) else {
        return Head::Other;
    };
    match format.trim_matches(['"', '\'']) {
        // Not of the commit itself: a date, an author.
        "%h" if written.contains("%H") => Head::Whole,
        "%h" => Head::Part,
        _ => Head::Other,
    }
}

/// `git rev-parse HEAD`, `git log -1 --format=%H`, in lower case; `written` is the command as it is written.
fn head_of(command: &str, written: &str) -> Head {
    let command = &command.replace("--short=40", "");
    let words: Vec<&str> = command.split_whitespace().collect();
    if command.contains("rev-parse") {
        if is_cut(command) {
            return Head::Part;
        }
        let arguments = words.iter().skip_while(|w| !w.contains("rev-parse")).skip(1);
        let revisions: Vec<&&str> =
            arguments.take_while(|w| **w != "|").filter(|w| !w.starts_with('-')).collect();
        let is_head = |r: &&str| {
            matches!(r.trim_matches(['"', '\'']), "head" | "@" | "head^{commit}" | "head^0")
                || COMMITS.iter().any(|c| r.trim_matches(['$', '{', '}', '"']) == *c)
        };
        return if !revisions.is_empty() && revisions.iter().all(|r| is_head(r)) {
            Head::Whole
        } else {
            Head::Other
        };
    }
    if is_cut(command) { Head::Part } else { tells_last(command, written) }
}

/// Whether a command gives a part of a commit only.
fn is_cut(command: &str) -> bool {
    ["--short", "cut ", "head -c", "describe", "::", ":0:", "substr", "printf %.", "colrm"]
        .iter()
        .any(|c| command.contains(c))
        || command.contains("awk") && command.contains("substr")
}

/// A text with each commit's ID (40 hex digits) marked.
fn with_commit(text: &str) -> String {
    let hex = |c: char| c.is_ascii_hexdigit();
    for word in text.split(|c: char| !hex(c)) {
        if word.len() == 40 {
            return text.replacen(word, TagPattern::COMMIT, 1);
        }
    }
    text.to_owned()
}

/// A line of `tags` of docker/metadata-action, `type=` taken off.
/// <https://github.com/docker/metadata-action#tags-input>
fn metadata_rule(rule: &str, pattern: &TagPattern) -> Tagging {
    let kind = rule.split(',').next().unwrap_or_default();
    let attribute = |name: &str| {
        rule.split(',').skip(1).find_map(|a| a.trim().strip_prefix(name)?.strip_prefix('=')).map(str::trim)
    };
    match kind {
        "sha" => {
            // By default the short commit, after `sha-`.
            if attribute("format") != Some("long") {
                return Tagging::Shortened;
            }
            let (prefix, suffix) =
                (attribute("prefix").unwrap_or("sha-"), attribute("suffix").unwrap_or_default());
            tagging(&format!("r:{prefix}${{{{ github.sha }}}}{suffix}"), pattern)
        }
        "raw" => {
            let (prefix, suffix) =
                (attribute("prefix").unwrap_or_default(), attribute("suffix").unwrap_or_default());
            let value = attribute("value").unwrap_or_default();
            tagging(&format!("r:{prefix}{value}{suffix}"), pattern)
        }
        _ => Tagging::Mutable,
    }
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        let pattern = TagPattern::default();
        for (reference, expected) in [
            ("$REPO:git-${{ github.sha }}", Tagging::Immutable),
            ("repo:git-$(git rev-parse HEAD)", Tagging::Immutable),
            ("repo:git-`git rev-parse HEAD`", Tagging::Immutable),
            ("$ECR_REPO_URI:$IMAGE_TAG_IMMUTABLE", Tagging::Immutable),
            ("repo:git-0123456789abcdef0123456789abcdef01234567", Tagging::Immutable),
            ("repo@sha256:0123", Tagging::Immutable),
            ("repo:git-$(git log -1 --format=%H)", Tagging::Immutable),
            ("repo:git-$(git log -1 --format=%h)", Tagging::Shortened),
            ("repo:git-$(git rev-parse --verify HEAD)", Tagging::Immutable),
            ("repo:git-$(git rev-parse origin/main)", Tagging::Unknown),
            ("repo:git-$(git rev-parse --short=40 HEAD)", Tagging::Immutable),
            ("repo:git-$(git log --format=%H | head -1)", Tagging::Immutable),
            ("repo:git-$(git log -1 --format=%T)", Tagging::Unknown),
            ("repo:git-$(git log -1 --skip=1 --format=%H)", Tagging::Unknown),
            ("repo:git-$(git log -1 --format=%H -- src)", Tagging::Unknown),
            ("repo:git-$(git show -s --format=%H HEAD~2)", Tagging::Unknown),
            ("repo:$(echo git-$GITHUB_SHA)", Tagging::Immutable),
            ("repo:git-$(printf %s $GITHUB_SHA | cut -c1-40)", Tagging::Immutable),
            ("repo:git-${GITHUB_SHA,,}", Tagging::Immutable),
            ("repo:git-${{ github.event_name == 'push' && github.sha || inputs.sha }}", Tagging::Unknown),
            ("repo:git-$(git rev-parse HEAD~1)", Tagging::Unknown),
            ("repo:git-$GITHUB_SHA-$RUN", Tagging::OtherPattern),
            ("repo:$PREFIX-$GITHUB_SHA", Tagging::Immutable),
            ("repo:git-${{ github.sha }}-${{ github.run_number }}", Tagging::OtherPattern),
            ("type=sha,prefix=git-,format=long", Tagging::Immutable),
            ("type=raw,value=git-${{ github.sha }}", Tagging::Immutable),
            ("repo:${{ github.sha }}", Tagging::OtherPattern),
            ("repo:sha-$GITHUB_SHA", Tagging::OtherPattern),
            ("repo:git-${GITHUB_SHA::7}", Tagging::Shortened),
            ("repo:git-${GITHUB_SHA:0:12}", Tagging::Shortened),
            ("repo:git-${GITHUB_SHA:0:40}", Tagging::Immutable),
            ("repo:git-${GITHUB_SHA%????????}", Tagging::Shortened),
            ("repo:git-$(git rev-parse --short HEAD)", Tagging::Shortened),
            ("repo:git-$(echo $GITHUB_SHA | cut -c1-7)", Tagging::Shortened),
            ("repo:git-$SHORT_SHA", Tagging::Shortened),
            ("repo:$(git describe --tags)", Tagging::Shortened),
            ("type=sha,prefix=git-", Tagging::Shortened),
            ("repo:latest", Tagging::Mutable),
            ("registry:5000/repo", Tagging::Mutable),
            ("repo:${{ github.ref_name }}", Tagging::Mutable),
            ("repo:$(date +%s)", Tagging::Mutable),
            ("type=raw,value=latest", Tagging::Mutable),
            ("type=ref,event=branch", Tagging::Mutable),
            ("$REPO:$TAG", Tagging::Unknown),
            ("$IMAGE", Tagging::Unknown),
        ] {
            assert_eq!(tagging(reference, &pattern), expected, "{reference}");
        }
    }

    #[test]
    fn patterns_with_more_parts() {
        let Some(pattern) = TagPattern::parse("git-{git_sha}-run-{ci_run_id}") else {
            panic!("it is a pattern");
        };
        for (reference, expected) in [
            ("r:git-${{ github.sha }}-run-${{ github.run_id }}", Tagging::Immutable),
            ("r:git-$GITHUB_SHA-run-$RUN", Tagging::Immutable),
            ("r:git-$GITHUB_SHA", Tagging::OtherPattern),
            ("r:git-$GITHUB_SHA-run-7", Tagging::Immutable),
        ] {
            assert_eq!(tagging(reference, &pattern), expected, "{reference}");
        }
    }
}
