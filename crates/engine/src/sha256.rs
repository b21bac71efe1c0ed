//! SHA-256 of what is handed over, as callers may give it.

use sha2::{Digest, Sha256};
use swarmline_ipc::message::{ErrorKind, TransferError};
use swarmline_store::{Content, ReadError};

use crate::error::failure;
use crate::transfer::Wish;

/// Bytes read at once.
const READ: u32 = 1 << 20;

/// Reads what is wished of a content in order and gives its SHA-256 in hexadecimal. Blocking.
pub(crate) fn sha256_of(file: &Content, wish: &Wish) -> Result<String, ReadError> {
    let mut hasher = Sha256::new();
    let mut at = 0;
    while let Some(slice) = wish.slice(at, READ) {
        hasher.update(file.read(slice.piece, slice.offset, slice.size)?);
        at += u64::from(slice.size);
    }
    Ok(hex(&hasher.finalize()))
}

/// SHA-256 of these bytes in hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
