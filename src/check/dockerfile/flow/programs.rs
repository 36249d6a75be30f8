//! What programs do with what they read.

/// Programs that write what they read, changed perhaps, to their standard output.
pub(super) const FILTERS: &[&str] = &[
    "awk", "base32", "base64", "cat", "cut", "dd", "egrep", "envsubst", "fgrep", "fold", "gawk", "grep",
    "head", "hexdump", "jq", "less", "mawk", "more", "nl", "od", "paste", "perl", "rev", "sed", "sort",
    "strings", "tac", "tail", "tee", "tr", "uniq", "xxd", "yq", "zcat",
];

/// Programs that write their arguments to their standard output.
pub(super) const ECHOES: &[&str] = &["echo", "printf"];

/// Programs that copy files: all arguments but the last are sources.
pub(super) const COPIERS: &[&str] = &["cp", "install", "mv", "rsync"];

/// A program that keeps what it is given in a file.
pub(super) struct Keeper {
    pub(super) program: &'static str,
    /// A word that must stand among the arguments.
    pub(super) word: &'static str,
    /// The file, absolute or relative to the working directory.
    pub(super) file: &'static str,
}

const fn keeper(program: &'static str, word: &'static str, file: &'static str) -> Keeper {
    Keeper { program, word, file }
}

/// Programs that keep what they are given.
pub(super) const KEEPERS: &[Keeper] = &[
    keeper("npm", "set", "/root/.npmrc"),
    keeper("pnpm", "set", "/root/.npmrc"),
    keeper("yarn", "set", "/root/.yarnrc.yml"),
    keeper("git", "config", "/root/.gitconfig"),
    keeper("git", "clone", ".git/config"),
    keeper("git", "remote", ".git/config"),
    keeper("git", "approve", "/root/.git-credentials"),
    keeper("hg", "clone", ".hg/hgrc"),
    keeper("svn", "checkout", "/root/.subversion/auth"),
    keeper("svn", "co", "/root/.subversion/auth"),
    keeper("pip", "config", "/root/.config/pip/pip.conf"),
    keeper("pip3", "config", "/root/.config/pip/pip.conf"),
    keeper("poetry", "config", "/root/.config/pypoetry/auth.toml"),
    keeper("pdm", "config", "/root/.config/pdm/config.toml"),
    keeper("conda", "config", "/root/.condarc"),
    keeper("composer", "config", "/root/.composer/auth.json"),
    keeper("bundle", "config", "/root/.bundle/config"),
    keeper("bundle", "set", "/root/.bundle/config"),
    keeper("aws", "configure", "/root/.aws/credentials"),
    keeper("az", "login", "/root/.azure"),
    keeper("gcloud", "activate-service-account", "/root/.config/gcloud"),
    keeper("docker", "login", "/root/.docker/config.json"),
    keeper("crane", "login", "/root/.docker/config.json"),
    keeper("oras", "login", "/root/.docker/config.json"),
    keeper("regctl", "login", "/root/.regctl/config.json"),
    keeper("podman", "login", "/run/containers/0/auth.json"),
    keeper("buildah", "login", "/run/containers/0/auth.json"),
    keeper("skopeo", "login", "/run/containers/0/auth.json"),
    keeper("helm", "login", "/root/.config/helm/registry/config.json"),
    keeper("helm", "repo", "/root/.config/helm/repositories.yaml"),
    keeper("kubectl", "set-credentials", "/root/.kube/config"),
    keeper("oc", "login", "/root/.kube/config"),
    keeper("argocd", "login", "/root/.config/argocd/config"),
    keeper("vault", "login", "/root/.vault-token"),
    keeper("cargo", "login", "/root/.cargo/credentials.toml"),
    keeper("gem", "sources", "/root/.gemrc"),
    keeper("nuget", "sources", "/root/.nuget/NuGet/NuGet.Config"),
    keeper("dotnet", "nuget", "/root/.nuget/NuGet/NuGet.Config"),
    keeper("conan", "login", "/root/.conan2/credentials.json"),
    keeper("gh", "login", "/root/.config/gh/hosts.yml"),
    keeper("glab", "login", "/root/.config/glab-cli/config.yml"),
    keeper("doctl", "init", "/root/.config/doctl/config.yaml"),
    keeper("huggingface-cli", "login", "/root/.cache/huggingface/token"),
    keeper("hf", "login", "/root/.cache/huggingface/token"),
    keeper("wandb", "login", "/root/.netrc"),
    keeper("snyk", "auth", "/root/.config/configstore/snyk.json"),
    keeper("sentry-cli", "login", "/root/.sentryclirc"),
    keeper("ngrok", "add-authtoken", "/root/.config/ngrok/ngrok.yml"),
    keeper("ngrok", "authtoken", "/root/.config/ngrok/ngrok.yml"),
    keeper("doppler", "set", "/root/.doppler/.doppler.yaml"),
    keeper("gpg", "--import", "/root/.gnupg"),
    keeper("gpg2", "--import", "/root/.gnupg"),
];

/// Options that take the file which a program reads its secret from.
pub(super) const FILE_OPTIONS: &[&str] =
    &["--key-file", "--password-file", "--token-file", "--with-token-file"];

/// Options by which a program keeps a setting in the working directory's file instead of the user's.
pub(super) const LOCAL_OPTIONS: &[&str] = &["--location=project", "-L=project", "--local"];

/// The file of a program's settings in the working directory.
pub(super) fn local_file(program: &str) -> Option<&'static str> {
    Some(match program {
        "npm" | "pnpm" => ".npmrc",
        "bundle" => ".bundle/config",
        "poetry" => "poetry.toml",
        "composer" => "auth.json",
        _ => return None,
    })
}

/// Commands whose options keep a secret out of the log although they read it.
pub(super) fn is_silent(program: &str, arguments: &[String]) -> bool {
    let short = |letter: char| {
        arguments.iter().any(|a| {
            a.starts_with('-') && !a.starts_with("--") && a.get(1..).unwrap_or_default().contains(letter)
        })
    };
    let long = |names: &[&str]| arguments.iter().any(|a| names.contains(&a.as_str()));
    match program {
        "grep" | "egrep" | "fgrep" => {
            short('q') || short('c') || short('l') || long(&["--quiet", "--silent"])
        }
        "sed" => short('i') || arguments.iter().any(|a| a.starts_with("--in-place")),
        "perl" => short('i'),
        "sort" => short('o'),
        "jq" => short('e') && long(&["empty"]),
        _ => false,
    }
}
