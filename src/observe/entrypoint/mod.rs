//! Whether an image can be started the way the contract says, by looking alone: nothing of it is run.

pub(crate) mod filesystem;
pub(crate) mod machine;
pub(crate) mod options;
pub(crate) mod python;
mod shells;

use super::ExaminedImage;
use crate::finding::NotChecked;
use seaworthy_image::layer::Wanted;
use seaworthy_source::{Origin, OriginKind, Position, escape_bytes};

use filesystem::Filesystem;
use machine::Machine;

/// A way in which the contract says that the image is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrypoint {
    /// Where the contract says so.
    pub position: Position,
    /// Its name there.
    pub handle: String,
    /// The command.
    pub command: Vec<String>,
    /// Options that it must know.
    pub required_args: Vec<String>,
    /// Options that it may be given, and must know, too.
    pub optional_args: Vec<String>,
    /// The folder that it starts in; the image's own if there is none.
    pub working_dir: Option<String>,
}

impl Entrypoint {
    /// The command as a report names it.
    pub(crate) fn shown(&self) -> String {
        escape_bytes(self.command.join(" ").as_bytes())
    }
}

/// One image, and how it is started.
pub struct Startup<'a> {
    /// The image.
    pub image: &'a ExaminedImage,
    /// The ways to start it.
    pub entrypoints: &'a [Entrypoint],
    filesystem: Result<Filesystem<'a>, String>,
}

impl<'a> Startup<'a> {
    /// Puts the image's final filesystem together. `overflow` says that wanted files were left out for lack of room.
    pub fn new(image: &'a ExaminedImage, entrypoints: &'a [Entrypoint], overflow: bool) -> Self {
        Self { image, entrypoints, filesystem: Filesystem::new(image, overflow) }
    }

    /// What runs in the image, for an entrypoint.
    pub(crate) fn machine(&self, entrypoint: &Entrypoint) -> Result<Machine<'_>, String> {
        let filesystem = self.filesystem.as_ref().map_err(Clone::clone)?;
        Ok(Machine::new(filesystem, self.image, entrypoint.working_dir.as_deref()))
    }

    /// The words that are run: those of the contract, after the image's own entrypoint if they begin with an option.
    pub(crate) fn command(&self, entrypoint: &Entrypoint) -> Vec<String> {
        let own = self.image.image.config.value.pointer("/config/Entrypoint");
        let own = own.and_then(serde_json::Value::as_array).into_iter().flatten();
        let own = own.filter_map(|w| w.as_str().map(str::to_owned));
        let alone = !entrypoint.command.first().is_some_and(|w| w.starts_with('-'));
        let mut words: Vec<String> = if alone { Vec::new() } else { own.collect() };
        words.extend(entrypoint.command.iter().cloned());
        words
    }

    pub(crate) fn origin(&self, kind: OriginKind) -> Origin {
        Origin {
            platform: self.image.image.platform.clone(),
            ..Origin::new(kind, self.image.image.name.clone())
        }
    }

    pub(crate) fn not_checked(
        &self,
        entrypoint: &Entrypoint,
        check: &'static str,
        reason: &str,
    ) -> NotChecked {
        NotChecked::new(
            self.origin(OriginKind::Artifact),
            format!("entrypoint {} ({})", entrypoint.handle, entrypoint.shown()),
            escape_bytes(reason.as_bytes()),
            vec![check],
        )
    }
}

/// Why an entrypoint does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It cannot: what is wrong.
    Broken(String),
    /// It cannot be told: why.
    Unclear(String),
}

/// What an entrypoint comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Started {
    /// A Python module or script: its path, and the words after it.
    Python { file: Vec<u8>, module: Option<python::Module>, arguments: Vec<String> },
    /// A script in another language.
    Script { file: Vec<u8>, language: &'static str, arguments: Vec<String> },
    /// A program whose inside is not looked at.
    Program { what: String },
}

/// The files whose content the questions need.
pub fn wanted(entrypoints: &[Entrypoint]) -> Wanted {
    let mut wanted = Wanted::default();
    for entrypoint in entrypoints {
        for (i, word) in entrypoint.command.iter().enumerate() {
            let name = word.rsplit('/').next().unwrap_or_default();
            if !name.is_empty() && !word.starts_with('-') {
                wanted.names.insert(name.as_bytes().to_vec());
            }
            let after = i.checked_sub(1).and_then(|i| entrypoint.command.get(i)).map(String::as_str);
            if after == Some("-m") {
                let package = word.split('.').next().unwrap_or_default();
                wanted.packages.insert(package.as_bytes().to_vec());
                wanted.names.insert(format!("{package}.py").into_bytes());
            }
        }
        // A console script mostly has its package's name, or begins with it.
        if let Some(first) = entrypoint.command.first().filter(|w| !w.contains('/')) {
            let whole = first.replace('-', "_");
            let head = whole.split('_').next().unwrap_or_default().to_owned();
            wanted.packages.extend([whole, head].map(String::into_bytes));
        }
    }
    wanted
}
