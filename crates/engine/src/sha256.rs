//! SHA-256 of a whole file, as callers may give it.

use sha2::{Digest, Sha256};
use swarmline_ipc::message::{ErrorKind, TransferError};
use swarmline_store::{Content, ReadError};

use crate::error::failure;

/// Reads a content in order and gives its SHA-256 in hexadecimal. Blocking.
pub(crate) fn sha256_of(file: &Content) -> Result<String, ReadError> {
    let mut hasher = Sha256::new();
    for piece in file.layout().pieces() {
        hasher.update(file.read(piece, 0, file.layout().size_of(piece))?);
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Reads 64 hexadecimal digits.
pub(crate) fn parse(text: &str) -> Result<[u8; 32], TransferError> {
    let error =
        || failure(ErrorKind::Usage, format!("{text:?} is not a SHA-256: 64 hexadecimal digits are needed"));
    if text.len() != 64 || !text.is_ascii() {
        return Err(error());
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| error())?;
    }
    Ok(bytes)
}
