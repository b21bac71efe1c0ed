//! A GUID as it lies in memory.

use swarmline_jobs::Guid;

/// The four fields of a GUID in native byte order; [`Guid`] is the word that everything else uses.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub(crate) struct RawGuid {
    first: u32,
    second: u16,
    third: u16,
    rest: [u8; 8],
}

impl From<Guid> for RawGuid {
    fn from(guid: Guid) -> Self {
        let (first, second, third, rest) = guid.as_fields();
        Self { first, second, third, rest: *rest }
    }
}

impl From<RawGuid> for Guid {
    fn from(raw: RawGuid) -> Self {
        Self::from_fields(raw.first, raw.second, raw.third, &raw.rest)
    }
}

#[cfg(test)]
mod tests {
    use swarmline_jobs::clsid;

    use super::*;

    #[test]
    fn a_guid_keeps_its_value_through_memory() {
        let raw = RawGuid::from(clsid::DELIVERY_OPTIMIZATION);
        assert_eq!((raw.first, raw.second, raw.third, raw.rest[0]), (0x5B99_FA76, 0x721C, 0x423C, 0xAD));
        assert_eq!(Guid::from(raw), clsid::DELIVERY_OPTIMIZATION);
    }
}
