//! Task definitions as JSON: what a deploy action registers (the request of RegisterTaskDefinition), and what
//! `aws ecs describe-task-definition` answers.

use serde_json::Value;

use super::containers::{self, Flow};
use super::plan::{decode, digest, fault};
use super::tree::Tree;
use super::{AwsError, Inspector, Place, Seen, Snapshot, Source, SourceKind, Text};
use seaworthy_source::{JsonPointer, json};

/// Bounds on what is read: ECS takes 64 KiB.
const LIMITS: json::Limits = json::Limits { bytes: 16 << 20, depth: 64, values: 1_000_000 };

/// Reads a file with one task definition, or a list of them. `name` is the file as the user named it.
///
/// # Errors
/// [`AwsError`] if the text is no task definition.
pub fn parse(name: &str, text: &[u8], inspector: &dyn Inspector) -> Result<Snapshot, AwsError> {
    let decoded = decode(name, text)?;
    let decoded = std::str::from_utf8(&decoded).map_err(|_| AwsError::new(name, "not UTF-8"))?;
    // A member that occurs twice is no question of which one counts.
    json::read_first(decoded.as_bytes(), LIMITS).map_err(|error| AwsError::new(name, error.to_string()))?;
    let value: Value = serde_json::from_str(decoded).map_err(|error| fault(name, &error))?;
    let (kind, digest) = (SourceKind::TaskDefinition, Some(digest(text)));
    let source = Source { kind, name: name.to_owned(), digest, tool: None };
    let mut out = Snapshot { sources: vec![source], ..Snapshot::default() };
    let root = JsonPointer::root();
    match value {
        Value::Array(list) => {
            for (index, value) in list.into_iter().enumerate() {
                one(name, value, root.index(index), inspector, &mut out)?;
            }
        }
        value => one(name, value, root, inspector, &mut out)?,
    }
    Ok(out)
}

