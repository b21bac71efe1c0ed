//! Programs of clients: built by their compiler against a library under the product's name, and run.

#![allow(dead_code, reason = "each test program uses its part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::{Completion, Failed};
use tempfile::TempDir;

use super::{missing, skipped};

/// How a program is built and run.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    Plain,
    Valgrind,
    Sanitizers,
}

/// A program with the library that it finds under the product's name.
pub(crate) struct Built {
    dir: TempDir,
    way: Way,
}

impl Built {
    /// The program, to be given arguments. What does not end within minutes is ended, and its answer is a failure.
    pub(crate) fn command(&self) -> Command {
        let mut command = patient();
        if matches!(self.way, Way::Valgrind) {
            command.args([
                "valgrind",
                "--quiet",
                "--error-exitcode=99",
                "--leak-check=full",
                "--fair-sched=yes",
            ]);
            // What a thread that still runs holds counts as possibly lost.
            command.arg("--errors-for-leak-kinds=definite");
        }
        command.arg(self.dir.path().join("program"));
        command.env("LD_LIBRARY_PATH", self.dir.path()).env("RUST_BACKTRACE", "0");
        command
    }
}

/// Runs what follows, and ends it when it hangs: nothing here takes minutes even on a slow machine.
pub(crate) fn patient() -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=60", "600"]);
    command
}

/// A file of this package.
pub(crate) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Builds a program against a library and runs it; a visible skip where that cannot be.
pub(crate) fn build_and(
    name: &str,
    source: &Path,
    way: Way,
    library: &Path,
    run: impl FnOnce(&Built) -> Result<(), Failed>,
) -> Result<Completion, Failed> {
    let is_c = source.extension().is_some_and(|extension| extension == "c");
    let (compiler, standard) = if is_c { ("gcc", "-std=c11") } else { ("g++", "-std=c++17") };
    let mut wanted = vec![compiler];
    if matches!(way, Way::Valgrind) {
        wanted.push("valgrind");
    }
    if let Some(program) = missing(&wanted) {
        return Ok(skipped(name, format!("no {program}")));
    }
    let built = Built { dir: tempfile::tempdir()?, way };
    let dir = built.dir.path();
    std::os::unix::fs::symlink(library, dir.join("libswarmline_do.so"))?;
    let mut compile = Command::new(compiler);
    compile.args([
        standard,
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Werror",
        "-g",
        "-pthread",
        "-D_POSIX_C_SOURCE=200809L",
    ]);
    if matches!(way, Way::Sanitizers) {
        // The library's objects have no C++ type information, which `vptr` would look for.
        compile.args(["-fsanitize=address,undefined", "-fno-sanitize=vptr", "-fno-sanitize-recover=all"]);
    }
    compile.arg("-I").arg(file("include")).arg(source).arg("-o").arg(dir.join("program"));
    compile.arg("-L").arg(dir).arg("-lswarmline_do");
    passed(&compile.output()?)?;
    run(&built)?;
    Ok(Completion::Completed)
}

pub(crate) fn passed(output: &Output) -> Result<(), Failed> {
    if output.status.success() { Ok(()) } else { Err(said(output).into()) }
}

/// How a program ended, and all that it said.
pub(crate) fn said(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}\n{out}{err}", output.status)
}
