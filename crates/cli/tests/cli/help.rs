//! The help is a text for people: a change of it is seen in review.

use crate::sandbox::Sandbox;

async fn shown(arguments: &str) -> String {
    let ran = Sandbox::new().run(arguments).await;
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments}");
    // clap fills empty lines with spaces
    ran.out.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn help_reads_like_this() {
    insta::assert_snapshot!("root_short", shown("-h").await);
    insta::assert_snapshot!("root", shown("--help").await);
    for command in ["demo", "publish", "get", "daemon", "add", "status", "sim", "completion", "exit-codes"] {
        insta::assert_snapshot!(command, shown(&format!("help {command}")).await);
    }
}

#[tokio::test]
async fn every_command_shows_an_example() {
    for command in ["demo", "publish", "get", "daemon", "add", "status", "sim", "completion"] {
        let help = shown(&format!("{command} --help")).await;
        assert!(help.contains(&format!("  swarmline {command}")), "{help}");
    }
}

/// They name a seed and a piece: both must be there.
#[tokio::test]
async fn the_examples_of_single_nasty_scenarios_work() {
    let sandbox = Sandbox::new();
    let help = shown("sim nasty --help").await;
    let examples: Vec<_> = help.lines().filter_map(|line| line.strip_prefix("  swarmline ")).collect();
    assert_eq!(examples.len(), 3, "{help}");
    for example in examples.iter().filter(|example| example.contains(" nasty-")) {
        let ran = sandbox.run(example).await;
        assert_eq!(ran.code, 0, "{example}: {ran:?}");
    }
}

#[tokio::test]
async fn the_version_is_the_package_s() {
    assert_eq!(shown("--version").await, concat!("swarmline ", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn the_exit_codes_are_listed() {
    let table = shown("exit-codes").await;
    assert!(table.contains("    3  origin       the origin refused"), "{table}");
    assert!(table.contains("  130  interrupted "), "{table}");
}

#[tokio::test]
async fn each_shell_gets_its_completion() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = shown(&format!("completion {shell}")).await;
        assert!(script.contains("hash-of-hashes"), "{shell}");
    }
}
