//! The run's documents, the registry of handles, and the plan: each leaf deleted, emptied, retyped, altered, replaced by a
//! neighbour's value; each statement of each policy widened.

use serde_json::{Value, json};

use super::Mutant;
use super::change::{broken, pointers, remove};
use super::project::Project;

pub fn mutants(project: &Project) -> Vec<Mutant> {
    let mut all = Vec::new();
    for path in project.files.keys().filter(|p| p.starts_with("store/")) {
        let document: Value = serde_json::from_slice(&project.files[path]).unwrap();
        all.extend(of_document(path, &document));
        all.push(Mutant { rule: "removed", place: path.clone(), files: vec![(path.clone(), None)] });
        let half = project.files[path].len() / 2;
        let cut = project.files[path][..half].to_vec();
        all.push(Mutant { rule: "cut", place: path.clone(), files: vec![(path.clone(), Some(cut))] });
    }
    all.extend(handles(project));
    all.extend(plan(project));
    all
}

fn file(path: &str, document: &Value) -> Vec<(String, Option<Vec<u8>>)> {
    vec![(path.to_owned(), Some(serde_json::to_vec_pretty(document).unwrap()))]
}

/// Each value of a document that stands alone.
fn of_document(path: &str, document: &Value) -> Vec<Mutant> {
    let all = pointers(document);
    let name = path.rsplit('/').next().unwrap();
    let mut out = Vec::new();
    for (n, pointer) in all.iter().enumerate() {
        let place = format!("{name}#{pointer}");
        let mut changed = document.clone();
        if remove(&mut changed, pointer) {
            out.push(Mutant { rule: "deleted", place: place.clone(), files: file(path, &changed) });
        }
        let value = document.pointer(pointer).unwrap();
        let same = |p: &&String| {
            std::mem::discriminant(document.pointer(p).unwrap()) == std::mem::discriminant(value)
        };
        let neighbour =
            all.iter().cycle().skip(n + 1).take(all.len()).find(same).map(|p| document.pointer(p).unwrap());
        for (rule, new) in broken(value, neighbour) {
            let mut changed = document.clone();
            *changed.pointer_mut(pointer).unwrap() = new;
            out.push(Mutant { rule, place: place.clone(), files: file(path, &changed) });
        }
    }
    out
}

/// Each line of the registry removed, and each value altered or exchanged with the next.
fn handles(project: &Project) -> Vec<Mutant> {
    let text = project.text("handles.md");
    let lines: Vec<&str> = text.lines().collect();
    let of = |lines: &[String]| vec![("handles.md".to_owned(), Some((lines.join("\n") + "\n").into_bytes()))];
    let mut out = Vec::new();
    let entries: Vec<usize> =
        lines.iter().enumerate().filter(|(_, l)| l.contains(" = ")).map(|(n, _)| n).collect();
    for (at, n) in entries.iter().enumerate() {
        let name = lines[*n].trim_start_matches("* `").split(' ').next().unwrap();
        let owned = || lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
        let mut removed = owned();
        removed.remove(*n);
        out.push(Mutant { rule: "deleted", place: format!("handles.md#{name}"), files: of(&removed) });
        let mut altered = owned();
        altered[*n] = altered[*n].replace("\"`", "-other\"`");
        out.push(Mutant { rule: "altered", place: format!("handles.md#{name}"), files: of(&altered) });
        let other = entries[(at + 1) % entries.len()];
        let value = |line: &str| line.split('"').nth(1).unwrap().to_owned();
        let mut swapped = owned();
        swapped[*n] = lines[*n].replace(&value(lines[*n]), &value(lines[other]));
        swapped[other] = lines[other].replace(&value(lines[other]), &value(lines[*n]));
        out.push(Mutant { rule: "exchanged", place: format!("handles.md#{name}"), files: of(&swapped) });
    }
    out
}

const PLAN: &str = "infra/plan.json";

/// The plan says each value twice: in the values that are planned and in the change. Both are broken alike.
struct Twice {
    address: String,
    planned: String,
    change: String,
}

fn twice(plan: &Value) -> Vec<Twice> {
    let planned = plan["planned_values"]["root_module"]["resources"].as_array().unwrap();
    let changes = plan["resource_changes"].as_array().unwrap();
    let of = |(n, resource): (usize, &Value)| {
        let address = resource["address"].as_str().unwrap().to_owned();
        let change = changes.iter().position(|c| c["address"] == resource["address"]).unwrap();
        Twice {
            address,
            planned: format!("/planned_values/root_module/resources/{n}/values"),
            change: format!("/resource_changes/{change}/change/after"),
        }
    };
    planned.iter().enumerate().map(of).collect()
}

