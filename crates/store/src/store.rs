//! What a node has on disk: its contents, their manifests, and how a new one begins.

mod adopt;
mod begin;
mod begin_plain;
mod elsewhere;
mod list;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use swarmline_proto::Manifest;
use swarmline_types::ContentId;
use tracing::debug;

pub use self::adopt::AddError;
pub use self::begin::{Begin, BeginError, Begun};
pub use self::begin_plain::PlainBegun;
pub use self::list::{CONTENTS_MAX, Held, ListError, OpenContentError};
use crate::buffer::Pool;
use crate::content::{Content, Inner};
use crate::disk;
use crate::place::Place;
use crate::state::{OpenError, StateDir};

/// Everything that one node has on disk. Clones share it.
///
/// Every method may block on the disk, some for as long as reading a whole file takes; none is for an async thread.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<StoreInner>,
}

#[derive(Debug)]
struct StoreInner {
    dir: StateDir,
    pool: Arc<Pool>,
    /// Contents in use, so that two callers get one. As many as the callers hold; the dead go when one is added.
    live: Mutex<BTreeMap<(ContentId, Place), Weak<Inner>>>,
}

impl Store {
    /// Opens the store in a state directory; see [`StateDir::open`].
    ///
    /// # Errors
    /// [`OpenError::Owned`] if another process has the directory.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let dir = StateDir::open(dir)?;
        let inner = StoreInner { dir, pool: Pool::of_process(), live: Mutex::default() };
        let store = Self { inner: Arc::new(inner) };
        if let Err(error) = store.remove_orphans() {
            debug!(%error, "manifests that nothing needs could not be removed");
        }
        Ok(store)
    }

    /// The state directory.
    pub fn state(&self) -> &StateDir {
        &self.inner.dir
    }

    /// The manifest of a content that this node has or had begun; `None` if there is none that proves itself.
    pub fn manifest(&self, content: ContentId) -> Option<Manifest> {
        let bytes = std::fs::read(self.manifest_path(content)).ok()?;
        // A file damaged by a power loss does not hash to its name any more: it counts as absent.
        Manifest::parse_phf(&bytes).ok().filter(|manifest| manifest.content() == content)
    }

    fn manifest_path(&self, content: ContentId) -> PathBuf {
        self.inner.dir.contents().join(format!("{}.phf", content.hex()))
    }

    fn records_path(&self, content: ContentId, place: &Place) -> PathBuf {
        self.inner.dir.contents().join(format!("{}-{}.have", content.hex(), place.key()))
    }

    /// Keeps the manifest beside the have-map. Not flushed: it proves itself when it is read.
    fn keep_manifest(&self, manifest: &Manifest) -> io::Result<()> {
        let path = self.manifest_path(manifest.content());
        let bytes = manifest.to_phf();
        if std::fs::read(&path).is_ok_and(|kept| kept == bytes) {
            return Ok(());
        }
        disk::replace(&path, &bytes, 0o600, false)
    }

    /// The handle that is in use for this content and place, if one is.
    fn live(&self, content: ContentId, place: &Place) -> Option<Content> {
        let inner = self.lives().get(&(content, place.clone()))?.upgrade()?;
        Some(Content::from_shared(inner)).filter(|content| !content.is_closed())
    }

    fn remember(&self, content: &Content, place: Place) {
        let mut live = self.lives();
        live.retain(|_, inner| inner.strong_count() > 0);
        live.insert((content.id(), place), Arc::downgrade(content.shared()));
    }

    fn lives(&self) -> MutexGuard<'_, BTreeMap<(ContentId, Place), Weak<Inner>>> {
        self.inner.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
