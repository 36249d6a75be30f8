//! Task definitions of ECS. What one says in clear goes through the inspector and is dropped.

use aws_sdk_ecs::types::{
    Compatibility, ContainerDefinition, EnvironmentFile, HostEntry, KeyValuePair, Secret, SystemControl,
    TaskDefinition as Answer, Volume,
};
use serde_json::{Value, json};

use super::super::containers::{self, Flow};
use super::super::tree::Tree;
use super::super::{Gap, Inspector, Place, Seen, TaskDefinition, Text};
use super::session::{Failure, Session};
use seaworthy_source::JsonPointer;

const CALL: &str = "ecs:DescribeTaskDefinition";

/// Asks about one family: its newest active revision. What comes back holds the literals: give it to [`task_definition`].
pub async fn look_up(session: &Session, family: &str) -> Seen<Box<Answer>> {
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
pub fn task_definition(
    family: &str,
    task: &Answer,
    inspector: &dyn Inspector,
) -> (TaskDefinition, Vec<(Place, Gap)>) {
    let address = task.task_definition_arn.clone().unwrap_or_else(|| family.to_owned());
    let place = Place { address, ..Place::default() };
    let mut gaps = Vec::new();
    for (index, volume) in task.volumes.iter().flatten().enumerate() {
        let fsx = volume.fsx_windows_file_server_volume_configuration.as_ref();
        if fsx.is_some_and(|fsx| fsx.authorization_config.is_none()) {
            let pointer = Some(JsonPointer::root().key("volumes").index(index));
            let gap = Gap::new("the answer does not tell which credentials the volume is mounted with");
            gaps.push((Place { pointer, ..place.clone() }, gap));
        }
    }
    let said = (Text::from(task.family.as_deref().unwrap_or(family)), place);
    let flow = Flow { taints: &|_| Vec::new(), is_plain: &|_| false };
    let (tree, root) = (Tree::from(as_json(task)), JsonPointer::root());
    let mut read = containers::task(&tree, &root, str::to_owned, said, (inspector, flow), &mut gaps);
    if task.container_definitions.is_none() {
        read.containers = Seen::NotSeen(Failure::malformed(CALL).gap());
    }
    (read, gaps)
}

/// The parts of an answer that count, as the API writes them; the SDK does not keep its text.
fn as_json(task: &Answer) -> Value {
    let compatibilities = task.requires_compatibilities.iter().flatten().map(Compatibility::as_str);
    let containers = task.container_definitions.iter().flatten().map(container);
    json!({
        "family": task.family,
        "revision": (task.revision > 0).then_some(task.revision),
        "taskRoleArn": task.task_role_arn,
        "executionRoleArn": task.execution_role_arn,
        "requiresCompatibilities": compatibilities.collect::<Vec<_>>(),
        "volumes": task.volumes.iter().flatten().map(volume).collect::<Vec<_>>(),
        "containerDefinitions": containers.collect::<Vec<_>>(),
    })
}

fn volume(volume: &Volume) -> Value {
    let login = volume.fsx_windows_file_server_volume_configuration.as_ref();
    let login = login.and_then(|fsx| fsx.authorization_config.as_ref());
    let login = login.map(|login| json!({"credentialsParameter": login.credentials_parameter}));
    let docker = volume.docker_volume_configuration.as_ref();
    json!({
        "name": volume.name,
        "fsxWindowsFileServerVolumeConfiguration": login.map(|login| json!({"authorizationConfig": login})),
        "dockerVolumeConfiguration":
            docker.map(|docker| json!({"driverOpts": docker.driver_opts, "labels": docker.labels})),
    })
}

fn container(container: &ContainerDefinition) -> Value {
    let log = container.log_configuration.as_ref();
    let credentials = container.repository_credentials.as_ref();
    let pair = |pair: &KeyValuePair| json!({"name": pair.name, "value": pair.value});
    let file = |file: &EnvironmentFile| json!({"value": file.value});
    let control = |control: &SystemControl| json!({"namespace": control.namespace, "value": control.value});
    let host = |host: &HostEntry| json!({"hostname": host.hostname});
    json!({
        "name": container.name,
        "image": container.image.as_ref().filter(|image| !image.is_empty()),
        "essential": container.essential,
        "entryPoint": container.entry_point,
        "command": container.command,
        "environment": container.environment.iter().flatten().map(pair).collect::<Vec<_>>(),
        "environmentFiles": container.environment_files.iter().flatten().map(file).collect::<Vec<_>>(),
        "secrets": secrets(container.secrets.as_deref()),
        "repositoryCredentials":
            credentials.map(|login| json!({"credentialsParameter": login.credentials_parameter})),
        "credentialSpecs": container.credential_specs,
        "healthCheck": container.health_check.as_ref().map(|check| json!({"command": check.command})),
        "dockerLabels": container.docker_labels,
        "dockerSecurityOptions": container.docker_security_options,
        "logConfiguration": log.map(|log| {
            json!({"options": log.options, "secretOptions": secrets(log.secret_options.as_deref())})
        }),
        "firelensConfiguration":
            container.firelens_configuration.as_ref().map(|lens| json!({"options": lens.options})),
        "systemControls": container.system_controls.iter().flatten().map(control).collect::<Vec<_>>(),
        "extraHosts": container.extra_hosts.iter().flatten().map(host).collect::<Vec<_>>(),
        "hostname": container.hostname,
        "user": container.user,
        "workingDirectory": container.working_directory,
    })
}

fn secrets(list: Option<&[Secret]>) -> Vec<Value> {
    let one = |secret: &Secret| json!({"name": secret.name, "valueFrom": secret.value_from});
    list.into_iter().flatten().map(one).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use aws_sdk_ecs::types::{
        DockerVolumeConfiguration, EnvironmentFileType, FSxWindowsFileServerVolumeConfiguration, HealthCheck,
        RepositoryCredentials,
    };

    use super::super::super::{LiteralPlace, SecretReferenceKind, Sighting};
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
            .docker_security_options("credentialspec:file://hidden")
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
        let (task, gaps) = task_definition("app", &task, &Everything);
        assert!(!format!("{task:?}").contains("hidden"), "a value was kept");
        let containers = task.containers.value().unwrap();
        assert!(containers.len() == 2 && containers[1].image.gap().is_some());
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
                (LiteralPlace::Other, "/containerDefinitions/0/extraHosts/0/hostname", 1),
                (LiteralPlace::Other, "/containerDefinitions/0/dockerSecurityOptions/0", 1),
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
                (SecretReferenceKind::CredentialSpecs, "arn:spec"),
            ]
        );
        let [(place, gap)] = gaps.as_slice() else { panic!("{gaps:?}") };
        assert_eq!(place.pointer.as_ref().unwrap().as_str(), "/volumes/1");
        assert!(gap.reason.contains("credentials"), "{gap}");
        assert_eq!((task.task_role, task.revision), (Seen::Absent, Some(4)));
    }
}
