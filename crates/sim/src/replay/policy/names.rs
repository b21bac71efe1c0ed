//! The names that Windows Delivery Optimization has for its policies, as they stand in the registry: into our own, or left
//! out with the reason.

use toml::{Table, Value};

use super::bound;
use crate::scenario::ScenarioError;

/// Keys whose value is a number in a unit, and what they are called here.
const NUMBERS: [(&str, &str, Unit); 12] = [
    ("DODelayForegroundDownloadFromHttp", "foreground_delay", Unit::Seconds),
    ("DODelayBackgroundDownloadFromHttp", "background_delay", Unit::Seconds),
    ("DOMaxDownloadBandwidth", "download_limit", Unit::KBytes),
    ("DOMaxUploadBandwidth", "upload_limit", Unit::KBytes),
    // A rate is given for slow lines, where a part of the line says little; so it comes first, and wins.
    ("DOMaxForegroundDownloadBandwidth", "foreground_limit", Unit::KBytes),
    ("DOMaxBackgroundDownloadBandwidth", "background_limit", Unit::KBytes),
    ("DOPercentageMaxForegroundBandwidth", "foreground_limit", Unit::Percent),
    ("DOPercentageMaxBackgroundBandwidth", "background_limit", Unit::Percent),
    ("DOSetHoursToLimitForegroundDownloadBandwidth_In", "foreground_limit_in_hours", Unit::Percent),
    ("DOSetHoursToLimitBackgroundDownloadBandwidth_In", "background_limit_in_hours", Unit::Percent),
    ("DOSetHoursToLimitForegroundDownloadBandwidth_Out", "foreground_limit", Unit::Percent),
    ("DOSetHoursToLimitBackgroundDownloadBandwidth_Out", "background_limit", Unit::Percent),
];

/// Both ends of the hours of each class.
const HOURS: [(&str, &str); 2] = [
    ("DOSetHoursToLimitForegroundDownloadBandwidth_From", "DOSetHoursToLimitForegroundDownloadBandwidth_To"),
    ("DOSetHoursToLimitBackgroundDownloadBandwidth_From", "DOSetHoursToLimitBackgroundDownloadBandwidth_To"),
];

/// Known, and nothing in an office corresponds to it.
const WITHOUT_MEANING: [(&str, &str); 26] = [
    ("DOGroupId", "an office is one group"),
    ("DOGroupIdSource", "an office is one group"),
    ("DORestrictPeerSelectionBy", "all of an office are on one LAN"),
    ("DOMinRAMAllowedToPeer", "a trace does not tell how much memory there is"),
    ("DOMinDiskSizeAllowedToPeer", "a trace does not tell how large disks are"),
    ("DOMinFileSizeToCache", "what was traced was shared"),
    ("DOMinBatteryPercentageAllowedToUpload", "a trace does not tell of batteries"),
    ("DOAllowVPNPeerCaching", "a trace does not tell of tunnels"),
    ("DOVpnKeywords", "a trace does not tell of tunnels"),
    ("DOMaxCacheSize", "nothing is evicted"),
    ("DOAbsoluteMaxCacheSize", "nothing is evicted"),
    ("DOMaxCacheAge", "nothing is evicted"),
    ("DOModifyCacheDrive", "disks have no names"),
    ("DOMonthlyUploadDataCap", "it is about peers in the Internet, of which there are none"),
    ("DOMinBackgroundQos", "a site agrees on who fetches what, and no rate is the floor"),
    ("DOPercentageMaxDownloadBandwidth", "it was replaced by one for each class"),
    ("DODelayCacheServerFallbackForeground", "there is no cache server"),
    ("DODelayCacheServerFallbackBackground", "there is no cache server"),
    ("DOCacheHost", "there is no cache server"),
    ("DOCacheHostSource", "there is no cache server"),
    ("DODisallowCacheServerDownloadsOnVPN", "there is no cache server"),
    ("discovery", "who met whom is part of the office"),
    ("listen", "machines have no addresses"),
    ("peers", "who met whom is part of the office"),
    ("transport", "lines carry what they were measured to carry"),
    ("state_dir", "nothing is stored"),
];

