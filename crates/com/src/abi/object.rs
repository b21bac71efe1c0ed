//! Our objects: where their interface pointers lead, who counts references, and what is left after the last one.
//!
//! An object is a block with up to [`SLOTS`] pointers to tables, a count, and a value. The address of the first slot is
//! its identity: `QueryInterface` for IUnknown gives that one from every interface.
//!
//! A block outlives its value. When the last reference goes the value is dropped, and the block is kept among the last
//! [`RETIRED_MAX`] of its like: a client that calls a pointer it has released gets `CO_E_OBJNOTCONNECTED`, where it would
//! otherwise run into memory that is somebody else's by now. It is a net, not a promise.

use core::ffi::c_void;
use std::alloc::Layout;
use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::mem::{ManuallyDrop, offset_of};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use swarmline_jobs::Guid;

use super::{IUnknownVtbl, Interface, Pointer};

/// No object has more interfaces beside each other; those in a line share a slot.
const SLOTS: usize = 3;

/// So many blocks of ended objects are kept.
const RETIRED_MAX: usize = 1024;

/// One interface of a class: its table, and which ids the table answers.
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    table: *const c_void,
    answers: fn(Guid) -> bool,
}

impl Slot {
    /// A slot with this table.
    pub(crate) const fn new<I: Interface>(table: &'static I) -> Self {
        Self { table: std::ptr::from_ref(table).cast(), answers: I::answers }
    }

    /// Whether it is the interface with this id, or one whose slots come first in it.
    pub(crate) fn answers(&self, iid: Guid) -> bool {
        (self.answers)(iid)
    }
}

/// What can be an object: it is used from every thread at once, and a client decides when it goes.
pub(crate) trait Class: Send + Sync + Sized + 'static {
    /// Its interfaces; at most [`SLOTS`]. Each table was made for `Self` and its place in this list.
    const INTERFACES: &'static [Slot];
}

/// An object in memory.
#[repr(C)]
struct Block<T> {
    slots: [*const c_void; SLOTS],
    references: AtomicU32,
    value: UnsafeCell<ManuallyDrop<T>>,
}

/// Objects that are not ended.
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// How many objects of this library somebody has a reference to.
pub(crate) fn live_objects() -> usize {
    LIVE.load(Ordering::Acquire)
}

/// Makes an object with one reference.
pub(crate) fn create<T: Class>(value: T) -> Pointer<IUnknownVtbl> {
    const { assert!(!T::INTERFACES.is_empty() && T::INTERFACES.len() <= SLOTS) };
    let mut slots = [std::ptr::null(); SLOTS];
    for (slot, interface) in slots.iter_mut().zip(T::INTERFACES) {
        *slot = interface.table;
    }
    let value = UnsafeCell::new(ManuallyDrop::new(value));
    let block = Box::into_raw(Box::new(Block { slots, references: AtomicU32::new(1), value }));
    LIVE.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the first slot points to a table that begins with that of IUnknown, and one reference was counted.
    unsafe { Pointer::from_raw(block.cast()) }.expect("a box is not NULL")
}

/// The block behind a pointer to one of its slots, `None` for NULL.
fn block_of<T: Class, const SLOT: usize>(this: *mut c_void) -> Option<NonNull<Block<T>>> {
    const { assert!(SLOT < T::INTERFACES.len()) };
    const { assert!(offset_of!(Block<T>, slots) == 0) };
    if this.is_null() {
        return None;
    }
    NonNull::new(this.wrapping_byte_sub(SLOT * size_of::<*const c_void>()).cast())
}

/// The count of a block.
///
/// # Safety
/// `block` is a block of a `T` whose memory is still there.
unsafe fn count<'a, T: Class>(block: NonNull<Block<T>>) -> &'a AtomicU32 {
    // SAFETY: as promised; the count is valid even after the value has gone.
    unsafe { &(*block.as_ptr()).references }
}

/// One more reference, unless there is none. A count that has reached its end stays there, and the object forever.
///
/// # Safety
/// As for [`count`].
unsafe fn revive<T: Class>(block: NonNull<Block<T>>) -> Option<u32> {
    let more = |references: u32| (references > 0).then(|| references.saturating_add(1));
    // SAFETY: as promised.
    let before = unsafe { count(block) }.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    before.ok().map(|before| before.saturating_add(1))
}

