//! What a policy file comes to.

use super::*;

fn office() -> Scenario {
    let text = "site.peers = 3\nscheduler.degree = 5\n[[group]]\nname = 'one'\ncount = 1\nforeground_delay = '5s'\n\
                download_limit = '8mbit'\nup = '1mbit'";
    Scenario::parse(text).unwrap()
}

fn under(policy: &str) -> UnderPolicy {
    with_policy(&office(), policy).unwrap_or_else(|error| {
        panic!("{error}: {:?}", std::error::Error::source(&error).map(ToString::to_string))
    })
}

fn refused(policy: &str) -> String {
    let error = with_policy(&office(), policy).unwrap_err();
    format!("{error} {}", std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default())
}

#[test]
fn a_policy_holds_for_everybody_and_leaves_the_office_as_it_is() {
    let policy = "[policy]\nforeground_delay = '30s'\nhours = '8..17'\nbackground_limit_in_hours = '10%'\nclock = '7:30'";
    let UnderPolicy { scenario, left_out } = under(policy);
    assert_eq!(left_out, [""; 0]);
    assert_eq!(scenario.clock.to_string(), "7:30");
    let (peer, of_one) = (&scenario.peer, &scenario.group[0].peer);
    assert_eq!(peer.foreground_delay, Some(Span::secs(30)));
    assert_eq!(peer.background_limit_in_hours.map(|cap| cap.to_string()).as_deref(), Some("10%"));
    assert_eq!(of_one.foreground_delay, None, "the office's own rule is gone");
    assert_eq!(
        (of_one.download_limit, of_one.up),
        (office().group[0].peer.download_limit, office().group[0].peer.up)
    );
    assert_eq!(scenario.site, office().site);
    assert_eq!(Scenario::parse(&scenario.to_toml()).unwrap(), scenario);
}

/// The names, units and numbers that an administrator copies from the registry.
#[test]
fn names_of_delivery_optimization_mean_what_they_mean_there() {
    let policy = "[policy]\nDODownloadMode = 0\nDODelayBackgroundDownloadFromHttp = 3600\n\
                  DOMaxForegroundDownloadBandwidth = 500\nDOPercentageMaxBackgroundBandwidth = 0\n\
                  DOSetHoursToLimitBackgroundDownloadBandwidth_From = 8\n\
                  DOSetHoursToLimitBackgroundDownloadBandwidth_To = 17\n\
                  DOSetHoursToLimitBackgroundDownloadBandwidth_In = 5";
    let UnderPolicy { scenario, left_out } = under(policy);
    let peer = &scenario.peer;
    assert_eq!(left_out, [""; 0]);
    assert_eq!(scenario.strategy, StrategyName::OriginOnly);
    assert_eq!(peer.background_delay, Some(Span::secs(3600)));
    assert_eq!(peer.hours.map(|hours| hours.to_string()).as_deref(), Some("8:00..17:00"));
    let shown = [peer.foreground_limit, peer.background_limit, peer.background_limit_in_hours]
        .map(|cap| cap.map_or_else(String::new, |cap| cap.to_string()));
    assert_eq!(shown, ["4mbit", "unlimited", "5%"]);
}

#[test]
fn what_means_nothing_here_is_said_by_name() {
    let policy = "strategy = 'rarest-first'\n[policy]\nDOMaxCacheAge = 604800\nDOCacheHost = 'cache.example'\nDODownloadMode = 3\n\
                  DOMaxBackgroundDownloadBandwidth = 500\nDOPercentageMaxBackgroundBandwidth = 20\n\
                  hours = '8..17'\nDOSetHoursToLimitBackgroundDownloadBandwidth_From = 8\n\
                  DOSetHoursToLimitBackgroundDownloadBandwidth_To = 17\n\
                  DOSetHoursToLimitForegroundDownloadBandwidth_From = 9\n\
                  DOSetHoursToLimitForegroundDownloadBandwidth_To = 17";
    assert_eq!(
        under(policy).left_out,
        [
            "policy.DOMaxCacheAge: nothing is evicted",
            "policy.DOCacheHost: there is no cache server",
            "policy.DODownloadMode: of 3, peers in the Internet; those on the LAN take part",
            "policy.DOPercentageMaxBackgroundBandwidth: background_limit is 500kB/s already",
            "policy.DOSetHoursToLimitForegroundDownloadBandwidth_From: hours is 8:00..17:00 already",
            "policy.mode: strategy says who takes part already",
        ]
    );
}