fn plan(project: &Project) -> Vec<Mutant> {
    let plan: Value = serde_json::from_slice(&project.files[PLAN]).unwrap();
    let mut out = Vec::new();
    let all = twice(&plan);
    let both = |one: &Twice, change: &dyn Fn(&mut Value)| {
        let mut changed = plan.clone();
        for pointer in [&one.planned, &one.change] {
            change(changed.pointer_mut(pointer).unwrap());
        }
        changed
    };
    for one in &all {
        let values = plan.pointer(&one.planned).unwrap();
        let mut removed = plan.clone();
        remove(&mut removed, one.planned.trim_end_matches("/values"));
        remove(&mut removed, one.change.trim_end_matches("/change/after"));
        out.push(Mutant {
            rule: "deleted",
            place: format!("plan#{}", one.address),
            files: file(PLAN, &removed),
        });
        for pointer in pointers(values) {
            let place = format!("plan#{}{pointer}", one.address);
            let value = values.pointer(&pointer).unwrap();
            let changed = both(one, &|v| _ = remove(v, &pointer));
            out.push(Mutant { rule: "deleted", place: place.clone(), files: file(PLAN, &changed) });
            // The same attribute of another resource of the kind.
            let kind = |address: &str| address.split(['.', '[']).next().unwrap().to_owned();
            let neighbour =
                all.iter().filter(|o| o.address != one.address && kind(&o.address) == kind(&one.address));
            let neighbour = neighbour
                .filter_map(|o| plan.pointer(&format!("{}{pointer}", o.planned)))
                .find(|v| *v != value);
            for (rule, new) in broken(value, neighbour) {
                let changed = both(one, &|v| _ = v.pointer_mut(&pointer).map(|place| *place = new.clone()));
                out.push(Mutant { rule, place: place.clone(), files: file(PLAN, &changed) });
            }
            let Some(document) = value.as_str().and_then(|t| serde_json::from_str::<Value>(t).ok()) else {
                continue;
            };
            for (rule, at, new) in inside(&document) {
                let text = json!(new.to_string());
                let changed = both(one, &|v| _ = v.pointer_mut(&pointer).map(|place| *place = text.clone()));
                out.push(Mutant { rule, place: format!("{place}{at}"), files: file(PLAN, &changed) });
            }
        }
    }
    out
}

/// What may be wrong in a document inside the plan: a policy, or a list of containers.
fn inside(document: &Value) -> Vec<(&'static str, String, Value)> {
    let mut out = Vec::new();
    let all = pointers(document);
    for (n, pointer) in all.iter().enumerate() {
        let value = document.pointer(pointer).unwrap();
        let mut changed = document.clone();
        remove(&mut changed, pointer);
        out.push(("deleted", pointer.clone(), changed));
        let neighbour =
            all.get(n + 1).and_then(|p| document.pointer(p)).filter(|v| v.is_string() == value.is_string());
        for (rule, new) in broken(value, neighbour) {
            let mut changed = document.clone();
            *changed.pointer_mut(pointer).unwrap() = new;
            out.push((rule, pointer.clone(), changed));
        }
    }
    let statements = document["Statement"].as_array().map_or(0, Vec::len);
    for n in 0..statements {
        let mut widen = |rule: &'static str, change: &dyn Fn(&mut Value)| {
            let mut changed = document.clone();
            change(&mut changed["Statement"][n]);
            if changed != *document {
                out.push((rule, format!("/Statement/{n}"), changed));
            }
        };
        widen("any resource", &|s| s["Resource"] = json!("*"));
        widen("all parameters", &|s| s["Resource"] = json!("arn:aws:ssm:*:*:parameter/*"));
        widen("any action", &|s| s["Action"] = json!("*"));
        widen("any action of the service", &|s| s["Action"] = json!("ssm:*"));
        widen("any principal", &|s| {
            if s.get("Principal").is_some() {
                s["Principal"] = json!("*");
            }
        });
        widen("another service", &|s| {
            if s.get("Principal").is_some() {
                s["Principal"] = json!({"Service": "ec2.amazonaws.com"});
            }
        });
        widen("all but one action", &|s| {
            s.as_object_mut().unwrap().remove("Action");
            s["NotAction"] = json!("s3:GetObject");
        });
        widen("all but one resource", &|s| {
            s.as_object_mut().unwrap().remove("Resource");
            s["NotResource"] = json!("arn:aws:s3:::x");
        });
        widen("by path", &|s| {
            if let Some(actions) = s["Action"].as_array_mut() {
                actions.push(json!("ssm:GetParametersByPath"));
            }
            if let Some(text) = s["Resource"].as_str().map(str::to_owned) {
                let up = text.rsplit_once('/').map_or(text.clone(), |(head, _)| format!("{head}/*"));
                s["Resource"] = json!(up);
            }
        });
        widen("another account", &|s| {
            if let Some(text) = s["Resource"].as_str().map(|t| t.replace("111122223333", "444455556666")) {
                s["Resource"] = json!(text);
            }
        });
        let mut more = document.clone();
        let wide = json!({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"});
        more["Statement"].as_array_mut().unwrap().push(wide);
        if document["Statement"][n].get("Principal").is_none() {
            out.push(("another statement", format!("/Statement/{n}"), more));
        }
    }
    out
}
