//! A bar at the bottom of a terminal.

use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use swarmline_ipc::message::Progress;

use super::Show;
use super::story::Story;
use crate::exit::Failure;
use crate::screen;

/// A bar that counts bytes, with a name before it and a message behind it.
pub(crate) fn bytes_bar(total: Option<u64>, name: &str) -> ProgressBar {
    let bar = screen::add_bar(ProgressBar::no_length());
    set_total(&bar, total);
    bar.set_prefix(name.to_owned());
    bar
}

fn set_total(bar: &ProgressBar, total: Option<u64>) {
    match total {
        Some(total) => {
            bar.set_length(total);
            bar.set_style(style("{prefix} [{bar:24}] {percent:>3}% of {binary_total_bytes}  {wide_msg}"));
        }
        None => bar.set_style(style("{prefix} {spinner} {binary_bytes}  {wide_msg}")),
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are constants").progress_chars("=> ")
}

/// One download as a bar.
pub(super) struct Bar {
    bar: ProgressBar,
    story: Story,
    total: Option<u64>,
}

impl Bar {
    pub(super) fn new(destination: &Path) -> Self {
        let name = destination.file_name().unwrap_or_default().to_string_lossy();
        Self { bar: bytes_bar(None, &name), story: Story::new(destination), total: None }
    }
}

impl Show for Bar {
    fn progress(&mut self, at: Duration, progress: &Progress) {
        self.story.news(progress).iter().for_each(|line| screen::note(line));
        if self.total != progress.bytes_total {
            self.total = progress.bytes_total;
            set_total(&self.bar, self.total);
        }
        self.bar.set_position(progress.bytes_have);
        self.bar.set_message(self.story.numbers(at, progress));
    }

    fn note(&mut self, _: Duration, text: &str) {
        screen::note(text);
    }

    fn completed(&mut self, at: Duration, progress: &Progress) {
        self.story.news(progress).iter().for_each(|line| screen::note(line));
        self.bar.finish_and_clear();
        screen::say(&self.story.ending(at, progress));
    }

    fn failed(&mut self, _: Duration, failure: &Failure) {
        self.bar.finish_and_clear();
        screen::note(&format!("error: {failure}"));
    }
}
