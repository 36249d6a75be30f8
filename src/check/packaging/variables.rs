//! What the variables of a workflow or a script stand for.

use std::collections::BTreeMap;

use super::tagging;

/// Most bytes of a text with its variables put in.
const MAX_EXPANDED: usize = 16_384;

/// Most arguments that are known by their numbers.
const MAX_ARGUMENTS: usize = 9;

/// Values by name: `NAME`, `steps.ID.outputs.NAME`, `inputs.NAME`, `matrix.NAME`. The elements of an array stand in its
/// value with blanks between, quotes taken out.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Notes a value; the last one holds.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// Notes a value that a script gives. The expression `${{ env.NAME }}` is put in before the script runs, and keeps the
    /// value that was there.
    pub(super) fn assign(&mut self, name: &str, value: &str) {
        let before = self.0.get(name).cloned().unwrap_or_default();
        self.0.entry(format!("env.{name}")).or_insert(before);
        self.set(name, value);
    }

    /// Adds to a value, as `+=` does; to an array a further element.
    pub(super) fn append(&mut self, name: &str, value: &str, element: bool) {
        let old = self.0.get(name).cloned().unwrap_or_default();
        let blank = if element && !old.is_empty() { " " } else { "" };
        if old.len() + value.len() < MAX_EXPANDED {
            self.set(name, &format!("{old}{blank}{value}"));
        }
    }

    /// The value of a variable, if all of it is known.
    pub(super) fn literal(&self, name: &str) -> Option<String> {
        let value = self.expand(self.0.get(name)?);
        (!value.contains(['$', '`'])).then_some(value)
    }

    /// The names of the shell's variables that another file may set, so not those of the runner's own.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let is_part = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let own = ["GITHUB_", "RUNNER_"];
        let names = self.0.keys().map(String::as_str);
        names.filter(move |n| n.bytes().all(is_part) && !own.iter().any(|o| n.starts_with(o)))
    }

    /// Whether a variable has a value, known or not.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// What a file holds, by its path from the root of the checkout.
    pub(super) fn literal_file(&self, path: &str) -> Option<String> {
        self.0.get(&format!("file:{path}")).cloned()
    }

    /// Notes what a file holds.
    pub(super) fn set_file(&mut self, path: &str, value: &str) {
        self.set(&format!("file:{path}"), value);
    }

    /// Takes over what is known of files.
    pub(super) fn take_files(&mut self, other: &Self) {
        let files = other.0.iter().filter(|(name, _)| name.starts_with("file:"));
        self.0.extend(files.map(|(name, value)| (name.clone(), value.clone())));
    }

    /// The arguments of the script or function.
    pub(super) fn arguments(&self) -> Vec<String> {
        (1..=MAX_ARGUMENTS).map_while(|nth| self.0.get(&nth.to_string()).cloned()).collect()
    }

    /// Sets the arguments of the script or function.
    pub(super) fn set_arguments(&mut self, values: &[String]) {
        for nth in 1..=MAX_ARGUMENTS {
            self.0.remove(&nth.to_string());
        }
        for (nth, value) in values.iter().take(MAX_ARGUMENTS).enumerate() {
            self.set(&(nth + 1).to_string(), value);
        }
        match values {
            [] => {
                self.0.remove("@");
            }
            all => self.set("@", &all.join(" ")),
        }
    }

    /// A text with all variables that are known put in. Bounded: what is nested deeper, or grows longer, stays.
    pub(super) fn expand(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for _ in 0..6 {
            let next = self.once(&text);
            if next == text || next.len() > MAX_EXPANDED {
                break;
            }
            text = next;
        }
        text
    }

    fn once(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            let reference = Reference::read(from);
            let of_step = || reference.name.filter(|_| reference.is_context).map(|n| format!("env.{n}"));
            let before = of_step().and_then(|n| self.0.get(&n));
            let known =
                before.or_else(|| reference.name.and_then(|n| self.0.get(n))).filter(|_| !reference.changed);
            match known {
                Some(value) => out.push_str(value),
                None => out.push_str(from.get(..reference.length).unwrap_or(from)),
            }
            rest = from.get(reference.length..).unwrap_or_default();
        }
        out.push_str(rest);
        out
    }

    /// The words that a shell makes of a word of a script, given as it is written: an array, or a variable without
    /// quotes around it, is as many words as its value has.
    pub(super) fn words(&self, written: &str) -> Vec<String> {
        let bare = written.replace(['"', '\''], "");
        let reference = Reference::read(&bare);
        let alone = bare.starts_with('$') && reference.length == bare.len();
        let value = reference.name.filter(|_| alone && !reference.changed).and_then(|n| self.0.get(n));
        match value {
            Some(value) if reference.is_array || !written.starts_with(['"', '\'']) => split(value),
            _ => vec![bare],
        }
    }
}

