//! The lists of this crate as Markdown: what `docs/com-api.md` shows between its markers.

use std::fmt::Write;

use crate::machine::table::{DOWNLOAD_TABLE, EVENT_TABLE, JOB_TABLE, Verdict};
use crate::words::{
    Access, Answer, CostPolicyFlags, DOWNLOAD_PROPERTIES, DownloadCostPolicy, DownloadMode, DownloadState,
    ErrorContext, FILE_PROPERTIES, HResult, INTERFACES, Interface, JOB_PROPERTIES, JobPriority, JobState,
    JobType, LinkCost, Method, NOT_IMPLEMENTED_INTERFACES, NotifyFlags, Numbered, Party, Phase, PropertyRow,
    SecurityFlags, SettableIn, SwarmStatus, Usage, guid_text,
};

/// All tables of the API as Markdown: interfaces with their methods, properties, enums, flags, states, codes.
///
/// The page that holds them is written by `cargo xtask com-api`.
pub fn tables() -> String {
    let mut page = String::new();
    interfaces(&mut page);
    properties(&mut page);
    states(&mut page);
    enums(&mut page);
    flags(&mut page);
    codes(&mut page);
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

/// Writing to a `String` cannot fail.
fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = page.write_fmt(text);
    page.push('\n');
}

macro_rules! line {
    ($page:expr, $($text:tt)*) => { line($page, format_args!($($text)*)) };
}

fn head(page: &mut String, title: &str, columns: &[&str]) {
    line!(page, "### {title}\n");
    line!(page, "| {} |", columns.join(" | "));
    line!(page, "|{}", "---|".repeat(columns.len()));
}

fn interfaces(page: &mut String) {
    line!(page, "## Interfaces\n");
    for interface in INTERFACES {
        line!(page, "### {}\n", interface.name);
        let base = interface.base.map_or_else(String::new, |base| format!(", after the slots of {base}"));
        let party = match interface.party {
            Party::Service => "implemented here",
            Party::Client => "implemented by the client",
        };
        line!(page, "`{}`, {party}{base}.\n", guid_text(&interface.iid));
        line!(page, "| slot | method | |\n|---|---|---|");
        for method in interface.methods {
            line!(page, "| {} | {} | {} |", method.slot, method.name, answer(interface, method));
        }
        page.push('\n');
    }
    for (name, why) in NOT_IMPLEMENTED_INTERFACES {
        line!(page, "### {name}\n\nNot implemented, by design: {why}.\n");
    }
}

fn answer(interface: &Interface, method: &Method) -> String {
    match (method.answer, interface.party) {
        (Answer::Implemented, Party::Service) => "implemented".into(),
        (Answer::Implemented, Party::Client) => "called".into(),
        (Answer::Refused(_), Party::Client) => "never called, by design".into(),
        (Answer::Refused(code), Party::Service) => format!("returns {} by design", name_of(code)),
    }
}

fn name_of(code: HResult) -> &'static str {
    code.name().unwrap_or("?")
}

fn properties(page: &mut String) {
    line!(page, "## Properties\n");
    property_table(page, "DODownloadProperty", DOWNLOAD_PROPERTIES);
    property_table(page, "DOFilePropertyId", FILE_PROPERTIES);
    property_table(page, "BITS_JOB_PROPERTY_ID", JOB_PROPERTIES);
    head(page, "Single ones", &["id", "name", "access", "meaning"]);
    line!(
        page,
        "| 0 | DOJobPropertyId_ExtendedErrorInfo | read | VT_BSTR, JSON about the last failure; before one: E_NOT_SET |"
    );
    line!(
        page,
        "| 1 | BITS_FILE_PROPERTY_ID_HTTP_RESPONSE_HEADERS | read | headers of the last answer; before one: E_NOT_SET |\n"
    );
    line!(page, "Every other id returns DO_E_UNKNOWN_PROPERTY_ID.\n");
}

fn property_table(page: &mut String, title: &str, rows: &[PropertyRow]) {
    head(page, title, &["id", "name", "type", "access", "settable", "default", "meaning"]);
    for row in rows {
        line!(
            page,
            "| {} | {} | {} | {} | {} | {} | {} |",
            row.id,
            row.name,
            row.kind.published().replace('|', "\\|"),
            access(row.access),
            settable(row.settable),
            row.default.unwrap_or("E_NOT_SET"),
            row.meaning
        );
    }
    page.push('\n');
}

fn access(access: Access) -> String {
    match access {
        Access::Read => "read".into(),
        Access::Write => "write".into(),
        Access::ReadWrite => "read, write".into(),
        Access::Refused(code) => format!("returns {} by design", name_of(code)),
    }
}

