//! The names of the schedulers that a scenario may ask for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which scheduler runs in the hosts of a scenario: the product's, or one to compare it with.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StrategyName {
    /// The one that the product runs.
    #[default]
    LaneAndMesh,
    /// Everybody fetches all from the origin and shares nothing, as `curl` does.
    OriginOnly,
    /// Rarest pieces first among peers, and one random missing piece at a time from the origin beside it: BitTorrent
    /// with the origin as web seed.
    RarestFirst,
    /// Each piece belongs to the peer that a hash names; who stands idle for 5 s fetches another's. No window, no
    /// claims.
    Rendezvous,
}

impl StrategyName {
    /// All, the production scheduler first.
    pub const ALL: [Self; 4] = [Self::LaneAndMesh, Self::OriginOnly, Self::RarestFirst, Self::Rendezvous];

    /// As it is written in scenarios and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LaneAndMesh => "lane-and-mesh",
            Self::OriginOnly => "origin-only",
            Self::RarestFirst => "rarest-first",
            Self::Rendezvous => "rendezvous",
        }
    }

    /// What it does, in a few words.
    pub const fn description(self) -> &'static str {
        match self {
            Self::LaneAndMesh => "lane and mesh, as the product does it",
            Self::OriginOnly => "everybody alone from the origin",
            Self::RarestFirst => "rarest first, random pieces from the origin (BitTorrent with a web seed)",
            Self::Rendezvous => "owners by rendezvous hash, taken over after 5 s, without window or claims",
        }
    }
}

impl fmt::Display for StrategyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no strategy has.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is no strategy; there are lane-and-mesh, origin-only, rarest-first and rendezvous")]
pub struct UnknownStrategy(String);

impl FromStr for StrategyName {
    type Err = UnknownStrategy;

    fn from_str(text: &str) -> Result<Self, UnknownStrategy> {
        Self::ALL.into_iter().find(|it| it.name() == text).ok_or_else(|| UnknownStrategy(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_as_it_is_shown_and_as_a_file_writes_it() {
        for name in StrategyName::ALL {
            assert_eq!(name.to_string().parse(), Ok(name));
            assert_eq!(serde_json::to_string(&name).unwrap(), format!("\"{name}\""));
        }
        let error = "rarest".parse::<StrategyName>().unwrap_err();
        assert!(StrategyName::ALL.iter().all(|name| error.to_string().contains(name.name())), "{error}");
    }
}