/// The words of a value; an expression such as `${{ github.sha }}` or `$(git rev-parse HEAD)` is not divided.
fn split(value: &str) -> Vec<String> {
    let (mut words, mut word, mut rest) = (Vec::new(), String::new(), value);
    while let Some(c) = rest.chars().next() {
        let length = if rest.starts_with("${{") {
            rest.find("}}").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("$(") {
            tagging::expression(rest)
        } else {
            c.len_utf8()
        };
        let (piece, tail) = rest.split_at(length);
        if c.is_whitespace() {
            words.push(std::mem::take(&mut word));
        } else {
            word.push_str(piece);
        }
        rest = tail;
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// The variable that a text beginning with `$` names.
struct Reference<'t> {
    name: Option<&'t str>,
    /// The length of the expression in bytes.
    length: usize,
    /// Whether something is made of the value, such as a part of it.
    changed: bool,
    /// Whether it stands for all elements of an array.
    is_array: bool,
    /// Whether it is an expression about the environment that the step begins with.
    is_context: bool,
}

impl<'t> Reference<'t> {
    fn read(from: &'t str) -> Self {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let none = Self { name: None, length: 1, changed: false, is_array: false, is_context: false };
        if let Some(inner) = from.strip_prefix("${{") {
            let Some(end) = inner.find("}}") else { return none };
            let name = inner.get(..end).unwrap_or_default().trim();
            let own = name.strip_prefix("env.");
            let name = own.unwrap_or(name);
            return Self { name: Some(name), length: end + 5, is_context: own.is_some(), ..none };
        }
        if let Some(inner) = from.strip_prefix("${") {
            let name = inner.split(|c| !is_name(c)).next().unwrap_or_default();
            let Some(end) = inner.find('}') else { return none };
            let rest = inner.get(name.len()..end).unwrap_or_default();
            let is_array = matches!(rest, "[@]" | "[*]");
            // A default, or the demand for a value, gives the value where it is known.
            // What stands there where it is set is no value: `${X:+set}`.
            let is_other = rest.starts_with(":+") || rest.starts_with('+');
            let changed = is_other
                || !(rest.is_empty() || is_array || rest.starts_with([':', '-', '?']) && !is_slice(rest));
            return Self { name: Some(name), length: end + 3, changed, is_array, ..none };
        }
        let inner = from.get(1..).unwrap_or_default();
        if inner.starts_with(['@', '*']) {
            return Self { name: Some("@"), length: 2, is_array: true, ..none };
        }
        let name = inner.split(|c| !is_name(c)).next().unwrap_or_default();
        // Arguments have one digit without braces.
        let digit = name.get(..1).filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
        let name = digit.unwrap_or(name);
        Self { name: Some(name), length: 1 + name.len(), ..none }
    }
}

/// `:0:7`, `::7`: a part of the value, and no default.
fn is_slice(rest: &str) -> bool {
    let mut after = rest.chars().skip(1);
    rest.starts_with(':') && !matches!(after.next(), Some('-' | '=' | '?' | '+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in() {
        let mut variables = Variables::default();
        variables.set("TAG", "git-${{ github.sha }}");
        variables.set("IMAGE", "$REPO:${TAG}");
        variables.set("steps.meta.outputs.tag", "x");
        variables.set("LOOP", "$LOOP$LOOP");
        assert_eq!(variables.expand("\"${IMAGE}\""), "\"$REPO:git-${{ github.sha }}\"");
        assert_eq!(
            variables.expand("${{ steps.meta.outputs.tag }}-${{ env.TAG }}"),
            "x-git-${{ github.sha }}"
        );
        assert_eq!(variables.expand("a$"), "a$");
        assert!(variables.expand("$LOOP").len() < 20_000);
        // A part of a value is not the value.
        assert_eq!(variables.expand("${TAG::7}"), "${TAG::7}");
        assert_eq!(variables.expand("${TAG%-*}"), "${TAG%-*}");
        assert_eq!(variables.expand("${TAG:-x}"), "git-${{ github.sha }}");
    }

    #[test]
    fn arrays_are_words() {
        let mut variables = Variables::default();
        variables.set("EXTRA", "--tag $REPO:latest");
        variables.append("EXTRA", "--push", true);
        for written in ["\"${EXTRA[@]}\"", "${EXTRA[*]}", "$EXTRA"] {
            assert_eq!(variables.words(written), ["--tag", "$REPO:latest", "--push"], "{written}");
        }
        assert_eq!(variables.words("\"$EXTRA\""), ["$EXTRA"]);
        assert_eq!(variables.words("'a'b"), ["ab"]);
        variables.set_arguments(&["docker".to_owned(), "r:git-$(git rev-parse HEAD)".to_owned()]);
        assert_eq!(variables.words("\"$@\""), ["docker", "r:git-$(git rev-parse HEAD)"]);
    }
}
