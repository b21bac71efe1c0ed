//! Parameters of methods, as what they are for: each has the layout of the C type and knows what to do before the method
//! runs.
//!
//! Values of these types come into being as parameters of functions in our tables and nowhere else. Who calls such a
//! function promises what COM demands: that pointers lead to what their type says, or are NULL. Their methods rely on
//! that promise, and are safe for whoever got such a parameter.

use core::ffi::c_void;
use std::marker::PhantomData;

use swarmline_jobs::{Guid, HResult};

use super::reach::{self, Plain};
use super::task::task_copy;
use super::variant::{Content, Variant};
use super::wide::{WIDE_UNITS_MAX, read_wide, task_text};
use super::{IUnknownVtbl, Interface, Pointer, RawGuid};

/// How a method went well.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Success {
    /// `S_OK`.
    Full,
    /// `S_FALSE`.
    Short,
}

/// What a method answers.
pub(crate) type Answer = Result<Success, HResult>;

/// A parameter of a method.
pub(crate) trait Argument {
    /// Clears what the method returns through it.
    fn clear(&self) {}

    /// Whether it is a NULL that may not be one; the method then gives `E_INVALIDARG` without running.
    fn is_missing(&self) -> bool {
        false
    }
}

impl Argument for u32 {}
impl Argument for i32 {}
impl Argument for u64 {}

// What only tables of the client's objects have.
impl<T> Argument for *mut T {}
impl<T> Argument for *const T {}

/// Declares a parameter that is a pointer.
macro_rules! pointer {
    ($(#[$doc:meta])* $name:ident $(<$kind:ident: $bound:ident>)? ($raw:ty)) => {
        $(#[$doc])*
        #[repr(transparent)]
        pub(crate) struct $name<'a $(, $kind: $bound)?> {
            raw: $raw,
            lent: PhantomData<(&'a (), $($kind)?)>,
        }

        // Not derived: that would ask the same of what the pointer leads to.
        impl $(<$kind: $bound>)? Clone for $name<'_ $(, $kind)?> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl $(<$kind: $bound>)? Copy for $name<'_ $(, $kind)?> {}
    };
}

/// How such a parameter is cleared, and whether it may be NULL.
macro_rules! arguments {
    ($( $name:ident $(<$kind:ident: $bound:ident>)? $(clears $zero:expr)?, $missing:expr; )*) => { $(
        impl $(<$kind: $bound>)? Argument for $name<'_ $(, $kind)?> {
            $(
                fn clear(&self) {
                    if !self.raw.is_null() {
                        // SAFETY: not NULL, so it leads to room for what the method returns.
                        unsafe { self.raw.write_unaligned($zero) };
                    }
                }
            )?

            fn is_missing(&self) -> bool {
                let is_missing: fn(&Self) -> bool = $missing;
                is_missing(self)
            }
        }
    )* };
}

pointer! {
    /// A struct that the method reads. May be NULL.
    In<T: Plain>(*const T)
}
pointer! {
    /// The first of several values that the method reads. May be NULL.
    InArray<T: Plain>(*const T)
}
pointer! {
    /// An id. May not be NULL.
    InGuid(*const RawGuid)
}
pointer! {
    /// A text. May be NULL as far as this module knows.
    InText(*const u16)
}
pointer! {
    /// A value of any type. May not be NULL.
    InVariant(*const Variant)
}
pointer! {
    /// An object of the client. May be NULL.
    InObject(*mut c_void)
}
pointer! {
    /// A value that the method returns. May not be NULL.
    Out<T: Plain>(*mut T)
}
pointer! {
    /// A value that the method returns to those who ask. May be NULL.
    OutWhenAsked<T: Plain>(*mut T)
}
pointer! {
    /// A text that the method returns in task memory. May not be NULL.
    OutText(*mut *mut u16)
}
pointer! {
    /// Several values that the method returns in task memory. May not be NULL.
    OutArray<T: Plain>(*mut *mut T)
}
pointer! {
    /// A value of any type that the method returns. May not be NULL.
    OutVariant(*mut Variant)
}
pointer! {
    /// An object that the method returns, by one interface. May not be NULL.
    OutInterface<I: Interface>(*mut *mut c_void)
}
pointer! {
    /// An object that the method returns, by whatever interface is asked for. May not be NULL.
    OutAny(*mut *mut c_void)
}
pointer! {
    /// Room for several objects that an enumerator returns. May be NULL when none are asked for.
    OutElements<I: Interface>(*mut *mut c_void)
}

fn never<T>(_: &T) -> bool {
    false
}

arguments! {
    In<T: Plain>, never;
    InArray<T: Plain>, never;
    InGuid, |this| this.raw.is_null();
    InText, never;
    InVariant, |this| this.raw.is_null();
    InObject, never;
    Out<T: Plain> clears zeroed(), |this| this.raw.is_null();
    OutWhenAsked<T: Plain> clears zeroed(), never;
    OutText clears std::ptr::null_mut(), |this| this.raw.is_null();
    OutArray<T: Plain> clears std::ptr::null_mut(), |this| this.raw.is_null();
    OutVariant clears Variant::EMPTY, |this| this.raw.is_null();
    OutInterface<I: Interface> clears std::ptr::null_mut(), |this| this.raw.is_null();
    OutAny clears std::ptr::null_mut(), |this| this.raw.is_null();
    OutElements<I: Interface>, never;
}

fn zeroed<T: Plain>() -> T {
    // SAFETY: all zeroes is a value of every plain type.
    unsafe { std::mem::zeroed() }
}

impl<T: Plain> In<'_, T> {
    /// The struct; `None` for NULL.
    ///
    /// # Errors
    /// `E_INVALIDARG` for a pointer that leads nowhere.
    pub(crate) fn read(self) -> Result<Option<T>, HResult> {
        if self.raw.is_null() {
            return Ok(None);
        }
        reach::read(self.raw).map(Some).ok_or(HResult::E_INVALIDARG)
    }

    /// The values that lie `offset` bytes behind the beginning of the struct.
    ///
    /// # Errors
    /// `E_INVALIDARG` where not all can be read.
    pub(crate) fn trailing<E: Plain>(self, offset: usize, count: usize) -> Result<Vec<E>, HResult> {
        let first = self.raw.wrapping_byte_add(offset).cast::<E>();
        reach::read_many(first, count).ok_or(HResult::E_INVALIDARG)
    }
}

