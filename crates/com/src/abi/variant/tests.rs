use std::sync::Arc;

use proptest::prelude::*;

use super::super::reach::tests::Guarded;
use super::super::{Class, Slot, bstr_from_units, create};
use super::*;

const REFUSED: HResult = HResult::E_INVALIDARG;

/// The content of a VARIANT without objects, as a text to compare.
fn shown(variant: &Variant) -> Result<String, HResult> {
    // SAFETY: the tests that use this put no objects in.
    Ok(match unsafe { variant.content() }? {
        Content::Empty => "empty".into(),
        Content::Bool(value) => value.to_string(),
        Content::Number(number) => number.to_string(),
        Content::Text(text) => format!("{text:?}"),
        Content::Bytes(bytes) => format!("{bytes:?}"),
        Content::Object(_) => "object".into(),
    })
}

fn clear(variant: &mut Variant) -> Result<(), HResult> {
    // SAFETY: the tests hand in what they own.
    unsafe { variant_clear(variant) }
}

#[test]
fn each_type_is_read_from_its_own_bits_alone() {
    let high = 0xAAAA_BBBB_0000_0000;
    assert_eq!(shown(&Variant::EMPTY), Ok("empty".into()));
    assert_eq!(shown(&Variant::number(kind::NULL, 9)), Ok("empty".into()));
    assert_eq!(shown(&Variant::number(kind::BOOL, high | 0xCCCC_FFFF)), Ok("true".into()));
    assert_eq!(shown(&Variant::number(kind::BOOL, high | 0xCCCC_0000)), Ok("false".into()));
    assert_eq!(shown(&Variant::number(kind::UI4, high | 7)), Ok("7".into()));
    assert_eq!(shown(&Variant::number(kind::UI8, high)), Ok(high.to_string()));
    assert_eq!(shown(&Variant::number(kind::I4, high | 7)), Ok("7".into()));
    assert_eq!(shown(&Variant::number(kind::I4, 0xFFFF_FFFF)), Err(REFUSED));
    assert_eq!(shown(&Variant::number(kind::I8, 1 << 63)), Err(REFUSED));
}

#[test]
fn what_a_client_reads_is_what_it_may_write() {
    assert_eq!(Variant::bool(true).payload.addr(), 0xFFFF, "VARIANT_TRUE is all ones");
    for mut variant in [
        Variant::bool(true),
        Variant::bool(false),
        Variant::u32(u32::MAX),
        Variant::u64(u64::MAX),
        Variant::text("ä😀").expect("memory"),
        Variant::text("").expect("memory"),
        Variant::bytes(&[0, 255]).expect("memory"),
    ] {
        let mut copy = Variant::u32(9);
        // SAFETY: both are whole and owned here.
        unsafe { variant_copy(&raw mut copy, &raw const variant) }.expect("a copy");
        assert_eq!(shown(&copy), shown(&variant));
        let has_memory = matches!(variant.kind, kind::BSTR | kind::BYTES);
        assert_eq!(variant.payload == copy.payload, !has_memory, "memory is not shared");
        assert_eq!((clear(&mut variant), clear(&mut copy)), (Ok(()), Ok(())));
        assert_eq!(shown(&variant), Ok("empty".into()));
    }
}

#[test]
fn a_pointer_that_leads_nowhere_is_refused() {
    let pages = Guarded::new();
    // Far enough behind its border that what lies before a BSTR cannot be read either.
    let closed = pages.ending_with(&[]).wrapping_add(64).cast::<c_void>();
    for kind in [kind::BSTR, kind::BYTES, kind::UNKNOWN] {
        assert_eq!(shown(&Variant::of(kind, closed)), Err(REFUSED), "{kind}");
    }
    // One pointer can be read, and leads nowhere itself.
    let object = pages.ending_with(&16usize.to_ne_bytes()).cast::<c_void>();
    assert_eq!(shown(&Variant::of(kind::UNKNOWN, object)), Err(REFUSED));
}

#[test]
fn types_that_do_not_occur_are_neither_read_nor_freed() {
    for kind in
        [kind::DISPATCH, 5, 7, 12, 14, 0x4000 | kind::UI4, 0x4000 | kind::BSTR, 0x2000 | kind::UI4, u16::MAX]
    {
        assert_eq!(shown(&Variant::of(kind, std::ptr::null_mut())), Err(REFUSED), "{kind:#x}");
    }
    let mut odd = Variant::number(5, 1);
    assert_eq!(clear(&mut odd), Err(BAD_TYPE));
    let mut target = Variant::u32(1);
    // SAFETY: plain numbers.
    assert_eq!(unsafe { variant_copy(&raw mut target, &raw const odd) }, Err(BAD_TYPE));
    assert_eq!(shown(&target), Ok("1".into()));
}

#[test]
fn an_object_is_counted_in_and_out() {
    struct Witnessed {
        _witness: Arc<()>,
    }
    impl Class for Witnessed {
        const INTERFACES: &'static [Slot] = &[Slot::new(&IUnknownVtbl::of::<Self, 0>())];
    }
    let witness = Arc::new(());
    let object = create(Witnessed { _witness: Arc::clone(&witness) });
    let mut variant = Variant::object(object.clone());
    let mut copy = Variant::EMPTY;
    // SAFETY: both are whole and owned here.
    unsafe { variant_copy(&raw mut copy, &raw const variant) }.expect("a copy");
    drop(object);
    assert_eq!(clear(&mut variant), Ok(()));
    assert_eq!(Arc::strong_count(&witness), 2, "the copy still holds it");
    assert_eq!(clear(&mut copy), Ok(()));
    assert_eq!(Arc::strong_count(&witness), 1);
}

proptest! {
    /// Whatever lies in 24 bytes: it is read without harm or refused, and numbers come back as they are.
    #[test]
    fn no_variant_does_harm(kind in prop_oneof![0u16..40, any::<u16>()], reserved: [u16; 3], payload: u32, second: u64) {
        // Addresses below 64 KiB are never mapped, so a payload that is taken for a pointer leads nowhere.
        let payload = if kind::BSTR == kind || kind & 0x2000 != 0 || kind == kind::UNKNOWN { payload % 0xFFFF } else { payload };
        let variant = Variant {
            reserved,
            second: std::ptr::without_provenance_mut(usize::try_from(second).expect("64 bits")),
            ..Variant::number(kind, payload.into())
        };
        let known = match kind {
            kind::EMPTY | kind::NULL => Some("empty".to_owned()),
            kind::BOOL => Some((payload & 0xFFFF != 0).to_string()),
            kind::UI4 | kind::UI8 | kind::I8 => Some(payload.to_string()),
            kind::I4 if payload >> 31 == 0 => Some(payload.to_string()),
            kind::BSTR if payload == 0 => Some(format!("{:?}", "")),
            kind::UNKNOWN if payload == 0 => Some("object".to_owned()),
            _ => None,
        };
        prop_assert_eq!(shown(&variant).ok(), known);
    }

    #[test]
    fn a_bstr_in_a_variant_is_its_text_or_refused(units in proptest::collection::vec(any::<u16>(), 0..40)) {
        let mut variant = Variant::of(kind::BSTR, bstr_from_units(&units).cast());
        let expected = String::from_utf16(&units).ok().filter(|_| !units.contains(&0));
        prop_assert_eq!(shown(&variant).ok(), expected.map(|text| format!("{text:?}")));
        prop_assert_eq!(clear(&mut variant), Ok(()));
    }
}
