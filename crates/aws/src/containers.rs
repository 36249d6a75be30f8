//! Container definitions, as plans and templates hold them.

use super::tree::{Marked, Tree, known_length};
use super::{
    ACCOUNT, Command, Container, Expression, Gap, Inspector, Literal, LiteralPlace, Part, Place, REGION,
    SecretReference, SecretReferenceKind, Seen, TaskDefinition, Text, UNKNOWN_LAUNCH_TYPE,
};
use seaworthy_source::JsonPointer;

/// What flows into texts by reference.
#[derive(Clone, Copy)]
pub(super) struct Flow<'a> {
    /// The secrets that a known text holds, by where they come from.
    pub taints: &'a dyn Fn(&str) -> Vec<String>,
    /// Whether a symbol stands for something that is no secret, such as the name of a log group.
    pub is_plain: &'a dyn Fn(&str) -> bool,
}

/// What the container definitions of a task say.
#[derive(Default)]
pub(super) struct Containers {
    pub containers: Vec<Container>,
    pub references: Vec<SecretReference>,
}

/// What the volumes of a task hold: credentials that the agent reads, and options of drivers in clear. Plans and
/// templates name the members in their own ways.
pub(super) fn volumes(
    list: &Tree,
    at: &JsonPointer,
    inspector: &dyn Inspector,
    flow: Flow<'_>,
) -> (Vec<SecretReference>, Vec<Literal>) {
    let reader = Reader { inspector, flow };
    let (mut references, mut literals) = (Vec::new(), Vec::new());
    for (index, volume) in list.items().iter().enumerate() {
        let at = at.index(index);
        let fsx = block(volume, "fsxWindowsFileServerVolumeConfiguration")
            .or_else(|| block(volume, "fsx_windows_file_server_volume_configuration"));
        let login = fsx
            .and_then(|fsx| block(fsx, "authorizationConfig").or_else(|| block(fsx, "authorization_config")));
        if let Some(login) = login {
            let value = login.get("credentialsParameter").or_else(|| login.get("credentials_parameter"));
            // The field must be set; where its value is not known, it is set all the same.
            let value_from = value.and_then(Tree::text).filter(|text| text.known() != Some(""));
            references.push(SecretReference {
                kind: SecretReferenceKind::VolumeCredentials,
                container: None,
                name: volume.get("name").and_then(Tree::text).unwrap_or_default().to_string(),
                value_from: value_from.unwrap_or_else(|| Text::symbol("credentialsParameter")),
                pointer: Some(at.clone()),
            });
        }
        let names = ["dockerVolumeConfiguration", "docker_volume_configuration"];
        let docker = names.into_iter().find_map(|name| Some((name, block(volume, name)?)));
        if let Some((name, docker)) = docker {
            let at = at.key(name);
            for field in ["driverOpts", "driver_opts", "labels"] {
                reader.map(docker.get(field), LiteralPlace::Other, &at.key(field), &mut literals);
            }
        }
    }
    (references, literals)
}

/// A task definition whose members stand in one tree, as templates and ECS have them. `at` is where it stands, and
/// `case` writes a member's name as it is written there.
pub(super) fn task(
    tree: &Tree,
    at: &JsonPointer,
    case: fn(&str) -> String,
    (family, place): (Text, Place),
    (inspector, flow): (&dyn Inspector, Flow<'_>),
    gaps: &mut Vec<(Place, Gap)>,
) -> TaskDefinition {
    let mut gap = |reason: String| gaps.push((place.clone(), Gap::new(reason)));
    let member = |name: &str| tree.get(name).filter(|member| !member.is_null());
    let role = |name: &str| match member(name) {
        None => Seen::Absent,
        Some(tree) => match tree.text() {
            Some(text) if text.known() == Some("") => Seen::Absent,
            Some(text) => Seen::Value(text),
            None => Seen::NotSeen(Gap::new("the role hangs on a condition")),
        },
    };
    let mut containers = Seen::Value(Vec::new());
    let mut references = Vec::new();
    match member("containerDefinitions") {
        None => {}
        Some(Tree::Text(_)) => {
            containers = Seen::NotSeen(Gap::new("the containers are not known until it is deployed"));
        }
        Some(tree) => {
            if let Some(condition) = tree.condition() {
                gap(format!("a part of the containers hangs on the condition {condition}"));
            }
            let read = read_containers(tree, &at.key(&case("containerDefinitions")), inspector, flow);
            (containers, references) = (Seen::Value(read.containers), read.references);
        }
    }
    match member("volumes") {
        None => {}
        Some(Tree::Text(_)) => gap("the volumes of the task are not known until it is deployed".to_owned()),
        Some(tree) => {
            let (logins, literals) = volumes(tree, &at.key(&case("volumes")), inspector, flow);
            references.extend(logins);
            if let Seen::Value(containers) = &mut containers
                && let Some(first) = containers.first_mut()
            {
                first.literals.extend(literals);
            }
        }
    }
    let compatibilities = member("requiresCompatibilities").map_or_else(Vec::new, Tree::items);
    let named = |tree: &Tree| tree.text().and_then(|text| Some(text.known()?.to_uppercase()));
    TaskDefinition {
        compatibilities: compatibilities
            .into_iter()
            .map(|tree| named(tree).unwrap_or_else(|| UNKNOWN_LAUNCH_TYPE.to_owned()))
            .collect(),
        revision: member("revision").and_then(Tree::text).and_then(|text| text.known()?.parse().ok()),
        task_role: role("taskRoleArn"),
        execution_role: role("executionRoleArn"),
        containers,
        references,
        family,
        place,
    }
}

/// A nested block: plans hold it as a list of at most one.
fn block<'a>(tree: &'a Tree, name: &str) -> Option<&'a Tree> {
    tree.get(name)?.items().into_iter().find(|item| !item.is_null())
}