#[test]
fn a_daemon_s_own_words_are_a_policy_too() {
    let scenario =
        under("[policy]\nmax_download_rate = '2mbit'\nmax_connections = 12\nclass = 'slow'").scenario;
    assert_eq!(scenario.peer.download_limit.map(|line| line.to_string()).as_deref(), Some("2mbit"));
    assert_eq!(scenario.group[0].peer.download_limit, None);
    assert_eq!(scenario.scheduler.connections_max, Some(12));
    assert_eq!(scenario.peer.class, Some(CapacityClass::Slow));
}

/// The least and the most of each unit, and what 0 says.
#[test]
fn numbers_at_their_bounds_are_taken() {
    let policy = "[policy]\nDOMaxForegroundDownloadBandwidth = 8\nDOMaxBackgroundDownloadBandwidth = 0\n\
                  DOMaxDownloadBandwidth = 1\nDODelayForegroundDownloadFromHttp = 3600000\nmax_upload_rate = '0'\n\
                  DODelayBackgroundDownloadFromHttp = 0\nmax_connections = 64";
    let scenario = under(policy).scenario;
    let peer = &scenario.peer;
    let limits = [peer.foreground_limit, peer.background_limit].map(|cap| cap.unwrap().to_string());
    assert_eq!(limits, ["64kbit", "unlimited"]);
    assert_eq!(
        [peer.download_limit, peer.upload_limit].map(|line| line.unwrap().to_string()),
        ["8kbit", "unlimited"]
    );
    assert_eq!(peer.foreground_delay, Some(crate::scenario::TIME_MAX));
    assert_eq!((peer.background_delay, scenario.scheduler.connections_max), (Some(Span::secs(0)), Some(64)));
}

#[test]
fn what_nobody_knows_or_is_out_of_bounds_is_refused_by_name() {
    for (policy, why) in [
        ("site.peers = 4", "the office stays as it is"),
        ("scheduler.windows = 9", "windows"),
        ("policy = 3", "policy = 3 cannot be; write a table: [policy]"),
        ("scheduler.window = 25", "scheduler.window = 25 cannot be; it must lie from 1 to 24"),
        ("policy.max_connections = 65", "policy.max_connections = 65 cannot be; it must lie from 1 to 64"),
        ("policy.max_connections = 'few'", "policy.max_connections = \"few\" cannot be"),
        ("policy.max_download_rate = 'fast'", "5MB/s or 2MiB/s, or unlimited"),
        (
            "policy.DOMaxForegroundDownloadBandwidth = 7",
            "policy.DOMaxForegroundDownloadBandwidth = 7 cannot be; it is a number of kilobytes each second, \
             8 to 4294967295, or 0 for no limit",
        ),
        ("policy.DOMaxBackgroundDownloadBandwidth = 4294967296", "8 to 4294967295"),
        ("policy.DOMaxDownloadBandwidth = -1", "1 to 4294967295, or 0 for no limit"),
        (
            "policy.DODelayForegroundDownloadFromHttp = 3600001",
            "DODelayForegroundDownloadFromHttp = 3600001 cannot be; it is a number of seconds, 0 to 3600000",
        ),
        ("policy.frobnicate = 3", "frobnicate"),
        ("policy.DOFrobnicate = 3", "DOFrobnicate"),
        ("policy.DODownloadMode = 7", "DODownloadMode"),
        ("policy.DOPercentageMaxBackgroundBandwidth = 101", "0 to 100"),
        ("policy.DOSetHoursToLimitBackgroundDownloadBandwidth_From = 8", "_From = 8 cannot be; say DOSet"),
        ("policy.DOSetHoursToLimitBackgroundDownloadBandwidth_To = 24", "0 to 23"),
        ("policy.background_limit_in_hours = '5%'", "say which hours"),
        ("strategy = 'best'", "best"),
    ] {
        assert!(refused(policy).contains(why), "{policy}: {}", refused(policy));
    }
}
