//! The tables of docs/com-api.md are those of the code.

#![expect(clippy::disallowed_methods, reason = "a test may read and write the page that it checks")]

use std::path::{Path, PathBuf};

use swarmline_jobs::{HResult, Usage};

const BEGIN: &str = "<!-- tables: written by `cargo xtask com-api`, not by hand -->\n";
const END: &str = "<!-- end of the tables -->\n";

#[test]
fn the_page_shows_the_tables_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/com-api.md");
    let page = std::fs::read_to_string(&path).expect("the page is there");
    let (before, rest) = page.split_once(BEGIN).expect("the page says where the tables begin");
    let (_, after) = rest.split_once(END).expect("the page says where they end");
    let current = format!("{before}{BEGIN}\n{}\n{END}{after}", swarmline_jobs::tables());
    if std::env::var_os("SWARMLINE_REWRITE_PAGES").is_some_and(|value| value == "1") {
        std::fs::write(&path, current).expect("the page can be written");
    } else {
        assert!(page == current, "docs/com-api.md is not what the code says: run `cargo xtask com-api`");
    }
}

/// All sources below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn a_code_that_is_said_to_be_never_returned_is_named_nowhere() {
    let mut files = Vec::new();
    for crate_folder in
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).expect("crates").flatten()
    {
        let folder = crate_folder.path().join("src");
        if folder.is_dir() {
            sources(&folder, &mut files);
        }
    }
    let texts: Vec<String> =
        files.iter().map(|path| std::fs::read_to_string(path).expect("a source")).collect();
    assert!(texts.len() > 20, "the sources are found");
    for code in HResult::ALL.iter().filter(|code| code.usage == Usage::Never) {
        let named = format!("HResult::{}", code.name);
        let whole = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let uses =
            texts.iter().flat_map(|text| text.split(&named).skip(1)).filter(|rest| whole(rest)).count();
        assert_eq!(uses, 0, "{named} is used: say so in words/hresult/codes.rs");
    }
}
