//! One run: build the network, start the origin and all nodes, watch, take it down, sum up.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rustix::process::Signal;

use super::folder::{Work, same_bytes, write_random};
use super::machine::{Clock, Load};
use super::node::{End, Node, Outcome};
use super::plan::Plan;
use super::premises::{Counters, Premises, place};
use super::program::Place;
use super::report::Report;
use super::script::{Part, Role, Wanted};
use super::service::{Origin, Service};
use super::twin::{self, Twin};
use crate::netns::process::groups;
use crate::origin::Served;

/// How often to look at the nodes: the resolution of all times.
const TURN: Duration = Duration::from_millis(10);
/// How often to look at the nodes' memory, which takes longer.
const MEMORY: Duration = Duration::from_millis(250);

/// How long daemons may take to meet.
const MEETING: Duration = Duration::from_secs(60);

/// What was measured.
pub(super) struct Measured {
    /// In the order of the script's hosts, and of files for each.
    pub(super) downloads: Vec<Download>,
    pub(super) passed: Counters,
    pub(super) served: Served,
    /// Of the run or not.
    pub(super) machine: Load,
    /// What the simulator says of the same run.
    pub(super) twin: Option<Twin>,
}

/// What came of one file on one host.
pub(super) struct Download {
    pub(super) role: Role,
    pub(super) file: Wanted,
    /// Whether every byte of it is right.
    pub(super) right: bool,
    pub(super) outcome: Outcome,
}

/// Runs the plan.
///
/// # Errors
/// When the network, the origin or a node cannot be started; a node that fails is part of the report.
pub(super) fn measure(plan: &Plan) -> Result<Report> {
    let work = Work::create(plan)?;
    let premises = Premises::build(&plan.script, &work)?;
    fs::create_dir_all(work.origin())?;
    for file in &plan.script.files {
        write_random(&work.origin().join(file.name), file.size_bytes)?;
        plan.program.prepare(&work.origin().join(file.name))?;
    }
    let places: Vec<Place> = plan.script.hosts.iter().map(|role| place(&plan.script, &work, role)).collect();
    for place in &places {
        fs::create_dir_all(&place.folder)?;
    }
    let origin = Origin::start(&premises.origin, &work.origin())?;
    let services = services(plan, &work, &premises, &places)?;

    let mut nodes = nodes(plan, &premises, &places)?;
    meet(plan, &places)?;
    let (before, clock) = (premises.counters()?, Clock::now()?);
    watch(plan, &premises, &mut nodes)?;
    let (passed, machine) = (premises.counters()?.since(&before), Clock::now()?.since(clock));

    nodes.iter().for_each(|started| started.node.ask_to_end());
    let mut downloads = Vec::new();
    for Started { role, file, out, node } in nodes {
        let outcome = node.finish()?;
        let right = same_bytes(&work.origin().join(file.name), &out)?;
        downloads.push(Download { role, file, right, outcome });
    }
    for service in services {
        service.finish()?;
    }
    let served = origin.finish()?;
    let twin = plan.program.simulator().map(|binary| twin::simulate(binary, &plan.script, work.path()));
    let twin = twin.transpose()?;
    work.tell();
    Ok(Report::new(plan, Measured { downloads, passed, served, machine, twin }))
}

/// Hosts that do not download, each ready for those that do.
fn services(plan: &Plan, work: &Work, premises: &Premises, places: &[Place]) -> Result<Vec<Service>> {
    let mut services = Vec::new();
    let all = plan.script.hosts.iter().zip(&premises.hosts).zip(places);
    for ((role, host), place) in all.filter(|((role, _), _)| !role.part.downloads()) {
        let mut commands = Vec::new();
        if role.part == Part::Holds {
            commands.push(plan.program.hold(host, place, &plan.script.files, &work.origin())?);
        } else {
            for file in &plan.script.files {
                commands.push(plan.program.lie(host, place, role.part, &work.origin().join(file.name))?);
            }
        }
        for mut command in commands {
            place.is_home_of(&mut command);
            services.push(Service::start(&mut command, Some(&place.folder.join("service.err")))?);
        }
    }
    Ok(services)
}

/// A node and what it is for.
struct Started {
    role: Role,
    file: Wanted,
    out: PathBuf,
    node: Node,
}

fn nodes(plan: &Plan, premises: &Premises, places: &[Place]) -> Result<Vec<Started>> {
    let mut nodes = Vec::new();
    let all = plan.script.hosts.iter().zip(&premises.hosts).zip(places);
    for ((role, host), place) in all.filter(|((role, _), _)| role.part.downloads()) {
        let mut daemon = None;
        if plan.script.is_resident(role) {
            let mut command = plan.program.reside(host, place, role.part)?;
            place.is_home_of(&mut command);
            daemon = Some(Service::start(&mut command, Some(&place.folder.join("daemon.err")))?);
        }
        for file in &plan.script.files {
            let mut command =
                plan.program.download(host, place, role.part, file, plan.script.scenario.linger());
            place.is_home_of(&mut command);
            let out = place.out(file);
            let sign = plan.program.done_when_there().then(|| out.clone());
            let log = place.folder.join(file.name);
            let node = Node::new(command, sign, log, place.peers.len());
            let node = node.starts_at(role.starts_at).ends(end(role.part)).in_daemon(daemon.take());
            nodes.push(Started { role: role.clone(), file: file.clone(), out, node });
        }
    }
    Ok(nodes)
}

/// Waits until every daemon is connected with all hosts of its site that are there.
fn meet(plan: &Plan, places: &[Place]) -> Result<()> {
    let begun = Instant::now();
    let residents = plan.script.hosts.iter().zip(places).filter(|(role, _)| plan.script.is_resident(role));
    for (role, place) in residents {
        let others = plan.script.neighbours(role);
        loop {
            let met = plan.program.connected(place)?;
            if met >= others {
                break;
            }
            let number = role.number;
            ensure!(begun.elapsed() < MEETING, "host {number} met {met} of {others} others in {MEETING:?}");
            std::thread::sleep(TURN);
        }
    }
    Ok(())
}

fn end(part: Part) -> Option<End> {
    match part {
        Part::Leaves(at) => Some(End { at, by: Signal::TERM }),
        Part::Crashes(at) => Some(End { at, by: Signal::KILL }),
        _ => None,
    }
}

/// Until every node is settled or the time is up.
fn watch(plan: &Plan, premises: &Premises, nodes: &mut [Started]) -> Result<()> {
    let zero = Instant::now();
    let cut = plan.script.cut();
    let mut cuts = cut.into_iter().flat_map(|(from, until)| [(from, true), (until, false)]).peekable();
    let mut memory_at = Duration::ZERO;
    while !nodes.iter().all(|started| started.node.is_settled()) && zero.elapsed() < plan.timeout {
        for started in nodes.iter_mut() {
            started.node.turn(zero)?;
        }
        if let Some((_, is_apart)) = cuts.next_if(|(at, _)| zero.elapsed() >= *at) {
            premises.part(is_apart)?;
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

fn sample_memory(nodes: &mut [Started]) {
    let groups = groups();
    nodes.iter_mut().for_each(|started| started.node.sample_memory(&groups));
}
