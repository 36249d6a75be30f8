//! The image's final filesystem, with the content of the files that were kept.

use crate::observe::{ExaminedImage, LayerView};
use seaworthy_image::{Tree, TreeNode};
use seaworthy_source::{FileState, Origin, OriginKind, Place, escape_bytes};

/// The final filesystem.
pub(crate) struct Filesystem<'a> {
    pub(crate) tree: Tree,
    layers: &'a [LayerView],
}

/// What was kept of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content<'c> {
    /// All of it.
    Whole(&'c [u8]),
    /// Its beginning.
    Head(&'c [u8]),
    /// Nothing.
    NotKept,
}

impl<'c> Content<'c> {
    /// What is there of it.
    pub(crate) fn head(self) -> Option<&'c [u8]> {
        match self {
            Self::Whole(bytes) | Self::Head(bytes) => Some(bytes),
            Self::NotKept => None,
        }
    }

    /// All of it as text; bytes that are not UTF-8 end it.
    pub(crate) fn text(self) -> Option<&'c str> {
        let Self::Whole(bytes) = self else { return None };
        std::str::from_utf8(bytes).ok()
    }
}

impl<'a> Filesystem<'a> {
    /// Puts the layers together; without one of them nothing is known of any file.
    pub(crate) fn new(image: &'a ExaminedImage, overflow: Option<&str>) -> Result<Self, String> {
        if let Some(names) = overflow {
            return Err(format!(
                "the files that entrypoints may use are too large to be kept: {names} and those after them were not"
            ));
        }
        let mut listings = Vec::new();
        for view in &image.layers {
            let known = view.facts.as_ref().filter(|f| f.summary.whole);
            let Some(listing) = known.and_then(|f| f.summary.listing.as_deref()) else {
                return Err(format!("layer {} could not be read, or not to its end", view.layer.index));
            };
            listings.push(listing);
        }
        if listings.is_empty() {
            return Err("the image has no layers".to_owned());
        }
        Ok(Self { tree: Tree::new(listings), layers: &image.layers })
    }

    /// What was kept of a file.
    pub(crate) fn content(&self, node: &TreeNode) -> Content<'a> {
        if node.size == 0 {
            return Content::Whole(&[]);
        }
        let facts = self.layers.get(node.layer).and_then(|l| l.facts.as_ref());
        match facts.and_then(|f| f.contents.get(&node.ordinal)) {
            Some(bytes) if bytes.len() as u64 == node.size => Content::Whole(bytes),
            Some(bytes) if !bytes.is_empty() => Content::Head(bytes),
            _ => Content::NotKept,
        }
    }

    /// The text of the file at `path`, if it is there and was kept whole.
    pub(crate) fn text(&self, path: &[u8]) -> Option<&'a str> {
        let (_, node) = self.tree.file(path)?;
        self.content(node).text()
    }

    /// An origin that is the file at `path`.
    pub(crate) fn origin(&self, image: &ExaminedImage, path: &[u8]) -> Origin {
        let view = self.tree.file(path).and_then(|(_, node)| self.layers.get(node.layer));
        let mut origin = match view {
            Some(view) => image.layer(view, OriginKind::LayerFile),
            None => Origin::new(OriginKind::Artifact, image.image.name.clone()),
        };
        origin.path = Some(escape_bytes(path));
        origin.place = Place::Whole;
        origin.state = Some(FileState::Final);
        origin
    }
}
