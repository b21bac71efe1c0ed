//! How a download without a manifest begins.

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

use super::begin::{let_go, part_error};
use super::{AddError, BeginError, Store};
use crate::part::PartFile;
use crate::place::{Place, Standing};
use crate::plain::{BeginPlain, PlainHeader, PlainPart, sha256_of};
use crate::record::Records;

/// A plain download that has begun, or needs not to.
#[derive(Debug)]
pub enum PlainBegun {
    /// Bytes are missing; what an earlier download of the same URL left is there.
    Partial(Box<PlainPart>),
    /// The destination, here by its absolute path, holds a file of the SHA-256 asked for.
    Complete(PathBuf),
}

impl Store {
    /// Begins or resumes the download of a URL without a manifest.
    ///
    /// # Errors
    /// [`BeginError::OtherContent`] if something stands at the destination that does not have the SHA-256 asked for,
    /// or none was asked for, unless forced; otherwise as [`begin`](Self::begin).
    pub fn begin_plain(
        &self,
        url: &str,
        destination: &Path,
        how: BeginPlain,
    ) -> Result<PlainBegun, BeginError> {
        let place = Place::resolve(destination)?;
        let what = blake3::hash(url.as_bytes());
        let name = format!("{}-{}.part", HEXLOWER.encode(&what.as_bytes()[..8]), place.key());
        let records_path = self.inner.dir.plain().join(name);
        if was_handed_over(&records_path, url, &place) || stands(&place, how)? {
            return Ok(PlainBegun::Complete(place.path().to_owned()));
        }
        let path = place.part(what.as_bytes());
        let part = PartFile::open(&path).map_err(|error| part_error(error, &path, &place))?;
        // Whoever held the part file until now may have finished it.
        match stands(&place, how) {
            Ok(false) => {}
            Ok(true) => {
                let _ = part.remove();
                return Ok(PlainBegun::Complete(place.path().to_owned()));
            }
            Err(error) => return Err(let_go(&part, error)),
        }
        let path = records_path;
        let plain =
            Records::open(&path).and_then(|records| PlainPart::resume(url, place, how, part, records));
        plain
            .map(|part| PlainBegun::Partial(Box::new(part)))
            .map_err(|source| BeginError::Prepare { path, source })
    }
}

/// Whether an earlier process was killed right after it had given the file its name; its record goes then.
fn was_handed_over(records: &Path, url: &str, place: &Place) -> bool {
    let Ok(records) = Records::open_existing(records) else { return false };
    let stands = records.header::<PlainHeader>().is_some_and(|header| header.was_handed_over(url, place));
    if stands {
        let _ = records.remove(); // what stays is looked at again the next time
    }
    stands
}

/// Whether what was asked for stands there already; `false` if the place may be written to.
fn stands(place: &Place, how: BeginPlain) -> Result<bool, BeginError> {
    let path = || place.path().to_owned();
    let same = match (place.look()?, how.sha256) {
        (Standing::Nothing, _) => return Ok(false),
        (Standing::File(_), _) if how.taking().is_placeholder(place.path()) => return Ok(false),
        (Standing::File(file), Some(want)) => {
            let len = file.metadata().map(|meta| meta.len());
            let got = len.and_then(|len| sha256_of(&file, len));
            let got = got.map_err(|source| AddError::Read { path: path(), source });
            got.map_err(|source| BeginError::Compare { path: path(), source })? == want
        }
        (Standing::File(_) | Standing::DeadLink, _) => false,
    };
    if same || how.force { Ok(same) } else { Err(BeginError::OtherContent { path: path() }) }
}