fn settable(settable: SettableIn) -> &'static str {
    match settable {
        SettableIn::Never => "never",
        SettableIn::New => "before the first start",
        SettableIn::NewOrPaused => "before the first start and while paused",
        SettableIn::Suspended => "while the job is suspended",
        SettableIn::NonFinal => "until it is final",
        SettableIn::Always => "always",
    }
}

fn states(page: &mut String) {
    line!(page, "## State tables\n");
    head(page, "What each face calls a state", &["state", "BG_JOB_STATE", "DODownloadState", "SwarmStatus"]);
    for phase in Phase::ALL {
        let (job, download, swarm) = (phase.job_state(), phase.download_state(), phase.swarm_status());
        line!(page, "| {phase:?} | {job} | {download} | {swarm} |");
    }
    page.push('\n');
    phase_table(page, "Calls of a job", JOB_TABLE, |verdict| verdict_text(*verdict));
    phase_table(page, "Calls of a download", DOWNLOAD_TABLE, |verdict| verdict_text(*verdict));
    phase_table(page, "Events", EVENT_TABLE, |next| {
        next.map_or_else(|| "·".into(), |phase| format!("{phase:?}"))
    });
}

fn phase_table<K: std::fmt::Debug, T>(
    page: &mut String,
    title: &str,
    table: &[(K, [T; Phase::ALL.len()])],
    text: impl Fn(&T) -> String,
) {
    let names: Vec<String> = Phase::ALL.iter().map(|phase| format!("{phase:?}")).collect();
    let columns: Vec<&str> = std::iter::once("").chain(names.iter().map(String::as_str)).collect();
    head(page, title, &columns);
    for (row, cells) in table {
        let cells: Vec<String> = cells.iter().map(&text).collect();
        line!(page, "| {row:?} | {} |", cells.join(" | "));
    }
    page.push('\n');
}

fn verdict_text(verdict: Verdict) -> String {
    match verdict {
        Verdict::Refuse => "invalid",
        Verdict::Stay => "stays",
        Verdict::Start => "Queued",
        Verdict::StartMore => "Queued if something was added",
        Verdict::Pause => "Suspended",
        Verdict::HandOver => "HandedOver",
        Verdict::Discard => "Discarded",
    }
    .into()
}

fn enums(page: &mut String) {
    line!(page, "## Enums\n");
    numbered::<JobState>(page);
    numbered::<DownloadState>(page);
    numbered::<JobPriority>(page);
    numbered::<JobType>(page);
    numbered::<ErrorContext>(page);
    numbered::<DownloadCostPolicy>(page);
    numbered::<DownloadMode>(page);
    numbered::<SwarmStatus>(page);
}

fn numbered<T: Numbered>(page: &mut String) {
    head(page, T::PUBLISHED, &["value", "name", "meaning"]);
    for value in T::ALL {
        line!(page, "| {} | {} | {} |", value.number(), value.label(), value.meaning());
    }
    page.push('\n');
}

fn flags(page: &mut String) {
    line!(page, "## Flags\n");
    head(page, "BG_NOTIFY", &["bit", "name", "callback"]);
    for (flag, name, meaning) in NotifyFlags::TABLE {
        line!(page, "| 0x{:02X} | {name} | {meaning} |", flag.bits());
    }
    line!(page, "\nEvery other bit returns E_NOTIMPL.\n");
    head(page, "BITS_JOB_TRANSFER_POLICY", &["value", "name", "runs on"]);
    for (policy, name, meaning) in CostPolicyFlags::TABLE {
        line!(page, "| 0x{:08X} | {name} | {meaning} |", policy.bits());
    }
    page.push('\n');
    head(page, "BITS_COST_STATE", &["bit", "name"]);
    for (cost, name) in LinkCost::TABLE {
        line!(page, "| 0x{:02X} | {name} |", cost.bits());
    }
    page.push('\n');
    head(page, "SecurityFlags", &["bit", "meaning"]);
    for (flag, meaning) in SecurityFlags::TABLE {
        line!(page, "| 0x{:04X} | {meaning} |", flag.bits());
    }
    page.push('\n');
}

fn codes(page: &mut String) {
    line!(page, "## Codes\n");
    line!(page, "| value | name | | meaning |\n|---|---|---|---|");
    for code in HResult::ALL {
        let usage = match code.usage {
            Usage::Given => "returned",
            Usage::Never => "never returned, by design",
        };
        line!(page, "| 0x{:08X} | {} | {usage} | {} |", code.value.to_u32(), code.name, code.meaning);
    }
    line!(page, "| 0xC0D0xxxx | | returned | an error number of the system, in the lower half |");
}