impl<T: Plain> InArray<'_, T> {
    /// So many values; none when there should be none, whatever the pointer is.
    ///
    /// # Errors
    /// `E_INVALIDARG` for NULL, and where not all can be read.
    pub(crate) fn read(self, count: usize) -> Result<Vec<T>, HResult> {
        reach::read_many(self.raw, count).ok_or(HResult::E_INVALIDARG)
    }
}

impl InGuid<'_> {
    /// The id.
    ///
    /// # Errors
    /// `E_INVALIDARG` for a pointer that leads nowhere.
    pub(crate) fn read(self) -> Result<Guid, HResult> {
        reach::read(self.raw).map(Guid::from).ok_or(HResult::E_INVALIDARG)
    }
}

impl InText<'_> {
    /// The text.
    ///
    /// # Errors
    /// `E_INVALIDARG` for NULL, a text without end or over [`WIDE_UNITS_MAX`], and units that are no UTF-16.
    pub(crate) fn required(self) -> Result<String, HResult> {
        read_wide(self.raw, WIDE_UNITS_MAX)
    }

    /// The text; `None` for NULL.
    ///
    /// # Errors
    /// As [`required`](Self::required).
    pub(crate) fn optional(self) -> Result<Option<String>, HResult> {
        if self.raw.is_null() { Ok(None) } else { self.required().map(Some) }
    }
}

impl InVariant<'_> {
    /// What is in it.
    ///
    /// # Errors
    /// `E_INVALIDARG` for what cannot be read, or is of a type that no property has.
    pub(crate) fn content(self) -> Result<Content, HResult> {
        let variant = reach::read(self.raw).ok_or(HResult::E_INVALIDARG)?;
        // SAFETY: an object in a VARIANT is one, by the promise of the caller.
        unsafe { variant.content() }
    }
}

impl InObject<'_> {
    /// A reference of our own; `None` for NULL.
    ///
    /// # Errors
    /// `E_INVALIDARG` for a pointer that leads nowhere.
    pub(crate) fn get(self) -> Result<Option<Pointer<IUnknownVtbl>>, HResult> {
        // SAFETY: an object, by the promise of the caller.
        unsafe { Pointer::borrowed(self.raw) }
    }
}

