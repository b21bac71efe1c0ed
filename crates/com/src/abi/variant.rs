//! VARIANT: a value with its type, as it lies in memory.

use core::ffi::c_void;

use swarmline_jobs::HResult;

use super::bstr::{bstr_from_text, bstr_from_units, bstr_release, bstr_text, bstr_units};
use super::reach::Plain;
use super::safearray::{SafeArray, array_bytes, array_destroy, array_from_bytes};
use super::{IUnknownVtbl, Pointer};

mod kind {
    pub(super) const EMPTY: u16 = 0;
    pub(super) const NULL: u16 = 1;
    pub(super) const I4: u16 = 3;
    pub(super) const BSTR: u16 = 8;
    pub(super) const DISPATCH: u16 = 9;
    pub(super) const BOOL: u16 = 11;
    pub(super) const UNKNOWN: u16 = 13;
    pub(super) const UI1: u16 = 17;
    pub(super) const UI4: u16 = 19;
    pub(super) const I8: u16 = 20;
    pub(super) const UI8: u16 = 21;
    pub(super) const BYTES: u16 = 0x2000 | UI1;
}

/// `DISP_E_BADVARTYPE`: a type that does not occur here, so nobody knows how to free it.
const BAD_TYPE: HResult = HResult::from_u32(0x8002_0008);

/// A VARIANT. The payload is kept as a pointer, so that one that is a pointer stays one.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Variant {
    kind: u16,
    reserved: [u16; 3],
    payload: *mut c_void,
    second: *mut c_void,
}

const _: () = assert!(size_of::<Variant>() == 24 && std::mem::offset_of!(Variant, payload) == 8);

// SAFETY: numbers and raw pointers.
unsafe impl Plain for Variant {}

/// What a client put into a VARIANT.
pub(crate) enum Content {
    /// Nothing.
    Empty,
    /// A truth value.
    Bool(bool),
    /// A number; negative ones do not occur.
    Number(u64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An object, or NULL.
    Object(Option<Pointer<IUnknownVtbl>>),
}

impl Variant {
    /// No value. All zeroes, as a client that only zeroes a VARIANT has it.
    pub(crate) const EMPTY: Self = Self {
        kind: kind::EMPTY,
        reserved: [0; 3],
        payload: std::ptr::null_mut(),
        second: std::ptr::null_mut(),
    };

    const fn of(kind: u16, payload: *mut c_void) -> Self {
        Self { kind, payload, ..Self::EMPTY }
    }

    fn number(kind: u16, number: u64) -> Self {
        let address = usize::try_from(number).expect("64 bits both");
        Self::of(kind, std::ptr::without_provenance_mut(address))
    }

    pub(crate) fn bool(value: bool) -> Self {
        Self::number(kind::BOOL, if value { 0xFFFF } else { 0 })
    }

    pub(crate) fn u32(value: u32) -> Self {
        Self::number(kind::UI4, value.into())
    }

    pub(crate) fn u64(value: u64) -> Self {
        Self::number(kind::UI8, value)
    }

    /// # Errors
    /// `E_OUTOFMEMORY`.
    pub(crate) fn text(text: &str) -> Result<Self, HResult> {
        bstr_from_text(text).map(|bstr| Self::of(kind::BSTR, bstr.cast()))
    }

    /// # Errors
    /// `E_OUTOFMEMORY`.
    pub(crate) fn bytes(bytes: &[u8]) -> Result<Self, HResult> {
        let array = array_from_bytes(0, bytes);
        if array.is_null() { Err(HResult::E_OUTOFMEMORY) } else { Ok(Self::of(kind::BYTES, array.cast())) }
    }

    pub(crate) fn object(object: Pointer<IUnknownVtbl>) -> Self {
        Self::of(kind::UNKNOWN, object.into_raw())
    }

