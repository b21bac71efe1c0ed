//! Files that a simulation leaves behind: whether they can be written is known before it runs, and they are written when
//! its result has been told.
//!
//! A file holds the old report or the whole new one, never a part. No file that is read is overwritten, and no report by
//! another.

use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use swarmline_store::write_atomically;

use crate::exit::{Exit, Failure};
use crate::screen;

/// Whether each of `reports` can be written without loss of another or of what is read, `inputs`: nobody waits for a
/// simulation whose report cannot be kept.
pub(super) fn check<'a>(
    inputs: &[&Path],
    reports: impl IntoIterator<Item = &'a Option<PathBuf>>,
) -> Result<(), Failure> {
    let mut kept: Vec<(Identity, &Path)> = Vec::new();
    for path in reports.into_iter().flatten() {
        let place = probed(path).map_err(|why| unwritten(path, &why))?;
        let Some(identity) = place.identity() else { continue };
        if let Some(input) = inputs.iter().find(|input| Identity::of_input(input).as_ref() == Some(&identity))
        {
            return Err(overwritten(path, &format!("is what is read, {}", input.display())));
        }
        if let Some((_, other)) = kept.iter().find(|(known, _)| *known == identity) {
            return Err(overwritten(path, &format!("is where {} goes, too", other.display())));
        }
        kept.push((identity, path));
    }
    Ok(())
}

fn overwritten(path: &Path, why: &str) -> Failure {
    Failure::new(Exit::Usage, format!("{} {why}; name another file for the report", path.display()))
}

fn unwritten(path: &Path, why: &str) -> Failure {
    Failure::new(Exit::Disk, format!("could not write {}: {why}", path.display()))
}

/// Writes a report, if one is wanted, and says so.
pub(super) fn report(path: &Option<PathBuf>, text: impl FnOnce() -> String) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    let written = Place::of(path).and_then(|place| place.write(text().as_bytes()));
    written.map_err(|error| unwritten(path, &reason(&error)))?;
    screen::note(&format!("wrote {}", path.display()));
    Ok(())
}

/// What became of several reports: all were tried, and the first that failed says how the program ends.
pub(super) fn all<const N: usize>(written: [Result<(), Failure>; N]) -> Result<(), Failure> {
    let failures: Vec<_> = written.into_iter().filter_map(Result::err).collect();
    let Some(first) = failures.first() else { return Ok(()) };
    let told: Vec<_> = failures.iter().map(|failure| failure.message.as_str()).collect();
    Err(Failure::new(first.exit, told.join("; ")))
}

/// Where the bytes of a report go.
#[derive(Debug)]
enum Place {
    /// What stdout is, behind all that was said before.
    Stdout,
    /// A device or a pipe: it is written as it is.
    Stream(PathBuf),
    /// A file, behind all links, and what stands there now.
    File(PathBuf, Option<Metadata>),
}

impl Place {
    fn of(path: &Path) -> io::Result<Self> {
        // Links to pipes lead nowhere by their text: only what is no pipe is followed by hand.
        match fs::metadata(path) {
            Ok(there) if is_stdout(&there) => Ok(Self::Stdout),
            Ok(there) if there.is_file() => Ok(Self::File(behind_links(path)?, Some(there))),
            Ok(_) => Ok(Self::Stream(path.to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::File(behind_links(path)?, None)),
            Err(error) => Err(error),
        }
    }

    /// `None` for what takes several reports, one behind the other.
    fn identity(&self) -> Option<Identity> {
        match self {
            Self::Stdout | Self::Stream(_) => None,
            Self::File(_, Some(there)) => Some(Identity::There(there.dev(), there.ino())),
            Self::File(path, None) => Some(Identity::New(path.clone())),
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => screen::say_bytes(bytes),
            Self::Stream(path) => fs::write(path, bytes)?,
            Self::File(path, None) => write_atomically(path, bytes)?,
            Self::File(path, Some(there)) => replace(path, there, bytes)?,
        }
        Ok(())
    }
}

/// Puts a new file in the place of one, with the same rights. Where its folder takes no new file, or the file is mounted
/// by itself, it is written where it stands.
fn replace(path: &Path, there: &Metadata, bytes: &[u8]) -> io::Result<()> {
    match write_atomically(path, bytes) {
        Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ResourceBusy) => {
            fs::write(path, bytes)
        }
        written => written.and_then(|()| fs::set_permissions(path, there.permissions())),
    }
}

/// What tells files apart, whatever they are called.
#[derive(Debug, Eq, PartialEq)]
enum Identity {
    /// Device and number.
    There(u64, u64),
    /// The path behind all links.
    New(PathBuf),
}

impl Identity {
    /// `None` for what comes with the program, and for what is no file.
    fn of_input(path: &Path) -> Option<Self> {
        let there = fs::metadata(path).ok().filter(Metadata::is_file)?;
        Some(Self::There(there.dev(), there.ino()))
    }
}

/// Where a report will stand, if it can be written there; or why not. Leaves nothing behind.
fn probed(path: &Path) -> Result<Place, String> {
    if path.is_dir() {
        return Err("it is a folder; name a file in it".into());
    }
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") || !folder_of(path).is_dir() {
        return Err("there is no such folder".into());
    }
    let place = Place::of(path).map_err(|error| reason(&error))?;
    match &place {
        Place::Stdout | Place::Stream(_) => {}
        // A file that is protected stays, whoever owns its folder.
        Place::File(path, Some(_)) => {
            OpenOptions::new().write(true).open(path).map_err(|error| reason(&error))?;
        }
        Place::File(path, None) => {
            let made = tempfile::Builder::new().prefix(".swarmline-").tempfile_in(folder_of(path));
            made.map_err(|error| format!("no file can be made in its folder: {}", reason(&error)))?;
        }
    }
    Ok(place)
}

