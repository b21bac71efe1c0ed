//! What the command line asks for.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// How to run.
#[derive(Debug)]
pub(crate) struct Options {
    /// The figures that were named; all if none was.
    names: Vec<String>,
    /// Everything tiny, to see that it works; the numbers mean nothing.
    pub(crate) smoke: bool,
    /// Where large files are put. Default: the target directory.
    pub(crate) dir: PathBuf,
    /// How often ours and the baseline take turns in the large figures. Default 3.
    pub(crate) pairs: usize,
}

impl Options {
    /// `None` if only help was asked for.
    pub(crate) fn from_args(mut args: impl Iterator<Item = String>, names: &[&str]) -> Result<Option<Self>> {
        let mut options = Self { names: Vec::new(), smoke: false, dir: DIR.into(), pairs: 3 };
        while let Some(arg) = args.next() {
            let mut value = |what| args.next().with_context(|| format!("{arg} needs {what}"));
            match arg.as_str() {
                BENCH => {}
                "--smoke" => (options.smoke, options.pairs) = (true, 1),
                "--dir" => options.dir = value("a directory")?.into(),
                "--pairs" => options.pairs = value("a number")?.parse().context("--pairs")?,
                "--help" | "-h" => {
                    println!("figures [{}]… [--smoke] [--dir DIR] [--pairs N]", names.join("|"));
                    return Ok(None);
                }
                name if names.contains(&name) => options.names.push(arg),
                _ => bail!("{arg}: there is {}, --smoke, --dir and --pairs", names.join(", ")),
            }
        }
        Ok(Some(options))
    }

    /// Everything tiny, as a test.
    pub(crate) fn smoke() -> Self {
        Self { names: Vec::new(), smoke: true, dir: DIR.into(), pairs: 1 }
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }
}

/// What `cargo bench` says and `cargo test` does not.
pub(crate) const BENCH: &str = "--bench";
/// Where large files are put.
const DIR: &str = env!("CARGO_TARGET_TMPDIR");
