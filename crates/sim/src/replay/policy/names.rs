//! The names that Windows Delivery Optimization has for its policies, as they stand in the registry: into our own, or left
//! out with the reason.

use swarmline_scheduler::CLASS_RATE_MIN;
use toml::{Table, Value};

use crate::scenario::{ScenarioError, TIME_MAX, whole};

/// Keys whose value is a number in a unit, and what they are called here.
const NUMBERS: [(&str, &str, Unit); 12] = [
    ("DODelayForegroundDownloadFromHttp", "foreground_delay", Unit::Seconds),
    ("DODelayBackgroundDownloadFromHttp", "background_delay", Unit::Seconds),
    ("DOMaxDownloadBandwidth", "download_limit", Unit::KBytes),
    ("DOMaxUploadBandwidth", "upload_limit", Unit::KBytes),
    // A rate is given for slow lines, where a part of the line says little; so it comes first, and wins.
    ("DOMaxForegroundDownloadBandwidth", "foreground_limit", Unit::ClassKBytes),
    ("DOMaxBackgroundDownloadBandwidth", "background_limit", Unit::ClassKBytes),
    ("DOPercentageMaxForegroundBandwidth", "foreground_limit", Unit::Percent),
    ("DOPercentageMaxBackgroundBandwidth", "background_limit", Unit::Percent),
    ("DOSetHoursToLimitForegroundDownloadBandwidth_In", "foreground_limit_in_hours", Unit::Percent),
    ("DOSetHoursToLimitBackgroundDownloadBandwidth_In", "background_limit_in_hours", Unit::Percent),
    ("DOSetHoursToLimitForegroundDownloadBandwidth_Out", "foreground_limit", Unit::Percent),
    ("DOSetHoursToLimitBackgroundDownloadBandwidth_Out", "background_limit", Unit::Percent),
];

/// Limits as the daemon's configuration has them.
const RATES: [&str; 2] = ["max_download_rate", "max_upload_rate"];

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

/// What a number counts. 0 is no limit, and no delay.
#[derive(Clone, Copy)]
enum Unit {
    /// A delay.
    Seconds,
    /// A limit on everything.
    KBytes,
    /// A limit on one class, which has a floor.
    ClassKBytes,
    /// A part of the line.
    Percent,
}

impl Unit {
    /// The least and the most, beside the 0 that is no limit.
    fn bounds(self) -> (u64, u64) {
        match self {
            Self::Seconds => (0, TIME_MAX.0.as_secs()),
            Self::KBytes => (1, u32::MAX.into()),
            Self::ClassKBytes => (CLASS_RATE_MIN.as_bytes_per_s().div_ceil(1000), u32::MAX.into()),
            Self::Percent => (1, 100),
        }
    }

    /// As our own keys write it; `None` out of bounds.
    fn written(self, value: &Value) -> Option<String> {
        let number = u64::try_from(value.as_integer()?).ok()?;
        let (least, most) = self.bounds();
        match self {
            Self::KBytes | Self::ClassKBytes | Self::Percent if number == 0 => Some("unlimited".into()),
            _ if !(least..=most).contains(&number) => None,
            Self::Seconds => Some(format!("{number}s")),
            Self::KBytes | Self::ClassKBytes => Some(format!("{number}kB/s")),
            Self::Percent => Some(format!("{number}%")),
        }
    }

    fn way_out(self) -> String {
        let (least, most) = self.bounds();
        match self {
            Self::Seconds => format!("it is a number of seconds, {least} to {most}"),
            Self::KBytes | Self::ClassKBytes => {
                format!("it is a number of kilobytes each second, {least} to {most}, or 0 for no limit")
            }
            Self::Percent => format!("it is a number of percent, 0 to {most}"),
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
    RATES.into_iter().for_each(|name| zero_is_no_limit(table, name));
    for (name, key, unit) in NUMBERS {
        let Some(value) = table.remove(name) else { continue };
        let refused = || ScenarioError::bound(&format!("policy.{name}"), &value, unit.way_out());
        let written = unit.written(&value).ok_or_else(refused)?;
        put(table, (name, key), Value::String(written), left_out);
    }
    for (from, to) in HOURS {
        let alone = |name: &str, hour, other: &str| {
            Err(ScenarioError::bound(&format!("policy.{name}"), hour, format!("say {other} too")))
        };
        match (hour(table, from)?, hour(table, to)?) {
            (None, None) => {}
            (Some(begin), Some(end)) => {
                put(table, (from, "hours"), Value::String(format!("{begin}:00..{end}:00")), left_out);
            }
            (Some(begin), None) => return alone(from, begin, to),
            (None, Some(end)) => return alone(to, end, from),
        }
    }
    Ok(())
}

/// The daemon takes a rate of 0 for none; the line of a scenario must have one.
fn zero_is_no_limit(table: &mut Table, name: &str) {
    if let Some(Value::String(rate)) = table.get_mut(name).filter(|rate| rate.as_str() == Some("0")) {
        "unlimited".clone_into(rate);
    }
}

/// Takes out an hour, 0 to 23.
fn hour(table: &mut Table, name: &str) -> Result<Option<Value>, ScenarioError> {
    let Some(value) = table.remove(name) else { return Ok(None) };
    whole(&format!("policy.{name}"), &value, 0, 23)?;
    Ok(Some(value))
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
            return Err(ScenarioError::bound(&format!("policy.{NAME}"), value, way_out));
        }
    };
    put(table, (NAME, "mode"), Value::String(mode.into()), left_out);
    Ok(())
}
