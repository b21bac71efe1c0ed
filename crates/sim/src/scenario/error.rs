//! Why a text is no scenario.

/// Why a scenario cannot be read. Each says which key, what is wrong and what would be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The text is no TOML.
    #[error("the scenario is not TOML")]
    Syntax {
        /// Where and why.
        #[source]
        source: toml::de::Error,
    },
    /// A key is unknown, or a value of another kind.
    #[error("the scenario does not follow the schema")]
    Schema {
        /// Which key, and what is expected.
        #[source]
        source: toml::de::Error,
    },
    /// A value is out of its bounds, or does not go with another.
    #[error("{key} = {value} cannot be; {way_out}")]
    Bound {
        /// Which key.
        key: String,
        /// Its value.
        value: String,
        /// The bound and the way out.
        way_out: String,
    },
    /// An override cannot be laid over.
    #[error("cannot set {given:?}: {problem}; write it like site.peers=100 or network.lane_loss=5%")]
    Override {
        /// As it was given.
        given: String,
        /// Why not.
        problem: String,
    },
}

impl ScenarioError {
    /// A value that cannot be, and what could.
    pub(crate) fn bound(key: &str, value: impl std::fmt::Display, way_out: impl std::fmt::Display) -> Self {
        Self::Bound { key: key.into(), value: value.to_string(), way_out: way_out.to_string() }
    }
}
