//! What clients may give: lengths, addresses, paths, header lines, JSON.

use url::Url;

use super::super::config::Config;
use crate::face::NewFile;
use crate::words::{FileRange, HResult, check_ranges};

/// Longest name, in UTF-16 units.
const NAME_UNITS_MAX: usize = 256;
/// Longest address, in UTF-16 units.
const URL_UNITS_MAX: usize = 2200;
/// Longest file id, in UTF-16 units.
const ID_UNITS_MAX: usize = 1024;
/// Longest path, in bytes: what the system takes.
const PATH_BYTES_MAX: usize = 4095;
/// Longest text of any other property, in UTF-16 units.
const TEXT_UNITS_MAX: usize = 64 << 10;

fn fits(text: &str, units_max: usize) -> Result<(), HResult> {
    // A byte is at most one unit, so most texts need not be counted.
    let fits = text.len() <= units_max || text.encode_utf16().count() <= units_max;
    if fits && !text.contains('\0') { Ok(()) } else { Err(HResult::E_INVALIDARG) }
}

/// A name for people.
pub(in super::super) fn name(text: &str) -> Result<(), HResult> {
    fits(text, NAME_UNITS_MAX)
}

/// Any text that is kept.
pub(super) fn text(text: &str) -> Result<(), HResult> {
    fits(text, TEXT_UNITS_MAX)
}

/// An http or https address with a host; anything else is `bad`.
pub(super) fn url(text: &str, bad: HResult) -> Result<(), HResult> {
    fits(text, URL_UNITS_MAX)?;
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(()),
        _ => Err(bad),
    }
}

/// An absolute path of a file.
pub(super) fn path(text: &str) -> Result<(), HResult> {
    let names_a_file =
        text.starts_with('/') && !matches!(text.rsplit('/').next(), Some("" | "." | "..") | None);
    let fits = text.len() <= PATH_BYTES_MAX && !text.contains('\0');
    if names_a_file && fits { Ok(()) } else { Err(HResult::E_INVALIDARG) }
}

/// Header lines: printable text and tabs, in lines.
pub(super) fn headers(lines: &str) -> Result<(), HResult> {
    text(lines)?;
    let legal = |line: &str| {
        let name = line.split_once(':').map_or("", |(name, _)| name);
        let token = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_graphic() && !b"()<>@,;\\\"/[]?={}".contains(&b));
        token && line.chars().all(|c| c == '\t' || !c.is_control())
    };
    let lines = lines.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    if lines.filter(|line| !line.is_empty()).all(legal) { Ok(()) } else { Err(HResult::E_INVALIDARG) }
}

/// A JSON object.
pub(super) fn json_object(json: &str) -> Result<(), HResult> {
    text(json)?;
    match serde_json::from_str::<serde_json::Value>(json) {
        Ok(serde_json::Value::Object(_)) => Ok(()),
        _ => Err(HResult::E_INVALIDARG),
    }
}

/// Ranges, and not too many of them.
pub(super) fn ranges(ranges: &[FileRange], config: &Config) -> Result<(), HResult> {
    if ranges.len() > config.ranges_per_file_max {
        return Err(HResult::BG_E_TOO_MANY_RANGES_IN_FILE);
    }
    check_ranges(ranges)
}

/// A file to be added.
pub(super) fn new_file(file: &NewFile, config: &Config) -> Result<(), HResult> {
    if let Some(id) = &file.id {
        fits(id, ID_UNITS_MAX)?;
        if id.is_empty() {
            return Err(HResult::E_INVALIDARG);
        }
    }
    match (&file.url, &file.id) {
        (Some(address), _) => url(address, HResult::E_INVALIDARG)?,
        (None, Some(id)) if id.parse::<swarmline_types::ContentId>().is_ok() => {}
        (None, _) => return Err(HResult::E_INVALIDARG),
    }
    file.path.as_deref().map_or(Ok(()), path)?;
    ranges(&file.ranges, config)?;
    match file.size {
        Some(size) => file.ranges.iter().try_for_each(|range| range.length_in(size).map(drop)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: Result<(), HResult> = Err(HResult::E_INVALIDARG);

    #[test]
    fn lengths_count_in_utf_16_and_the_bound_itself_is_allowed() {
        assert_eq!(name(&"ü".repeat(256)), Ok(()));
        assert_eq!(name(&"ü".repeat(257)), BAD);
        assert_eq!(name(&"🐝".repeat(128)), Ok(()));
        assert_eq!(name(&"🐝".repeat(129)), BAD);
        assert_eq!(name("a\0b"), BAD);
        let address = |units: usize| format!("http://a/{}", "x".repeat(units - 9));
        assert_eq!(url(&address(2200), HResult::E_FAIL), Ok(()));
        assert_eq!(url(&address(2201), HResult::E_FAIL), BAD);
    }

    #[test]
    fn only_http_with_a_host_is_fetched() {
        for bad in ["", "x", "ftp://a/b", "file:///etc/passwd", "http://", "http:///x"] {
            let result = url(bad, HResult::INET_E_INVALID_URL);
            // The parser reads three slashes as two, as browsers do.
            assert_eq!(result.is_err(), bad != "http:///x", "{bad}");
        }
    }

    #[test]
    fn a_destination_is_absolute_and_names_a_file() {
        assert_eq!(path("/tmp/a"), Ok(()));
        for bad in ["", "a", "./a", "/", "/tmp/", "/tmp/.", "/tmp/..", "/tmp/\0"] {
            assert_eq!(path(bad), BAD, "{bad:?}");
        }
    }

    #[test]
    fn header_lines_cannot_smuggle() {
        assert_eq!(headers("A: b\r\nC:\td\r\n"), Ok(()));
        assert_eq!(headers(""), Ok(()));
        for bad in ["no colon", ": x", "A b: c", "A: b\rX: y", "A: \u{1}"] {
            assert_eq!(headers(bad), BAD, "{bad:?}");
        }
    }

    #[test]
    fn check_info_is_a_json_object() {
        assert_eq!(json_object("{\"a\": 1}"), Ok(()));
        for bad in ["", "[]", "1", "{", "{} {}"] {
            assert_eq!(json_object(bad), BAD, "{bad:?}");
        }
        let deep = "[".repeat(50_000);
        assert_eq!(json_object(&deep), BAD, "depth is no way to the stack's end");
    }
}