impl<T: Plain> Out<'_, T> {
    /// Returns this value.
    pub(crate) fn put(self, value: T) -> Answer {
        // SAFETY: not NULL, or the method would not run; so it leads to room for a `T`.
        unsafe { self.raw.write_unaligned(value) };
        Ok(Success::Full)
    }
}

impl<T: Plain> OutWhenAsked<'_, T> {
    /// Returns this value, if it is asked for.
    pub(crate) fn put(self, value: T) {
        if !self.raw.is_null() {
            // SAFETY: not NULL, so it leads to room for a `T`.
            unsafe { self.raw.write_unaligned(value) };
        }
    }

    /// Whether it is not asked for.
    pub(crate) fn is_null(self) -> bool {
        self.raw.is_null()
    }
}

impl OutText<'_> {
    /// Returns this text.
    ///
    /// # Errors
    /// `E_OUTOFMEMORY`.
    pub(crate) fn put(self, text: &str) -> Answer {
        let memory = task_text(text)?;
        // SAFETY: not NULL, or the method would not run; so it leads to room for a pointer.
        unsafe { self.raw.write_unaligned(memory) };
        Ok(Success::Full)
    }
}

impl<T: Plain> OutArray<'_, T> {
    /// Returns these values.
    ///
    /// # Errors
    /// `E_OUTOFMEMORY`.
    pub(crate) fn put(self, values: &[T]) -> Answer {
        let memory = task_copy(values);
        if memory.is_null() {
            return Err(HResult::E_OUTOFMEMORY);
        }
        // SAFETY: not NULL, or the method would not run; so it leads to room for a pointer.
        unsafe { self.raw.write_unaligned(memory) };
        Ok(Success::Full)
    }
}

impl OutVariant<'_> {
    /// Returns this value.
    pub(crate) fn put(self, value: Variant) -> Answer {
        // SAFETY: not NULL, or the method would not run; so it leads to room for a VARIANT.
        unsafe { self.raw.write_unaligned(value) };
        Ok(Success::Full)
    }
}

impl<I: Interface> OutInterface<'_, I> {
    /// Returns this object.
    ///
    /// # Errors
    /// `E_NOINTERFACE` when it has no such interface.
    pub(crate) fn put(self, object: &Pointer<IUnknownVtbl>) -> Answer {
        let interface = object.query_raw(I::IID.into())?;
        // SAFETY: not NULL, or the method would not run; so it leads to room for an interface pointer.
        unsafe { self.raw.write_unaligned(interface.as_ptr()) };
        Ok(Success::Full)
    }
}

impl OutAny<'_> {
    /// Returns this object by the interface with that id.
    ///
    /// # Errors
    /// `E_NOINTERFACE` when it has no such interface.
    pub(crate) fn put(self, object: &Pointer<IUnknownVtbl>, iid: Guid) -> Answer {
        let interface = object.query_raw(iid.into())?;
        // SAFETY: as above.
        unsafe { self.raw.write_unaligned(interface.as_ptr()) };
        Ok(Success::Full)
    }
}

impl<I: Interface> OutElements<'_, I> {
    /// Whether there is no room at all.
    pub(crate) fn is_null(self) -> bool {
        self.raw.is_null()
    }

    /// Returns these objects, for which the caller has said that there is room.
    ///
    /// # Errors
    /// `E_INVALIDARG` when there is no room, `E_NOINTERFACE` when one has no such interface; nothing is returned then.
    pub(crate) fn put(self, objects: &[Pointer<IUnknownVtbl>]) -> Result<(), HResult> {
        if self.raw.is_null() && !objects.is_empty() {
            return Err(HResult::E_INVALIDARG);
        }
        let interfaces: Vec<Pointer<I>> = objects.iter().map(Pointer::query).collect::<Result<_, _>>()?;
        for (index, interface) in interfaces.into_iter().enumerate() {
            // SAFETY: not NULL, and the caller of the method said how many pointers there is room for.
            unsafe { self.raw.add(index).write_unaligned(interface.into_raw()) };
        }
        Ok(())
    }
}
