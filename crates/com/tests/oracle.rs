//! Aim: what others compiled against their headers finds the same slots here. Compares ours with those of the mingw-w64
//! project, for every interface that both have: id, base, order of methods, types of parameters.

#![allow(clippy::unwrap_used, reason = "all of it is a test")]

#[path = "support/header.rs"]
mod header;
mod support;

use std::collections::BTreeMap;
use std::path::Path;

use header::{Written, ours, theirs};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use support::skipped;

const INCLUDE: &str = "/usr/share/mingw-w64/include";

const NAME: &str = "every_interface_that_mingw_has_too_is_the_same_here";

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let trials =
        vec![Trial::ignorable_test(NAME, compare), Trial::test("a_change_would_be_noticed", notices)];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn compare() -> Result<Completion, Failed> {
    let files =
        ["bits.h", "bits1_5.h", "bits2_0.h", "bits2_5.h", "bits3_0.h", "bits5_0.h", "unknwn.h", "objidl.h"];
    let more = ["unknwnbase.h", "objidlbase.h"];
    let mut theirs_all = BTreeMap::new();
    for file in files.into_iter().chain(more) {
        let Ok(text) = std::fs::read_to_string(Path::new(INCLUDE).join(file)) else {
            return Ok(skipped(NAME, format!("no {INCLUDE}/{file} (package mingw-w64-common)")));
        };
        theirs_all.extend(theirs(&text));
    }
    let ours = ours(include_str!("../include/swarmline_do.h"));
    let mut compared: Vec<&str> = Vec::new();
    for (name, ours) in &ours {
        let Some(theirs) = theirs_all.get(name) else { continue };
        assert_eq!(ours, theirs, "{name}");
        compared.push(name);
    }
    // Those that the package has in every version of the last years.
    for name in
        ["IBackgroundCopyJob5", "IBackgroundCopyFile2", "IBackgroundCopyCallback2", "IStream", "IUnknown"]
    {
        assert!(compared.contains(&name), "{name} is compared");
    }
    assert!(compared.len() >= 18, "{compared:?}");
    Ok(Completion::Completed)
}

/// Both readers see ids, order and types.
fn notices() -> Result<(), Failed> {
    const OURS: &str = "SWARMLINE_GUID(IID_I, 0x00000001, 0x0002, 0x0003, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B);\n\
        #define SWARMLINE_OWN_I(I) \\\n    SWARMLINE_METHOD(I, A, LPCWSTR a, ULONG *b) \\\n    SWARMLINE_METHOD0(I, B)\n\
        SWARMLINE_INTERFACE(I, IUnknown)\n";
    const THEIRS: &str = "MIDL_INTERFACE(\"00000001-0002-0003-0405-060708090a0b\")\nI : public IUnknown\n{\n\
        virtual HRESULT STDMETHODCALLTYPE A(\n const WCHAR *x,\n DWORD y[]) = 0;\n\
        virtual HRESULT STDMETHODCALLTYPE B(\n ) = 0;\n};\n";
    let same = ours(OURS);
    assert_eq!(same.len(), 1);
    assert_eq!(same, theirs(THEIRS));
    let changed = |from: &str, to: &str| -> BTreeMap<String, Written> { theirs(&THEIRS.replace(from, to)) };
    for (from, to) in [
        ("0a0b", "0a0c"),
        ("IUnknown", "J"),
        ("B(", "C("),
        ("DWORD", "UINT64"),
        ("y[]", "y"),
        ("x,", "x, int z,"),
    ] {
        assert_ne!(same, changed(from, to), "{from}");
    }
    Ok(())
}
