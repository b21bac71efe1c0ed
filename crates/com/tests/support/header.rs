//! Interfaces as headers write them: ours, and those that a Windows toolchain has.

#![allow(dead_code, reason = "the oracle and the tables of the library each use their part")]

use std::collections::BTreeMap;

use swarmline_jobs::{Guid, parse_guid};

/// An interface as some text has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Written {
    pub(crate) iid: Guid,
    pub(crate) base: Option<String>,
    pub(crate) methods: Vec<Method>,
}

/// A method as some text has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Method {
    pub(crate) name: String,
    /// Types of the parameters, in words that all headers share.
    pub(crate) parameters: Vec<String>,
}

impl Written {
    /// Names of the methods without case and underscores, since each language has its own.
    pub(crate) fn names(&self) -> Vec<String> {
        self.methods.iter().map(|method| plain(&method.name)).collect()
    }
}

pub(crate) fn plain(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

/// The interfaces of our header, from its macros.
pub(crate) fn ours(header: &str) -> BTreeMap<String, Written> {
    let text = header.replace("\\\n", " ");
    let (mut ids, mut methods, mut written) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("SWARMLINE_GUID(IID_") {
            let mut parts = rest.trim_end_matches(");").split(", ");
            let name = parts.next().expect("a name").to_owned();
            let digits: String = parts.map(|part| part.trim_start_matches("0x")).collect();
            ids.insert(name, Guid::try_parse(&digits).expect("a GUID"));
        } else if let Some(rest) = line.strip_prefix("#define SWARMLINE_OWN_") {
            let (name, list) = rest.split_once("(I)").expect("a parameter");
            methods.insert(name.to_owned(), list.split("SWARMLINE_").filter_map(of_macro).collect());
        } else if let Some(rest) = line.strip_prefix("SWARMLINE_ROOT(") {
            let name = rest.trim_end_matches(')');
            let entry =
                Written { iid: ids[name], base: None, methods: methods.remove(name).expect("methods") };
            written.insert(name.to_owned(), entry);
        } else if let Some(rest) = line.strip_prefix("SWARMLINE_INTERFACE(") {
            let (name, base) = rest.trim_end_matches(')').split_once(", ").expect("a base");
            let base = Some(base.to_owned());
            let entry = Written { iid: ids[name], base, methods: methods.remove(name).expect("methods") };
            written.insert(name.to_owned(), entry);
        }
    }
    assert!(methods.is_empty(), "declared and not used: {methods:?}");
    written
}

/// `METHOD(I, Name, type name, ...)`.
fn of_macro(text: &str) -> Option<Method> {
    let (_, rest) = text.split_once("(I, ")?;
    let mut parts = rest.trim_end().strip_suffix(')')?.split(',');
    let name = parts.next()?.trim().to_owned();
    Some(Method { name, parameters: parts.map(type_of).collect() })
}

/// The C++ classes of a header that widl wrote.
pub(crate) fn theirs(header: &str) -> BTreeMap<String, Written> {
    let mut written = BTreeMap::new();
    for text in header.split("MIDL_INTERFACE(\"").skip(1) {
        let Some(iid) = text.get(..36).and_then(|iid| parse_guid(iid).ok()) else { continue };
        let Some((head, body)) = text.split_once('{') else { continue };
        let Some((_, head)) = head.split_once(")\n") else { continue };
        let body = body.split("\n};").next().unwrap_or_default();
        let (name, base) = match head.trim().split_once(" : public ") {
            Some((name, base)) => (name, Some(base.to_owned())),
            None => (head.trim(), None),
        };
        let methods = body.split("virtual ").skip(1).filter_map(of_class).collect();
        written.insert(name.to_owned(), Written { iid, base, methods });
    }
    written
}

/// `HRESULT STDMETHODCALLTYPE Name(type name, ...) = 0;`.
fn of_class(text: &str) -> Option<Method> {
    let (head, rest) = text.split_once('(')?;
    let (list, _) = rest.split_once(") = 0;")?;
    let name = head.split_whitespace().last()?.to_owned();
    let parameters = list.split(',').map(str::trim).filter(|text| !text.is_empty()).map(type_of).collect();
    Some(Method { name, parameters })
}

/// The type of `type name`: what lies in a register, since headers call the same thing by many names.
fn type_of(parameter: &str) -> String {
    let text = parameter.replace("const ", "").replace('*', " * ").replace("[]", " [] ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let stars = words.iter().filter(|word| matches!(**word, "*" | "[]")).count();
    let (same, more) = match words[0] {
        "LPWSTR" | "LPCWSTR" => ("char16", 1),
        "WCHAR" => ("char16", 0),
        "REFIID" | "REFGUID" => ("GUID", 1),
        "byte" | "uint8_t" => ("byte", 0),
        "ULONG" | "DWORD" | "BOOL" | "WINBOOL" | "HRESULT" => ("32 bits", 0),
        "UINT64" | "int64_t" | "LARGE_INTEGER" | "ULARGE_INTEGER" => ("64 bits", 0),
        other => (other, 0),
    };
    format!("{same}{}", "*".repeat(stars + more))
}