    /// What is in it, copied.
    ///
    /// # Errors
    /// `E_INVALIDARG` for other types than this API uses, by reference too; for texts, arrays and objects that are not
    /// what the type says; and for numbers below 0.
    ///
    /// # Safety
    /// What can be read behind an object's pointer is an object.
    pub(crate) unsafe fn content(&self) -> Result<Content, HResult> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "as many bits as the type has, whatever lies beside them"
        )]
        Ok(match self.kind {
            kind::EMPTY | kind::NULL => Content::Empty,
            kind::BOOL => Content::Bool(self.payload.addr() as u16 != 0),
            kind::UI4 => Content::Number((self.payload.addr() as u32).into()),
            kind::UI8 => Content::Number(self.payload.addr() as u64),
            kind::I4 => Content::Number(not_negative((self.payload.addr() as i32).into())?),
            kind::I8 => Content::Number(not_negative(self.payload.addr() as i64)?),
            kind::BSTR => Content::Text(bstr_text(self.payload.cast())?),
            kind::BYTES => Content::Bytes(array_bytes(self.payload.cast())?),
            // SAFETY: as promised by the caller.
            kind::UNKNOWN => Content::Object(unsafe { Pointer::borrowed(self.payload) }?),
            _ => return Err(HResult::E_INVALIDARG),
        })
    }
}

fn not_negative(number: i64) -> Result<u64, HResult> {
    u64::try_from(number).map_err(|_| HResult::E_INVALIDARG)
}

/// Frees what is in it and leaves it empty.
///
/// # Errors
/// `DISP_E_BADVARTYPE` for other types than this API uses, `DISP_E_ARRAYISLOCKED`; then it stays as it is.
///
/// # Safety
/// `variant` leads to a VARIANT whose content is what its type says, and is owned by it.
pub(crate) unsafe fn variant_clear(variant: *mut Variant) -> Result<(), HResult> {
    // SAFETY: as promised, for each of the types.
    unsafe {
        let Variant { kind, payload, .. } = variant.read();
        match kind {
            kind::EMPTY
            | kind::NULL
            | kind::BOOL
            | kind::I4
            | kind::I8
            | kind::UI1
            | kind::UI4
            | kind::UI8 => {}
            kind::BSTR => bstr_release(payload.cast()),
            kind::BYTES => array_destroy(payload.cast::<SafeArray>())?,
            kind::UNKNOWN | kind::DISPATCH => {
                // Emptied first: the last reference may run code that looks here.
                variant.write(Variant::EMPTY);
                drop(Pointer::<IUnknownVtbl>::from_raw(payload));
            }
            _ => return Err(BAD_TYPE),
        }
        variant.write(Variant::EMPTY);
    }
    Ok(())
}

/// Frees what is in `to` and copies `from` into it, with texts, arrays and references of its own.
///
/// # Errors
/// As [`variant_clear`], for either; `E_INVALIDARG` for content that is not what its type says, `E_OUTOFMEMORY`.
///
/// # Safety
/// As for [`variant_clear`], for both.
pub(crate) unsafe fn variant_copy(to: *mut Variant, from: *const Variant) -> Result<(), HResult> {
    if to.cast_const() == from {
        return Ok(());
    }
    // SAFETY: as promised. The copy is made before anything is freed.
    unsafe {
        let from = from.read();
        let payload = match from.kind {
            kind::EMPTY
            | kind::NULL
            | kind::BOOL
            | kind::I4
            | kind::I8
            | kind::UI1
            | kind::UI4
            | kind::UI8 => from.payload,
            kind::BSTR if from.payload.is_null() => from.payload,
            kind::BSTR => present(bstr_from_units(&bstr_units(from.payload.cast())?).cast())?,
            kind::BYTES => present(array_from_bytes(0, &array_bytes(from.payload.cast())?).cast())?,
            kind::UNKNOWN | kind::DISPATCH => {
                Pointer::borrowed(from.payload)?.map_or(std::ptr::null_mut(), Pointer::into_raw)
            }
            _ => return Err(BAD_TYPE),
        };
        let mut copy = Variant { payload, ..from };
        if let Err(code) = variant_clear(to) {
            variant_clear(&raw mut copy)?;
            return Err(code);
        }
        to.write(copy);
    }
    Ok(())
}

fn present(memory: *mut c_void) -> Result<*mut c_void, HResult> {
    if memory.is_null() { Err(HResult::E_OUTOFMEMORY) } else { Ok(memory) }
}

#[cfg(test)]
mod tests;
