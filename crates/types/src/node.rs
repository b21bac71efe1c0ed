//! What a node is to its site, and a content to its node.

use serde::{Deserialize, Serialize};

/// How much of the site's origin work a node takes on. The lane weighs scores by it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CapacityClass {
    /// On a cable: weight 1.
    #[default]
    Wired,
    /// On Wi-Fi: weight 0.3.
    Wifi,
    /// Slow, or on battery: weight 0.05.
    Slow,
    /// Never fetches from the origin on behalf of the site: weight 0.
    Never,
}

/// Which of two contents, or two parts of one, goes first.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Somebody waits for it.
    #[default]
    Foreground,
    /// Whenever there is room.
    Background,
}
