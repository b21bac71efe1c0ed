//! The programs that are measured: ours, curl and nginx.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::process::{Running, is_installed, output};
use crate::workshop::Workshop;

/// Our program, in an environment of its own.
pub(crate) fn swarmline() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swarmline"));
    command.env_clear().env("HOME", "/nowhere");
    command
}

/// Makes the piece hash file beside a file and gives its HashOfHashes.
pub(crate) fn publish(path: &Path) -> Result<String> {
    let said = output(swarmline().arg("publish").arg("--json").arg(path))?;
    let published: Value = serde_json::from_str(&said)?;
    Ok(published["hash_of_hashes"].as_str().context("publish names the content")?.to_owned())
}

/// Records a file in a state directory, so that the daemon there offers it.
pub(crate) fn add(path: &Path, state: &Path) -> Result<()> {
    output(swarmline().arg("add").arg(path).arg("--state-dir").arg(state)).map(|_| ())
}

/// Starts a daemon on loopback that connects to these peers, and gives where it listens.
pub(crate) fn daemon(shop: &Workshop, state: &Path, peers: &[SocketAddr]) -> Result<(Running, SocketAddr)> {
    let mut command = swarmline();
    command.args(["daemon", "--json", "--listen", "127.0.0.1:0", "--discovery", "static"]);
    command.arg("--state-dir").arg(state);
    for peer in peers {
        command.arg("--peer").arg(peer.to_string());
    }
    let name = state.file_name().context("a state directory has a name")?.to_string_lossy();
    let daemon = Running::start(&mut command, shop.path(&format!("daemon-of-{name}.log")))?;
    let ready = daemon.event("ready")?;
    let addr = ready["listen"][0].as_str().context("it listens")?.parse()?;
    Ok((daemon, addr))
}

/// How many nodes the process on a state directory is connected to.
pub(crate) fn connected(state: &Path) -> Result<usize> {
    let said = output(swarmline().args(["status", "--json", "--state-dir"]).arg(state))?;
    let status: Value = serde_json::from_str(&said)?;
    Ok(status["connected"].as_array().context("status tells who is connected")?.len())
}

/// curl, quiet, without the user's settings.
pub(crate) fn curl(url: &str, out: &Path) -> Command {
    let mut command = Command::new("curl");
    command.env_clear().env("HOME", "/nowhere").args(["-q", "-sS", "--fail", "--noproxy", "*"]);
    command.arg("-o").arg(out).arg(url);
    command
}

/// Why the comparison with curl cannot be made; `None` if it can.
pub(crate) fn curl_is_missing() -> Option<&'static str> {
    (!is_installed("curl")).then_some("curl is not installed")
}

/// Starts nginx as one process with sendfile, serving a directory; gives where it listens.
pub(crate) fn nginx(shop: &Workshop, root: &Path) -> Result<(Running, SocketAddr)> {
    let addr = free_port()?;
    let dir = shop.empty_dir("nginx")?;
    let at = |name: &str| dir.join(name).display().to_string();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {};", at(kind)))
        .join("\n  ");
    let conf = format!(
        "daemon off;\nmaster_process off;\npid {};\nerror_log {};\nevents {{ worker_connections 64; }}\nhttp {{\n  \
         access_log off;\n  sendfile on;\n  {temporary}\n  server {{ listen {addr}; root {}; }}\n}}\n",
        at("pid"),
        at("error.log"),
        root.display(),
    );
    let path = dir.join("nginx.conf");
    std::fs::write(&path, conf)?;
    let server = Running::start(nginx_command().arg("-c").arg(&path), dir.join("log"))?;
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(addr).is_err() {
        let said = || std::fs::read_to_string(dir.join("log.err")).unwrap_or_default();
        ensure!(Instant::now() < deadline, "nginx does not listen: {}", said());
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok((server, addr))
}

/// Why nginx cannot be compared with; `None` if it can.
pub(crate) fn nginx_is_missing() -> Option<&'static str> {
    nginx_command().arg("-v").output().is_err().then_some("nginx is not installed")
}

/// Administration programs may lie outside a user's path.
fn nginx_command() -> Command {
    let debian = Path::new("/usr/sbin/nginx");
    Command::new(if debian.exists() { debian } else { Path::new("nginx") })
}

/// A URL where nobody answers.
pub(crate) fn dead_url(name: &str) -> Result<String> {
    Ok(format!("http://{}/{name}", free_port()?))
}

/// An address on loopback at which nobody listens at the moment.
fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
