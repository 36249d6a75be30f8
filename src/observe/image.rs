//! An image with what was seen in its layers, and the origins in it.

use std::sync::Arc;

use super::content::LayerFacts;
use super::library::{OwnPackages, Surroundings};
use seaworthy_image::layer::hidden_by;
use seaworthy_image::layer::{ContentKind, FileMeta};
use seaworthy_image::{Image, Layer, Mismatch};
use seaworthy_source::{
    FileState, JsonPointer, LayerOrigin, LayerPath, Origin, OriginKind, Place, SourceLines,
};

/// Everything behind one reference, read and examined.
pub struct Examined {
    /// Its images.
    pub images: Vec<ExaminedImage>,
    /// Documents and layers whose bytes differ from their digest.
    pub mismatches: Vec<Mismatch>,
    /// What the archive or layout holds beside its images.
    pub unreached: Vec<Unreached>,
    /// The packages that the contract names as the project's own.
    pub own: OwnPackages,
}

/// Content of an archive or a layout that no manifest reaches: shipped with it, and in no image.
pub struct Unreached {
    /// The archive's or the layout's name.
    pub artifact: String,
    /// The member that was read as a layer; nothing if the files are the members themselves.
    pub member: Option<String>,
    /// What was seen.
    pub facts: Arc<LayerFacts>,
}

impl Unreached {
    /// An origin that is the member with this file.
    pub(crate) fn file(&self, file: &FileMeta, place: Place) -> Origin {
        let (path, inside) = match (&self.member, file.kind) {
            (None, _) => (file.path.display(), file.inside().to_owned()),
            // Bytes that are in no file of the member have only its name.
            (Some(member), ContentKind::Tail | ContentKind::Raw) => {
                (member.clone(), file.inside().to_owned())
            }
            (Some(member), _) => (member.clone(), format!("!/{}{}", file.path.display(), file.inside())),
        };
        let inside = Some(inside).filter(|i| !i.is_empty());
        let origin = Origin::new(OriginKind::Artifact, self.artifact.clone());
        Origin { path: Some(path), inside, place, ..origin }
    }

    /// The origin of what is wrong with the reading.
    pub(crate) fn whole(&self) -> Origin {
        let path = self.member.clone();
        Origin { path, ..Origin::new(OriginKind::Artifact, self.artifact.clone()) }
    }

    /// No package is installed there.
    pub(crate) fn surroundings<'a>(own: &'a OwnPackages) -> Surroundings<'a> {
        Surroundings { exists: Box::new(|_| false), manifests: Vec::new(), own }
    }
}

/// One image with what was seen in its layers.
pub struct ExaminedImage {
    /// The image.
    pub image: Arc<Image>,
    /// Its layers, base first.
    pub layers: Vec<LayerView>,
    /// For each history entry the lines of the Dockerfile that made it, where known.
    pub makers: Vec<Option<SourceLines>>,
    /// For each history entry its command, secrets masked.
    pub instructions: Vec<String>,
}

/// One layer with what was seen in it.
pub struct LayerView {
    /// The layer.
    pub layer: Layer,
    /// What was seen; nothing if it could not be read.
    pub facts: Option<Arc<LayerFacts>>,
}

impl ExaminedImage {
    /// The project's own packages: those of the contract, and those that the image's configuration starts.
    pub(crate) fn own_packages(&self, contract: &OwnPackages) -> OwnPackages {
        let mut own = contract.clone();
        for pointer in ["/config/Entrypoint", "/config/Cmd"] {
            let words = self.image.config.value.pointer(pointer).and_then(serde_json::Value::as_array);
            own.add_command(words.into_iter().flatten().filter_map(serde_json::Value::as_str));
        }
        own
    }

    /// What the image's layers tell of its packages.
    pub(crate) fn surroundings<'a>(&'a self, own: &'a OwnPackages) -> Surroundings<'a> {
        let facts = || self.layers.iter().filter_map(|l| l.facts.as_deref());
        Surroundings {
            exists: Box::new(move |path| facts().any(|f| f.summary.index.has(path))),
            manifests: facts().map(|f| &f.manifests).collect(),
            own,
        }
    }

    /// An origin in this image.
    pub(crate) fn origin(&self, kind: OriginKind) -> Origin {
        Origin { platform: self.image.platform.clone(), ..Origin::new(kind, self.image.name.clone()) }
    }

    /// An origin in the config.
    pub(crate) fn config(&self, pointer: JsonPointer) -> Origin {
        Origin { place: Place::Pointer(pointer), ..self.origin(OriginKind::Config) }
    }

    /// An origin in a history entry, with the Dockerfile's lines where they are known.
    pub(crate) fn history(&self, entry: usize, field: &str) -> Origin {
        let pointer = JsonPointer::root().key("history").index(entry).key(field);
        let made_by = self.makers.get(entry).cloned().flatten();
        Origin { place: Place::Pointer(pointer), made_by, ..self.origin(OriginKind::History) }
    }

    /// An origin that is a whole layer.
    pub(crate) fn layer(&self, view: &LayerView, kind: OriginKind) -> Origin {
        let maker = view.layer.history;
        let instruction = maker.and_then(|h| self.instructions.get(h)).filter(|i| !i.is_empty()).cloned();
        // Without an instruction that writes files the layer is the work of several.
        let made_by =
            maker.filter(|_| instruction.is_some()).and_then(|h| self.makers.get(h).cloned()).flatten();
        let layer = LayerOrigin { index: view.layer.index, digest: view.layer.label(), instruction };
        Origin { layer: Some(layer), made_by, ..self.origin(kind) }
    }

    /// An origin that is a file of a layer.
    pub(crate) fn file(&self, view: &LayerView, file: &FileMeta, place: Place) -> Origin {
        let mut origin = self.layer(view, OriginKind::LayerFile);
        origin.path = Some(file.path.display());
        origin.inside = Some(file.inside().to_owned()).filter(|i| !i.is_empty());
        origin.place = place;
        origin.state = self.state(view, file);
        origin
    }

    /// Whether a file is in the final filesystem, under any of its names. Bytes that belong to no file are shipped,
    /// but in no filesystem: they have no state.
    pub(crate) fn state(&self, view: &LayerView, file: &FileMeta) -> Option<FileState> {
        match file.kind {
            ContentKind::File | ContentKind::Header | ContentKind::Name => {}
            // An attribute is as visible as the file that it belongs to; that file is not known here.
            ContentKind::Extension => return Some(FileState::Final),
            ContentKind::Tail | ContentKind::Raw => return None,
        }
        let indexes: Vec<_> =
            self.layers.iter().map(|l| l.facts.as_ref().map(|f| &f.summary.index)).collect();
        let at = view.layer.index;
        let own = hidden_by(&indexes, at, &file.path, file.ordinal);
        if own == FileState::Final {
            return Some(own);
        }
        let links: &[LayerPath] = indexes.get(at).copied().flatten().map_or(&[], |i| i.links_to(&file.path));
        let shown = links.iter().any(|link| hidden_by(&indexes, at, link, u64::MAX) == FileState::Final);
        Some(if shown { FileState::Final } else { own })
    }
}

/// The image's default environment: `config.Env` of its config, split at the first `=`.
pub(crate) fn environment(image: &ExaminedImage) -> impl Iterator<Item = (&str, &str)> {
    let entries = image.image.config.value.pointer("/config/Env").and_then(serde_json::Value::as_array);
    entries.into_iter().flatten().map(|e| {
        let text = e.as_str().unwrap_or_default();
        text.split_once('=').unwrap_or((text, ""))
    })
}
