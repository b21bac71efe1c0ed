//! What makes no sense is refused before anything is done, with the way out in the text.

use std::os::unix::fs::PermissionsExt;

use crate::sandbox::Sandbox;

#[tokio::test]
async fn what_makes_no_sense_is_a_usage_error_that_says_why() {
    let sandbox = Sandbox::new();
    let short_hash = format!("get http://h/f --sha256 {}", "a".repeat(63));
    for (arguments, why) in [
        ("", "Usage: swarmline"),
        ("gett", "unrecognized subcommand 'gett'"),
        ("get", "<URL>"),
        ("get example.org/file", "write it like https://"),
        ("get ftp://example.org/file", "only http and https"),
        ("get http://h/", "-o PATH"),
        (&short_hash, "64 hexadecimal digits"),
        ("get http://h/f --hash-of-hashes AAAA", "32 are needed"),
        ("get http://h/f --phf http://", "--phf"),
        ("get http://h/f --peer 192.0.2.7", "write it like"),
        ("get http://h/f --listen 7000", "write it like"),
        ("get http://h/f --discovery dns", "possible values: mdns, static, off"),
        ("get http://h/f --max-download-rate fast", "or unlimited"),
        ("get http://h/f --serve-for ever", "or forever"),
        ("get http://h/f --no-progress-timeout 0", "longer than 0"),
        ("get http://h/f --json --quiet", "cannot be used with"),
        ("demo --nodes 0", "1..=64"),
        ("demo --nodes 65", "1..=64"),
        ("demo --wan unlimited", "is not a rate"),
        ("publish", "<FILE>"),
        ("publish f --piece-size 3MiB", "power of two"),
        ("publish a b --url http://h/a", "--url names one file"),
        ("completion tcsh", "possible values: bash"),
    ] {
        let ran = sandbox.run(arguments).await;
        assert_eq!(ran.code, 2, "{arguments}: {ran:?}");
        assert!(ran.err.contains(why), "{arguments}: {}", ran.err);
        assert_eq!(ran.out, "", "{arguments}");
    }
}

#[tokio::test]
async fn a_directory_as_destination_is_refused_with_a_proposal() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.work("here")).unwrap();
    let ran = sandbox.run("get http://127.0.0.1:1/big.iso -o here").await;
    assert_eq!(ran.code, 6);
    let proposal = sandbox.work("here/big.iso");
    assert!(ran.err.contains(&format!("did you mean -o {}?", proposal.display())), "{}", ran.err);
}

#[tokio::test]
async fn a_failure_is_told_as_json_too() {
    let sandbox = Sandbox::new();
    for (arguments, code, kind) in [
        ("get http://h/ --json", 2, "usage"),
        ("publish missing --json", 7, "disk"),
        ("status --json", 10, "not_running"),
        ("add missing --json", 5, "manifest"),
        ("demo missing --json", 7, "disk"),
        ("daemon --config missing --json", 2, "usage"),
    ] {
        let ran = sandbox.run(arguments).await;
        let last = ran.last();
        assert_eq!((ran.code, &last["event"]), (code, &"failed".into()), "{arguments}: {ran:?}");
        assert_eq!((&last["kind"], &last["exit_code"]), (&kind.into(), &code.into()), "{arguments}");
        let message = last["message"].as_str().unwrap();
        assert!(ran.err.contains(message), "stderr says it for people: {}", ran.err);
    }
}

#[tokio::test]
async fn a_state_directory_that_others_may_write_to_is_refused() {
    let sandbox = Sandbox::new();
    let dir = sandbox.work("state");
    std::fs::create_dir(&dir).unwrap();
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o777)).unwrap();
    let ran = sandbox.run("get http://127.0.0.1:1/f --state-dir state").await;
    assert_eq!(ran.code, 7);
    assert!(ran.err.contains("chmod go-w"), "{}", ran.err);
}

#[tokio::test]
async fn a_stdout_that_cannot_be_written_is_no_success() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "some bytes");
    for arguments in [
        "--help",
        "get -h",
        "--version",
        "exit-codes",
        "completion bash",
        "sim list",
        "sim list --json",
        "publish file",
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let ran = sandbox.run_into(arguments, full).await;
        assert_eq!(ran.code, 7, "{arguments}: {ran:?}");
        let why = "error: could not write to stdout: No space left on device (os error 28)\n";
        assert!(ran.err.ends_with(why), "{arguments}: {}", ran.err);

        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = sandbox.run_into(arguments, writer).await;
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments}: who has left misses nothing");
    }
}
