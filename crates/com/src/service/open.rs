//! Opens the service where the environment says: the one place that reads it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use swarmline_engine::jobs::{JobClient, OpenServiceError, open_service_with};
use swarmline_engine::{ConfigError, Settings};
use swarmline_store::StateDir;

/// Names the state directory; wins over the configuration.
const STATE_DIR: &str = "SWARMLINE_STATE_DIR";
/// Names a configuration file as the daemon reads it. Default: none is read.
const CONFIG: &str = "SWARMLINE_CONFIG";

/// Why there is no service.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    #[error("{name} is set, and names nothing")]
    Empty { name: &'static str },
    #[error("there is no home directory for the state; name a directory by {STATE_DIR}")]
    Homeless,
    #[error("{} is no path", path.display())]
    Path { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Service(#[from] OpenServiceError),
}

/// The service of whoever owns the state directory, or of an engine in this process, which then owns it. Blocks.
pub(super) fn open() -> Result<JobClient, OpenError> {
    let Place { state_dir, settings } = place(|name| std::env::var_os(name))?;
    Ok(open_service_with(&state_dir, || settings.engine())?)
}

/// Where the service is, and what an engine here would run with.
struct Place {
    state_dir: PathBuf,
    settings: Settings,
}

fn place(variable: impl Fn(&str) -> Option<OsString>) -> Result<Place, OpenError> {
    let named = |name| match variable(name) {
        Some(path) if path.is_empty() => Err(OpenError::Empty { name }),
        path => Ok(path.map(PathBuf::from)),
    };
    let settings = named(CONFIG)?.map(|path| Settings::read(&path)).transpose()?.unwrap_or_default();
    let asked = named(STATE_DIR)?.or_else(|| settings.state_dir.clone());
    let state_dir = match asked {
        Some(path) => absolute(&path)?,
        None => StateDir::default_path(&variable).ok_or(OpenError::Homeless)?,
    };
    Ok(Place { state_dir, settings })
}

fn absolute(path: &Path) -> Result<PathBuf, OpenError> {
    std::path::absolute(path).map_err(|source| OpenError::Path { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use swarmline_net::Discovery;

    use super::*;

    /// The place in an environment, or what is wrong with it.
    fn place_in(variables: &[(&str, &str)]) -> Result<Place, String> {
        let find =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        place(find).map_err(|error| error.to_string())
    }

    #[test]
    fn the_variable_wins_over_the_configuration_and_that_over_the_home_directory() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("swarmline.toml");
        std::fs::write(&config, "state_dir = \"/config\"\ndiscovery = \"off\"\n").unwrap();
        let config = (CONFIG, config.to_str().unwrap());
        let home = ("XDG_STATE_HOME", "/home/state");
        let own = (STATE_DIR, "/own");
        let path = |variables: &[_]| place_in(variables).unwrap().state_dir;
        assert_eq!(path(&[home]), Path::new("/home/state/swarmline"));
        assert_eq!(path(&[home, config]), Path::new("/config"));
        assert_eq!(path(&[home, config, own]), Path::new("/own"));
        assert!(path(&[(STATE_DIR, "state")]).is_absolute());
        assert_eq!(place_in(&[config]).unwrap().settings.discovery, Discovery::Off);
    }

    #[test]
    fn what_is_wrong_with_the_environment_is_said() {
        let wrong = |variables: &[_]| place_in(variables).err().expect("it is wrong");
        assert_eq!(wrong(&[(STATE_DIR, "")]), "SWARMLINE_STATE_DIR is set, and names nothing");
        assert_eq!(wrong(&[(CONFIG, "/nowhere/x")]), "could not read the configuration /nowhere/x");
    }
}
