//! The log on stderr: warnings unless asked for more.

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use crate::screen::{LogWriter, is_watched};

/// When the program uses colours.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

impl Color {
    fn is_on(self) -> bool {
        match self {
            Self::Auto => is_watched() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// Starts the log. Called once.
pub(crate) fn start(verbose: u8, color: Color) {
    let filter = EnvFilter::new(directives(verbose));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(color.is_on())
        .with_writer(|| LogWriter)
        .init();
}

/// What is logged. The libraries below say much that is of use to their authors only.
fn directives(verbose: u8) -> &'static str {
    match verbose {
        0 => "warn",
        1 => "warn,swarmline=info",
        2 => "warn,swarmline=debug",
        _ => "info,swarmline=trace",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_v_says_more() {
        let filters = (0..=4).map(directives).map(|text| text.parse::<EnvFilter>().unwrap().max_level_hint());
        let levels = filters.map(|level| level.unwrap().to_string()).collect::<Vec<_>>();
        assert_eq!(levels, ["warn", "info", "debug", "trace", "trace"]);
    }
}
