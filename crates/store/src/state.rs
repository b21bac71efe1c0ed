//! The state directory: who owns it, who this node is, where its files stand.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::lock::Locked;

/// Why a state directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process owns it: attach to that one.
    #[error("state directory {} is owned by another process", path.display())]
    Owned {
        /// The directory.
        path: PathBuf,
    },
    /// It cannot be created or looked at.
    #[error("state directory {} cannot be used", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Other users may write to it, so they could put their own identity and records there.
    #[error("others may write to state directory {} (mode {mode:03o}); chmod go-w it", path.display())]
    Exposed {
        /// The directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It belongs to another user.
    #[error("state directory {} belongs to user {owner}, not to user {user}", path.display())]
    Owner {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who asks.
        user: u32,
    },
    /// The lock file cannot be made or locked.
    #[error("could not lock {}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The identity cannot be read or made.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Why the node has no identity.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// It cannot be read or written.
    #[error("identity {} cannot be used", path.display())]
    File {
        /// The identity file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It does not hold 32 bytes.
    #[error("identity {} holds {got} bytes, 32 are needed; remove it to become a new node", path.display())]
    Damaged {
        /// The identity file.
        path: PathBuf,
        /// How many bytes it holds; counted up to 33.
        got: usize,
    },
    /// Other users can read it, so it is no secret any more.
    #[error("others may read identity {} (mode {mode:03o}); remove it to become a new node", path.display())]
    Exposed {
        /// The identity file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
}

/// A state directory that this process owns as long as this value lives.
///
/// | name | what |
/// |---|---|
/// | `lock` | locked by the owner |
/// | `identity` | the seed of the node's key, 32 bytes |
/// | `ipc.sock` | where the owner listens for those who attach |
/// | `contents/` | a manifest per content, a have-map per content and destination |
/// | `plain/` | a record per download without manifest |
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    identity: [u8; 32],
    _lock: Locked,
}

impl StateDir {
    /// Opens the directory, creating it for this user alone, and takes its lock and identity.
    ///
    /// # Errors
    /// [`OpenError::Owned`] if another process has it; otherwise what is wrong with the directory or the identity.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let unusable = |source| OpenError::Directory { path: path.to_owned(), source };
        make_private(path).map_err(unusable)?;
        check_private(path)?;
        let path = path.canonicalize().map_err(unusable)?;
        let lock = lock(&path)?;
        for name in [CONTENTS, PLAIN] {
            make_private(&path.join(name)).map_err(unusable)?;
        }
        let identity = identity(&path.join("identity"))?;
        Ok(Self { path, identity, _lock: lock })
    }

    /// Where the state of this user stands unless somebody says otherwise: `$XDG_STATE_HOME/swarmline`, else
    /// `~/.local/state/swarmline`; for root `/var/lib/swarmline` instead of the latter. `None` without a home directory.
    ///
    /// `variable` reads the environment, which is for the program to allow.
    pub fn default_path(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
        default_path(rustix::process::geteuid().is_root(), variable)
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Secret from which the node's key is made.
    pub fn identity(&self) -> &[u8; 32] {
        &self.identity
    }

    /// Where the owner of the state directory `dir` listens; the owner or not may ask.
    pub fn socket_path(dir: &Path) -> PathBuf {
        dir.join("ipc.sock")
    }

    pub(crate) fn contents(&self) -> PathBuf {
        self.path.join(CONTENTS)
    }

    pub(crate) fn plain(&self) -> PathBuf {
        self.path.join(PLAIN)
    }
}

fn default_path(is_root: bool, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // A relative one is invalid, and so is treated as unset.
    let absolute = |name| variable(name).map(PathBuf::from).filter(|dir| dir.is_absolute());
    match (absolute("XDG_STATE_HOME"), is_root) {
        (Some(xdg), _) => Some(xdg.join("swarmline")),
        (None, true) => Some("/var/lib/swarmline".into()),
        (None, false) => absolute("HOME").map(|home| home.join(".local/state/swarmline")),
    }
}

fn make_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn check_private(path: &Path) -> Result<(), OpenError> {
    let meta =
        std::fs::metadata(path).map_err(|source| OpenError::Directory { path: path.to_owned(), source })?;
    let user = rustix::process::geteuid().as_raw();
    if meta.uid() != user {
        return Err(OpenError::Owner { path: path.to_owned(), owner: meta.uid(), user });
    }
    match meta.mode() & 0o777 {
        mode if mode & 0o022 != 0 => Err(OpenError::Exposed { path: path.to_owned(), mode }),
        _ => Ok(()),
    }
}

fn lock(dir: &Path) -> Result<Locked, OpenError> {
    let path = dir.join("lock");
    let file = File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    match file.map(Locked::new) {
        Ok(Ok(locked)) => Ok(locked),
        Ok(Err(TryLockError::WouldBlock)) => Err(OpenError::Owned { path: dir.to_owned() }),
        Ok(Err(TryLockError::Error(source))) | Err(source) => Err(OpenError::Lock { path, source }),
    }
}

/// Reads the seed, or makes one. Only the owner of the directory's lock comes here.
fn identity(path: &Path) -> Result<[u8; 32], IdentityError> {
    let unusable = |source| IdentityError::File { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let seed = random_seed().map_err(unusable)?;
            crate::disk::replace(path, &seed, 0o600, true).map_err(unusable)?;
            return Ok(seed);
        }
        Err(error) => return Err(unusable(error)),
    };
    let mode = file.metadata().map_err(unusable)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(IdentityError::Exposed { path: path.to_owned(), mode });
    }
    let mut bytes = Vec::new();
    file.take(33).read_to_end(&mut bytes).map_err(unusable)?;
    let got = bytes.len();
    bytes.try_into().map_err(|_| IdentityError::Damaged { path: path.to_owned(), got })
}

