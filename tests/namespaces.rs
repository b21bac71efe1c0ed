//! Aim: what only a machine of one's own shows: full and read-only file systems, mDNS, an office with cables.
//!
//! Needs root, iproute2 and util-linux; each test that cannot run says so. One after the other: some are about time.

#![allow(clippy::unwrap_used, reason = "all of it is a test")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use support::{
    MIB, Process, Published, assert_absent, assert_holds, in_private_namespaces, part_files, program,
    run_or_fail, skipped, tell,
};
use swarmline_testkit::Fault;

fn main() -> std::process::ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let private = |name: &'static str, test: fn() -> Result<Completion, Failed>| {
        Trial::ignorable_test(name, move || in_private_namespaces(name, test))
    };
    let lan = |name: &'static str, arguments: &'static [&'static str]| {
        Trial::ignorable_test(name, move || on_an_office_network(name, arguments))
    };
    let with_liars = "hosts_that_send_wrong_bytes_spoil_nothing_and_are_found_out";
    let with_a_holder = "daemons_that_have_met_leave_the_origin_alone_when_one_of_them_has_the_file";
    let trials = vec![
        private("a_disk_that_is_too_small_is_known_before_a_byte_is_fetched", too_small),
        private("a_disk_that_fills_up_keeps_the_part_file_for_when_there_is_room", fills_up),
        private("a_directory_that_is_read_only_is_named", read_only),
        private("nodes_that_find_each_other_by_mdns_share_the_pieces", mdns),
        lan("eight_hosts_at_once_read_the_origin_once", &["flash", "--size", "64MiB", "--check"]),
        lan(
            "two_of_eight_hosts_killed_at_half_time_leave_the_others_well",
            &["kill", "--size", "32MiB", "--check"],
        ),
        lan(
            "an_office_that_is_cut_in_two_for_a_while_becomes_one_again",
            &["cut", "--size", "32MiB", "--check"],
        ),
        Trial::ignorable_test(with_a_holder, move || with_a_holder_on_an_office_network(with_a_holder)),
        Trial::ignorable_test(with_liars, move || with_liars_on_an_office_network(with_liars)),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

const FILE: u64 = 12 * MIB;

/// A small file system in a directory of the site. It goes with the namespace.
fn small_disk(site: &Published, options: &str) -> Result<PathBuf, Failed> {
    run_or_fail("ip link set lo up")?;
    let dir = site.path("disk");
    std::fs::create_dir(&dir)?;
    run_or_fail(&format!("mount -t tmpfs -o {options} none {}", dir.display()))?;
    Ok(dir)
}

fn grow(disk: &Path) -> Result<(), Failed> {
    Ok(run_or_fail(&format!("mount -o remount,size=64m {}", disk.display()))?)
}

fn too_small() -> Result<Completion, Failed> {
    let site = Published::new(1, FILE);
    let disk = small_disk(&site, "size=8m")?;
    let (node, out) = (site.node("state"), disk.join("out"));
    let ended = Process::run(node.get(&site.origin.url(), &out)).expect(7);
    ended.says(&["error: ", &out.to_string_lossy(), &format!("{FILE} bytes are needed")]);
    assert_eq!(site.origin.sent(), 0);
    assert_absent(&out);
    assert!(part_files(&disk).is_empty(), "what holds nothing is not kept");

    grow(&disk)?;
    Process::run(node.get(&site.origin.url(), &out)).expect(0);
    assert_holds(&out, &site.content);
    Ok(Completion::Completed)
}

/// A download of unknown size cannot be refused beforehand.
fn fills_up() -> Result<Completion, Failed> {
    let site = Published::without_manifest(2, FILE);
    site.origin.inject("/file", Fault::Chunked.first(1));
    let disk = small_disk(&site, "size=8m")?;
    let (node, out) = (site.node("state"), disk.join("out"));
    let ended = Process::run(node.get(&site.origin.url(), &out)).expect(7);
    ended.says(&["error: ", &disk.to_string_lossy(), "is full", "bytes are needed"]);
    assert_absent(&out);
    assert_eq!(part_files(&disk).len(), 1);
    let kept = std::fs::metadata(&part_files(&disk)[0])?.len();
    assert!(kept >= 4 * MIB, "{kept} bytes are kept");

    site.origin.rest();
    let before = site.origin.sent();
    grow(&disk)?;
    let result = Process::run(node.get(&site.origin.url(), &out)).expect(0).result();
    assert_holds(&out, &site.content);
    let resumed = result["bytes_resumed"].as_u64().expect("a number");
    assert!(resumed >= 4 * MIB, "{result}");
    // One byte is the question whether the origin still has the same.
    assert!(site.origin.sent() - before <= FILE - resumed + 1, "only what was missing is fetched: {result}");
    Ok(Completion::Completed)
}

fn read_only() -> Result<Completion, Failed> {
    let site = Published::new(3, FILE);
    let disk = small_disk(&site, "size=64m,ro")?;
    let out = disk.join("out");
    let ended = Process::run(site.node("state").get(&site.origin.url(), &out)).expect(7);
    ended.says(&["error: ", &disk.to_string_lossy(), "Read-only file system"]);
    assert_eq!(site.origin.sent(), 0);

    // The state directory, too.
    let ended = Process::run(site.node("disk/state").get(&site.origin.url(), &site.path("out"))).expect(7);
    ended.says(&["error: ", "disk/state", "Read-only file system"]);
    Ok(Completion::Completed)
}

/// Two nodes on one host of a network of its own, with nothing but multicast to find each other.
fn mdns() -> Result<Completion, Failed> {
    run_or_fail("ip link set lo up")?;
    if let Err(obstacle) = run_or_fail("ip link add lan0 type veth peer name switch") {
        return Ok(skipped("nodes_that_find_each_other_by_mdns_share_the_pieces", obstacle));
    }
    for line in [
        "ip address add 10.98.0.1/24 dev lan0",
        "ip link set switch up",
        "ip link set lan0 up",
        "ip route add 224.0.0.0/4 dev lan0",
    ] {
        run_or_fail(line)?;
    }
    let site = Published::new(4, 2 * FILE);
    site.origin.limit_mib_per_s(6);
    let get = |name: &str| {
        let mut command = program();
        command.args(["get", "--json"]).arg(site.origin.url()).arg("-o").arg(site.path(name));
        command.arg("--state-dir").arg(site.path(&format!("state-{name}")));
        command
    };
    let running = ["one", "two"].map(|name| Process::start(get(name)));
    for run in running {
        let met = run.until("the other node", |line| line["event"] == "peers" && line["connected"] == 1);
        let result = run.end().expect(0).result();
        tell(format_args!("met after {} s, complete after {} s", met["t_s"], result["elapsed_s"]));
        assert!(met["t_s"].as_f64().expect("a number") <= 3.0, "{met}");
        assert!(result["from_peers"].as_u64().expect("a number") > 0, "{result}");
    }
    site.assert_stands_at(&["one", "two"]);
    let sent = site.origin.sent();
    tell(format_args!("origin sent {:.3} of the file", sent as f64 / (2 * FILE) as f64));
    assert!(sent < 2 * FILE * 13 / 10, "{sent} bytes");
    Ok(Completion::Completed)
}

fn on_an_office_network(name: &str, arguments: &[&str]) -> Result<Completion, Failed> {
    let report = match measured(name, arguments, &[]) {
        Ok(report) => report,
        Err(skipped) => return Ok(skipped),
    };
    assert_eq!((&report["hosts"], &report["hashes_equal"]), (&8.into(), &true.into()), "{report}");
    Ok(Completion::Completed)
}

/// Of so small a file what is asked for twice at the end is more than a bound allows; that is not what counts here.
fn with_a_holder_on_an_office_network(name: &str) -> Result<Completion, Failed> {
    let report = match measured(name, &["h1", "--daemons", "--size", "32MiB"], &[]) {
        Ok(report) => report,
        Err(skipped) => return Ok(skipped),
    };
    assert_eq!((&report["residents"], &report["hashes_equal"]), (&7.into(), &true.into()), "{report}");
    assert_eq!(report["origin_content_bytes"], 0, "{report}");
    Ok(Completion::Completed)
}

/// No bound of time: what counts is that the liar was asked, and by whom how often.
fn with_liars_on_an_office_network(name: &str) -> Result<Completion, Failed> {
    let arguments = ["x3", "--hosts", "5", "--size", "16MiB"];
    let report = match measured(name, &arguments, &["examples/hostile"]) {
        Ok(report) => report,
        Err(skipped) => return Ok(skipped),
    };
    assert_eq!((&report["survivors"], &report["hashes_equal"]), (&4.into(), &true.into()), "{report}");
    let wrong = report["bad_pieces_per_pair"].as_f64().expect("the nodes tell of it");
    assert!(wrong > 0.0 && wrong <= WRONG_PIECES_MAX, "{wrong} wrong pieces from the liar: {report}");
    Ok(Completion::Completed)
}

/// What the project's own harness reports. Its program, and `others` that it needs, lie beside the product's once the
/// whole workspace is built; a test does not build, it skips.
fn measured(name: &str, arguments: &[&str], others: &[&str]) -> Result<serde_json::Value, Completion> {
    let product = Path::new(env!("CARGO_BIN_EXE_swarmline"));
    let harness = product.with_file_name("swarmline-xtask");
    let others = others.iter().map(|other| product.with_file_name(other));
    if let Some(missing) = [harness.clone()].into_iter().chain(others).find(|program| !program.exists()) {
        let how = "cargo build --workspace --all-targets";
        return Err(skipped(name, format!("{} is not built: {how}", missing.display())));
    }
    let mut command = Command::new(harness);
    command.arg("lan").args(arguments).args(["--json", "--timeout", "100", "--bin"]).arg(product);
    let ended = Process::run(command);
    if ended.code() == Some(CANNOT) {
        return Err(skipped(name, ended.err.trim()));
    }
    let report = ended.expect(0).result();
    tell(&report);
    Ok(report)
}

/// A node asks another for two pieces at a time, and leaves it at the first that is wrong.
const WRONG_PIECES_MAX: f64 = 2.0;

/// The exit code of the harness on a machine that makes no such network.
const CANNOT: i32 = 77;
