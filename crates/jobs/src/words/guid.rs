//! GUIDs: the names of interfaces, classes and jobs.

/// A GUID. Its fields for a binary interface are [`uuid::Uuid::as_fields`].
pub use uuid::Uuid as Guid;

/// A text that is no GUID.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a GUID of the form XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX, with or without braces")]
pub struct ParseGuidError;

/// The form in which COM prints a GUID: upper case, in braces.
///
/// ```
/// use swarmline_jobs::{guid_text, iid, parse_guid};
///
/// let text = guid_text(&iid::BACKGROUND_COPY_JOB);
/// assert_eq!(text, "{37668D37-507E-4160-9316-26306D150B12}");
/// assert_eq!(parse_guid(&text), Ok(iid::BACKGROUND_COPY_JOB));
/// ```
pub fn guid_text(guid: &Guid) -> String {
    format!("{:X}", guid.braced())
}

/// Reads a GUID with hyphens, in braces or without, in either case.
///
/// # Errors
/// For every other form.
pub fn parse_guid(text: &str) -> Result<Guid, ParseGuidError> {
    let bare = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}').ok_or(ParseGuidError)?,
        None => text,
    };
    const HYPHENATED: usize = 36;
    if bare.len() != HYPHENATED {
        return Err(ParseGuidError);
    }
    Guid::try_parse(bare).map_err(|_| ParseGuidError)
}

/// Class ids.
pub mod clsid {
    use super::Guid;

    /// The class of this API: it answers for both managers.
    pub const DELIVERY_OPTIMIZATION: Guid = Guid::from_u128(0x5B99FA76_721C_423C_ADAC_56D03C8A8007);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_read_with_and_without_braces_and_not_otherwise() {
        let class = "5b99fa76-721C-423C-ADAC-56D03C8A8007";
        assert_eq!(parse_guid(class), Ok(clsid::DELIVERY_OPTIMIZATION));
        assert_eq!(parse_guid(&format!("{{{class}}}")), Ok(clsid::DELIVERY_OPTIMIZATION));
        for bad in [
            "",
            "{}",
            &class[1..],
            &format!("{{{class}"),
            &format!("urn:uuid:{class}"),
            &class.replace('-', ""),
        ] {
            assert_eq!(parse_guid(bad), Err(ParseGuidError), "{bad}");
        }
    }
}