struct Reader<'a> {
    inspector: &'a dyn Inspector,
    flow: Flow<'a>,
}

/// Reads the definitions; `at` is where the list stands.
pub(super) fn read_containers(
    list: &Tree,
    at: &JsonPointer,
    inspector: &dyn Inspector,
    flow: Flow<'_>,
) -> Containers {
    let reader = Reader { inspector, flow };
    let mut out = Containers::default();
    for (index, definition) in list.items().iter().enumerate() {
        let at = at.index(index);
        let name = definition.get("name").and_then(Tree::text).unwrap_or_default();
        reader.references(definition, &name, &at, &mut out.references);
        let image = definition.get("image").and_then(Tree::text);
        let image =
            image.map_or_else(|| Seen::NotSeen(Gap::new("the container names no image")), Seen::Value);
        let literals = reader.literals(definition, &at);
        let command = reader.command(definition, &literals);
        let is_false = |tree: &Tree| tree.text().is_some_and(|t| t.known() == Some("false"));
        let essential = !definition.get("essential").is_some_and(is_false);
        out.containers.push(Container { literals, name, image, command, essential });
    }
    out
}

/// The option that names a word of a command: `["app", "--password", "v"]`.
fn option_before(items: &[&Tree], index: usize) -> Option<String> {
    let before = items.get(index.checked_sub(1)?)?.text()?;
    let option = before.known()?.strip_prefix("--")?;
    (!option.is_empty() && !option.contains('=')).then(|| option.to_owned())
}