/// The path that a file has or will have when all links are followed, also where they lead to nothing yet.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => match fs::read_link(path) {
            Ok(target) => behind_links(&folder_of(path).join(target)),
            Err(_) => {
                let name = path.file_name().ok_or(error)?;
                Ok(fs::canonicalize(folder_of(path))?.join(name))
            }
        },
        found => found,
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Whether stdout leads to the same file, device or pipe: a second way there would overwrite what was said.
fn is_stdout(there: &Metadata) -> bool {
    let stdout = io::stdout().as_fd().try_clone_to_owned().and_then(|fd| fs::File::from(fd).metadata());
    stdout.is_ok_and(|stdout| (stdout.dev(), stdout.ino()) == (there.dev(), there.ino()))
}

/// What the system said, without the name of a temporary file: an error that holds one is not the system's own.
fn reason(error: &io::Error) -> String {
    error.get_ref().map_or_else(|| error.to_string(), |_| error.kind().to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// A folder with a file `mine`, what reaches it otherwise, and a link to nothing yet.
    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("mine"), "seeds = 2").unwrap();
        fs::hard_link(at("mine"), at("hard")).unwrap();
        symlink("mine", at("soft")).unwrap();
        symlink("new", at("ahead")).unwrap();
        fs::create_dir(at("sub")).unwrap();
        dir
    }

    fn checked(inputs: &[PathBuf], reports: &[PathBuf]) -> Result<(), (Exit, String)> {
        let inputs: Vec<_> = inputs.iter().map(PathBuf::as_path).collect();
        let reports: Vec<_> = reports.iter().cloned().map(Some).collect();
        check(&inputs, &reports).map_err(|failure| (failure.exit, failure.message))
    }

    #[test]
    fn what_is_read_is_not_overwritten_whatever_it_is_called() {
        let dir = folder();
        let at = |name: &str| dir.path().join(name);
        for name in ["mine", "./mine", "sub/../mine", "hard", "soft"] {
            let (exit, why) = checked(&[at("sub"), at("mine")], &[at("new"), at(name)]).unwrap_err();
            let end = format!("is what is read, {}; name another file for the report", at("mine").display());
            assert!(exit == Exit::Usage && why.ends_with(&end), "{why}");
        }
        assert_eq!(fs::read_to_string(at("mine")).unwrap(), "seeds = 2");
        assert_eq!(checked(&[at("s2"), at("sub")], &[at("s2")]), Ok(()), "that one came with the program");
    }

    #[test]
    fn two_reports_do_not_go_to_one_file() {
        let dir = folder();
        let at = |name: &str| dir.path().join(name);
        for (one, other) in
            [("new", "new"), ("new", "sub/../new"), ("ahead", "new"), ("mine", "hard"), ("soft", "hard")]
        {
            let (exit, why) = checked(&[], &[at(one), at(other)]).unwrap_err();
            assert!(exit == Exit::Usage && why.contains(" goes, too; name another"), "{one} {other}: {why}");
        }
        let null = PathBuf::from("/dev/null");
        assert_eq!(checked(&[], &[at("new"), at("other"), null.clone(), null]), Ok(()));
    }

    #[test]
    fn where_nothing_can_be_written_is_known_before_and_leaves_nothing() {
        let dir = folder();
        let at = |name: &str| dir.path().join(name);
        for (path, part) in [
            ("/proc/x.html".into(), "no file can be made in its folder: entity not found"),
            (at("no/x.html"), "there is no such folder"),
            (at("sub"), "it is a folder; name a file in it"),
            (at("x/"), "there is no such folder"),
        ] {
            let (exit, why) = checked(&[], std::slice::from_ref(&path)).unwrap_err();
            assert!(exit == Exit::Disk && why.contains(part), "{why}");
            assert!(!why.contains(".swarmline-"), "{why}");
        }
        let before = fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(checked(&[], &[at("new")]), Ok(()));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), before);
    }

    #[test]
    fn a_report_takes_the_place_of_the_old_one_with_its_rights_and_links() {
        let dir = folder();
        let at = |name: &str| dir.path().join(name);
        fs::set_permissions(at("mine"), fs::Permissions::from_mode(0o640)).unwrap();
        for name in ["soft", "ahead", "plain"] {
            report(&Some(at(name)), || format!("to {name}")).unwrap();
        }
        for (name, text) in
            [("mine", "to soft"), ("new", "to ahead"), ("plain", "to plain"), ("hard", "seeds = 2")]
        {
            assert_eq!(fs::read_to_string(at(name)).unwrap(), text);
        }
        assert!(at("soft").is_symlink() && at("ahead").is_symlink());
        assert_eq!(fs::metadata(at("mine")).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 7, "nothing else is left behind");
        report(&None, || unreachable!("nobody wants it")).unwrap();
    }

    #[test]
    fn devices_are_written_as_they_are_and_all_reports_are_tried() {
        let dir = folder();
        let at = |name: &str| Some(dir.path().join(name));
        let written = all([
            report(&Some("/dev/full".into()), || "x".into()),
            report(&Some("/dev/null".into()), || "x".into()),
            report(&at("no/x"), || "x".into()),
            report(&at("kept"), || "x".into()),
        ]);
        let failure = written.unwrap_err();
        assert_eq!(failure.exit, Exit::Disk);
        let start = "could not write /dev/full: No space left on device (os error 28); could not write ";
        assert!(failure.message.starts_with(start), "{failure}");
        assert!(dir.path().join("kept").exists() && !Path::new("/dev/null").is_file());
    }
}
