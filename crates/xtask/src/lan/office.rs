//! One run: build the office, start the origin and all nodes, watch, take it down, sum up.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::node::Node;
use super::plan::Plan;
use super::program::Place;
use super::report::{HostReport, Report};
use crate::netns::process::{Process, groups};
use crate::netns::{Host, Network, Speed, Traffic};
use crate::origin::Served;

const ORIGIN: &str = "10.99.0.1";
const PORT: u16 = 8080;
const FILE: &str = "file.bin";

/// How often to look at the nodes: the resolution of all times.
const TURN: Duration = Duration::from_millis(10);
/// How often to look at the nodes' memory, which takes longer.
const MEMORY: Duration = Duration::from_millis(250);

/// Runs the plan.
///
/// # Errors
/// When the network, the origin or a node cannot be started; a node that fails is part of the report.
pub(super) fn measure(plan: &Plan) -> Result<Report> {
    let work = Work::create(plan)?;
    let mut network = Network::new(work.to_remove())?;
    let file = work.path.join("origin").join(FILE);
    fs::create_dir_all(work.path.join("origin"))?;
    write_random(&file, plan.size_bytes)?;
    plan.program.prepare(&file)?;

    let origin_speed = Speed { up: plan.wan_bits_per_s, down: plan.lan_bits_per_s };
    let origin_host = network.host("origin", ORIGIN, origin_speed)?;
    let host_speed = Speed { up: plan.lan_bits_per_s, down: plan.lan_bits_per_s };
    let hosts: Vec<Host> = (1..=plan.hosts)
        .map(|number| network.host(&format!("host{number}"), &address(number), host_speed))
        .collect::<Result<_>>()?;
    let places: Vec<Place> = (1..=plan.hosts).map(|number| place(plan, &work.path, number)).collect();

    let mut origin = Origin::start(&origin_host, &file)?;
    let before = Counters::read(&origin_host, &hosts)?;
    let mut nodes = nodes(plan, &hosts, &places)?;
    watch(plan, &mut nodes)?;
    let passed = Counters::read(&origin_host, &hosts)?.since(&before);

    nodes.iter().for_each(Node::ask_to_end);
    let outcomes: Vec<_> = nodes.into_iter().map(Node::finish).collect::<Result<_>>()?;
    let served = origin.finish()?;
    let mut reports = Vec::new();
    for (place, outcome) in places.iter().zip(outcomes) {
        reports.push(HostReport::new(place.number, same_bytes(&file, &place.out())?, outcome));
    }
    work.tell();
    let congestion_control = origin_host.congestion_control()?;
    Ok(Report::new(plan, reports, &Measured { passed, served, congestion_control }))
}

/// Hosts have the addresses 10.99.1.1, 10.99.1.2, ….
fn address(number: usize) -> String {
    format!("10.99.1.{number}")
}

fn place(plan: &Plan, work: &Path, number: usize) -> Place {
    Place {
        number,
        address: address(number),
        peers: (1..=plan.hosts).filter(|other| *other != number).map(address).collect(),
        url: format!("http://{ORIGIN}:{PORT}/{FILE}"),
        folder: work.join(format!("host{number}")),
    }
}

fn nodes(plan: &Plan, hosts: &[Host], places: &[Place]) -> Result<Vec<Node>> {
    let mut nodes = Vec::new();
    for (index, (host, place)) in hosts.iter().zip(places).enumerate() {
        fs::create_dir_all(&place.folder)?;
        let mut command = plan.program.command(host, place);
        command.current_dir(&place.folder).env("HOME", &place.folder);
        let sign = plan.program.done_when_there().then(|| place.out());
        let killed_at = plan.kills.iter().filter(|kill| kill.host == place.number).map(|kill| kill.at).min();
        let starts_at = plan.stagger * u32::try_from(index).expect("there are at most 250 hosts");
        let node = Node::new(command, sign, place.folder.join("node"), plan.hosts - 1);
        nodes.push(node.starts_at(starts_at).killed_at(killed_at));
    }
    Ok(nodes)
}

/// Until every node is settled or the time is up.
fn watch(plan: &Plan, nodes: &mut [Node]) -> Result<()> {
    let zero = Instant::now();
    let mut memory_at = Duration::ZERO;
    while !nodes.iter().all(Node::is_settled) && zero.elapsed() < plan.timeout {
        for node in nodes.iter_mut() {
            node.turn(zero)?;
        }
        if zero.elapsed() >= memory_at {
            sample_memory(nodes);
            memory_at = zero.elapsed() + MEMORY;
        }
        std::thread::sleep(TURN);
    }
    sample_memory(nodes);
    Ok(())
}

fn sample_memory(nodes: &mut [Node]) {
    let groups = groups();
    nodes.iter_mut().for_each(|node| node.sample_memory(&groups));
}