fn one(
    name: &str,
    value: Value,
    mut at: JsonPointer,
    inspector: &dyn Inspector,
    out: &mut Snapshot,
) -> Result<(), AwsError> {
    let mut tree = Tree::from(value);
    if let Some(inner @ Tree::Map(_)) = tree.get("taskDefinition") {
        tree = inner.clone();
        at = at.key("taskDefinition");
    }
    let bad = |what: &str| {
        let form =
            "give what RegisterTaskDefinition takes, or what `aws ecs describe-task-definition` prints";
        AwsError::new(name, format!("not a task definition: {what}; {form}"))
    };
    let Some(family) = tree.get("family").and_then(Tree::text).filter(|family| family.known() != Some(""))
    else {
        return Err(bad("it has no family"));
    };
    if !matches!(tree.get("containerDefinitions"), Some(Tree::List(_))) {
        return Err(bad("it has no list of containerDefinitions"));
    }
    let arn = tree.get("taskDefinitionArn").and_then(Tree::text);
    let place = Place { address: family.to_string(), pointer: Some(at.clone()), ..Place::default() };
    let (key, said) = (family.to_string(), (family, place));
    let flow = Flow { taints: &|_| Vec::new(), is_plain: &|_| false };
    let task = containers::task(&tree, &at, str::to_owned, said, (inspector, flow), &mut out.gaps);
    if out.tasks.insert(key, Seen::Value(task)).is_some() {
        return Err(bad("the file has two of one family"));
    }
    if let Some(arn) = arn.as_ref().and_then(Text::known) {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        if let ["arn", partition, "ecs", region, account, _] = parts[..] {
            let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let here = (text(partition), text(region), text(account));
            let before = (out.partition.take(), out.region.take(), out.account.take());
            if before != (None, None, None) && before != here {
                return Err(bad("the file has task definitions of several accounts or regions"));
            }
            (out.partition, out.region, out.account) = here;
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Sighting;

    struct Nothing;
    impl Inspector for Nothing {
        fn inspect(&self, _: &str, _: &str) -> Vec<Sighting> {
            Vec::new()
        }
    }

    const BARE: &str = r#"{"family": "orders", "taskRoleArn": "orders-task", "executionRoleArn": "",
        "requiresCompatibilities": ["fargate"],
        "containerDefinitions": [{"name": "app", "image": "x", "environment": [
            {"name": "A", "value": "1"}, {"name": "B", "valueFrom": "/orders/b"}],
            "secrets": [{"name": "C", "valueFrom": "/orders/c"}]}]}"#;

    fn read_text(text: &str) -> Result<Snapshot, String> {
        parse("task.json", text.as_bytes(), &Nothing).map_err(|error| error.to_string())
    }

    #[test]
    fn what_deploy_actions_register_is_read() {
        let snapshot = read_text(BARE).unwrap();
        let task = snapshot.tasks["orders"].value().unwrap();
        assert_eq!(task.task_role, Seen::Value("orders-task".into()));
        assert_eq!(task.execution_role, Seen::Absent);
        assert_eq!(task.compatibilities, ["FARGATE"]);
        assert_eq!(task.references[0].value_from, "/orders/c".into());
        let literals = &task.containers.value().unwrap()[0].literals;
        assert_eq!(literals.len(), 2);
        assert!(literals[1].value.gap.as_ref().unwrap().reason.contains("valueFrom"));
        assert_eq!((&snapshot.account, &snapshot.region), (&None, &None));
    }

    /// Finds what is set to a password.
    struct Passwords;
    impl Inspector for Passwords {
        fn inspect(&self, name: &str, value: &str) -> Vec<Sighting> {
            let found = name == "db-password" && !value.is_empty();
            found
                .then(|| Sighting {
                    detector: "password".to_owned(),
                    what: "password".to_owned(),
                    severity: "high".to_owned(),
                    confidence: "high".to_owned(),
                    rotate: String::new(),
                    preview: String::new(),
                    length: 0,
                })
                .into_iter()
                .collect()
        }
    }

    #[test]
    fn an_option_names_the_word_behind_it_and_its_value_is_not_held() {
        let text =
            BARE.replace("\"secrets\"", "\"command\": [\"run\", \"--db-password\", \"q7Tz\"], \"secrets\"");
        let snapshot = parse("task.json", text.as_bytes(), &Passwords).unwrap();
        let container = &snapshot.tasks["orders"].value().unwrap().containers.value().unwrap()[0];
        let seen: Vec<usize> = container.literals.iter().map(|l| l.value.sightings.len()).collect();
        assert_eq!(seen.last(), Some(&1), "{:?}", container.literals);
        assert!(!format!("{:?}", container.command).contains("q7Tz"), "{:?}", container.command);
    }

    #[test]
    fn what_ecs_answers_is_read() {
        let arn = "arn:aws:ecs:eu-west-1:111122223333:task-definition/orders:7";
        let inner = BARE.replacen('{', &format!("{{\"taskDefinitionArn\": \"{arn}\", \"revision\": 7, "), 1);
        let snapshot = read_text(&format!("{{\"taskDefinition\": {inner}, \"tags\": []}}")).unwrap();
        assert_eq!(snapshot.tasks["orders"].value().unwrap().revision, Some(7));
        assert_eq!(snapshot.account.as_deref(), Some("111122223333"));
        assert_eq!(read_text(&format!("[{BARE}]")).unwrap().tasks.len(), 1);
    }

    #[test]
    fn what_is_no_task_definition_is_an_error() {
        for (text, words) in [
            ("{}", "no family"),
            (r#"{"family": "a"}"#, "containerDefinitions"),
            (r#"{"taskDefinition": "arn:aws:ecs:eu-west-1:1:task-definition/a:1"}"#, "no family"),
            (r#"{"family": "a", "family": "b", "containerDefinitions": []}"#, "twice"),
            ("[", ""),
        ] {
            let error = read_text(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
        assert!(read_text(&format!("[{BARE}, {BARE}]")).unwrap_err().contains("two of one family"));
    }
}
