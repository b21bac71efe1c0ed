//! Enums with published numbers.

use super::LinkCost;

/// An enum whose values are published, as documentation reads it.
pub trait Numbered: Copy + Sized + 'static {
    /// The published name of the enum.
    const PUBLISHED: &'static str;
    /// All values, in order.
    const ALL: &'static [Self];

    /// The published number.
    fn number(self) -> u32;
    /// The published name.
    fn label(self) -> &'static str;
    /// What it means, in one line.
    fn meaning(self) -> &'static str;
}

numbered! {
    /// Where a job of the legacy face stands.
    JobState, "BG_JOB_STATE" {
        0 Queued "QUEUED" "waits for its turn",
        1 Connecting "CONNECTING" "never reported here",
        2 Transferring "TRANSFERRING" "bytes are moving",
        3 Suspended "SUSPENDED" "new or paused; waits for the client",
        4 Error "ERROR" "failed until the client does something about it",
        5 TransientError "TRANSIENT_ERROR" "failed for now, tried again by itself",
        6 Transferred "TRANSFERRED" "all is here, waits for Complete",
        7 Acknowledged "ACKNOWLEDGED" "final: the files are handed over",
        8 Cancelled "CANCELLED" "final: removed by Cancel or by age",
    }
}

numbered! {
    /// How urgent a job of the legacy face is. All but the first are the same background class.
    JobPriority, "BG_JOB_PRIORITY" {
        0 Foreground "FOREGROUND" "somebody waits for it",
        1 High "HIGH" "background",
        2 Normal "NORMAL" "background; the default",
        3 Low "LOW" "background",
    }
}

impl JobPriority {
    /// The class in which the scheduler sees it.
    pub fn class(self) -> swarmline_types::Priority {
        match self {
            Self::Foreground => swarmline_types::Priority::Foreground,
            Self::High | Self::Normal | Self::Low => swarmline_types::Priority::Background,
        }
    }
}

numbered! {
    /// What a job does. Only downloads exist here.
    JobType, "BG_JOB_TYPE" {
        0 Download "DOWNLOAD" "fetches files",
        1 Upload "UPLOAD" "E_NOTIMPL",
        2 UploadReply "UPLOAD_REPLY" "E_NOTIMPL",
    }
}

numbered! {
    /// Where an error of the legacy face happened.
    ErrorContext, "BG_ERROR_CONTEXT" {
        0 None "NONE" "everything but the next one that is reported",
        1 Unknown "UNKNOWN" "never reported here",
        2 QueueManager "GENERAL_QUEUE_MANAGER" "never reported here",
        3 Notification "QUEUE_MANAGER_NOTIFICATION" "never reported here",
        4 LocalFile "LOCAL_FILE" "never reported here",
        5 RemoteFile "REMOTE_FILE" "the server answered 403",
        6 Transport "GENERAL_TRANSPORT" "never reported here",
        7 RemoteApplication "REMOTE_APPLICATION" "never reported here",
    }
}

numbered! {
    /// Where a download of the modern face stands.
    DownloadState, "DODownloadState" {
        0 Created "Created" "never started",
        1 Transferring "Transferring" "runs, waits for its turn or tries again",
        2 Transferred "Transferred" "all that was asked for is here",
        3 Finalized "Finalized" "final: the result is permanent",
        4 Aborted "Aborted" "final: discarded",
        5 Paused "Paused" "by the client, by a condition, or by an error; the status tells which",
    }
}

numbered! {
    /// On which links a download of the modern face may run.
    DownloadCostPolicy, "DODownloadCostPolicy" {
        0 Always "Always" "on every link; the default in the foreground",
        1 Unrestricted "Unrestricted" "not on links that are metered in any way",
        2 Standard "Standard" "not over or near the limit; the default in the background",
        3 NoRoaming "NoRoaming" "not while roaming",
        4 NoSurcharge "NoSurcharge" "not over the limit",
        5 NoCellular "NoCellular" "not on cellular links",
    }
}

impl DownloadCostPolicy {
    /// Whether a transfer may run on this link.
    pub fn allows(self, link: LinkCost, cellular: bool) -> bool {
        let refused = match self {
            Self::Always => 0,
            Self::Unrestricted => !LinkCost::UNRESTRICTED.bits(),
            Self::Standard => {
                let over = LinkCost::OVERCAP_CHARGED.bits() | LinkCost::OVERCAP_THROTTLED.bits();
                LinkCost::NEAR_CAP.bits() | LinkCost::ROAMING.bits() | over
            }
            Self::NoRoaming => LinkCost::ROAMING.bits(),
            Self::NoSurcharge => LinkCost::OVERCAP_CHARGED.bits() | LinkCost::ROAMING.bits(),
            Self::NoCellular => return !cellular,
        };
        link.bits() & refused == 0
    }
}

numbered! {
    /// Whom a download may share with.
    DownloadMode, "DownloadMode" {
        0 CdnOnly "CdnOnly" "nobody: the origin alone",
        1 Lan "Lan" "peers of the same network",
        2 Group "Group" "peers of one group, across networks",
        3 Internet "Internet" "peers anywhere",
        99 Simple "Simple" "nobody: plain HTTP without a manifest",
        100 Bypass "Bypass" "like Simple here",
    }
}

numbered! {
    /// Where a file stands in its swarm.
    SwarmStatus, "SwarmStatus" {
        0 Downloading "Downloading" "runs or waits for its turn",
        1 Complete "Complete" "all is here",
        2 Caching "Caching" "handed over and still served",
        3 Paused "Paused" "neither",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Numbered + TryFrom<u32> + PartialEq + std::fmt::Debug>() {
        let mut last = None;
        for value in T::ALL {
            assert_eq!(T::try_from(value.number()).ok(), Some(*value));
            assert!(last < Some(value.number()), "in order: {value:?}");
            last = Some(value.number());
        }
        for number in (0..300).filter(|number| T::ALL.iter().all(|value| value.number() != *number)) {
            assert!(T::try_from(number).is_err(), "{number}");
        }
    }

    #[test]
    fn every_number_comes_back_and_no_other_is_taken() {
        check::<JobState>();
        check::<JobPriority>();
        check::<JobType>();
        check::<ErrorContext>();
        check::<DownloadState>();
        check::<DownloadCostPolicy>();
        check::<DownloadMode>();
        check::<SwarmStatus>();
    }

    #[test]
    fn the_modern_policies_refuse_what_their_names_say() {
        use DownloadCostPolicy as P;
        let allowed = |link, cellular| {
            P::ALL.iter().map(|p| if p.allows(link, cellular) { '+' } else { '-' }).collect::<String>()
        };
        //                                                      Always Unrestricted Standard NoRoaming NoSurcharge NoCellular
        assert_eq!(allowed(LinkCost::UNRESTRICTED, false), "++++++");
        assert_eq!(allowed(LinkCost::BELOW_CAP, false), "+-++++");
        assert_eq!(allowed(LinkCost::NEAR_CAP, false), "+--+++");
        assert_eq!(allowed(LinkCost::OVERCAP_CHARGED, false), "+--+-+");
        assert_eq!(allowed(LinkCost::ROAMING, false), "+----+");
        assert_eq!(allowed(LinkCost::UNRESTRICTED, true), "+++++-");
    }
}
