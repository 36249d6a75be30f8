//! The checks on Dockerfiles, with an empty context.

use std::num::NonZeroUsize;

use proptest::prelude::*;

use super::ALL;
use crate::check::dockerfile::build::{Build, ExaminedContext, Recipe};
use crate::check::{Answers, Context};
use crate::finding::{Finding, FingerprintKey, Severity};
use crate::observe::ChunkFacts;
use crate::observe::library::OwnPackages;
use crate::rule::Rules;
use seaworthy_context::{Builder, Context as Files, IgnoreRules, Reach};
use seaworthy_dockerfile::Dockerfile;
use seaworthy_source::Place;

fn rules() -> &'static Rules {
    static RULES: std::sync::OnceLock<Rules> = std::sync::OnceLock::new();
    RULES.get_or_init(|| Rules::load(&[], &[]).unwrap())
}

/// All findings of a Dockerfile at or above medium; nothing if it is none.
fn findings(text: &str) -> Option<Vec<Finding>> {
    let dockerfile = Dockerfile::parse(text.as_bytes()).ok()?;
    let resolution = dockerfile.resolve();
    let directory = tempfile::tempdir().unwrap();
    let ignore = IgnoreRules::none(Builder::BuildKit);
    let build = Build {
        recipe: Recipe::new("Dockerfile".to_owned(), text.as_bytes(), &resolution, None),
        context: ExaminedContext {
            name: ".".to_owned(),
            files: Files::walk(directory.path(), &ignore, NonZeroUsize::MIN).unwrap(),
            rules: ignore,
            copies: Vec::new(),
            reach: Reach::default(),
            facts: ChunkFacts::default(),
            git: Ok(None),
            dockerfile: None,
            own: OwnPackages::default(),
        },
    };
    let context = Context::new(rules(), &FingerprintKey::PlaceOnly);
    let mut answers = Answers::default();
    for check in ALL {
        check.run(&build, &context, &mut answers);
    }
    answers.findings.retain(|f| f.severity > Severity::Low);
    Some(answers.findings)
}

