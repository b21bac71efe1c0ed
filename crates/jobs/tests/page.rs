//! The tables of docs/com-api.md are those of the code.

#![expect(clippy::disallowed_methods, reason = "a test may read and write the page that it checks")]

use std::path::Path;

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
