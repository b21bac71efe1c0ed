//! Aim: what a client in C and C++ meets, method by method. Programs against the library with a service in memory: under
//! valgrind, and with the sanitizers of their compiler.
//!
//! A program passes when it ends with 0; its checks say where they failed. Needs gcc, g++ and valgrind; each test that
//! cannot run says so. What programs meet on a whole engine is in `real.rs`.

#![allow(clippy::unwrap_used, reason = "all of it is a test")]

mod support;

use std::process::Command;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use support::programs::{Way, build_and, file, passed};
use support::{Libraries, missing, skipped};

/// Programs of tests/cpp/.
const PROGRAMS: [&str; 6] =
    ["legacy.cpp", "modern.cpp", "hostile.cpp", "threads.cpp", "c_face.c", "own_names.c"];

/// No state directory can be there, so that a program that does not install the fake finds nobody.
const NOWHERE: &str = "/dev/null/state";

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = vec![Trial::ignorable_test(
        "the_product_exports_what_the_header_declares_and_says_its_name",
        exports,
    )];
    for program in PROGRAMS {
        for (end, way) in [("under_valgrind", Way::Valgrind), ("with_sanitizers", Way::Sanitizers)] {
            let name = format!("{}_{end}", program.replace('.', "_"));
            let run = {
                let name = name.clone();
                move || run(&name, program, way)
            };
            trials.push(Trial::ignorable_test(name, run));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn run(name: &str, program: &str, way: Way) -> Result<Completion, Failed> {
    let fake = Libraries::find()?.fake()?;
    build_and(name, &file("tests/cpp").join(program), way, &fake, |built| {
        passed(&built.command().env("SWARMLINE_STATE_DIR", NOWHERE).output()?)
    })
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
