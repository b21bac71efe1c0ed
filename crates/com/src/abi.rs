//! The binary contract: what lies in memory, in which register, and who frees it.
//!
//! Everything that cannot be checked by the compiler is here, in small modules with safe faces. The objects above are
//! written in safe Rust: their methods get parameters that were looked at, and cannot be entered after their end.
//!
//! Why tables by hand and not the `windows-core` crate: on Linux its text functions call a `wcslen` of four-byte units;
//! its objects need not be `Sync`, let panics out, abort the process when released too often, and write two words
//! through an out pointer of one if they are asked for an id of its own. All of it would have had to be caught around
//! each method; a table is a struct.

mod guid;
mod process;
mod reach;
mod task;

mod bstr;
mod safearray;
mod wide;

mod pointer;

mod variant;

mod argument;

#[macro_use]
mod interface;
mod object;

pub(crate) use argument::{
    Answer, Argument, In, InArray, InGuid, InObject, InText, InVariant, Out, OutAny, OutArray, OutElements,
    OutInterface, OutText, OutVariant, OutWhenAsked, Success,
};
pub(crate) use bstr::{bstr_from_units, bstr_len_bytes, bstr_release};
pub(crate) use guid::RawGuid;
pub(crate) use interface::{IUnknown, IUnknownVtbl, Interface, called, enter, guarded};
pub(crate) use object::{Class, Slot, create, live_objects};
pub(crate) use pointer::Pointer;
pub(crate) use process::{at_exit, without_signals};
pub(crate) use reach::{Plain, read_many};
pub(crate) use safearray::{SafeArray, array_create, array_destroy, array_lock, array_unlock};
pub(crate) use task::{task_alloc, task_free, task_realloc};
pub(crate) use variant::{Content, Variant, variant_clear, variant_copy};
pub(crate) use wide::{WIDE_UNITS_MAX, read_units, task_text};
