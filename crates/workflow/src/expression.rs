//! Expressions in one form: `steps.ID.outputs.NAME` for an index, and texts for `format(…)`.
//! <https://docs.github.com/actions/reference/workflows-and-actions/expressions>

/// A text with the expressions in it in their plainest form. What is not understood stays as it is.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${{") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let Some(end) = end_of(from) else {
            rest = from;
            break;
        };
        let (expression, after) = from.split_at(end);
        out.push_str(&one(expression));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Where the expression ends that a text begins with; braces in quotes do not end it.
fn end_of(from: &str) -> Option<usize> {
    let mut quoted = false;
    let bytes = from.as_bytes();
    (3..bytes.len()).find_map(|at| {
        quoted ^= bytes.get(at) == Some(&b'\'');
        (!quoted && from.get(at..).is_some_and(|t| t.starts_with("}}"))).then_some(at + 2)
    })
}

fn one(expression: &str) -> String {
    let inner = expression.strip_prefix("${{").and_then(|e| e.strip_suffix("}}")).unwrap_or(expression);
    let bare = inner.trim();
    if let Some(text) = formatted(bare).or_else(|| quoted(bare)) {
        return text;
    }
    let by_name = without_indexes(bare);
    if by_name == bare { expression.to_owned() } else { format!("${{{{ {by_name} }}}}") }
}

/// `a.b` for `a['b']`.
fn without_indexes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("['") {
        let Some((name, tail)) = after.split_once("']") else { break };
        let is_name =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        out.push_str(before);
        if is_name && before.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ']')) {
            out.push('.');
            out.push_str(name);
        } else {
            out.push_str("['");
            out.push_str(name);
            out.push_str("']");
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// The text of `'…'`.
fn quoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let plain = inner.replace("''", "");
    (!plain.contains('\'') && !inner.contains("${{")).then(|| inner.replace("''", "'"))
}

/// The text of `format('…{0}…', value)`.
fn formatted(text: &str) -> Option<String> {
    let name = text.get(..6).filter(|n| n.eq_ignore_ascii_case("format"))?;
    let inner = text.get(name.len()..)?.trim_start().strip_prefix('(')?.strip_suffix(')')?;
    let mut arguments = arguments(inner).into_iter();
    let mut form = quoted(arguments.next()?.trim())?;
    if form.contains("{{") || form.contains("}}") {
        return None;
    }
    for (nth, argument) in arguments.enumerate() {
        let argument = argument.trim();
        let value = quoted(argument).unwrap_or_else(|| format!("${{{{ {} }}}}", without_indexes(argument)));
        form = form.replace(&format!("{{{nth}}}"), &value);
    }
    Some(form)
}

/// The arguments of a call, divided by commas that stand in no quotes and no parentheses.
fn arguments(text: &str) -> Vec<&str> {
    let (mut all, mut start, mut open, mut quoted) = (Vec::new(), 0, 0_usize, false);
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' | '[' if !quoted => open += 1,
            ')' | ']' if !quoted => open = open.saturating_sub(1),
            ',' if !quoted && open == 0 => {
                all.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    all.push(text.get(start..).unwrap_or_default());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form() {
        for (text, expected) in [
            ("a ${{ steps['digest'].outputs['x-y'] }} b", "a ${{ steps.digest.outputs.x-y }} b"),
            ("${{ format('git-{0}', github.sha) }}", "git-${{ github.sha }}"),
            (
                "${{ format('{0}/{1}:{2}', env['R'], 'orders', github.sha) }}",
                "${{ env.R }}/orders:${{ github.sha }}",
            ),
            ("${{ 'it''s' }}", "it's"),
            ("${{ 'a}}b' }}", "a}}b"),
            ("${{ github.sha }}", "${{ github.sha }}"),
            ("${{github.sha}}", "${{github.sha}}"),
            ("${{ a == 'x' && 'y' || 'z' }}", "${{ a == 'x' && 'y' || 'z' }}"),
            ("${{ secrets['A B'] }}", "${{ secrets['A B'] }}"),
            ("${{ open", "${{ open"),
            ("${{ format('{{x}}', a) }}", "${{ format('{{x}}', a) }}"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }
}