fn random_seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut seed)?;
    Ok(seed)
}

const CONTENTS: &str = "contents";
const PLAIN: &str = "plain";

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn temp() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("below/state");
        (dir, path)
    }

    #[test]
    fn the_default_follows_the_environment() {
        let path = |root, xdg: Option<&str>, home: Option<&str>| {
            let named = |name: &str| if name == "HOME" { home } else { xdg };
            default_path(root, |name| named(name).map(Into::into))
        };
        assert_eq!(path(false, Some("/x"), Some("/home/ada")), Some("/x/swarmline".into()));
        assert_eq!(path(true, Some("/x"), Some("/root")), Some("/x/swarmline".into()));
        assert_eq!(
            path(false, Some("x"), Some("/home/ada")),
            Some("/home/ada/.local/state/swarmline".into())
        );
        assert_eq!(path(true, None, Some("/root")), Some("/var/lib/swarmline".into()));
        assert_eq!(path(false, None, None), None);
    }

    #[test]
    fn a_state_directory_has_one_owner() {
        let (_dir, path) = temp();
        let first = StateDir::open(&path).unwrap();
        assert!(matches!(StateDir::open(&path), Err(OpenError::Owned { .. })));
        drop(first);
        StateDir::open(&path).unwrap();
    }

    #[test]
    fn it_is_private_and_the_identity_stays() {
        let (_dir, path) = temp();
        let seed = *StateDir::open(&path).unwrap().identity();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        assert_eq!(std::fs::metadata(path.join("identity")).unwrap().mode() & 0o777, 0o600);
        assert_eq!(*StateDir::open(&path).unwrap().identity(), seed);
        let (_other, other) = temp();
        assert_ne!(*StateDir::open(&other).unwrap().identity(), seed);
    }

    #[test]
    fn a_directory_others_may_write_to_is_refused() {
        let (_dir, path) = temp();
        drop(StateDir::open(&path).unwrap());
        for mode in [0o770, 0o702] {
            set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert!(
                matches!(StateDir::open(&path), Err(OpenError::Exposed { mode: got, .. }) if got == mode)
            );
        }
        set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        StateDir::open(&path).unwrap();
    }

    #[test]
    fn a_damaged_or_exposed_identity_is_an_error_and_stays_as_it_is() {
        let (_dir, path) = temp();
        drop(StateDir::open(&path).unwrap());
        let identity = path.join("identity");
        set_permissions(&identity, Permissions::from_mode(0o640)).unwrap();
        let error = StateDir::open(&path).unwrap_err();
        assert!(matches!(error, OpenError::Identity(IdentityError::Exposed { mode: 0o640, .. })), "{error}");
        set_permissions(&identity, Permissions::from_mode(0o600)).unwrap();
        for (bytes, counted) in [(0, 0), (31, 31), (33, 33), (100, 33)] {
            std::fs::write(&identity, vec![1; bytes]).unwrap();
            let error = StateDir::open(&path).unwrap_err();
            assert!(
                matches!(error, OpenError::Identity(IdentityError::Damaged { got, .. }) if got == counted)
            );
            assert_eq!(std::fs::metadata(&identity).unwrap().size(), bytes as u64);
        }
    }

    #[test]
    fn a_path_below_a_file_is_a_clear_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = StateDir::open(&file.path().join("state")).unwrap_err();
        assert!(matches!(error, OpenError::Directory { .. }), "{error}");
    }
}
