//! Figures of the IAM engine: evaluations a second on one core, and the cost of one proof for a role with 50 statements.
//!
//! Run with `cargo bench --bench iam`.

use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use seaworthy_iam::{
    Context, Language, Policy, PolicyKind, PolicySet, Privilege, Query, Request, evaluate, parameter_arn,
    parameter_universe,
};

const ROLE: &str = "arn:aws:iam::111122223333:role/app";

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    let (rate, kind) = evaluations("simple", &simple()?)?;
    writeln!(out, "{rate:>12.0} evaluations/s, {kind}")?;
    let (rate, kind) = evaluations("50 statements", &fifty()?)?;
    writeln!(out, "{rate:>12.0} evaluations/s, {kind}")?;
    proof(&mut out, "exact", &fifty()?, true)?;
    proof(&mut out, "excess with witness", &fifty()?, false)?;
    Ok(())
}

/// One policy with an Allow, a Deny and a condition.
fn simple() -> Result<PolicySet, Box<dyn Error>> {
    let text = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"ssm:Get*","Resource":"arn:aws:ssm:*:111122223333:parameter/prod/*"},
        {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#;
    let identity = vec![Policy::parse("simple", text, PolicyKind::Identity)?];
    Ok(PolicySet { identity, ..PolicySet::default() })
}

/// 50 statements: literal names, prefixes, inner wildcards, exceptions and denies.
fn fifty() -> Result<PolicySet, Box<dyn Error>> {
    let mut statements = Vec::new();
    for index in 0..50 {
        let (effect, element, name) = match index % 5 {
            0 => ("Allow", "Resource", format!("prod/app{index}/*")),
            1 => ("Allow", "Resource", format!("prod/app{index}/db")),
            2 => ("Allow", "Resource", format!("prod/*/key{index}")),
            3 => ("Deny", "Resource", format!("prod/app{index}/secret*")),
            _ => ("Allow", "Resource", format!("shared/team-?/{index}/*")),
        };
        let resource = format!("arn:aws:ssm:*:111122223333:parameter/{name}");
        statements.push(format!(r#"{{"Effect":"{effect}","Action":"ssm:Get*","{element}":"{resource}"}}"#));
    }
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
    let identity = vec![Policy::parse("fifty", &text, PolicyKind::Identity)?];
    Ok(PolicySet { identity, ..PolicySet::default() })
}

fn evaluations<'a>(kind: &'a str, policies: &PolicySet) -> Result<(f64, &'a str), Box<dyn Error>> {
    let mut context = Context::closed();
    context.set("aws:SecureTransport", vec!["true".to_owned()]);
    let arn = parameter_arn("aws", "eu-west-1", "111122223333", "/prod/app45/db");
    let request = Request::new(ROLE, "ssm:GetParameter", &arn, None, context)?;
    let (start, mut count) = (Instant::now(), 0_u32);
    while start.elapsed().as_millis() < 500 {
        for _ in 0..1_000 {
            black_box(evaluate(black_box(policies), black_box(&request)));
        }
        count += 1_000;
    }
    Ok((f64::from(count) / start.elapsed().as_secs_f64(), kind))
}

/// The cost of one question "nothing but what is required", proofs from both sides included.
fn proof(out: &mut impl Write, kind: &str, policies: &PolicySet, exact: bool) -> Result<(), Box<dyn Error>> {
    let universe = parameter_universe("aws", "eu-west-1", "111122223333");
    let mut required = vec!["/prod/app*", "/prod/*/key*", "/shared/*"];
    if !exact {
        required.pop();
    }
    let arn = |name: &&str| Language::from(parameter_arn("aws", "eu-west-1", "111122223333", name).as_str());
    let required = Language::union(required.iter().map(arn));
    let query = Query::new(policies, ROLE, "ssm:GetParameter", None, Context::open())?;
    let (start, mut count) = (Instant::now(), 0_u32);
    let mut answer = Privilege::Exact;
    while start.elapsed().as_millis() < 500 {
        answer = black_box(query.excess(black_box(&universe), &required));
        count += 1;
    }
    let cost = start.elapsed().as_secs_f64() * 1_000.0 / f64::from(count);
    let answer = match answer {
        Privilege::Exact => "proved".to_owned(),
        Privilege::Excess(excess) => excess.witness.to_string(),
        Privilege::Undecided(why) => format!("{why:?}"),
    };
    writeln!(out, "{cost:>12.3} ms for a role with 50 statements, {kind}: {answer}")?;
    Ok(())
}
