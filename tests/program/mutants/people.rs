//! Edits of the demo as people make them, of its sources, its image and its plan, each with its answer: `tests/edits`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Mutant;
use super::judge::Judge;
use super::project::Project;
use seaworthy::finding::Verdict;

const PLAN: &str = "infra/plan.json";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edits {
    edit: Vec<Edit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    name: String,
    answer: String,
    /// The end of a file's path, what stands there, and what is written in its place.
    #[serde(default)]
    edits: Vec<(String, String, String)>,
    /// New files of the project.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// New files of the image alone.
    #[serde(default)]
    image: BTreeMap<String, String>,
    /// Fields of the image's configuration.
    #[serde(default)]
    config: Map<String, Value>,
    /// Fields of the container of a task definition, by its address.
    #[serde(default)]
    container: BTreeMap<String, Map<String, Value>>,
    /// Values of a resource, by its address.
    #[serde(default)]
    plan: BTreeMap<String, Map<String, Value>>,
    /// New resources.
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resource {
    address: String,
    values: Value,
}

impl Edit {
    fn mutant(&self, project: &Project) -> Mutant {
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let (mut image, mut is_shipped) = (project.image.clone(), false);
        for (end, from, to) in &self.edits {
            let path = project.files.keys().find(|path| path.ends_with(end)).unwrap().clone();
            let own = files.get(&path).unwrap_or(&project.files[&path]);
            let before = std::str::from_utf8(own).unwrap();
            assert!(before.contains(from), "{}: {path} has no {from}", self.name);
            files.insert(path, before.replace(from, to).into_bytes());
        }
        files.extend(self.files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes())));
        for (path, content) in files.iter().filter(|(path, _)| path.starts_with("src/")) {
            image.put(&path.replacen("src/", "app/", 1), Some(content));
            is_shipped = true;
        }
        for (path, text) in &self.image {
            image.put(path, Some(text.as_bytes()));
            is_shipped = true;
        }
        for (name, value) in &self.config {
            image.config["config"][name] = value.clone();
            is_shipped = true;
        }
        let changes_plan = !(self.container.is_empty() && self.plan.is_empty() && self.resources.is_empty());
        if changes_plan {
            files.insert(PLAN.to_owned(), self.planned(project));
        }
        let mut all: Vec<(String, Option<Vec<u8>>)> = Vec::new();
        if is_shipped {
            // Documents that an edit changes are changed again.
            let shipped = project.shipping(&image).into_iter();
            all.extend(shipped.filter(|(path, _)| !files.contains_key(path)));
        }
        all.extend(files.into_iter().map(|(path, content)| (path, Some(content))));
        Mutant { rule: "an edit of people", place: self.name.clone(), files: all }
    }

    /// The plan with the edit's values, in both places where a plan has them.
    fn planned(&self, project: &Project) -> Vec<u8> {
        let mut plan: Value = serde_json::from_slice(&project.files[PLAN]).unwrap();
        let change = |address: &str, values: &mut Value| {
            for (name, value) in self.plan.get(address).into_iter().flatten() {
                values[name] = value.clone();
            }
            if let Some(fields) = self.container.get(address) {
                let text = values["container_definitions"].as_str().unwrap();
                let mut containers: Value = serde_json::from_str(text).unwrap();
                for (name, value) in fields {
                    containers[0][name] = value.clone();
                }
                values["container_definitions"] = json!(containers.to_string());
            }
        };
        for (pointer, values) in
            [("/planned_values/root_module/resources", "values"), ("/resource_changes", "change")]
        {
            for resource in plan.pointer_mut(pointer).unwrap().as_array_mut().unwrap() {
                let address = resource["address"].as_str().unwrap().to_owned();
                let at = if values == "change" {
                    &mut resource["change"]["after"]
                } else {
                    &mut resource["values"]
                };
                change(&address, at);
            }
        }
        for Resource { address, values } in &self.resources {
            let (kind, name) = address.split_once('.').unwrap();
            let head = json!({
                "address": address, "mode": "managed", "type": kind, "name": name,
                "provider_name": "registry.terraform.io/hashicorp/aws", "schema_version": 0,
            });
            let with = |more: Value| {
                let mut all = head.as_object().unwrap().clone();
                all.extend(more.as_object().unwrap().clone());
                Value::Object(all)
            };
            let add = |list: &mut Value, item: Value| list.as_array_mut().unwrap().push(item);
            let planned = with(json!({"values": values, "sensitive_values": {}}));
            add(plan.pointer_mut("/planned_values/root_module/resources").unwrap(), planned);
            let change = json!({"actions": ["create"], "before": null, "after": values, "after_unknown": {}});
            add(plan.pointer_mut("/resource_changes").unwrap(), with(json!({"change": change})));
        }
        serde_json::to_vec(&plan).unwrap()
    }
}

#[test]
fn edits_of_people_get_their_answers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/edits/project.toml");
    let edits: Edits = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let project = Project::demo();
    let judge = Judge::new(&project);
    let mut wrong = Vec::new();
    for edit in &edits.edit {
        let mutant = edit.mutant(&project);
        let given = match judge.verdict(&mutant) {
            Ok(Verdict::Pass) => "pass",
            Ok(Verdict::Fail) => "fail",
            Ok(Verdict::Incomplete) => "open",
            Err(_) => "error",
        };
        if given != edit.answer {
            wrong.push(format!(
                "{}: {given}, and not {}\n{}",
                edit.name,
                edit.answer,
                judge.explain(&mutant)
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), edits.edit.len(), wrong.join("\n"));
}
