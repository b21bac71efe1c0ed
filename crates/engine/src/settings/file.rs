//! The configuration file: TOML, every key optional, unknown keys refused.
//!
//! `config/swarmline.toml` shows each key with its default; `docs/cli.md` is the reference.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;
use swarmline_net::{Discovery, PEERS_MAX, Transport};
use swarmline_types::{CapacityClass, Rate};

use super::{Settings, listen_address};

/// Why a configuration file is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It cannot be read.
    #[error("could not read the configuration {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is no configuration, by its size alone.
    #[error("the configuration {} is larger than {CONFIG_BYTES_MAX} bytes", path.display())]
    Size {
        /// The file.
        path: PathBuf,
    },
    /// It is no TOML, a key is unknown, or a value has another type.
    #[error("the configuration {} is not understood\n{text}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line.
        text: String,
    },
    /// A value is out of bounds.
    #[error("{}: {key} = {value}: {limit}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// Its value, as it stands there.
        value: String,
        /// What is allowed.
        limit: String,
    },
}

/// The keys as they stand in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// Where identity, have-maps and socket are kept: an absolute path. Default: this user's state directory.
    state_dir: Option<PathBuf>,
    /// Where to accept connections: 1 to 16 addresses. Default: `["0.0.0.0:0"]`, every IPv4 network, free port.
    listen: Option<Vec<String>>,
    /// `mdns`, `static` or `off`. Default: `mdns`.
    discovery: Option<String>,
    /// Nodes to connect to: at most 64. Default: none.
    peers: Option<Vec<String>>,
    /// `wired`, `wifi`, `slow` or `never`. Default: `wired`.
    class: Option<String>,
    /// A rate, or `unlimited`, the default.
    max_download_rate: Option<String>,
    /// A rate, or `unlimited`, the default.
    max_upload_rate: Option<String>,
    /// Peers at one time: 1 to 64. Default: 64.
    max_connections: Option<i64>,
    /// `fast` or `stock`. Default: `fast`.
    transport: Option<String>,
    /// Where a trace of the node is written: an absolute path. Default: nowhere.
    trace: Option<PathBuf>,
}

impl Settings {
    /// Reads a configuration file over the defaults. Blocks.
    ///
    /// # Errors
    /// When it cannot be read, or says something that is not understood; nothing of it counts then.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let failed = |source| ConfigError::Read { path: path.to_owned(), source };
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(failed)?;
        file.take(CONFIG_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
        if text.len() as u64 > CONFIG_BYTES_MAX {
            return Err(ConfigError::Size { path: path.to_owned() });
        }
        parse(path, &text)
    }
}

fn parse(path: &Path, text: &str) -> Result<Settings, ConfigError> {
    let keys: Keys = toml::from_str(text).map_err(|error| ConfigError::Syntax {
        path: path.to_owned(),
        text: error.to_string().trim_end().to_owned(),
    })?;
    let mut settings = Settings::default();
    let border = Border { path };
    if let Some(dir) = keys.state_dir {
        let limit = "must be an absolute path";
        border.check("state_dir", &dir.display(), dir.is_absolute(), limit)?;
        settings.state_dir = Some(dir);
    }
    if let Some(trace) = keys.trace {
        border.check("trace", &trace.display(), trace.is_absolute(), "must be an absolute path")?;
        settings.trace = Some(trace);
    }
    if let Some(listen) = keys.listen {
        let within = (1..=LISTEN_MAX).contains(&listen.len());
        border.check("listen", &format!("{} addresses", listen.len()), within, "1 to 16 are allowed")?;
        settings.listen = border.all("listen", &listen, listen_address)?;
    }
    if let Some(peers) = keys.peers {
        let within = peers.len() <= PEERS_MAX;
        border.check("peers", &format!("{} addresses", peers.len()), within, "at most 64 are allowed")?;
        settings.peers = border.all("peers", &peers, parsed)?;
    }
    if let Some(text) = keys.discovery {
        settings.discovery = border.one("discovery", &text, discovery)?;
    }
    if let Some(text) = keys.class {
        settings.class = border.one("class", &text, class)?;
    }
    if let Some(text) = keys.transport {
        settings.transport = border.one("transport", &text, transport)?;
    }
    if let Some(text) = keys.max_download_rate {
        settings.max_download_rate = border.one("max_download_rate", &text, limit)?;
    }
    if let Some(text) = keys.max_upload_rate {
        settings.max_upload_rate = border.one("max_upload_rate", &text, limit)?;
    }
    if let Some(number) = keys.max_connections {
        let fits = usize::try_from(number).ok().filter(|number| (1..=PEERS_MAX).contains(number));
        border.check("max_connections", &number, fits.is_some(), "1 to 64 are allowed")?;
        settings.max_connections = fits.unwrap_or(PEERS_MAX);
    }
    Ok(settings)
}

/// Names the file in every error.
struct Border<'a> {
    path: &'a Path,
}

impl Border<'_> {
    fn check(
        &self,
        key: &'static str,
        value: &dyn std::fmt::Display,
        holds: bool,
        limit: &str,
    ) -> Result<(), ConfigError> {
        if holds {
            return Ok(());
        }
        Err(ConfigError::Value {
            path: self.path.to_owned(),
            key,
            value: value.to_string(),
            limit: limit.to_owned(),
        })
    }

    fn one<T>(
        &self,
        key: &'static str,
        text: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        parse(text).map_err(|limit| ConfigError::Value {
            path: self.path.to_owned(),
            key,
            value: format!("{text:?}"),
            limit,
        })
    }

    fn all<T>(
        &self,
        key: &'static str,
        texts: &[String],
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Vec<T>, ConfigError> {
        texts.iter().map(|text| self.one(key, text, &parse)).collect()
    }
}