/// What was measured on the network and at the origin.
pub(super) struct Measured {
    pub(super) passed: Counters,
    pub(super) served: Served,
    /// What the origin's connections used.
    pub(super) congestion_control: String,
}

/// What passed the cards of origin and hosts.
pub(super) struct Counters {
    pub(super) origin: Traffic,
    pub(super) hosts: Vec<Traffic>,
}

impl Counters {
    fn read(origin: &Host, hosts: &[Host]) -> Result<Self> {
        Ok(Self { origin: origin.traffic()?, hosts: hosts.iter().map(Host::traffic).collect::<Result<_>>()? })
    }

    fn since(&self, earlier: &Self) -> Self {
        let hosts = self.hosts.iter().zip(&earlier.hosts).map(|(now, then)| now.since(*then)).collect();
        Self { origin: self.origin.since(earlier.origin), hosts }
    }
}

/// The HTTP server, this same program in the origin's namespace.
struct Origin {
    process: Process,
    out: BufReader<ChildStdout>,
}

impl Origin {
    /// Starts it and waits until it listens.
    fn start(host: &Host, file: &Path) -> Result<Self> {
        let folder = file.parent().context("the file lies in a folder")?;
        let mut command = host.command(&std::env::current_exe()?);
        command.arg("lan-origin").arg(folder).arg(format!("{ORIGIN}:{PORT}"));
        let mut process = Process::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let mut out = BufReader::new(process.child().stdout.take().context("the origin's output is piped")?);
        let mut listens = String::new();
        out.read_line(&mut listens)?;
        ensure!(!listens.is_empty(), "the origin ended before it listened");
        Ok(Self { process, out })
    }

    /// Ends it and reads what it served.
    fn finish(&mut self) -> Result<Served> {
        drop(self.process.child().stdin.take());
        let mut last = String::new();
        self.out.read_line(&mut last)?;
        self.process.finish(Duration::from_secs(5))?;
        serde_json::from_str(&last).context("the origin did not say what it served")
    }
}

/// The folder of a run.
struct Work {
    path: PathBuf,
    keep: bool,
}

impl Work {
    fn create(plan: &Plan) -> Result<Self> {
        let path = plan.work.join(format!("swarmline-lan-{}", std::process::id()));
        fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self { path: path.canonicalize()?, keep: plan.keep })
    }

    /// The network removes it at its end, unless it is kept.
    fn to_remove(&self) -> Option<&Path> {
        (!self.keep).then_some(self.path.as_path())
    }

    fn tell(&self) {
        if self.keep {
            eprintln!("kept: {}", self.path.display());
        }
    }
}

fn write_random(path: &Path, size_bytes: u64) -> Result<()> {
    let mut random = File::open("/dev/urandom")?.take(size_bytes);
    let mut file = File::create(path)?;
    let written =
        std::io::copy(&mut random, &mut file).with_context(|| format!("cannot fill {}", path.display()))?;
    ensure!(written == size_bytes, "{} got {written} of {size_bytes} bytes", path.display());
    Ok(())
}

/// Whether `copy` is there and equals `original`.
fn same_bytes(original: &Path, copy: &Path) -> Result<bool> {
    let copy = match File::open(copy) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    let original = File::open(original)?;
    if original.metadata()?.len() != copy.metadata()?.len() {
        return Ok(false);
    }
    const STEP_BYTES: usize = 1 << 20;
    let (mut original, mut copy) =
        (BufReader::with_capacity(STEP_BYTES, original), BufReader::with_capacity(STEP_BYTES, copy));
    loop {
        let (left, right) = (original.fill_buf()?, copy.fill_buf()?);
        let common = left.len().min(right.len());
        if common == 0 || left[..common] != right[..common] {
            return Ok(left.is_empty() && right.is_empty());
        }
        original.consume(common);
        copy.consume(common);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_right_only_when_every_byte_is() {
        let folder = std::env::temp_dir().join(format!("swarmline-xtask-{}-bytes", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (file, copy) = (folder.join("a"), folder.join("b"));
        write_random(&file, 3_000_000).unwrap();
        assert!(!same_bytes(&file, &copy).unwrap(), "absent");
        let mut bytes = fs::read(&file).unwrap();
        fs::write(&copy, &bytes).unwrap();
        assert!(same_bytes(&file, &copy).unwrap());
        bytes[2_999_999] ^= 1;
        fs::write(&copy, &bytes).unwrap();
        assert!(!same_bytes(&file, &copy).unwrap(), "one bit");
        fs::write(&copy, &bytes[..2_999_999]).unwrap();
        assert!(!same_bytes(&file, &copy).unwrap(), "one byte less");
        fs::remove_dir_all(folder).unwrap();
    }
}
