//! What the service says of itself: nothing, unless `SWARMLINE_LOG` asks for it.

use tracing_subscriber::EnvFilter;

/// Names what is logged: `warn`, `debug`, `warn,swarmline=trace` and the like.
const VARIABLE: &str = "SWARMLINE_LOG";

/// Starts the log on stderr, if it is asked for. A program that has one already keeps it.
pub(super) fn start() {
    let Some(wanted) = std::env::var_os(VARIABLE).filter(|wanted| !wanted.is_empty()) else { return };
    // What is not understood is named on stderr, and the rest counts.
    let filter = EnvFilter::builder().parse_lossy(wanted.to_string_lossy());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(std::io::stderr);
    let _ = log.try_init();
}
