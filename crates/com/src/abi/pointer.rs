//! Counted references to COM objects, ours and the client's.

use core::ffi::c_void;
use std::marker::PhantomData;
use std::ptr::NonNull;

use swarmline_jobs::HResult;

use super::{IUnknownVtbl, Interface, RawGuid, reach};

/// A counted reference to interface `I` of some object: `AddRef` when it is cloned, `Release` when it goes.
///
/// Both run the client's code when the object is the client's, so neither happens while a lock is held.
pub(crate) struct Pointer<I: Interface> {
    object: NonNull<c_void>,
    interface: PhantomData<I>,
}

// SAFETY: there are no apartments here; the header tells clients that their objects are used from any thread, and ours
// are `Send + Sync` by [`Class`](super::Class).
unsafe impl<I: Interface> Send for Pointer<I> {}
// SAFETY: as above.
unsafe impl<I: Interface> Sync for Pointer<I> {}

impl<I: Interface> Pointer<I> {
    /// Takes over a reference; `None` for NULL.
    ///
    /// # Safety
    /// `object` is NULL, or an interface pointer whose table begins with that of `I`, with one reference to give.
    pub(super) unsafe fn from_raw(object: *mut c_void) -> Option<Self> {
        NonNull::new(object).map(|object| Self { object, interface: PhantomData })
    }

    /// The pointer, for the time that this reference lives.
    pub(crate) fn as_raw(&self) -> *mut c_void {
        self.object.as_ptr()
    }

    /// Gives the reference away.
    pub(super) fn into_raw(self) -> *mut c_void {
        std::mem::ManuallyDrop::new(self).object.as_ptr()
    }

    /// The table of functions.
    pub(crate) fn vtable(&self) -> &I {
        // SAFETY: an interface pointer points to a pointer to the table of its interface, for as long as there is a
        // reference, and `self` is one.
        unsafe { self.object.cast::<NonNull<I>>().read().as_ref() }
    }

    /// The same pointer as one to the interface whose slots come first.
    pub(crate) fn into_base(self) -> Pointer<I::Base> {
        Pointer { object: std::mem::ManuallyDrop::new(self).object, interface: PhantomData }
    }

    fn unknown(&self) -> &IUnknownVtbl {
        // SAFETY: as above; every table begins with the three slots of IUnknown.
        unsafe { self.object.cast::<NonNull<IUnknownVtbl>>().read().as_ref() }
    }

    /// Another interface of the same object, as its pointer with one reference.
    ///
    /// # Errors
    /// What `QueryInterface` answers; `E_NOINTERFACE` when it gives nothing and calls that success.
    pub(super) fn query_raw(&self, iid: RawGuid) -> Result<NonNull<c_void>, HResult> {
        let mut found = std::ptr::null_mut();
        // SAFETY: the object is alive, and both pointers lead to locals.
        let code = unsafe { (self.unknown().query_interface)(self.as_raw(), &raw const iid, &raw mut found) };
        match (HResult::from_i32(code), NonNull::new(found)) {
            (code, _) if code.is_failure() => Err(code),
            (_, None) => Err(HResult::E_NOINTERFACE),
            (_, Some(found)) => Ok(found),
        }
    }

    /// Interface `J` of the same object.
    ///
    /// # Errors
    /// As [`query_raw`](Self::query_raw).
    pub(crate) fn query<J: Interface>(&self) -> Result<Pointer<J>, HResult> {
        let object = self.query_raw(J::IID.into())?;
        Ok(Pointer { object, interface: PhantomData })
    }
}

impl Pointer<IUnknownVtbl> {
    /// A reference of our own to an object that the client lends us for a call; `None` for NULL.
    ///
    /// # Errors
    /// `E_INVALIDARG` for a pointer that leads nowhere.
    ///
    /// # Safety
    /// What can be read at `object` is an object.
    pub(super) unsafe fn borrowed(object: *mut c_void) -> Result<Option<Self>, HResult> {
        if object.is_null() {
            return Ok(None);
        }
        let table = reach::read(object.cast::<*mut c_void>().cast_const()).ok_or(HResult::E_INVALIDARG)?;
        if !reach::is_readable_span(table.addr(), size_of::<IUnknownVtbl>()) {
            return Err(HResult::E_INVALIDARG);
        }
        // SAFETY: an object, as promised; the client's reference outlives the call. `lent` is not released.
        let lent = unsafe { Self::from_raw(object) }.map(std::mem::ManuallyDrop::new);
        Ok(lent.map(|lent| Self::clone(&lent)))
    }
}

impl<I: Interface> Clone for Pointer<I> {
    fn clone(&self) -> Self {
        // SAFETY: the object is alive, since `self` is a reference.
        unsafe { (self.unknown().add_ref)(self.as_raw()) };
        Self { object: self.object, interface: PhantomData }
    }
}

impl<I: Interface> Drop for Pointer<I> {
    fn drop(&mut self) {
        // SAFETY: this reference is given back once.
        unsafe { (self.unknown().release)(self.as_raw()) };
    }
}
