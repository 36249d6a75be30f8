//! Edits that people make, by the kinds of the cases of the gate and of entrypoints: three of each that stand in no case.
//! Whatever breaks a control is refused, or is not checked.

use super::Mutant;
use super::project::Project;

type Files = Vec<(String, Option<Vec<u8>>)>;

/// A text of a file, and what an edit makes of it.
type Edit = (&'static str, &'static str, &'static str);

const RELEASE: &str = ".github/workflows/release.yml";
const PLAN: &str = "infra/plan.json";
const PROVENANCE: &str = "packaging_provenance.json";
const RECEIPT: &str = "build_command_surface_receipt.json";
const SERVICE: &str = "src/orders/service.py";
const REPORT: &str = "src/orders/report.py";
const WORKER: &str = "src/ledger/worker.py";

/// One edit of a file of the demo: its kind, the file, what stands there, and what is written in its place.
#[rustfmt::skip]
const OF_DEMO: [(&str, &str, &str, &str); 61] = [
    ("tasks run another image", PLAN, ":git-4b825dc642cb6eb9a060e54bf8d69288fbee4904", ":prod"),
    ("tasks run another image", PLAN, ":git-4b825dc642cb6eb9a060e54bf8d69288fbee4904", ""),
    ("tasks run another image", PLAN, "111122223333.dkr.ecr.eu-west-1.amazonaws.com/orders:", "public.ecr.aws/docker/library/python:"),
    ("a task's command is in no row", PLAN, "orders.report\\\"", "orders.reports\\\""),
    ("a task's command is in no row", PLAN, "\\\"-m\\\",\\\"orders.report\\\"", "\\\"-c\\\",\\\"print(1)\\\""),
    ("a task's command is in no row", PLAN, "[\\\"--profile\\\"", "[\\\"--verbose\\\""),
    ("a fallback in a task's command", PLAN, "[\\\"python3\\\",\\\"-m\\\",\\\"orders.report\\\"]", "[\\\"sh\\\",\\\"-c\\\",\\\"MAIL_TOKEN=${MAIL_TOKEN:-letmein} exec python3 -m orders.report\\\"]"),
    ("a fallback in a task's command", PLAN, "[\\\"python3\\\",\\\"-m\\\",\\\"orders.report\\\"]", "[\\\"sh\\\",\\\"-c\\\",\\\": ${MAIL_TOKEN:=letmein}; exec python3 -m orders.report\\\"]"),
    ("a fallback in a task's command", PLAN, "[\\\"python3\\\",\\\"-m\\\",\\\"orders.report\\\"]", "[\\\"bash\\\",\\\"-c\\\",\\\"export MAIL_TOKEN=${MAIL_TOKEN-letmein}\\nexec python3 -m orders.report\\\"]"),
    ("no provenance", PROVENANCE, "{", ""),
    ("no provenance", PROVENANCE, "\"image_digest\"", "\"image_digests\""),
    ("no provenance", PROVENANCE, "\"git_sha\": \"4b825dc6", "\"git_sha\": \"5b825dc6"),
    ("the driver is not in the provenance", PROVENANCE, "\"image_build_driver\"", "\"driver\""),
    ("the driver is not in the provenance", PROVENANCE, "\"image_build_driver\": \"github_actions\"", "\"image_build_driver\": \"\""),
    ("the driver is not in the provenance", PROVENANCE, "\"image_build_driver\": \"github_actions\"", "\"image_build_driver\": null"),
    ("another driver", PROVENANCE, "\"image_build_driver\": \"github_actions\"", "\"image_build_driver\": \"local_cli\""),
    ("another driver", RECEIPT, "\"image_build_driver\": \"github_actions\"", "\"image_build_driver\": \"local_cli\""),
    ("another driver", RECEIPT, "github_actions_v0", "local_cli_v0"),
    ("a secret as a build argument", RELEASE, "docker build ", "docker build --build-arg NPM_TOKEN=${{ secrets.NPM_TOKEN }} "),
    ("a secret as a build argument", RELEASE, "docker build ", "docker build --build-arg=DB_PASSWORD=$DB_PASSWORD "),
    ("a secret as a build argument", RELEASE, "docker build ", "TOKEN=${{ secrets.TOKEN }} docker build --build-arg TOKEN "),
    ("the convenience tag too early", RELEASE, "docker push \"$REPOSITORY:git-$GITHUB_SHA\"", "for t in git-$GITHUB_SHA latest; do docker push \"$REPOSITORY:$t\"; done"),
    ("the convenience tag too early", RELEASE, "docker push \"$REPOSITORY:git-$GITHUB_SHA\"", "docker push \"$REPOSITORY:git-$GITHUB_SHA\" && docker push \"$REPOSITORY:latest\""),
    ("the convenience tag too early", RELEASE, "docker push \"$REPOSITORY:git-$GITHUB_SHA\"", "docker push --all-tags \"$REPOSITORY\""),
    ("an empty digest passes", RELEASE, "digest=$digest", "digest="),
    ("an empty digest passes", RELEASE, "--output text)", "--output text || true)"),
    ("an empty digest passes", RELEASE, "--output text)", "--output text 2>/dev/null || echo none)"),
    ("no outputs", RELEASE, "      digest: ${{ steps.digest.outputs.digest }}\n", ""),
    ("no outputs", RELEASE, "\"$GITHUB_OUTPUT\"", "\"$GITHUB_STEP_SUMMARY\""),
    ("no outputs", RELEASE, "digest: ${{ steps.digest.outputs.digest }}", "digest: ${{ steps.resolve.outputs.digest }}"),
    ("no workflow", "seaworthy.toml", "[workflow]\nfiles = [\".github/workflows/release.yml\"]\nfamily = \"github_actions\"\n", ""),
    ("no workflow", "seaworthy.toml", "workflows/release.yml", "workflows/deploy.yml"),
    ("no workflow", RELEASE, "jobs:", "tasks:"),
    ("another repository is pushed", RELEASE, "docker push \"$REPOSITORY:", "docker push \"$REPOSITORY-dev:"),
    ("another repository is pushed", RELEASE, "docker push \"$REPOSITORY:", "docker push \"docker.io/team/orders:"),
    ("another repository is pushed", RELEASE, "REPOSITORY: 111122223333", "REPOSITORY: 999922223333"),
    ("another Dockerfile is built", RELEASE, "--file Dockerfile ", "--file docker/Dockerfile "),
    ("another Dockerfile is built", RELEASE, "--file Dockerfile ", "-f Dockerfile.release "),
    ("another Dockerfile is built", RELEASE, "docker build --file Dockerfile", "cd services/orders && docker build --file Dockerfile"),
    ("a short commit", RELEASE, "git-$GITHUB_SHA", "git-${GITHUB_SHA:0:8}"),
    ("a short commit", RELEASE, "git-$GITHUB_SHA", "git-$(git rev-parse --short HEAD)"),
    ("a short commit", RELEASE, "git-$GITHUB_SHA", "git-$(echo $GITHUB_SHA | cut -c1-12)"),
    ("a handle twice", "handles.md", "* `SSM_DB_PASSWORD_PATH = \"/orders/prod/db/password\"`", "* `SSM_DB_PASSWORD_PATH = \"/orders/prod/db/password\"`\n* `SSM_DB_PASSWORD_PATH = \"/orders/dev/db/password\"`"),
    ("a handle twice", "handles.md", "* `ROLE_SERVICE = \"orders-service\"`", "* `ROLE_SERVICE = \"orders-service\"`\n* `ROLE_SERVICE = \"orders-admin\"`"),
    ("a handle twice", "handles.md", "* `ROLE_TERRAFORM", "* `ROLE_EXECUTION = \"orders-agent\"`\n* `ROLE_TERRAFORM"),
    ("a dependency is missing", SERVICE, "import os\n", "import os\nimport yaml\n"),
    ("a dependency is missing", SERVICE, "import os\n", "import os\nfrom requests import get\n"),
    ("a dependency is missing", REPORT, "import os\n", "import os, numpy as np\n"),
    ("a module of its own is missing", SERVICE, "import os\n", "import os\nfrom orders import ledger\n"),
    ("a module of its own is missing", SERVICE, "import os\n", "import os\nfrom orders.db import connect\n"),
    ("a module of its own is missing", REPORT, "import os\n", "import os\nfrom . import mail\n"),
    ("a mistake of syntax", SERVICE, "def main() -> None:", "def main( -> None:"),
    ("a mistake of syntax", SERVICE, "    arguments = ", "     arguments = "),
    ("a mistake of syntax", REPORT, "import os\n", "import os\nprint \"report\"\n"),
    ("another option is required", SERVICE, "    arguments = ", "    parser.add_argument(\"--region\", required=True)\n    arguments = "),
    ("another option is required", SERVICE, "    arguments = ", "    parser.add_argument(\"queue\")\n    arguments = "),
    ("another option is required", REPORT, "    arguments = ", "    parser.add_mutually_exclusive_group(required=True).add_argument(\"--mail\")\n    arguments = "),
    ("an option is gone", SERVICE, "\"--profile\", required=True", "\"--config\", required=True"),
    ("an option is gone", REPORT, "    parser.add_argument(\"--day\", required=True, help=\"the day, as YYYY-MM-DD\")\n", ""),
    ("an option is gone", REPORT, "\"--day\", required=True", "\"--date\", required=True"),
    ("a name that nothing defines", SERVICE, "import argparse\n", ""),
];

/// Edits of the ledger's worker, which has subcommands.
#[rustfmt::skip]
const OF_WORKER: [(&str, &str, &str); 6] = [
    ("the option is another subcommand's", "    run.add_argument(\"--profile\", required=True)\n", "    commands.add_parser(\"stop\").add_argument(\"--profile\", required=True)\n"),
    ("the option is another subcommand's", "    run.add_argument(\"--profile\", required=True)\n", "    drain = commands.add_parser(\"drain\")\n    drain.add_argument(\"--profile\")\n"),
    ("the option is another subcommand's", "    run.add_argument(\"--profile\", required=True)\n", "    parser.add_argument(\"--profile\", required=True)\n"),
    ("the subcommand is renamed", "add_parser(\"run\")", "add_parser(\"start\")"),
    ("the subcommand is renamed", "add_parser(\"run\")", "add_parser(\"Run\")"),
    ("the subcommand is renamed", "add_parser(\"run\")", "add_parser(\"run-worker\", aliases=[\"work\"])"),
];

/// The edits of a project.
pub fn edits(project: &Project) -> Vec<Mutant> {
    let mut out: Vec<Mutant> = match project.name {
        "demo" => {
            let mut all: Vec<Mutant> = OF_DEMO
                .iter()
                .map(|(kind, file, from, to)| edit(project, kind, file, (kind, from, to)))
                .collect();
            all.extend(documents(project));
            all.extend(context());
            all
        }
        _ => OF_WORKER.iter().map(|(kind, from, to)| edit(project, kind, WORKER, (kind, from, to))).collect(),
    };
    out.iter_mut().for_each(|m| m.place = format!("{}: {}", m.rule, m.place));
    out
}

/// The whole path of a file that is named by its end.
fn path(project: &Project, end: &str) -> String {
    let found = project.files.keys().find(|path| path.ends_with(end));
    found.unwrap_or_else(|| panic!("{end} is no file")).clone()
}

fn edit(project: &Project, kind: &'static str, file: &str, (_, from, to): Edit) -> Mutant {
    let file = path(project, file);
    let before = project.text(&file);
    assert!(before.contains(from), "{kind}: {file} has no {from}");
    let after = before.replace(from, to);
    let mut files: Files = Vec::new();
    // A program is changed in the image, too.
    if file.starts_with("src/") {
        let mut image = project.image.clone();
        image.put(&file.replacen("src/", "app/", 1), Some(after.as_bytes()));
        files.extend(project.shipping(&image));
    }
    files.push((file.clone(), Some(after.into_bytes())));
    Mutant { rule: kind, place: format!("{file}: {to}"), files }
}

/// Documents that are not there, or are another run's.
fn documents(project: &Project) -> Vec<Mutant> {
    let all: Vec<&String> = project.files.keys().filter(|path| path.starts_with("store/")).collect();
    let removed = || all.iter().map(|path| ((*path).clone(), None)).collect::<Files>();
    let mutant = |place: &str, files: Files| Mutant { rule: "no documents", place: place.to_owned(), files };
    let moved = all.iter().map(|path| {
        let elsewhere = path.replace(&project.run, "orders-20261101T100000Z");
        (elsewhere, project.files.get(*path).cloned())
    });
    let another = removed().into_iter().chain(moved).collect();
    let without_provenance = vec![(path(project, PROVENANCE), None), (path(project, RECEIPT), None)];
    vec![
        mutant("all removed", removed()),
        mutant("of another run alone", another),
        mutant("the header alone", without_provenance),
    ]
}

/// Plans of Terraform that the builder is given.
fn context() -> Vec<Mutant> {
    let plan = crate::carriers::zip("tfplan", b"a plan of Terraform", false);
    let names = ["src/orders/release.tfplan", "src/orders/deep/prod.tfplan", "src/orders/data.bin"];
    let mutant = |name: &&str| Mutant {
        rule: "a plan in the context",
        place: (*name).to_owned(),
        files: vec![((*name).to_owned(), Some(plan.clone()))],
    };
    names.iter().map(mutant).collect()
}
