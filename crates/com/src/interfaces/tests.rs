//! The header, the tables and the list of the job API say the same.

#[path = "../../tests/support/header.rs"]
mod written;

use std::collections::BTreeMap;

use swarmline_jobs::{Answer, Guid, HResult, INTERFACES, parse_guid};

use super::legacy::*;
use super::modern::*;
use super::support::*;
use crate::abi::{IUnknownVtbl, Interface};
use written::{ours, plain};

const HEADER: &str = include_str!("../../include/swarmline_do.h");
const IDL: &str = include_str!("../../idl/swarmline_do.idl");

/// An interface as header, IDL, table and list have it.
#[derive(Debug, PartialEq)]
struct Written {
    iid: Guid,
    base: Option<String>,
    /// Names without case and underscores, since each language has its own.
    methods: Vec<String>,
}

fn header() -> BTreeMap<String, Written> {
    let entry = |(name, written): (String, written::Written)| {
        let methods = written.names();
        (name, Written { iid: written.iid, base: written.base, methods })
    };
    ours(HEADER).into_iter().map(entry).collect()
}

/// The interfaces of the IDL.
fn idl() -> BTreeMap<String, Written> {
    let mut written: BTreeMap<String, Written> = BTreeMap::new();
    let (mut iid, mut current) = (None, None);
    for line in IDL.lines() {
        if let Some((_, rest)) = line.split_once("[object, uuid(") {
            iid = rest.get(..36).map(|text| parse_guid(text).expect("a GUID"));
        } else if let Some((name, base)) =
            line.strip_prefix("interface ").and_then(|rest| rest.split_once(" : "))
        {
            let entry = Written {
                iid: iid.take().expect("an id before"),
                base: Some(base.to_owned()),
                methods: Vec::new(),
            };
            written.insert(name.to_owned(), entry);
            current = Some(name.to_owned());
        } else if let Some((name, _)) =
            line.strip_prefix("    HRESULT ").and_then(|rest| rest.split_once('('))
        {
            let entry = current.as_ref().and_then(|name| written.get_mut(name)).expect("inside an interface");
            entry.methods.push(plain(name));
        }
    }
    written
}

/// One table of this crate.
fn table<I: Interface>() -> (String, Written) {
    let base = (I::NAME != "IUnknown").then(|| I::Base::NAME.to_owned());
    let methods = I::METHODS.iter().map(|name| plain(name)).collect();
    (I::NAME.to_owned(), Written { iid: I::IID, base, methods })
}

#[test]
fn every_table_has_the_slots_of_the_header() {
    let mut header = header();
    let tables = [
        table::<IUnknownVtbl>(),
        table::<IClassFactoryVtbl>(),
        table::<IEnumUnknownVtbl>(),
        table::<ISequentialStreamVtbl>(),
        table::<IStreamVtbl>(),
        table::<IBackgroundCopyManagerVtbl>(),
        table::<IBackgroundCopyJobVtbl>(),
        table::<IBackgroundCopyJob2Vtbl>(),
        table::<IBackgroundCopyJob3Vtbl>(),
        table::<IBackgroundCopyJob4Vtbl>(),
        table::<IBackgroundCopyJob5Vtbl>(),
        table::<IBackgroundCopyFileVtbl>(),
        table::<IBackgroundCopyFile2Vtbl>(),
        table::<IBackgroundCopyFile3Vtbl>(),
        table::<IBackgroundCopyFile4Vtbl>(),
        table::<IBackgroundCopyFile5Vtbl>(),
        table::<IBackgroundCopyErrorVtbl>(),
        table::<IBackgroundCopyCallbackVtbl>(),
        table::<IBackgroundCopyCallback2Vtbl>(),
        table::<IEnumBackgroundCopyFilesVtbl>(),
        table::<IEnumBackgroundCopyJobsVtbl>(),
        table::<IDeliveryOptimizationJobVtbl>(),
        table::<IDeliveryOptimizationJob2Vtbl>(),
        table::<IDeliveryOptimizationFileVtbl>(),
        table::<IDeliveryOptimizationFile2Vtbl>(),
        table::<IDOManagerVtbl>(),
        table::<IDODownloadVtbl>(),
        table::<IDODownloadStatusCallbackVtbl>(),
    ];
    for (name, table) in tables {
        assert_eq!(header.remove(&name), Some(table), "{name}");
    }
    let left: Vec<&str> = header.keys().map(String::as_str).collect();
    assert_eq!(left, ["IBackgroundCopyCallback3"], "which is known and never called");
}

