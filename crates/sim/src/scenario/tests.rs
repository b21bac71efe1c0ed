use std::error::Error;

use super::*;

fn error_of(text: &str, overrides: &[&str]) -> String {
    let error = Scenario::parse_with(text, overrides).unwrap_err();
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        told = format!("{told}: {source}");
        cause = source.source();
    }
    told
}

#[test]
fn an_empty_text_is_the_default() {
    let scenario = Scenario::parse("").unwrap();
    assert_eq!((scenario.site.len(), scenario.site[0].peers), (1, 10));
    assert_eq!(scenario.content[0].name, "file");
}

#[test]
fn short_and_long_forms_say_the_same() {
    let short = Scenario::parse("[site]\npeers = 7\n[group]\nshare = \"30%\"\nup = \"10mbit\"").unwrap();
    let long =
        "[[site]]\npeers = 7\n[[group]]\nname = \"group-1\"\nshare = 0.3\n[group.peer]\nup = \"1250000\"";
    assert_eq!(short, Scenario::parse(long).unwrap());
}

#[test]
fn a_scenario_reads_what_it_writes() {
    let text = "name = 'x'\n[[content]]\nsize = '1GiB'\n[[content]]\npriority = 'background'\n\
                [[group]]\ncount = 3\nbehaviour = 'corrupts'\nends = '10%..90%'\nback = '5s'\n[outage]\nuntil = '4s'";
    let scenario = Scenario::parse(text).unwrap();
    let again: Scenario = toml::Value::try_from(&scenario).unwrap().try_into().unwrap();
    assert_eq!(again, scenario);
}

#[test]
fn overrides_reach_one_or_all_entries() {
    let text = "[[site]]\npeers = 7\n[[site]]\npeers = 8\n[[group]]\nshare = 0.1";
    let overrides =
        ["site.wan=50mbit", "site.1.peers=9", "network.lane_loss=5%", "content.size=1GiB", "group.up=1mbit"];
    let scenario = Scenario::parse_with(text, &overrides).unwrap();
    assert_eq!(scenario.site[0].wan, scenario.site[1].wan);
    assert_eq!((scenario.site[0].peers, scenario.site[1].peers), (7, 9));
    assert_eq!(scenario.network.lane_loss, Share::new(0.05).unwrap());
    assert_eq!(scenario.content[0].size, Size(1 << 30));
    assert_eq!(scenario.group[0].peer.up.unwrap().bytes_per_s(), Some(125_000));
}

#[test]
fn errors_name_key_value_bound_and_way_out() {
    for (text, overrides, told) in [
        ("peers = 3", &[][..], "unknown field `peers`"),
        (
            "[site]\npeers = 'many'",
            &[],
            "site.peers = \"many\" cannot be; it must be a whole number from 1 to 100000",
        ),
        ("", &["site.peers=5000000000"], "site.peers = 5000000000 cannot be; it must lie from 1 to 100000"),
        ("", &["site.holders=-1"], "site.holders = -1 cannot be; it must lie from 0 to 1000"),
        ("[[site]]\n[[site]]\npeers = 1.5", &[], "site.peers = 1.5 cannot be; it must be a whole number"),
        ("", &["seeds=abc"], "seeds = \"abc\" cannot be"),
        ("", &["check.events_max=0"], "check.events_max = 0 cannot be; it must lie from 1 to 1099511627776"),
        (
            "",
            &["expect.makespan_max=nan"],
            "expect.makespan_max = nan cannot be; it must be a number from 0 on",
        ),
        ("", &["expect.mean_max=inf"], "expect.mean_max = inf cannot be"),
        ("", &["expect.origin_max=-1"], "expect.origin_max = -1 cannot be"),
        ("", &["expect.bad_max=few"], "expect.bad_max = \"few\" cannot be"),
        ("[content]\nmakespan_max = -0.5", &[], "content.makespan_max = -0.5 cannot be"),
        ("[site]\nwan = 'fast'", &[], "write it like 20mbit"),
        (
            "",
            &["site.wan=0"],
            "\"0\" is not a rate; write it like 20mbit, 1gbit, 5MB/s or 2MiB/s, or unlimited",
        ),
        ("[site]\npeers = 0", &[], "site.peers = 0 cannot be; it must lie from 1 to 100000"),
        (
            "",
            &["content.piece=3MiB"],
            "content.piece = 3MiB cannot be; it must be a power of two from 16KiB to 16MiB",
        ),
        ("[content]\npiece = '8GiB'", &[], "content.piece = 8GiB cannot be"),
        (
            "[content]\nsize = '1TiB'\npiece = '16KiB'",
            &[],
            "content.size = 1TiB in pieces of 16KiB cannot be",
        ),
        ("[group]\nup = '1mbit'", &[], "say which part: share = 0.3 or count = 3"),
        ("[group]\nshare = 0.1\ncount = 2", &[], "take one of them"),
        ("[[group]]\nshare = 0.6\n[[group]]\nshare = 0.6", &[], "together at most 1"),
        (
            "site.peers = 4\ngroup.count = 9",
            &[],
            "group.count (sum) = 9 cannot be; groups do not overlap, and site.peers is 4:",
        ),
        (
            "site.peers = 4\n[[group]]\ncount = 3\n[[group]]\ncount = 3",
            &[],
            "group.count (sum) = 6 cannot be",
        ),
        (
            "site.peers = 4\n[[group]]\nshare = 0.7\n[[group]]\ncount = 3",
            &[],
            "group.count (sum) = 6 cannot be",
        ),
        (
            "[[site]]\npeers = 9\n[[site]]\npeers = 4\n[[group]]\ncount = 5",
            &[],
            "site.peers is 4: ask for no more in all, or raise it",
        ),
        ("[group]\nshare = 0.1\nspeed = 3", &[], "unknown field `speed`"),
        ("", &["peer.ending=leave"], "peer.ending = leave cannot be; say when too"),
        ("[partition]\nfrom = '9s'\nuntil = '3s'", &[], "it begins at 9s, so end it later"),
        ("", &["site.peers"], "there is no ="),
        ("", &["site.3.peers=1"], "site has 1 entry, counted from 0; there is no 3"),
        ("name = 'x'", &["name.more=1"], "name is a string, which has nothing inside"),
        ("[network]\ndelay = '1%..2%'", &[], "write spans of time"),
        ("[outage]\nretry_after = '1.5s'", &[], "HTTP writes whole seconds"),
        ("[", &[], "not TOML"),
    ] {
        let error = error_of(text, overrides);
        assert!(error.contains(told), "{text:?} {overrides:?}: {error}");
    }
}

#[test]
fn groups_may_be_all_of_a_site() {
    for text in [
        "site.peers = 4\ngroup.count = 4",
        "site.peers = 4\n[[group]]\nshare = 0.3\n[[group]]\ncount = 3",
        // Rounded, these are more than there are.
        "site.peers = 2\n[[group]]\nshare = 0.33\n[[group]]\nshare = 0.33\n[[group]]\nshare = 0.33",
    ] {
        assert!(Scenario::parse(text).is_ok(), "{text}: {:?}", Scenario::parse(text));
    }
}

#[test]
fn an_ending_is_shown_as_it_is_written() {
    for ending in [Ending::Crash, Ending::Vanish, Ending::Leave] {
        assert_eq!(serde_json::to_string(&ending).unwrap(), format!("\"{ending}\""));
    }
}
