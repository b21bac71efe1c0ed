//! Where things stand when nobody says so: the state directory, and the file that a URL becomes.

use std::path::{Path, PathBuf};

use swarmline_store::StateDir;
use url::Url;

use crate::exit::{Exit, Failure};

/// The state directory: the one that was asked for, or this user's.
///
/// `--state-dir` and `SWARMLINE_STATE_DIR` arrive as `asked`.
pub(crate) fn state_dir(asked: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(asked) = asked {
        return absolute(asked);
    }
    StateDir::default_path(|name| std::env::var_os(name)).ok_or_else(|| {
        Failure::new(Exit::Usage, "there is no home directory for the state; name one with --state-dir")
    })
}

/// The path from the root, without looking at the file system.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path)
        .map_err(|error| Failure::new(Exit::Usage, format!("{} is no path: {error}", path.display())))
}

/// Where the file of a URL shall stand: the path that was asked for, or the URL's own name in the current directory.
pub(crate) fn destination(asked: Option<&Path>, url: &Url) -> Result<PathBuf, Failure> {
    let name = name_of(url);
    let Some(asked) = asked else {
        let name = name.ok_or_else(|| {
            Failure::new(Exit::Usage, "the URL names no file; say where it shall stand with -o PATH")
        })?;
        return absolute(Path::new(&name)).and_then(|path| refuse_directory(path, None));
    };
    let is_meant_as_directory = asked.as_os_str().as_encoded_bytes().ends_with(b"/");
    if is_meant_as_directory && !asked.is_dir() {
        let text = format!("{} is no directory; name the file that shall be written", asked.display());
        return Err(Failure::new(Exit::Usage, text));
    }
    refuse_directory(absolute(asked)?, name.as_deref())
}

/// A directory is never replaced; the user probably meant a file in it.
fn refuse_directory(path: PathBuf, name: Option<&str>) -> Result<PathBuf, Failure> {
    if !path.is_dir() {
        return Ok(path);
    }
    let shown = path.display();
    let text = match name {
        Some(name) => format!("{shown} is a directory; did you mean -o {}?", path.join(name).display()),
        None => format!("{shown} is a directory; name a file with -o PATH"),
    };
    Err(Failure::new(Exit::Exists, text))
}

/// The last part of a URL's path as the name of a file that surprises nobody: without separators and control
/// characters, and not hidden. `None` when there is none.
fn name_of(url: &Url) -> Option<String> {
    let last = url.path_segments()?.next_back()?;
    let name: String = percent_decoded(last)
        .unwrap_or_else(|| last.to_owned())
        .chars()
        .map(|c| if c == '/' || c.is_control() { '_' } else { c })
        .collect();
    match name.strip_prefix('.') {
        None if name.is_empty() => None,
        None => Some(name),
        Some("" | ".") => None,
        Some(rest) => Some(format!("_{rest}")),
    }
}

/// `None` if the bytes are no UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let escaped = match (first, behind) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push(u8::try_from(high * 16 + low).expect("two hexadecimal digits make a byte"));
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

/// The address of the piece hash file beside a file: `.phf` goes before any `?`.
pub(crate) fn phf_address(url: &Url) -> Url {
    let mut beside = url.clone();
    beside.set_path(&format!("{}.phf", url.path()));
    beside.set_fragment(None);
    beside
}

/// `FILE.phf`.
pub(crate) fn phf_beside(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(".phf");
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(url: &str) -> Option<String> {
        name_of(&url.parse().unwrap())
    }

    #[test]
    fn a_url_gives_its_last_name() {
        assert_eq!(named("http://a/b/big.iso?x=/y#z").as_deref(), Some("big.iso"));
        assert_eq!(named("http://a/my%20file.iso").as_deref(), Some("my file.iso"));
        assert_eq!(named("http://a/%e2%82%ac").as_deref(), Some("€"));
        assert_eq!(named("http://a/100%").as_deref(), Some("100%"));
    }

    #[test]
    fn a_name_from_outside_stays_in_its_directory_and_in_sight() {
        assert_eq!(named("http://a/%2e%2e%2fetc%2fpasswd").as_deref(), Some("_._etc_passwd"));
        assert_eq!(named("http://a/.bashrc").as_deref(), Some("_bashrc"));
        assert_eq!(named("http://a/x%00%0ay").as_deref(), Some("x__y"));
        assert_eq!(named("http://a/%ff").as_deref(), Some("%ff"));
    }

    #[test]
    fn a_url_without_a_name_needs_an_answer() {
        for url in ["http://a", "http://a/", "http://a/b/", "http://a/b/?file=c"] {
            assert_eq!(named(url), None, "{url}");
            let error = destination(None, &url.parse().unwrap()).unwrap_err();
            assert_eq!((error.exit, error.message.contains("-o PATH")), (Exit::Usage, true));
        }
    }

    #[test]
    fn a_directory_is_refused_with_the_file_that_was_probably_meant() {
        let dir = tempfile::tempdir().unwrap();
        let url = "http://a/b.iso".parse().unwrap();
        let error = destination(Some(dir.path()), &url).unwrap_err();
        assert_eq!(error.exit, Exit::Exists);
        assert!(
            error.message.ends_with(&format!("did you mean -o {}/b.iso?", dir.path().display())),
            "{error}"
        );
        let new = dir.path().join("new/");
        assert_eq!(destination(Some(&new), &url).unwrap_err().exit, Exit::Usage);
        let file = dir.path().join("file");
        assert_eq!(destination(Some(&file), &url), Ok(file));
    }

    #[test]
    fn the_piece_hash_file_stands_before_the_query() {
        let beside = |url: &str| phf_address(&url.parse().unwrap()).to_string();
        assert_eq!(beside("https://a/b.iso?key=1#top"), "https://a/b.iso.phf?key=1");
        assert_eq!(beside("https://a/my%20b"), "https://a/my%20b.phf");
        assert_eq!(phf_beside(Path::new("/a/b.iso")), Path::new("/a/b.iso.phf"));
    }
}
