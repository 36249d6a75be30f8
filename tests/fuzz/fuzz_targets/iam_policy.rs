//! Any bytes as a policy and as a case: no panic, no hang, and a document that is read can be evaluated and proved about.

#![no_main]

use libfuzzer_sys::fuzz_target;
use seaworthy_iam::cases::{Case, decide};
use seaworthy_iam::{Language, Limits, Policy, PolicySet, Query, Requester};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(case) = Case::read(text) {
        let _ = decide(&case);
    }
    let Ok(policy) = Policy::read("fuzz", text) else { return };
    let policies = PolicySet { identity: vec![policy.clone()], resource: Some(policy), ..PolicySet::default() };
    let principal = "arn:aws:iam::111122223333:role/app";
    let Ok(requester) = Requester::parse(principal) else { return };
    let Ok(query) = Query::new(&policies, principal, "ssm:GetParameter", None, requester.context()) else { return };
    let limits = Limits { states: 500, steps: 1_000_000, ..Limits::default() };
    let _ = query.with_limits(limits).excess(&Language::from("arn:aws:ssm:*"), &Language::nothing());
});