impl Reader<'_> {
    fn literals(&self, definition: &Tree, at: &JsonPointer) -> Vec<Literal> {
        let mut out = Vec::new();
        let at_key = at.key("environment");
        for (index, pair) in
            definition.get("environment").map_or_else(Vec::new, Tree::items).iter().enumerate()
        {
            if let Tree::Text(_) = pair {
                // The list or a pair is made of something else, and may set any variable.
                self.others(pair, "environment", &at_key.index(index), &mut out);
                continue;
            }
            let name = pair.get("name").and_then(Tree::text).unwrap_or_default().to_string();
            let value = pair.get("value").and_then(Tree::marked).unwrap_or_default();
            let mut literal = self.literal(LiteralPlace::Environment, &name, at_key.index(index), &value);
            if pair.get("valueFrom").is_some_and(|from| !from.is_null()) {
                let reason = "it has `valueFrom`, which ECS takes in `secrets` only: it sets nothing";
                (literal.value.gap, literal.value.empty) = (Some(Gap::new(reason)), false);
            }
            out.push(literal);
        }
        for (field, place) in [("command", LiteralPlace::Command), ("entryPoint", LiteralPlace::EntryPoint)] {
            self.arguments(definition.get(field), place, &at.key(field), &mut out);
        }
        let health = definition.get("healthCheck").and_then(|check| check.get("command"));
        self.arguments(health, LiteralPlace::HealthCheck, &at.key("healthCheck").key("command"), &mut out);
        self.map(definition.get("dockerLabels"), LiteralPlace::Label, &at.key("dockerLabels"), &mut out);
        // What stands for the container or for its whole log configuration may hold anything.
        if let Tree::Text(_) = definition {
            self.others(definition, "containerDefinitions", at, &mut out);
        }
        if let Some(log @ Tree::Text(_)) = definition.get("logConfiguration") {
            self.others(log, "logConfiguration", &at.key("logConfiguration"), &mut out);
        }
        let log = definition.get("logConfiguration").and_then(|log| log.get("options"));
        self.map(log, LiteralPlace::LogOption, &at.key("logConfiguration").key("options"), &mut out);
        for field in ["firelensConfiguration", "systemControls", "extraHosts", "dockerSecurityOptions"] {
            if let Some(tree) = definition.get(field) {
                self.others(tree, field, &at.key(field), &mut out);
            }
        }
        // A name or a directory is looked at where it is written: secrets come by reference elsewhere.
        for field in ["hostname", "user", "workingDirectory"] {
            let is_known = |tree: &&Tree| tree.text().is_some_and(|text| text.known().is_some());
            if let Some(tree) = definition.get(field).filter(is_known) {
                self.others(tree, field, &at.key(field), &mut out);
            }
        }
        out
    }

    /// What the container runs. A word with a secret in it is not held.
    fn command(&self, definition: &Tree, literals: &[Literal]) -> Command {
        let words = |field: &str, place: LiteralPlace| -> Option<Vec<Option<String>>> {
            let list = definition.get(field).filter(|tree| !tree.is_null())?;
            let items = list.items();
            let held = |(index, item): (usize, &Tree)| {
                let name = index.to_string();
                let literal = literals.iter().find(|l| l.place == place && l.name == name)?;
                let text = item.text().filter(|_| literal.value.taints.is_empty())?;
                let held = text.known().map(Command::held)?;
                // What was seen may be a default alone, which is not held.
                let is_seen = |name: &str| {
                    !literal.value.sightings.is_empty()
                        && !self.inspector.inspect(name, &held.replace('…', "")).is_empty()
                };
                if is_seen(&name) {
                    return None;
                }
                // That a word stands behind the option is known, whatever the word is.
                let is_hidden = option_before(&items, index).is_some_and(|option| is_seen(&option));
                Some(if is_hidden { "…".to_owned() } else { held })
            };
            Some(items.iter().enumerate().map(|(index, item)| held((index, item))).collect())
        };
        let is_unknown =
            |field: &str| matches!(definition.get(field), Some(Tree::Text(_) | Tree::Choice { .. }));
        let gap = matches!(definition, Tree::Text(_)) || is_unknown("command") || is_unknown("entryPoint");
        Command {
            entry_point: words("entryPoint", LiteralPlace::EntryPoint).filter(|w| !w.is_empty()),
            arguments: words("command", LiteralPlace::Command).filter(|w| !w.is_empty()),
            gap: gap.then(|| "its command is known only when it is deployed".to_owned()),
            user: definition.get("user").filter(|user| !matches!(user, Tree::Null)).map(|user| {
                let text = user.text().and_then(|t| t.known().map(str::to_owned));
                text.filter(|text| self.inspector.inspect("user", text).is_empty())
            }),
            directory: definition
                .get("workingDirectory")
                .and_then(Tree::text)
                .and_then(|t| t.known().map(str::to_owned)),
        }
    }

    fn arguments(&self, list: Option<&Tree>, place: LiteralPlace, at: &JsonPointer, out: &mut Vec<Literal>) {
        let items = list.map_or_else(Vec::new, Tree::items);
        for (index, item) in items.iter().enumerate() {
            let Some(value) = item.marked() else { continue };
            let named = option_before(&items, index).unwrap_or_else(|| index.to_string());
            out.push(Literal {
                place,
                name: index.to_string(),
                pointer: Some(at.index(index)),
                value: expression(&named, &value, self.inspector, self.flow),
            });
        }
    }

    fn map(&self, map: Option<&Tree>, place: LiteralPlace, at: &JsonPointer, out: &mut Vec<Literal>) {
        match map {
            Some(Tree::Map(members)) => {
                for (name, value) in members {
                    if let Some(value) = value.marked() {
                        out.push(self.literal(place, name, at.key(name), &value));
                    }
                }
            }
            Some(other) => self.others(other, "options", at, out),
            None => {}
        }
    }

    fn others(&self, tree: &Tree, name: &str, at: &JsonPointer, out: &mut Vec<Literal>) {
        match tree {
            Tree::List(items) => {
                items.iter().enumerate().for_each(|(i, item)| self.others(item, name, &at.index(i), out));
            }
            Tree::Map(members) => {
                members.iter().for_each(|(key, item)| self.others(item, key, &at.key(key), out));
            }
            _ => out.extend(
                tree.marked().map(|value| self.literal(LiteralPlace::Other, name, at.clone(), &value)),
            ),
        }
    }

    fn literal(&self, place: LiteralPlace, name: &str, at: JsonPointer, value: &Marked) -> Literal {
        Literal {
            place,
            name: name.to_owned(),
            pointer: Some(at),
            value: expression(name, value, self.inspector, self.flow),
        }
    }

    fn references<'a>(
        &self,
        definition: &'a Tree,
        name: &Text,
        at: &JsonPointer,
        out: &mut Vec<SecretReference>,
    ) {
        let mut push = |kind, variable: Text, value: Option<&Tree>, pointer: JsonPointer| {
            out.push(SecretReference {
                kind,
                container: Some(name.clone()),
                name: variable.to_string(),
                value_from: value.and_then(Tree::text).unwrap_or_default(),
                pointer: Some(pointer),
            });
        };
        let items = |tree: Option<&'a Tree>| tree.map_or_else(Vec::new, Tree::items);
        let named = |item: &Tree| item.get("name").and_then(Tree::text).unwrap_or_default();
        let log = definition.get("logConfiguration");
        let log_at = at.key("logConfiguration").key("secretOptions");
        for (kind, list, at) in [
            (SecretReferenceKind::Secrets, definition.get("secrets"), at.key("secrets")),
            (SecretReferenceKind::LogSecretOptions, log.and_then(|log| log.get("secretOptions")), log_at),
        ] {
            for (index, item) in items(list).iter().enumerate() {
                push(kind, named(item), item.get("valueFrom"), at.index(index));
            }
        }
        let credentials = definition.get("repositoryCredentials").filter(|tree| !tree.is_null());
        if let Some(credentials) = credentials {
            let field = "credentialsParameter";
            let at = at.key("repositoryCredentials").key(field);
            push(SecretReferenceKind::RepositoryCredentials, field.into(), credentials.get(field), at);
        }
        for (index, file) in items(definition.get("environmentFiles")).iter().enumerate() {
            let at = at.key("environmentFiles").index(index);
            push(SecretReferenceKind::EnvironmentFiles, "environmentFiles".into(), file.get("value"), at);
        }
        let firelens = definition.get("firelensConfiguration").and_then(|lens| lens.get("options"));
        let option = |name: &str| firelens.and_then(|options| options.get(name));
        if option("config-file-type").and_then(Tree::text).is_some_and(|kind| kind.known() == Some("s3")) {
            let field = "config-file-value";
            let at = at.key("firelensConfiguration").key("options").key(field);
            push(SecretReferenceKind::FirelensConfigFile, field.into(), option(field), at);
        }
        for field in ["credentialSpecs", "dockerSecurityOptions"] {
            for (index, option) in items(definition.get(field)).iter().enumerate() {
                let Some(place) = option.text().and_then(|text| specification(text, field)) else { continue };
                out.push(SecretReference {
                    kind: SecretReferenceKind::CredentialSpecs,
                    container: Some(name.clone()),
                    name: field.to_owned(),
                    value_from: place,
                    pointer: Some(at.key(field).index(index)),
                });
            }
        }
    }
}

