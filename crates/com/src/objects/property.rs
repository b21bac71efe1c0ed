//! Values of properties: VARIANTs to words and back.

use std::sync::Arc;

use swarmline_jobs::{HResult, JobService, PropertyRow, Value, ValueKind};

use crate::abi::{Content, IUnknownVtbl, InVariant, Pointer, Variant};
use crate::client;

/// What a client sets a property to.
pub(super) enum Setting {
    /// A value.
    Value(Value),
    /// An object of the client; only for a property that is one.
    Object(Pointer<IUnknownVtbl>),
}

/// Reads what a property is to be set to. Whether it may be set at all is answered before what is wrong with the value.
///
/// # Errors
/// Those of [`PropertyRow::check_set`]; `E_INVALIDARG` for a value that cannot be read, or is of another type.
pub(super) fn setting(row: &PropertyRow, value: InVariant<'_>) -> Result<Setting, HResult> {
    let content = value.content().or_else(|code| refused(row, code))?;
    Ok(Setting::Value(match content {
        Content::Empty | Content::Object(None) => Value::Empty,
        Content::Bool(value) => Value::Bool(value),
        Content::Number(number) => Value::U64(number),
        Content::Text(text) => Value::Text(text),
        Content::Bytes(bytes) => Value::Bytes(bytes),
        Content::Object(Some(object)) if row.kind == ValueKind::Interface => {
            row.check_set(Value::Empty)?;
            return Ok(Setting::Object(object));
        }
        Content::Object(Some(_)) => return refused(row, HResult::E_INVALIDARG),
    }))
}

/// The code with which a property refuses every value, or else this one.
fn refused<T>(row: &PropertyRow, code: HResult) -> Result<T, HResult> {
    match row.check_set(Value::Empty) {
        Err(access) => Err(access),
        Ok(_) => Err(code),
    }
}

/// A value as a client reads it.
///
/// # Errors
/// `E_OUTOFMEMORY`; `E_UNEXPECTED` for a GUID, which no property read this way is.
pub(super) fn variant(service: &Arc<dyn JobService>, value: Value) -> Result<Variant, HResult> {
    Ok(match value {
        Value::Empty => Variant::EMPTY,
        Value::Bool(value) => Variant::bool(value),
        Value::U32(number) => Variant::u32(number),
        Value::U64(number) => Variant::u64(number),
        Value::Text(text) => Variant::text(&text)?,
        Value::Bytes(bytes) => Variant::bytes(&bytes)?,
        Value::Guid(_) => return Err(HResult::E_UNEXPECTED),
        Value::Interface(token) => {
            client::unknown_of_token(service, token).map_or(Variant::EMPTY, Variant::object)
        }
    })
}