#[test]
fn the_header_has_every_interface_of_the_job_api() {
    let mut header = header();
    assert_eq!(header.len(), INTERFACES.len());
    for interface in INTERFACES {
        let listed = Written {
            iid: interface.iid,
            base: interface.base.map(ToOwned::to_owned),
            methods: interface.methods.iter().map(|method| plain(method.name)).collect(),
        };
        let mut written =
            header.remove(interface.name).unwrap_or_else(|| panic!("{} is in the header", interface.name));
        if interface.name == "IDeliveryOptimizationFile" {
            // C++ would take two methods of one name for overloads.
            assert_eq!(written.methods, ["getstats", "getstats2"]);
            written.methods = listed.methods.clone();
        }
        assert_eq!(written, listed, "{}", interface.name);
        let refusals =
            interface.methods.iter().filter(|method| !matches!(method.answer, Answer::Implemented));
        assert!(refusals.into_iter().all(|method| method.answer == Answer::Refused(HResult::E_NOTIMPL)));
    }
}

#[test]
fn the_idl_has_the_interfaces_of_the_header() {
    const ELSEWHERE: [&str; 5] =
        ["IUnknown", "IClassFactory", "IEnumUnknown", "ISequentialStream", "IStream"];
    let mut header = header();
    header.retain(|name, _| !ELSEWHERE.contains(&name.as_str()));
    assert_eq!(idl(), header);
}

#[test]
fn the_header_has_every_code() {
    for code in HResult::ALL {
        let line = format!("#define {} ((HRESULT)0x{:08X})", code.name, code.value.to_u32());
        assert!(HEADER.contains(&line), "{line}");
    }
    let codes = HEADER.lines().filter(|line| line.contains(" ((HRESULT)0x") && line.starts_with("#define "));
    assert_eq!(codes.count(), HResult::ALL.len(), "and no others");
}

/// The number of an enumerator of the header; an enumerator that gives none would not be found.
fn enumerator(name: &str) -> Option<u32> {
    let line = HEADER.lines().flat_map(|line| line.split(", ")).find(|line| {
        line.rsplit('{').next().is_some_and(|text| text.trim().starts_with(&format!("{name} = ")))
    })?;
    let number = line.split_once(" = ")?.1;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[test]
fn the_header_has_every_number() {
    use swarmline_jobs::{
        DownloadCostPolicy, DownloadMode, DownloadProperty, DownloadState, ErrorContext, FileProperty,
        JobPriority, JobProperty, JobState, JobType, Numbered, SwarmStatus,
    };
    fn check<T: Numbered>(prefix: &str) {
        for value in T::ALL {
            let name = format!("{prefix}{}", value.label());
            assert_eq!(enumerator(&name), Some(value.number()), "{name}");
        }
    }
    check::<JobState>("BG_JOB_STATE_");
    check::<JobPriority>("BG_JOB_PRIORITY_");
    check::<JobType>("BG_JOB_TYPE_");
    check::<ErrorContext>("BG_ERROR_CONTEXT_");
    check::<JobProperty>("");
    check::<FileProperty>("DOFilePropertyId_");
    check::<DownloadState>("DODownloadState_");
    check::<DownloadCostPolicy>("DODownloadCostPolicy_");
    check::<DownloadProperty>("DODownloadProperty_");
    check::<DownloadMode>("DownloadMode_");
    check::<SwarmStatus>("SwarmStatus_");
}
