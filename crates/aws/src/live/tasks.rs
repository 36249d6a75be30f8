//! Task definitions of ECS. What one says in clear goes through the inspector and is dropped.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_ecs::types::{ContainerDefinition, Secret, TaskDefinition as Answer, Volume};

use super::super::{
    Command, Container, Expression, Gap, Inspector, Literal, LiteralPlace, Place, SecretReference,
    SecretReferenceKind, Seen, TaskDefinition, Text,
};
use super::session::{Failure, Session};
use seaworthy_source::JsonPointer;

const CALL: &str = "ecs:DescribeTaskDefinition";

/// Asks about one family: its newest active revision. What comes back holds the literals: give it to [`read`].
pub async fn look(session: &Session, family: &str) -> Seen<Box<Answer>> {
    match session.call(CALL, session.ecs.describe_task_definition().task_definition(family).send()).await {
        Ok(answer) => match answer.task_definition {
            Some(task) => Seen::Value(Box::new(task)),
            None => Seen::NotSeen(Failure::malformed(CALL).gap()),
        },
        Err(failure) if failure.is_no_task() => Seen::Absent,
        Err(failure) => Seen::NotSeen(failure.gap()),
    }
}

/// The task definition without its literals, and what of it has no place in the model.
pub fn read(family: &str, task: Answer, inspector: &dyn Inspector) -> (TaskDefinition, Vec<(Place, Gap)>) {
    let address = task.task_definition_arn.unwrap_or_else(|| family.to_owned());
    let place = |pointer| Place { address: address.clone(), pointer, ..Place::default() };
    let role = |arn: Option<String>| match arn.filter(|arn| !arn.is_empty()) {
        Some(arn) => Seen::Value(Text::from(arn)),
        None => Seen::Absent,
    };
    let mut reader = Reader { inspector, references: Vec::new() };
    let volumes = task.volumes.unwrap_or_default();
    let mut gaps = Vec::new();
    for (index, volume) in volumes.iter().enumerate() {
        let Some(fsx) = &volume.fsx_windows_file_server_volume_configuration else { continue };
        let at = JsonPointer::root().key("volumes").index(index);
        match &fsx.authorization_config {
            Some(login) => reader.references.push(SecretReference {
                kind: SecretReferenceKind::VolumeCredentials,
                container: None,
                name: volume.name.clone().unwrap_or_default(),
                value_from: Text::from(login.credentials_parameter.as_str()),
                pointer: Some(at),
            }),
            None => {
                let gap = Gap::new("the answer does not tell which credentials the volume is mounted with");
                gaps.push((place(Some(at)), gap));
            }
        }
    }
    let containers = match task.container_definitions {
        Some(containers) => {
            let mut read: Vec<Container> =
                containers.into_iter().enumerate().map(|(index, c)| reader.container(index, c)).collect();
            if let Some(first) = read.first_mut() {
                reader.volumes(&volumes, &mut first.literals);
            }
            Seen::Value(read)
        }
        None => Seen::NotSeen(Failure::malformed(CALL).gap()),
    };
    let definition = TaskDefinition {
        compatibilities: task
            .requires_compatibilities
            .iter()
            .flatten()
            .map(|kind| kind.as_str().to_uppercase())
            .collect(),
        family: Text::from(task.family.unwrap_or_else(|| family.to_owned())),
        revision: u64::try_from(task.revision).ok().filter(|revision| *revision > 0),
        place: place(None),
        task_role: role(task.task_role_arn),
        execution_role: role(task.execution_role_arn),
        containers,
        references: reader.references,
    };
    (definition, gaps)
}

struct Reader<'a> {
    inspector: &'a dyn Inspector,
    references: Vec<SecretReference>,
}

