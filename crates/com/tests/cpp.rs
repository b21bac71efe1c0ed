//! Aim: what a client in C, C++ or Python meets. Programs against the library with a service in memory: under valgrind,
//! and with the sanitizers of their compiler.
//!
//! A program passes when it ends with 0; its checks say where they failed. Needs gcc, g++, valgrind and python3; each
//! test that cannot run says so.

#![allow(clippy::unwrap_used, reason = "all of it is a test")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use support::{Libraries, missing, skipped};

/// Programs of tests/cpp/.
const PROGRAMS: [&str; 6] =
    ["legacy.cpp", "modern.cpp", "hostile.cpp", "threads.cpp", "c_face.c", "own_names.c"];

/// How a program is built and run.
#[derive(Clone, Copy)]
enum Way {
    Valgrind,
    Sanitizers,
}

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = vec![
        example("the_example_of_the_legacy_face_runs", "cpp/legacy.cpp", &[]),
        example("the_example_of_the_modern_face_runs", "cpp/modern.cpp", &[]),
        example("the_example_with_a_stream_runs", "cpp/modern.cpp", &["--stream"]),
        example("the_example_in_c_runs", "c/poll.c", &[]),
        Trial::ignorable_test("the_example_in_python_runs", python),
        Trial::ignorable_test("the_product_exports_what_the_header_declares_and_says_its_name", exports),
    ];
    for program in PROGRAMS {
        for (end, way) in [("under_valgrind", Way::Valgrind), ("with_sanitizers", Way::Sanitizers)] {
            let name = format!("{}_{end}", program.replace('.', "_"));
            let run = {
                let name = name.clone();
                let source = package().join("tests/cpp").join(program);
                move || build_and(&name, &source, way, |built| passed(&built.command(way).output()?))
            };
            trials.push(Trial::ignorable_test(name, run));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program with the library that it finds under the product's name.
struct Built {
    program: PathBuf,
    libraries: PathBuf,
}

impl Built {
    fn command(&self, way: Way) -> Command {
        let mut command = patient();
        if matches!(way, Way::Valgrind) {
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
        command.arg(&self.program);
        command.env("LD_LIBRARY_PATH", &self.libraries).env("RUST_BACKTRACE", "0");
        command
    }
}

/// Runs what follows, and ends it when it hangs: nothing here takes a minute even on a slow machine.
fn patient() -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=10", "300"]);
    command
}

/// Builds a program against the library with the fake and runs it; a visible skip where that cannot be.
fn build_and(
    name: &str,
    source: &Path,
    way: Way,
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
    let dir = tempfile::tempdir()?;
    std::os::unix::fs::symlink(Libraries::find()?.fake()?, dir.path().join("libswarmline_do.so"))?;
    let built = Built { program: dir.path().join("program"), libraries: dir.path().to_owned() };
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
    compile.arg("-I").arg(package().join("include")).arg(source).arg("-o").arg(&built.program);
    compile.arg("-L").arg(dir.path()).arg("-lswarmline_do");
    passed(&compile.output()?)?;
    run(&built)?;
    Ok(Completion::Completed)
}

fn passed(output: &Output) -> Result<(), Failed> {
    if output.status.success() {
        return Ok(());
    }
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(format!("{}\n{out}{err}", output.status).into())
}

/// An example downloads a file from a service that has everything, under valgrind, and reports what is missing.
fn example(name: &'static str, source: &'static str, options: &'static [&'static str]) -> Trial {
    Trial::ignorable_test(name, move || {
        build_and(name, &package().join("examples").join(source), Way::Valgrind, |built| {
            // The example in C takes plain ASCII.
            let file = if source.ends_with(".c") { "a file" } else { "ä 😀 file" };
            downloads(file, &|| {
                let mut command = built.command(Way::Valgrind);
                command.args(options);
                command
            })
        })
    })
}

fn python() -> Result<Completion, Failed> {
    if missing(&["python3"]).is_some() {
        return Ok(skipped("the_example_in_python_runs", "no python3"));
    }
    let fake = Libraries::find()?.fake()?;
    downloads("ä 😀 file", &|| {
        let mut command = patient();
        command.arg("python3").arg(package().join("examples/python/download.py")).env("SWARMLINE_DO", &fake);
        command
    })?;
    Ok(Completion::Completed)
}

/// Downloads into a file of this name, and reports a file that is missing.
fn downloads(file: &str, command: &dyn Fn() -> Command) -> Result<(), Failed> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join(file);
    let with = |url: &str| command().arg(url).arg(&path).env("SWARMLINE_FAKE", "transfers").output();
    let ended = with("http://h/file")?;
    passed(&ended)?;
    assert!(String::from_utf8(ended.stdout)?.ends_with("done\n"));
    assert_eq!(std::fs::read_to_string(&path)?, "content of http://h/file\n");
    let failed = with("http://h/missing")?;
    assert_eq!(failed.status.code(), Some(1), "{failed:?}");
    let said = String::from_utf8([failed.stdout, failed.stderr].concat())?;
    assert!(said.contains("0x80190194"), "{said}");
    Ok(())
}

/// The functions that the header declares.
fn declared() -> Vec<String> {
    let header = include_str!("../include/swarmline_do.h");
    let functions = &header[header.find("extern \"C\" {").expect("functions")..];
    let name = |line: &str| {
        let (before, _) = line.split_once('(').filter(|_| line.ends_with(");"))?;
        Some(before.rsplit([' ', '*']).next()?.to_owned())
    };
    functions.lines().filter_map(name).collect()
}

fn exports() -> Result<Completion, Failed> {
    const NAME: &str = "the_product_exports_what_the_header_declares_and_says_its_name";
    if let Some(program) = missing(&["nm", "readelf"]) {
        return Ok(skipped(NAME, format!("no {program}")));
    }
    let product = Libraries::find()?.product()?;
    let listed = Command::new("nm").args(["-D", "--defined-only"]).arg(&product).output()?;
    let listed = String::from_utf8(listed.stdout)?;
    let mut exported: Vec<&str> = listed.lines().filter_map(|line| line.rsplit(' ').next()).collect();
    let mut declared = declared();
    exported.sort_unstable();
    declared.sort_unstable();
    assert_eq!(exported, declared, "nothing more and nothing less");
    let dynamic = Command::new("readelf").arg("-d").arg(&product).output()?;
    let dynamic = String::from_utf8(dynamic.stdout)?;
    assert!(dynamic.contains("soname: [libswarmline_do.so]"), "{dynamic}");
    assert!(dynamic.contains("NODELETE"), "{dynamic}");
    Ok(Completion::Completed)
}