#[derive(Clone, Copy)]
enum Unit {
    Seconds,
    KBytes,
    Percent,
}

impl Unit {
    /// As our own keys write it. 0 is no limit, and no delay.
    fn written(self, number: i64) -> Option<String> {
        match (self, number) {
            (Self::Seconds, 0..=4_294_967_295) => Some(format!("{number}s")),
            (Self::KBytes | Self::Percent, 0) => Some("unlimited".into()),
            (Self::KBytes, 1..=4_294_967_295) => Some(format!("{number}kB/s")),
            (Self::Percent, 1..=100) => Some(format!("{number}%")),
            _ => None,
        }
    }

    fn bounds(self) -> &'static str {
        match self {
            Self::Seconds => "it is a number of seconds, 0 to 4294967295",
            Self::KBytes => "it is a number of kilobytes each second, 0 to 4294967295",
            Self::Percent => "it is a number of percent, 0 to 100",
        }
    }
}

/// Puts our own keys in place of the others.
pub(super) fn translate(table: &mut Table, left_out: &mut Vec<String>) -> Result<(), ScenarioError> {
    for (name, why) in WITHOUT_MEANING {
        if table.remove(name).is_some() {
            left_out.push(format!("policy.{name}: {why}"));
        }
    }
    mode(table, left_out)?;
    for (name, key, unit) in NUMBERS {
        let Some(value) = table.remove(name) else { continue };
        let number = value.as_integer().and_then(|number| unit.written(number));
        let written =
            number.ok_or_else(|| bound(&format!("policy.{name}"), &value.to_string(), unit.bounds()))?;
        put(table, (name, key), Value::String(written), left_out);
    }
    for (from, to) in HOURS {
        let hour = |table: &mut Table, name: &str| {
            let value = table.remove(name)?;
            let hour = value.as_integer().filter(|hour| (0..24).contains(hour));
            let way_out = "it is an hour, 0 to 23";
            Some(hour.ok_or_else(|| bound(&format!("policy.{name}"), &value.to_string(), way_out)))
        };
        match (hour(table, from).transpose()?, hour(table, to).transpose()?) {
            (None, None) => {}
            (Some(begin), Some(end)) => {
                put(table, (from, "hours"), Value::String(format!("{begin}:00..{end}:00")), left_out);
            }
            (Some(_), None) => {
                return Err(bound(&format!("policy.{from}"), "given", &format!("say {to} too")));
            }
            (None, Some(_)) => {
                return Err(bound(&format!("policy.{to}"), "given", &format!("say {from} too")));
            }
        }
    }
    Ok(())
}

/// What is said already stays; another word for it that says something else is left out.
fn put(table: &mut Table, (name, key): (&str, &str), value: Value, left_out: &mut Vec<String>) {
    match table.get(key) {
        None => _ = table.insert(key.into(), value),
        Some(said) if as_written(said) == as_written(&value) => {}
        Some(said) => left_out.push(format!("policy.{name}: {key} is {} already", as_written(said))),
    }
}

/// `8..17` and `8:00..17:00` are the same.
fn as_written(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse::<crate::scenario::DayPart>().map_or(text, |hours| hours.to_string())
}

fn mode(table: &mut Table, left_out: &mut Vec<String>) -> Result<(), ScenarioError> {
    const NAME: &str = "DODownloadMode";
    let Some(value) = table.remove(NAME) else { return Ok(()) };
    let mode = match value.as_integer() {
        Some(0 | 99 | 100) => "http-only",
        Some(1) => "lan",
        Some(2) => "group",
        Some(3) => {
            left_out.push(format!("policy.{NAME}: of 3, peers in the Internet; those on the LAN take part"));
            "lan"
        }
        _ => {
            let way_out = "it is 0, 99 or 100 (HTTP only), 1 (LAN), 2 (group) or 3";
            return Err(bound(&format!("policy.{NAME}"), &value.to_string(), way_out));
        }
    };
    put(table, (NAME, "mode"), Value::String(mode.into()), left_out);
    Ok(())
}