impl Reader<'_> {
    fn literal(&self, place: LiteralPlace, name: &str, value: &str, pointer: JsonPointer) -> Literal {
        let value = Expression {
            length: value.len(),
            empty: value.is_empty(),
            sightings: self.inspector.inspect(name, value),
            ..Expression::default()
        };
        Literal { place, name: name.to_owned(), pointer: Some(pointer), value }
    }

    fn container(&mut self, index: usize, container: ContainerDefinition) -> Container {
        let at = JsonPointer::root().key("containerDefinitions").index(index);
        let name = Text::from(container.name.clone().unwrap_or_default());
        self.refer(&at, &name, &container);
        let literals = self.literals(&at, &container);
        let words = |place: LiteralPlace, list: Option<&Vec<String>>| {
            let held = |(index, word): (usize, &String)| {
                let name = index.to_string();
                let literal = literals.iter().find(|l| l.place == place && l.name == name)?;
                let held = Command::held(word);
                let is_plain = literal.value.sightings.is_empty()
                    || self.inspector.inspect(&name, &held.replace('…', "")).is_empty();
                is_plain.then_some(held)
            };
            let list = list.filter(|l| !l.is_empty())?;
            Some(list.iter().enumerate().map(held).collect::<Vec<_>>())
        };
        let command = Command {
            entry_point: words(LiteralPlace::EntryPoint, container.entry_point.as_ref()),
            arguments: words(LiteralPlace::Command, container.command.as_ref()),
            gap: None,
        };
        Container {
            command,
            essential: container.essential != Some(false),
            literals,
            image: match container.image.filter(|image| !image.is_empty()) {
                Some(image) => Seen::Value(Text::from(image)),
                None => Seen::Absent,
            },
            name,
        }
    }

    fn literals(&self, at: &JsonPointer, container: &ContainerDefinition) -> Vec<Literal> {
        let mut out = Vec::new();
        for (index, pair) in container.environment.iter().flatten().enumerate() {
            let at = at.key("environment").index(index).key("value");
            let (name, value) = (pair.name.as_deref(), pair.value.as_deref());
            let name = name.unwrap_or_default();
            out.push(self.literal(LiteralPlace::Environment, name, value.unwrap_or_default(), at));
        }
        let health = container.health_check.as_ref().map(|check| check.command.as_slice());
        for (place, list, at) in [
            (LiteralPlace::Command, container.command.as_deref(), at.key("command")),
            (LiteralPlace::EntryPoint, container.entry_point.as_deref(), at.key("entryPoint")),
            (LiteralPlace::HealthCheck, health, at.key("healthCheck").key("command")),
            (
                LiteralPlace::Other,
                container.docker_security_options.as_deref(),
                at.key("dockerSecurityOptions"),
            ),
        ] {
            for (index, value) in list.into_iter().flatten().enumerate() {
                out.push(self.literal(place, &index.to_string(), value, at.index(index)));
            }
        }
        let log = container.log_configuration.as_ref().and_then(|log| log.options.as_ref());
        let firelens = container.firelens_configuration.as_ref().and_then(|lens| lens.options.as_ref());
        for (place, map, at) in [
            (LiteralPlace::Label, container.docker_labels.as_ref(), at.key("dockerLabels")),
            (LiteralPlace::LogOption, log, at.key("logConfiguration").key("options")),
            (LiteralPlace::LogOption, firelens, at.key("firelensConfiguration").key("options")),
        ] {
            for (name, value) in sorted(map) {
                out.push(self.literal(place, name, value, at.key(name)));
            }
        }
        for (index, control) in container.system_controls.iter().flatten().enumerate() {
            let at = at.key("systemControls").index(index).key("value");
            let name = control.namespace.as_deref().unwrap_or_default();
            let value = control.value.as_deref().unwrap_or_default();
            out.push(self.literal(LiteralPlace::Other, name, value, at));
        }
        for (index, host) in container.extra_hosts.iter().flatten().enumerate() {
            let at = at.key("extraHosts").index(index).key("hostname");
            out.push(self.literal(LiteralPlace::Other, "hostname", &host.hostname, at));
        }
        for (name, value) in [
            ("hostname", &container.hostname),
            ("user", &container.user),
            ("workingDirectory", &container.working_directory),
        ] {
            if let Some(value) = value {
                out.push(self.literal(LiteralPlace::Other, name, value, at.key(name)));
            }
        }
        out
    }

    /// Volumes belong to the whole task; their drivers' options may hold a login, as CIFS's do.
    fn volumes(&self, volumes: &[Volume], out: &mut Vec<Literal>) {
        for (index, volume) in volumes.iter().enumerate() {
            let Some(docker) = &volume.docker_volume_configuration else { continue };
            let at = JsonPointer::root().key("volumes").index(index).key("dockerVolumeConfiguration");
            for (field, map) in [("driverOpts", &docker.driver_opts), ("labels", &docker.labels)] {
                for (name, value) in sorted(map.as_ref()) {
                    out.push(self.literal(LiteralPlace::Other, name, value, at.key(field).key(name)));
                }
            }
        }
    }

    fn refer(&mut self, at: &JsonPointer, container: &Text, definition: &ContainerDefinition) {
        let mut add = |kind, name: &str, value: &str, pointer| {
            self.references.push(SecretReference {
                kind,
                container: Some(container.clone()),
                name: name.to_owned(),
                value_from: Text::from(value),
                pointer: Some(pointer),
            });
        };
        let mut secrets = |kind, list: Option<&[Secret]>, at: JsonPointer| {
            for (index, secret) in list.into_iter().flatten().enumerate() {
                let at = at.index(index).key("valueFrom");
                add(kind, &secret.name, &secret.value_from, at);
            }
        };
        let own = definition.secrets.as_deref();
        secrets(SecretReferenceKind::Secrets, own, at.key("secrets"));
        let log = definition.log_configuration.as_ref().and_then(|log| log.secret_options.as_deref());
        let log_at = at.key("logConfiguration").key("secretOptions");
        secrets(SecretReferenceKind::LogSecretOptions, log, log_at);
        if let Some(credentials) = &definition.repository_credentials {
            let field = "credentialsParameter";
            let at = at.key("repositoryCredentials").key(field);
            add(SecretReferenceKind::RepositoryCredentials, field, &credentials.credentials_parameter, at);
        }
        for (index, file) in definition.environment_files.iter().flatten().enumerate() {
            let at = at.key("environmentFiles").index(index).key("value");
            add(SecretReferenceKind::EnvironmentFiles, "", &file.value, at);
        }
        let firelens = definition.firelens_configuration.as_ref().and_then(|lens| lens.options.as_ref());
        let option = |name: &str| firelens.and_then(|options| options.get(name));
        if option("config-file-type").is_some_and(|kind| kind == "s3") {
            let field = "config-file-value";
            let at = at.key("firelensConfiguration").key("options").key(field);
            let value = option(field).map_or("", String::as_str);
            add(SecretReferenceKind::FirelensConfigFile, field, value, at);
        }
        for (index, spec) in definition.credential_specs.iter().flatten().enumerate() {
            let at = at.key("credentialSpecs").index(index);
            add(SecretReferenceKind::CredentialSpecs, "", spec, at);
        }
    }
}

