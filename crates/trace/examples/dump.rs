//! Prints a trace line by line: `cargo run -p swarmline-trace --example dump -- node.trace`.
//!
//! What `swarmline sim replay` sums up, in full: for whoever wants to know what one node saw and did at a moment.

#![allow(clippy::print_stdout, reason = "its purpose")]

use std::error::Error;

use swarmline_trace::Reader;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: dump TRACE")?;
    let bytes = std::fs::read(path)?;
    let mut reader = Reader::new(&bytes)?;
    println!("{:?}", reader.node());
    while let Some((at, record)) = reader.next_record()? {
        println!("{:>12.6} {record:?}", at.as_micros() as f64 / 1e6);
    }
    println!("end: {:?}; dropped {}", reader.end(), reader.dropped());
    Ok(())
}
