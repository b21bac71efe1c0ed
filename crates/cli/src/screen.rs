//! Everything that the program says goes through here: results to stdout, the rest to stderr, and neither into a bar.
//!
//! A reader that has gone away (`swarmline get … --json | head`) does not end the work: what it misses is dropped.

use std::io::{self, IsTerminal, Write};
use std::sync::LazyLock;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};

/// The bars at the bottom of the terminal.
static BARS: LazyLock<MultiProgress> =
    LazyLock::new(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(BAR_HZ)));

/// Whether somebody looks at stderr, so that a bar makes sense.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Shows one more bar below the others.
pub(crate) fn add_bar(bar: ProgressBar) -> ProgressBar {
    BARS.add(bar)
}

/// Writes a result to stdout, with a newline behind it.
pub(crate) fn say(text: &str) {
    BARS.suspend(|| {
        let mut out = io::stdout().lock();
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    });
}

/// Writes bytes to stdout as they are.
pub(crate) fn say_bytes(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

/// Tells people something on stderr, with a newline behind it.
pub(crate) fn note(text: &str) {
    BARS.suspend(|| _ = writeln!(io::stderr().lock(), "{text}"));
}

/// Stderr for the log: a line of it never lands inside a bar.
#[derive(Debug)]
pub(crate) struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        BARS.suspend(|| io::stderr().lock().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

/// How often a line is printed where no bar can be shown.
pub(crate) const PLAIN_EVERY: Duration = Duration::from_secs(5);
/// How often a bar is drawn at most.
const BAR_HZ: u8 = 10;