fn sorted(map: Option<&HashMap<String, String>>) -> BTreeMap<&str, &str> {
    map.into_iter().flatten().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use aws_sdk_ecs::types::{
        DockerVolumeConfiguration, EnvironmentFile, EnvironmentFileType,
        FSxWindowsFileServerVolumeConfiguration, HealthCheck, HostEntry, RepositoryCredentials,
    };

    use super::super::super::Sighting;
    use super::*;

    /// Sees everything and keeps nothing.
    struct Everything;

    impl Inspector for Everything {
        fn inspect(&self, name: &str, value: &str) -> Vec<Sighting> {
            let [detector, severity, confidence, rotate, preview] = <[String; 5]>::default();
            let what = format!("in {name}");
            vec![Sighting { detector, what, severity, confidence, rotate, preview, length: value.len() }]
        }
    }

    #[test]
    fn every_text_is_inspected_and_every_reference_is_kept() {
        let credentials =
            RepositoryCredentials::builder().credentials_parameter("arn:registry").build().unwrap();
        let file =
            EnvironmentFile::builder().value("arn:s3").r#type(EnvironmentFileType::S3).build().unwrap();
        let container = ContainerDefinition::builder()
            .name("main")
            .entry_point("hidden")
            .health_check(HealthCheck::builder().command("hidden").build().unwrap())
            .docker_security_options("credentialspec:hidden")
            .extra_hosts(HostEntry::builder().hostname("hidden").ip_address("10.0.0.1").build().unwrap())
            .user("hidden")
            .repository_credentials(credentials)
            .environment_files(file)
            .credential_specs("credentialspecdomainless:arn:spec")
            .build();
        let docker = DockerVolumeConfiguration::builder().driver_opts("o", "password=hidden").build();
        let fsx = FSxWindowsFileServerVolumeConfiguration::builder()
            .file_system_id("fs")
            .root_directory("/")
            .build()
            .unwrap();
        let task = Answer::builder()
            .container_definitions(container)
            .container_definitions(ContainerDefinition::builder().name("side").build())
            .volumes(Volume::builder().docker_volume_configuration(docker).build())
            .volumes(Volume::builder().fsx_windows_file_server_volume_configuration(fsx).build())
            .revision(4)
            .build();
        let (task, gaps) = read("app", task, &Everything);
        assert!(!format!("{task:?}").contains("hidden"), "a value was kept");
        let containers = task.containers.value().unwrap();
        assert_eq!((containers.len(), &containers[1].image), (2, &Seen::Absent));
        let told: Vec<_> = containers[0]
            .literals
            .iter()
            .map(|l| (l.place, l.pointer.as_ref().unwrap().as_str(), l.value.sightings.len()))
            .collect();
        assert_eq!(
            told,
            [
                (LiteralPlace::EntryPoint, "/containerDefinitions/0/entryPoint/0", 1),
                (LiteralPlace::HealthCheck, "/containerDefinitions/0/healthCheck/command/0", 1),
                (LiteralPlace::Other, "/containerDefinitions/0/dockerSecurityOptions/0", 1),
                (LiteralPlace::Other, "/containerDefinitions/0/extraHosts/0/hostname", 1),
                (LiteralPlace::Other, "/containerDefinitions/0/user", 1),
                (LiteralPlace::Other, "/volumes/0/dockerVolumeConfiguration/driverOpts/o", 1),
            ]
        );
        let references: Vec<_> =
            task.references.iter().map(|r| (r.kind, r.value_from.known().unwrap())).collect();
        assert_eq!(
            references,
            [
                (SecretReferenceKind::RepositoryCredentials, "arn:registry"),
                (SecretReferenceKind::EnvironmentFiles, "arn:s3"),
                (SecretReferenceKind::CredentialSpecs, "credentialspecdomainless:arn:spec"),
            ]
        );
        let [(place, gap)] = gaps.as_slice() else { panic!("{gaps:?}") };
        assert_eq!(place.pointer.as_ref().unwrap().as_str(), "/volumes/1");
        assert!(gap.reason.contains("credentials"), "{gap}");
        assert_eq!((task.task_role, task.revision), (Seen::Absent, Some(4)));
    }
}
