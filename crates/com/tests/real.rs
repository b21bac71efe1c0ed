//! Aim: what a program meets that uses the library as it is: the examples, and what happens at the borders of a process,
//! on whole engines on loopback. No state but that of the tests is touched, and nobody is looked for.
//!
//! A program passes when it ends with 0; its checks say where they failed. Needs gcc, g++, valgrind and python3; each
//! test that cannot run says so.

#![allow(clippy::unwrap_used, reason = "all of it is a test")]

mod support;
#[path = "support/world.rs"]
mod world;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use support::programs::{Built, Way, build_and, file, passed, patient, said};
use support::{Libraries, missing, skipped};
use swarmline_testkit::Fault;
use swarmline_types::Rate;
use world::{World, holds};

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = vec![
        example("the_example_of_the_legacy_face_downloads_two_files", "cpp/legacy.cpp", &[], 2),
        example("the_example_of_the_modern_face_downloads_to_a_path", "cpp/modern.cpp", &[], 1),
        example("the_example_of_the_modern_face_downloads_into_a_stream", "cpp/modern.cpp", &["--stream"], 1),
        example("the_example_in_c_downloads_a_file", "c/poll.c", &[], 1),
        Trial::ignorable_test("the_example_in_python_downloads_a_file", python),
        program("ctrl_c_in_an_example_leaves_nothing", "examples/cpp/legacy.cpp", Way::Plain, interrupted),
        program("an_example_whose_owner_is_killed_goes_on", "examples/cpp/legacy.cpp", Way::Plain, abandoned),
        program("without_a_service_an_example_says_why", "examples/c/poll.c", Way::Plain, refused),
        program("when_the_owner_is_killed_a_program_goes_on", "tests/cpp/owner.cpp", Way::Plain, owner_dies),
        program("a_child_of_fork_has_a_service_of_its_own", "tests/cpp/process.cpp", Way::Plain, |built| {
            process(built, "forks")
        }),
        program("signals_go_to_the_threads_of_the_program", "tests/cpp/process.cpp", Way::Plain, |built| {
            process(built, "signals")
        }),
    ];
    for (end, way) in
        [("", Way::Plain), ("_under_valgrind", Way::Valgrind), ("_with_sanitizers", Way::Sanitizers)]
    {
        let swarm = format!("two_files_come_from_a_swarm_and_the_origin{end}");
        trials.push(program(&swarm, "tests/cpp/swarm.cpp", way, from_a_swarm));
    }
    for (end, way) in [("", Way::Plain), ("_under_valgrind", Way::Valgrind)] {
        for (name, mode) in [
            ("threads_that_come_first_at_once_share_one_service", "threads"),
            ("what_kept_the_service_away_is_told_and_tried_again", "repaired"),
            ("a_program_that_leaves_everything_behind_ends_in_order", "leaves"),
            ("a_program_may_end_inside_a_callback", "exits"),
        ] {
            let run = move |built: &Built| process(built, mode);
            trials.push(program(&format!("{name}{end}"), "tests/cpp/process.cpp", way, run));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A test of a program that is linked with the product.
fn program(
    name: &str,
    source: &'static str,
    way: Way,
    run: impl FnOnce(&Built) -> Result<(), Failed> + Send + 'static,
) -> Trial {
    let own = name.to_owned();
    Trial::ignorable_test(name, move || {
        build_and(&own, &file(source), way, &Libraries::find()?.product()?, run)
    })
}

/// An example gets so many files, one of them without a manifest, and reports a file that is missing.
fn example(name: &str, source: &'static str, options: &'static [&'static str], files: usize) -> Trial {
    let own = name.to_owned();
    Trial::ignorable_test(name, move || {
        let product = Libraries::find()?.product()?;
        build_and(&own, &file("examples").join(source), Way::Plain, &product, |built| {
            // The example in C takes plain ASCII.
            let name = if source.ends_with(".c") { "a file" } else { "ä 😀 file" };
            downloads(name, files, || {
                let mut command = built.command();
                command.args(options);
                command
            })
        })
    })
}

fn python() -> Result<Completion, Failed> {
    if missing(&["python3"]).is_some() {
        return Ok(skipped("the_example_in_python_downloads_a_file", "no python3"));
    }
    let product = Libraries::find()?.product()?;
    downloads("ä 😀 file", 1, || {
        let mut command = patient();
        command.arg("python3").arg(file("examples/python/download.py")).env("SWARMLINE_DO", &product);
        command
    })?;
    Ok(Completion::Completed)
}

fn downloads(name: &str, files: usize, command: impl Fn() -> Command) -> Result<(), Failed> {
    let world = World::new()?;
    let contents = [world.publish("/0", 1, 1_000_000), world.publish("/1", 2, 300_000)];
    world.origin.remove("/1.phf");
    let mut whole = command();
    world.place(&mut whole)?;
    let path = |number: usize| world.path(&format!("{name} {number}"));
    for number in 0..files {
        whole.arg(world.origin.url_of(&format!("/{number}"))).arg(path(number));
    }
    let ended = whole.output()?;
    passed(&ended)?;
    assert!(said(&ended).lines().any(|line| line == "done"), "{}", said(&ended));
    for (number, content) in contents.iter().enumerate().take(files) {
        holds(&path(number), content)?;
    }

    let mut failing = command();
    world.place(&mut failing)?;
    let failed = failing.arg(world.origin.url_of("/missing")).arg(world.path("missing")).output()?;
    assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
    assert!(said(&failed).contains("0x80190194"), "{}", said(&failed));
    assert!(no_jobs(&world), "what failed was cancelled");
    Ok(())
}

/// Whether no job is left in the state directory.
fn no_jobs(world: &World) -> bool {
    std::fs::read_dir(world.state_dir().join("jobs")).unwrap().next().is_none()
}

/// A program to talk with, line by line.
struct Talk {
    child: Child,
    say: ChildStdin,
    hear: BufReader<ChildStdout>,
}

impl Talk {
    fn with(mut command: Command) -> Result<Self, Failed> {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (say, hear) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        Ok(Self { child, say, hear: BufReader::new(hear) })
    }

    /// Waits for a line that begins so; the rest of that line.
    fn hears(&mut self, beginning: &str) -> Result<String, Failed> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.hear.read_line(&mut line)? == 0 {
                return Err(format!("it ended before it said {beginning:?}").into());
            }
            if let Some(rest) = line.strip_prefix(beginning) {
                return Ok(rest.trim().to_owned());
            }
        }
    }

    fn says(&mut self, line: &str) -> Result<(), Failed> {
        Ok(writeln!(self.say, "{line}")?)
    }

    fn ends(self) -> Result<Output, Failed> {
        drop(self.say);
        let mut output = self.child.wait_with_output()?;
        let rest: Vec<String> = self.hear.lines().collect::<Result<_, _>>()?;
        output.stdout = rest.join("\n").into_bytes();
        Ok(output)
    }

    /// Ctrl-C: what was started hands it on to the program.
    fn interrupt(&self) -> Result<(), Failed> {
        send("INT", &self.child.id().to_string())
    }

    /// Takes the program away without a word.
    fn kill(&self) -> Result<(), Failed> {
        // The whole group, of which the program is one.
        send("KILL", &format!("-{}", self.child.id()))
    }
}

fn send(signal: &str, process: &str) -> Result<(), Failed> {
    passed(&Command::new("sh").args(["-c", &format!("kill -s {signal} -- {process}")]).output()?)
}

/// The swarm has the first file, the origin both; the origin is slow until the program has seen bytes grow, and some of
/// them come from the swarm.
fn from_a_swarm(built: &Built) -> Result<(), Failed> {
    let mut world = World::new()?;
    let contents = [world.publish("/one", 1, 3_000_000), world.publish("/two", 2, 2_000_005)];
    for _ in 0..3 {
        world.hold(&contents[0])?;
    }
    world.origin.limit(Rate::bytes_per_s(64 << 10));
    let places = ["one", "two"].map(|name| world.path(name));
    let mut command = built.command();
    world.place(&mut command)?;
    for (path, place) in ["/one", "/two"].into_iter().zip(&places) {
        command.arg(world.origin.url_of(path)).arg(place);
    }
    let mut talk = Talk::with(command)?;
    let grew = talk.hears("growing");
    world.origin.limit(None);
    let complete = grew.and_then(|_| talk.hears("complete"));
    let ended = talk.ends()?;
    passed(&ended)?;
    complete?;
    for (place, content) in places.iter().zip(&contents) {
        holds(place, content)?;
    }
    let counts = ["/one", "/two"].map(|path| world.origin.counts(path).body_bytes);
    let said: Vec<u64> =
        String::from_utf8(ended.stdout)?.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [http_one, lan_one, http_two, lan_two] = said[..] else { return Err(format!("{said:?}").into()) };
    assert!(http_one <= counts[0] && http_two <= counts[1], "{said:?} of {counts:?}");
    assert!(http_two >= contents[1].len() && lan_two == 0, "nobody else has it: {said:?}");
    assert!(lan_one > 0 && http_one + lan_one >= contents[0].len(), "{said:?}");
    Ok(())
}

/// Runs one mode of `process.cpp`, in a world with a file that comes slowly.
fn process(built: &Built, mode: &str) -> Result<(), Failed> {
    let world = World::new()?;
    world.publish("/file", 1, 20_000_000);
    world.origin.limit(Rate::bytes_per_s(1 << 20));
    if mode == "repaired" {
        std::fs::write(world.state_dir(), "a file where a directory should be")?;
    }
    let mut command = built.command();
    world.place(&mut command)?;
    passed(&command.arg(mode).arg(world.origin.url_of("/file")).arg(world.path("file")).output()?)?;
    assert!(!world.state_dir().join("ipc.sock").exists(), "the service has not ended in order");
    Ok(())
}

fn interrupted(built: &Built) -> Result<(), Failed> {
    let world = World::new()?;
    world.publish("/file", 1, 1_000_000);
    world.origin.inject("/file", Fault::HangAfter(300_000));
    let mut command = built.command();
    world.place(&mut command)?;
    let place = world.path("file");
    command.arg(world.origin.url_of("/file")).arg(&place);
    let mut talk = Talk::with(command)?;
    talk.hears("")?;
    talk.interrupt()?;
    let ended = talk.ends()?;
    assert_eq!(ended.status.code(), Some(1), "{}", said(&ended));
    assert!(said(&ended).contains("0x80004004"), "{}", said(&ended));
    let left: Vec<PathBuf> = std::fs::read_dir(place.parent().unwrap())?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    let is_of_it = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().contains("file");
    assert!(!left.iter().any(is_of_it), "{left:?}");
    assert!(no_jobs(&world));
    Ok(())
}

/// The first has the service, and the second is its client until it is the next.
fn abandoned(built: &Built) -> Result<(), Failed> {
    let world = World::new()?;
    let (mut started, mut contents) = (Vec::new(), Vec::new());
    for (seed, path) in [(1, "/0"), (2, "/1")] {
        contents.push(world.publish(path, seed, 1_000_000));
        world.origin.inject(path, Fault::HangAfter(300_000));
        let mut command = built.command();
        world.place(&mut command)?;
        command.arg(world.origin.url_of(path)).arg(world.path(&path[1..]));
        let mut talk = Talk::with(command)?;
        talk.hears("")?;
        started.push(talk);
    }
    let (second, first) = (started.pop().unwrap(), started.pop().unwrap());
    first.kill()?;
    first.ends()?;
    world.origin.heal("/1");
    passed(&second.ends()?)?;
    holds(&world.path("1"), &contents[1])
}

fn refused(built: &Built) -> Result<(), Failed> {
    let world = World::new()?;
    std::fs::create_dir(world.state_dir())?;
    std::fs::set_permissions(world.state_dir(), PermissionsExt::from_mode(0o777))?;
    let mut command = built.command();
    world.place(&mut command)?;
    command.args(["http://h/file", "/nowhere/file"]);
    for (log, times) in [("", 1), ("warn", 2)] {
        let ended = command.env("SWARMLINE_LOG", log).output()?;
        assert_eq!(ended.status.code(), Some(1), "{}", said(&ended));
        assert!(said(&ended).contains("0x80D01001"), "{}", said(&ended));
        // Once by the program, and once in the log that was asked for.
        let reasons = said(&ended).matches("others may write to state directory").count();
        assert_eq!(reasons, times, "{}", said(&ended));
    }
    Ok(())
}

/// One program has the service, another uses it; the first is killed.
fn owner_dies(built: &Built) -> Result<(), Failed> {
    let world = World::new()?;
    let content = world.publish("/file", 1, 5_000_000);
    world.origin.limit(Rate::bytes_per_s(128 << 10));
    let place = world.path("file");
    let start = |arguments: &[&std::ffi::OsStr]| {
        let mut command = built.command();
        world.place(&mut command)?;
        command.args(arguments);
        Talk::with(command)
    };
    let mut owner = start(&["own".as_ref()])?;
    owner.hears("ready")?;
    let mut client = start(&["use".as_ref(), world.origin.url_of("/file").as_ref(), place.as_ref()])?;
    client.hears("moving")?;
    owner.kill()?;
    let ended = owner.ends()?;
    assert!(!ended.status.success(), "it was killed: {}", said(&ended));
    client.says("killed")?;
    let again = client.hears("again");
    world.origin.limit(None);
    passed(&client.ends()?)?;
    again?;
    holds(&place, &content)
}