fn parsed<T: FromStr>(text: &str) -> Result<T, String>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| error.to_string())
}

/// A rate, or `None` for `unlimited` and `0`.
fn limit(text: &str) -> Result<Option<Rate>, String> {
    Rate::parse_limit(text).map_err(|error| format!("{error}, or unlimited"))
}

fn discovery(text: &str) -> Result<Discovery, String> {
    match text {
        "mdns" => Ok(Discovery::Mdns),
        "static" => Ok(Discovery::Static),
        "off" => Ok(Discovery::Off),
        _ => Err("must be mdns, static or off".into()),
    }
}

fn class(text: &str) -> Result<CapacityClass, String> {
    match text {
        "wired" => Ok(CapacityClass::Wired),
        "wifi" => Ok(CapacityClass::Wifi),
        "slow" => Ok(CapacityClass::Slow),
        "never" => Ok(CapacityClass::Never),
        _ => Err("must be wired, wifi, slow or never".into()),
    }
}

fn transport(text: &str) -> Result<Transport, String> {
    match text {
        "fast" => Ok(Transport::Fast),
        "stock" => Ok(Transport::Stock),
        _ => Err("must be fast or stock".into()),
    }
}

/// Most bytes of a configuration file: 1 MiB.
const CONFIG_BYTES_MAX: u64 = 1 << 20;
/// Most addresses to listen on.
const LISTEN_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: &str = include_str!("../../../../config/swarmline.toml");

    fn parse_text(text: &str) -> Result<Settings, String> {
        parse(Path::new("/etc/x.toml"), text).map_err(|error| error.to_string())
    }

    /// The commented keys of the default file, brought to life.
    fn uncommented() -> String {
        let key = |line: &str| line.strip_prefix('#').filter(|rest| rest.contains(" = ")).map(str::to_owned);
        DEFAULTS.lines().filter_map(key).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_default_file_changes_nothing_and_shows_every_default() {
        let default = Settings::default();
        for text in [DEFAULTS, &uncommented()] {
            let read = parse_text(text).unwrap();
            // Two keys have no default that could be written there.
            let shown = |settings: &Settings| {
                format!("{:?}", Settings { state_dir: None, trace: None, ..settings.clone() })
            };
            assert_eq!(shown(&read), shown(&default));
        }
        let read = parse_text(DEFAULTS).unwrap();
        assert_eq!((read.state_dir, read.trace), (None, None));
        let keys = uncommented();
        let Err(unknown) = parse_text("nothing = 1") else { panic!("an unknown key is read") };
        let known = unknown.split("expected one of ").nth(1).unwrap().split(", ");
        for key in known.map(|key| key.trim().trim_matches('`')) {
            assert!(keys.contains(&format!("{key} = ")), "the default file does not show {key}");
        }
    }

    #[test]
    fn every_key_is_read() {
        let settings = parse_text(
            r#"
            state_dir = "/srv/swarmline"
            listen = ["127.0.0.1:7000", ":7001"]
            discovery = "static"
            peers = ["192.0.2.7:7000", "/ip4/192.0.2.8/tcp/7000"]
            class = "wifi"
            max_download_rate = "20mbit"
            max_upload_rate = "0"
            max_connections = 5
            transport = "stock"
            "#,
        )
        .unwrap();
        assert_eq!(settings.state_dir, Some("/srv/swarmline".into()));
        assert_eq!((settings.listen.len(), settings.peers.len()), (2, 2));
        assert_eq!(settings.discovery, Discovery::Static);
        assert_eq!(settings.class, CapacityClass::Wifi);
        assert_eq!(settings.max_download_rate, Rate::bytes_per_s(2_500_000));
        assert_eq!(settings.max_upload_rate, None);
        assert_eq!((settings.max_connections, settings.transport), (5, Transport::Stock));
    }

    #[test]
    fn an_error_names_file_key_value_and_limit() {
        let refused = |text: &str| parse_text(text).unwrap_err();
        assert_eq!(refused("max_connections = 65"), "/etc/x.toml: max_connections = 65: 1 to 64 are allowed");
        assert_eq!(refused("max_connections = -1"), "/etc/x.toml: max_connections = -1: 1 to 64 are allowed");
        assert_eq!(
            refused("class = \"wire\""),
            "/etc/x.toml: class = \"wire\": must be wired, wifi, slow or never"
        );
        assert_eq!(refused("listen = []"), "/etc/x.toml: listen = 0 addresses: 1 to 16 are allowed");
        assert_eq!(
            refused("state_dir = \"state\""),
            "/etc/x.toml: state_dir = state: must be an absolute path"
        );
        for (text, key, value) in [
            ("max_upload_rate = \"fast\"", "max_upload_rate", "\"fast\""),
            ("listen = [\"here\"]", "listen", "\"here\""),
            ("peers = [\"192.0.2.7\"]", "peers", "\"192.0.2.7\""),
            ("discovery = \"dns\"", "discovery", "\"dns\""),
            ("transport = \"slow\"", "transport", "\"slow\""),
        ] {
            let error = refused(text);
            assert!(error.starts_with(&format!("/etc/x.toml: {key} = {value}: ")), "{error}");
        }
    }

    #[test]
    fn unknown_keys_and_wrong_types_show_their_line() {
        let error = parse_text("class = \"wired\"\nmax_conections = 5\n").unwrap_err();
        assert!(error.contains("line 2") && error.contains("max_conections"), "{error}");
        let error = parse_text("max_connections = \"5\"").unwrap_err();
        assert!(error.contains("max_connections = \"5\"") && error.contains("invalid type"), "{error}");
    }
}
