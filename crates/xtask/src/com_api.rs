//! The tables of docs/com-api.md, written anew from the code.
//!
//! This program builds without the product, so the product's own test does it: the one that else checks that the page
//! is current.

use anyhow::{Context, Result, ensure};

use crate::workspace::{Workspace, shown};

/// Set to `1` to let the test write instead of compare.
const REWRITE: &str = "SWARMLINE_REWRITE_PAGES";

/// Runs the test in the mode that writes.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.env(REWRITE, "1").args(["test", "--quiet", "--package", "swarmline-jobs", "--test", "page"]);
    let status = cargo.status().with_context(|| format!("cannot start `{}`", shown(&cargo)))?;
    ensure!(status.success(), "repeat with: {REWRITE}=1 {}", shown(&cargo));
    Ok(())
}