/// Where the agent reads a credential specification: an item of `credentialSpecs`, or of `dockerSecurityOptions`, is
/// `credentialspec:ARN` or `credentialspecdomainless:ARN`. Nothing for a file on the instance and for other options.
///
/// Source: ContainerDefinition in the API reference of Amazon ECS.
fn specification(text: Text, field: &str) -> Option<Text> {
    let Some(Part::Literal(first)) = text.parts().first() else {
        // An item that is known only when it is deployed is a specification where nothing else may stand.
        return (field == "credentialSpecs").then_some(text);
    };
    let place =
        ["credentialspec:", "credentialspecdomainless:"].iter().find_map(|kind| first.strip_prefix(kind));
    match place {
        Some(place) if place.starts_with("file:") => None,
        Some(place) => {
            let head = Part::Literal(place.to_owned());
            Some(Text::new([head].into_iter().chain(text.parts().iter().skip(1).cloned())))
        }
        None => (field == "credentialSpecs").then_some(text),
    }
}

/// Looks at a value and keeps what was seen in it, not the value.
pub(super) fn expression(
    name: &str,
    value: &Marked,
    inspector: &dyn Inspector,
    flow: Flow<'_>,
) -> Expression {
    let known = value.text.known();
    let mut flows = value.taints.clone();
    let mut sightings = Vec::new();
    for part in value.text.parts() {
        if let Part::Literal(text) = part {
            flows.extend((flow.taints)(text));
            sightings.extend(inspector.inspect(name, text));
        }
    }
    flows.sort();
    flows.dedup();
    let is_open = |name: &&str| !matches!(*name, ACCOUNT | REGION) && !(flow.is_plain)(name);
    let unknown: Vec<&str> = value.text.symbols().filter(is_open).collect();
    Expression {
        length: known_length(&value.text),
        empty: known == Some(""),
        sightings,
        taints: flows,
        gap: (!unknown.is_empty())
            .then(|| Gap::new(format!("not known until it is deployed: {}", unknown.join(", ")))),
    }
}