/// The IDs and lines of what is found in these lines after a `FROM`.
fn found(lines: &str) -> Vec<(&'static str, u32)> {
    let mut all: Vec<(&'static str, u32)> = findings(&format!("FROM a\n{lines}\n"))
        .unwrap()
        .iter()
        .map(|f| match &f.origin.place {
            Place::Text { position, .. } => (f.check, position.line),
            place => panic!("{place:?}"),
        })
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

const MOUNT: &str = "RUN --mount=type=secret,id=k,env=K --mount=type=secret,id=f,target=/f ";

fn flows(command: &str) -> usize {
    findings(&format!("FROM a\nWORKDIR /app\n{MOUNT}{command}\n"))
        .unwrap()
        .iter()
        .filter(|f| f.check == "SW206")
        .count()
}

#[test]
fn secrets_that_stay_where_they_belong() {
    for command in [
        "use /f",
        "K2=\"$K\" use",
        "cat /f | login --password-stdin",
        "cat /f > /dev/null",
        "test -s /f && wc -c < /f",
        "echo ${#K} ${K:+given}",
        "cp /f /app/f && use && rm -f /app/f",
        "cp /f . && use && rm f",
        "cp /f x; use; rm -rf /app",
        "cd /tmp && cp /f . && use && rm -f /tmp/f",
        "mv /f a && mv a b && rm b",
        "trap 'rm -f /x' EXIT; cat /f > /x; use /x",
        "cp /f /dev/shm/f && use",
        "ln -s /f /root/.npmrc && use",
        "set -x; use /f; set +x; use \"$K\"",
        "grep -q x /f",
        "printenv PATH",
        ". /f && use \"$TOKEN\"",
        "export $(cat /f) && use",
        "npm config set --location=project //r/:_authToken=$K && npm ci && rm .npmrc",
        "bundle config set --local r.example x:$K && bundle install && rm -rf .bundle",
        "cp /f /srv/k && use && find /srv -name k -delete",
        "openssl rsa -in /f -pubout -out /app/public.pem",
        "svn checkout --no-auth-cache --password $K https://h/r",
        "gcloud auth print-access-token",
        "sh -c \"use $K\"",
    ] {
        assert_eq!(flows(command), 0, "{command}");
    }
}

#[test]
fn what_a_program_takes_back_does_not_stay() {
    let url = "url.\"https://x:$K@github.com/\"";
    let set = format!("git config --global {url}.insteadOf https://github.com/ && go mod download");
    assert_ne!(flows(&set), 0);
    assert_eq!(flows(&format!("{set} && git config --global --remove-section {url}")), 0);
    assert_eq!(flows(&format!("{set} && git config --global --unset {url}.insteadOf")), 0);
    assert_ne!(flows(&format!("{set} && git config --global --remove-section user")), 0);
    let login = "echo $K | docker login -u x --password-stdin r.example";
    assert_ne!(flows(login), 0);
    assert_eq!(flows(&format!("{login} && docker pull r.example/x && docker logout r.example")), 0);
    assert_ne!(flows(&format!("docker logout r.example && {login}")), 0);
    assert_eq!(flows("npm config set //r/:_authToken=$K && npm ci && npm config delete //r/:_authToken"), 0);
    let clone = "git clone https://x:$K@github.com/x/y . && git remote set-url origin https://github.com/x/y";
    assert_eq!(flows(clone), 0);
}

#[test]
fn values_that_only_let_a_build_run() {
    assert_eq!(found("RUN SECRET_KEY=build-key python manage.py collectstatic"), []);
    assert_eq!(found("RUN DJANGO_SECRET_KEY=not-used-at-build python manage.py collectstatic"), []);
    assert_eq!(found("RUN export SECRET_KEY_BASE='dummy for assets' && rake assets:precompile"), []);
    assert_eq!(found("RUN SECRET_KEY=build-tR7uK2mQx9Wd python manage.py collectstatic"), [("SW203", 2)]);
}

#[test]
fn secrets_that_do_not() {
    for command in [
        "cat /f",
        "echo $K",
        "echo \"$K\" >&2",
        "printenv K",
        "env | sort",
        "export -p",
        "set",
        "cp /f /app/f",
        "cp /f /app/f && rm /app/g",
        "rm -f /app/f && cp /f /app/f",
        "cat /f | sed s/a/b/ > g",
        "cat /f | tee g > /dev/null",
        "tee g < /f > /dev/null",
        "X=$(cat /f) && echo \"$X\" > g",
        "X=$(head -n1 < /f); printf %s \"$X\" >> g",
        "{ echo a; cat /f; } > g",
        "(cat /f) > g",
        "if true; then cat /f > g; fi",
        "for i in 1 2; do cp /f g$i; done",
        "sh -c 'cat /f > g'",
        "bash -xc 'use $K'",
        "set -eux; use \"$K\"",
        "npm config set //r/:_authToken \"$K\"",
        "git clone https://x:$K@h/r.git",
        "jq -n --arg k \"$K\" '{k: $k}' > g",
        "sed -i \"s/x/$K/\" g",
        "sh -c \"echo $K > g\"",
        "bash -c \"cat /f > g\"",
        ". /f && echo \"token=$TOKEN\" > g",
        "export $(cat /f | xargs) && printf %s \"$API_KEY\" > g",
        "openssl enc -d -in /f -out g",
        "tar czf g.tgz /f",
        "tar -czf g.tgz -C / /f",
        "gpg --import /f",
        "gpg --batch --import < /f",
        "gcloud auth activate-service-account --key-file=/f",
        "az login --service-principal -u x -p $K --tenant t",
        "vault login $K",
        "hf auth login --token $K",
        "kubectl config set-credentials ci --token=$K",
        "go build -ldflags \"-X main.token=$K\" -o /app .",
        "hg clone https://x:$K@h/r",
    ] {
        assert_ne!(flows(command), 0, "{command}");
    }
    assert_eq!(found(&format!("{MOUNT}<<EOF\nuse\ncat <<END > g\nk=$K\nEND\nEOF")), [("SW206", 4)]);
}

#[test]
fn exact_places() {
    assert_eq!(found("RUN true && \\\n  # a comment\n  curl -u ci:tR7uK2mQx9Wd https://h/"), [("SW203", 4)]);
    assert_eq!(found("RUN <<EOF\ntrue\nexport API_TOKEN=tR7uK2mQx9Wd\nEOF"), [("SW203", 4)]);
    assert_eq!(found("COPY <<A <<B /x/\na\nA\ntoken=tR7uK2mQx9Wd\nB"), [("SW208", 5)]);
    assert_eq!(found("ENV A=b \\\n\n  DB_PASSWORD=tR7uK2mQx9Wd"), [("SW202", 4)]);
    assert_eq!(found("ARG X\nARG NPM_TOKEN\nRUN a\nRUN b"), [("SW205", 3)]);
}

#[test]
fn values_of_variables_are_told_where_they_are_set() {
    assert_eq!(found("ENV DB_PASSWORD=$DB_PASSWORD"), []);
    assert_eq!(found("ARG DB_PASSWORD=tR7uK2mQx9Wd\nENV DB_PASSWORD=$DB_PASSWORD")[0], ("SW201", 2));
    assert_eq!(found("ENV DB_PASSWORD=${OTHER:-tR7uK2mQx9Wd}"), [("SW202", 2)]);
    assert_eq!(found("RUN curl -u \"ci:$PW\" https://h/ && mysql -p\"$PW\" --password=$PW"), []);
    assert_eq!(found("RUN X=${PW:-tR7uK2mQx9Wd} && export API_TOKEN=$X"), []);
    assert_eq!(found("RUN export API_TOKEN=${API_TOKEN:-tR7uK2mQx9Wd}"), [("SW203", 2)]);
}

#[test]
fn arguments_that_commands_use_as_secrets() {
    for (lines, expected) in [
        ("ARG P\nRUN curl -u ci:$P https://h/", vec![("SW205", 2)]),
        ("ARG P\nRUN curl -fsS -H \"Authorization: Bearer ${P}\" https://h/", vec![("SW205", 2)]),
        ("ARG P\nRUN pip install --index-url https://ci:$P@pypi.internal/simple x", vec![("SW205", 2)]),
        ("ARG P\nRUN NPM_TOKEN=$P npm ci", vec![("SW205", 2)]),
        ("ARG P\nRUN sh -c \"mysql -uroot -p$P < x.sql\"", vec![("SW205", 2)]),
        ("ARG P=tR7uK2mQx9Wd\nRUN curl -u ci:$P https://h/", vec![("SW201", 2), ("SW205", 2)]),
        ("ARG P\nRUN curl -u ci:$P https://h/ && echo $P > /x", vec![("SW205", 2), ("SW206", 3)]),
    ] {
        assert_eq!(found(lines), expected, "{lines}");
    }
    for lines in [
        "ARG VERSION\nRUN pip install x==$VERSION && curl -fsSLo /x https://h/x-$VERSION.tgz",
        "ARG HOST\nRUN curl -H \"Host: $HOST\" https://$HOST/x",
        "ARG KEY_FILE\nRUN curl --cert c.pem --key $KEY_FILE https://h/",
        "ARG SHA256\nRUN echo \"$SHA256  x\" | sha256sum -c",
        "ARG UID\nARG GID\nRUN groupadd -g $GID x && useradd -u $UID -g $GID x",
        "ARG SIGNERS\nRUN gpg --batch --keyserver hkps://k.example --recv-keys $SIGNERS",
        "ARG BRANCH\nRUN git clone -b $BRANCH https://h/r.git",
        "ARG U\nRUN curl -u $U:x https://h/",
        "ARG P\nRUN make P=$P",
    ] {
        assert_eq!(found(lines).iter().filter(|(check, _)| *check != "SW203").count(), 0, "{lines}");
    }
}

#[test]
fn passwords_that_programs_take() {
    for command in [
        "echo 'hX7PKR0CsTy4' | kinit svc@REALM",
        "kinit --password-file=/dev/stdin svc <<< 'Harbour2024!'",
        "sudo -S apt update <<< 'Harbour2024!'",
        "echo 'mysql-server mysql-server/root_password password Harbour2024!' | debconf-set-selections",
        "openssl passwd -6 'Harbour2024!'",
        "mc alias set x https://h AKSVC hX7PKR0CsTy4Qwb8zN2m",
        "bundle config set --global gems.internal hX7PKR0CsTy4Qwb8zN2m",
        "java -jar jenkins-cli.jar -auth svc:Harbour2024! list-jobs",
        "crudini --set /etc/x.conf database password Harbour2024!",
        "sed -i 's/DB_PASSWORD_HERE/Harbour2024!/' wp-config.php",
        "echo 'Harbour2024!' > /run/secrets/db_password",
        "printf '%s' 'Harbour2024!' | tee /root/.vault_pass",
        "echo hX7PKR0CsTy4Qwb8zN2m > /app/token.txt",
    ] {
        assert_eq!(found(&format!("RUN {command}")), [("SW203", 2)], "{command}");
    }
    for command in [
        "echo 'mysql-server mysql-server/root_password password' | debconf-set-selections",
        "echo 'postfix postfix/main_mailer_type string Internet' | debconf-set-selections",
        "echo 'svc:*' | chpasswd -e",
        "echo 'svc:$6$hX7PKR0C$sTy4Qwb8zN2mhX7PKR0CsTy4' | chpasswd --encrypted",
        "openssl passwd -6 -stdin < /run/secrets/p",
        "mc alias set x https://h \"$A\" \"$S\"",
        "bundle config set --local without 'development test'",
        "sed -i 's/^password=.*/password=${DB_PASSWORD}/' /etc/x.conf",
        "sed -i 's/PasswordAuthentication yes/PasswordAuthentication no/' /etc/ssh/sshd_config",
        "crudini --set /etc/x.conf database password %DB_PASSWORD%",
        "echo \"$P\" > /run/x/db_password",
        "echo 'Put the files here' > /app/secrets/README",
        "echo app > /app/secrets/db_user",
        "openssl rand -base64 32 > /app/secret.key",
        "sudo -S apt update < /run/secrets/p",
    ] {
        assert_eq!(found(&format!("RUN {command}")), [], "{command}");
    }
    assert_eq!(found("COPY <<EOF /run/secrets/db_password\nHarbour2024!\nEOF"), [("SW208", 3)]);
    assert_eq!(found("COPY <<EOF /run/secrets/db_user\napp\nEOF"), []);
}

#[test]
fn onbuild_counts() {
    assert_eq!(found("ONBUILD RUN curl -u ci:tR7uK2mQx9Wd https://h/"), [("SW203", 2)]);
    let text = "FROM a AS base\nONBUILD ARG NPM_TOKEN\nONBUILD RUN npm ci\nFROM base\nRUN true\n";
    let all = findings(text).unwrap();
    assert!(all.iter().any(|f| f.check == "SW205"), "an argument that a trigger declares");
    let alone = findings("FROM a AS base\nONBUILD ARG NPM_TOKEN\nRUN true\n").unwrap();
    assert!(alone.is_empty(), "a trigger is not carried out in its own stage");
}

#[test]
fn many_variables_and_commands_take_no_long_time() {
    let start = std::time::Instant::now();
    let mut text = "FROM a\n".to_owned();
    for i in 0..500 {
        text += &format!("ARG TOKEN_{i}X\nENV A{i}=$TOKEN_{i}X\n");
    }
    text += "RUN <<EOF\n";
    for i in 0..1_000 {
        text += &format!("cp /run/a{i} /b{i}; rm /c{i}; echo $TOKEN_{i}X password=tR7uK2mQx{i}\n");
    }
    text += "EOF\n";
    let all = findings(&text).unwrap();
    assert!(all.len() > 500);
    assert!(start.elapsed() < std::time::Duration::from_secs(60), "{:?}", start.elapsed());
}

/// Fragments of which Dockerfiles are made, whole and broken.
fn fragment() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "RUN ",
        "ENV ",
        "ARG ",
        "COPY ",
        "ADD ",
        "LABEL ",
        "CMD ",
        "HEALTHCHECK CMD ",
        "ONBUILD ",
        "FROM b\n",
        "--mount=type=secret,id=k,env=K ",
        "--mount=type=secret,id=f ",
        "--from=0 ",
        "\n",
        " ",
        "\\\n",
        "\"",
        "'",
        "$",
        "${K",
        "}",
        "$(cat ",
        ")",
        "`",
        "<<EOF\n",
        "\nEOF\n",
        "<<<",
        "> g",
        "| tee g",
        "&& ",
        "; ",
        "echo ",
        "cp ",
        "/run/secrets/f ",
        "rm ",
        "-p",
        "--password ",
        "TOKEN=",
        "=",
        ":",
        "@",
        "://",
        "?token=",
        "Authorization: Bearer ",
        "machine x login y password ",
        "chpasswd",
        "base64 -d ",
        "tR7uK2mQx9Wd",
        "[\"",
        "\"]",
        "é",
        "\u{feff}",
        "\\n",
        "IDENTIFIED BY '",
        "git clone ",
        "config set ",
        "set -x",
        "trap '",
        "NPM_TOKEN",
        "*",
        "~",
        "/",
        "..",
        "[a",
    ]);
    prop_oneof![8 => known.prop_map(str::to_owned), 1 => ".{0,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// Whatever a Dockerfile holds, the checks end without a panic, and point into it.
    #[test]
    fn any_dockerfile_is_survived(parts in prop::collection::vec(fragment(), 0..40)) {
        let text = format!("FROM a\n{}\n", parts.concat());
        for finding in findings(&text).unwrap_or_default() {
            if let Place::Text { offset, .. } = finding.origin.place {
                prop_assert!(offset <= text.len() as u64);
            }
            // A value is not quoted, unless it is the name of something, or given to nothing.
            let is_no_value = ["=tR7uK2mQx9Wd=", " =tR7uK2mQx9Wd", "\n=tR7uK2mQx9Wd"];
            if finding.secret.is_some() && !is_no_value.iter().any(|part| text.contains(part)) {
                prop_assert!(!finding.fix.contains("tR7uK2mQx9Wd") || finding.message.contains("tR7uK2mQx9Wd"));
            }
        }
    }
}

#[test]
fn letters_of_more_than_one_byte_before_a_setting_are_no_panic() {
    for line in ["RUN echo \"Größe=5\"", "RUN echo 'ключ=значение'", "ENV größe=5", "RUN echo 日本password=x"]
    {
        let _ = found(line);
    }
    assert_eq!(found("RUN echo größe:password=tR7uK2mQx9Wd > /x"), [("SW203", 2)]);
}
