//! How the shared library presents itself to the linker of C and C++ programs.

#![allow(clippy::print_stdout, reason = "cargo reads it")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Programs that link with -lswarmline_do look for this name at run time, wherever it lay when they were built.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libswarmline_do.so");
    // Threads of the service run in the library, so dlclose must not take it away from under them.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