/// `AddRef`: the new count; 0 for an object that has ended.
///
/// # Safety
/// `this` is NULL or a pointer to slot `SLOT` of a `T` whose memory is still there.
pub(super) unsafe fn add_ref<T: Class, const SLOT: usize>(this: *mut c_void) -> u32 {
    // SAFETY: as promised.
    block_of::<T, SLOT>(this).and_then(|block| unsafe { revive(block) }).unwrap_or(0)
}

/// `Release`: the new count. With the last reference the value is dropped; no lock is held meanwhile.
///
/// # Safety
/// As for [`add_ref`].
pub(super) unsafe fn release<T: Class, const SLOT: usize>(this: *mut c_void) -> u32 {
    // SAFETY: as promised.
    block_of::<T, SLOT>(this).map_or(0, |block| unsafe { give_back(block) })
}

/// # Safety
/// As for [`count`].
unsafe fn give_back<T: Class>(block: NonNull<Block<T>>) -> u32 {
    let fewer = |references: u32| match references {
        0 => None,
        u32::MAX => Some(u32::MAX),
        more => Some(more - 1),
    };
    // SAFETY: as promised. Acquire and release, so that the last one sees what all others did.
    let before = unsafe { count(block) }.fetch_update(Ordering::AcqRel, Ordering::Relaxed, fewer);
    match before {
        Err(_) => 0,
        Ok(1) => {
            let _retire = Retire(block);
            // SAFETY: the count went from 1 to 0 once, here, and nobody enters at 0.
            unsafe { ManuallyDrop::drop(&mut *(*block.as_ptr()).value.get()) };
            0
        }
        Ok(u32::MAX) => u32::MAX,
        Ok(before) => before - 1,
    }
}

/// Retires a block whose value is being dropped, also if that panics.
struct Retire<T: Class>(NonNull<Block<T>>);

impl<T: Class> Drop for Retire<T> {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::Release);
        retire(Retired { memory: self.0.cast(), layout: Layout::new::<Block<T>>() });
    }
}

/// The memory of an object that has ended.
struct Retired {
    memory: NonNull<u8>,
    layout: Layout,
}

// SAFETY: nobody uses it but for its count, which is atomic.
unsafe impl Send for Retired {}

impl Drop for Retired {
    fn drop(&mut self) {
        // SAFETY: it came from a box of this layout, whose value is gone.
        unsafe { std::alloc::dealloc(self.memory.as_ptr(), self.layout) };
    }
}

fn retire(block: Retired) {
    static RETIRED: Mutex<VecDeque<Retired>> = Mutex::new(VecDeque::new());
    let mut retired = RETIRED.lock().unwrap_or_else(PoisonError::into_inner);
    if retired.len() == RETIRED_MAX {
        retired.pop_front();
    }
    retired.push_back(block);
}

/// A reference for the time that a method runs.
pub(super) struct Hold<T: Class>(NonNull<Block<T>>);

impl<T: Class> Hold<T> {
    /// `None` for NULL, and for an object that has ended.
    ///
    /// # Safety
    /// As for [`add_ref`].
    pub(super) unsafe fn enter<const SLOT: usize>(this: *mut c_void) -> Option<Self> {
        let block = block_of::<T, SLOT>(this)?;
        // SAFETY: as promised.
        unsafe { revive(block) }.map(|_| Self(block))
    }

    pub(super) fn value(&self) -> &T {
        // SAFETY: the value lives as long as there is a reference, and nobody has it mutably before that.
        unsafe { &*(*self.0.as_ptr()).value.get() }
    }

    /// The pointer to the interface with this id, with one more reference; `None` if it has none.
    pub(super) fn query(&self, iid: Guid) -> Option<*mut c_void> {
        let slot = T::INTERFACES.iter().position(|slot| slot.answers(iid))?;
        // SAFETY: the block is there, and the slot inside it.
        unsafe {
            revive(self.0);
            Some(self.0.as_ptr().cast::<*const c_void>().add(slot).cast())
        }
    }
}

impl<T: Class> Drop for Hold<T> {
    fn drop(&mut self) {
        // SAFETY: the reference that `enter` counted.
        unsafe { give_back(self.0) };
    }
}

#[cfg(test)]
mod tests;
