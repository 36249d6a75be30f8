//! How long it takes to read a large plan, and how much memory: `cargo bench --bench wiring [RESOURCES]`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fmt::Write as _;
use std::time::Instant;

use seaworthy_aws::{Inspector, Sighting, plan};

struct Nothing;

impl Inspector for Nothing {
    fn inspect(&self, _: &str, _: &str) -> Vec<Sighting> {
        Vec::new()
    }
}

/// A plan with this many resources: of ten, two roles, two policies, two parameters, one task definition with a long
/// environment, and three of which nothing is asked.
fn generate(resources: usize) -> String {
    let (mut changes, mut values, mut config) = (String::new(), String::new(), String::new());
    let role = r#"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"ecs-tasks.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}"#;
    let environment: String = (0..40)
        .map(|i| format!(r#",{{\"name\":\"VARIABLE_{i}\",\"value\":\"value number {i}\"}}"#))
        .collect();
    for i in 0..resources {
        let (kind, after, unknown, expressions) = match i % 10 {
            0 | 1 => (
                "aws_iam_role",
                format!(
                    r#"{{"name":"role-{i}","path":"/","assume_role_policy":"{role}","inline_policy":[]}}"#
                ),
                r#"{"arn":true,"id":true}"#,
                r#"{"name":{"references":["each.key"]}}"#.to_owned(),
            ),
            2 | 3 => (
                "aws_iam_role_policy",
                format!(
                    r#"{{"name":"reads","policy":"{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Action\":\"ssm:GetParameter\",\"Resource\":\"arn:aws:ssm:eu-west-1:111122223333:parameter/app-{i}/*\"}}]}}"}}"#
                ),
                r#"{"role":true}"#,
                format!(
                    r#"{{"role":{{"references":["aws_iam_role.r{}.id","aws_iam_role.r{}"]}}}}"#,
                    i - 2,
                    i - 2
                ),
            ),
            4 | 5 => (
                "aws_ssm_parameter",
                format!(r#"{{"name":"/app-{i}/password","type":"SecureString","value":"not-a-secret-{i}"}}"#),
                r#"{"arn":true,"version":true}"#,
                "{}".to_owned(),
            ),
            6 => (
                "aws_ecs_task_definition",
                format!(
                    r#"{{"family":"task-{i}","container_definitions":"[{{\"name\":\"app\",\"image\":\"registry.example.com/app:1\",\"environment\":[{{\"name\":\"A\",\"value\":\"b\"}}{environment}]}}]"}}"#
                ),
                r#"{"task_role_arn":true}"#,
                format!(
                    r#"{{"task_role_arn":{{"references":["aws_iam_role.r{}.arn","aws_iam_role.r{}"]}}}}"#,
                    i - 6,
                    i - 6
                ),
            ),
            _ => (
                "aws_instance",
                format!(r#"{{"user_data":"{}","tags":{{"Name":"i-{i}"}}}}"#, "x".repeat(1_000)),
                "{}",
                "{}".to_owned(),
            ),
        };
        let comma = if i == 0 { "" } else { "," };
        let head = format!(r#""address":"{kind}.r{i}","mode":"managed","type":"{kind}","name":"r{i}""#);
        write!(values, r#"{comma}{{{head},"values":{after},"sensitive_values":{{}}}}"#).unwrap();
        write!(changes, r#"{comma}{{{head},"change":{{"actions":["create"],"before":null,"after":{after},"after_unknown":{unknown},"after_sensitive":{{"value":true}}}}}}"#).unwrap();
        write!(config, r#"{comma}{{{head},"expressions":{expressions}}}"#).unwrap();
    }
    format!(
        r#"{{"format_version":"1.2","terraform_version":"1.11.4","planned_values":{{"root_module":{{"resources":[{values}]}}}},"resource_changes":[{changes}],"configuration":{{"provider_config":{{"aws":{{"name":"aws","expressions":{{"region":{{"constant_value":"eu-west-1"}}}}}}}},"root_module":{{"resources":[{config}]}}}}}}"#
    )
}

/// The most memory that this process has had, in KiB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn main() {
    let resources = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(5_000);
    let text = generate(resources).into_bytes();
    let (size, before) = (text.len(), peak());
    let start = Instant::now();
    let snapshot = plan::parse("plan.json", text, &Nothing).unwrap();
    let time = start.elapsed();
    println!("{resources} resources, {:.1} MB of JSON", size as f64 / 1e6);
    println!("read in {:.0} ms", time.as_secs_f64() * 1e3);
    println!("peak memory {} MiB, of which {} MiB before reading", peak() / 1024, before / 1024);
    println!(
        "{} roles, {} tasks, {} parameters",
        snapshot.roles.len(),
        snapshot.tasks.len(),
        snapshot.parameters.len()
    );
    assert_eq!(snapshot.roles.len(), resources.div_ceil(10) * 2);
    assert!(snapshot.gaps.is_empty());
}
