//! Everything that the program says goes through here: results to stdout, the rest to stderr, and neither into a bar.
//!
//! A reader that has gone away (`swarmline get … --json | head`) does not end the work: what it misses is dropped. Where
//! stdout fails for another reason (a full disk) the work goes on, too, but is no success: see [`is_lost`].

use std::io::{self, IsTerminal, Write};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};

/// The bars at the bottom of the terminal.
static BARS: LazyLock<MultiProgress> =
    LazyLock::new(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(BAR_HZ)));

/// Whether stdout failed with somebody there to read it.
static IS_LOST: AtomicBool = AtomicBool::new(false);

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
    judge(BARS.suspend(|| {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}").and_then(|()| out.flush())
    }));
}

/// Writes bytes to stdout as they are.
pub(crate) fn say_bytes(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    drop(out);
    judge(written);
}

/// Takes in how writing to stdout went. The first failure is told at once: who runs for days should not wait for it.
pub(crate) fn judge(written: io::Result<()>) {
    let Some(error) = written.err().filter(is_loss) else { return };
    if !IS_LOST.swap(true, Ordering::Relaxed) {
        note(&format!("error: could not write to stdout: {error}"));
    }
}

/// Whether something of the results is lost that somebody wanted to read: then the program does not end with success.
pub(crate) fn is_lost() -> bool {
    IS_LOST.load(Ordering::Relaxed)
}

/// Who has gone away misses nothing.
fn is_loss(error: &io::Error) -> bool {
    error.kind() != io::ErrorKind::BrokenPipe
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

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_reader_that_has_left_loses_nothing_and_a_full_disk_does() {
        let is_loss = |errno: Errno| is_loss(&errno.into());
        assert_eq!([Errno::PIPE, Errno::NOSPC, Errno::IO].map(is_loss), [false, true, true]);
    }
}
