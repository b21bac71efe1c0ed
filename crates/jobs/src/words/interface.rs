//! Every interface: name, IID, base, methods by slot, and what each method answers here.
//!
//! Slots 0 to 2 are those of IUnknown everywhere. `docs/com-api.md` is printed from this table, and the binary
//! interface is compared with it.

use super::{Guid, HResult};

/// What a method does here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// It works.
    Implemented,
    /// It gives this code and nulls what it would return, by design.
    Refused(HResult),
}

/// Who implements an interface.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Party {
    /// The service; clients call it.
    Service,
    /// The client; the service calls it.
    Client,
}

/// One method.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// Its place in the vtable, counted from 0.
    pub slot: u16,
    /// Its published name.
    pub name: &'static str,
    /// What it does here.
    pub answer: Answer,
}

/// One interface.
#[derive(Clone, Copy, Debug)]
pub struct Interface {
    /// Its published name.
    pub name: &'static str,
    /// Its id.
    pub iid: Guid,
    /// The interface whose slots come first.
    pub base: Option<&'static str>,
    /// Who implements it.
    pub party: Party,
    /// Its own methods, in the order of their slots.
    pub methods: &'static [Method],
}

impl Interface {
    /// The interface with this published name.
    pub fn named(name: &str) -> Option<&'static Self> {
        INTERFACES.iter().find(|interface| interface.name == name)
    }
}

/// Interfaces that are published without an id, so that nobody can ask for them.
pub const NOT_IMPLEMENTED_INTERFACES: &[(&str, &str)] = &[(
    "IDODownloadInternal",
    "withdrawn, and its id is not published; each of its properties has a twin in DODownloadProperty",
)];

const fn works(slot: u16, name: &'static str) -> Method {
    Method { slot, name, answer: Answer::Implemented }
}

const fn refused(slot: u16, name: &'static str) -> Method {
    Method { slot, name, answer: Answer::Refused(HResult::E_NOTIMPL) }
}

macro_rules! interfaces {
    (
        $( $constant:ident $name:literal $iid:literal $base:expr, $party:ident [ $( $kind:ident $slot:literal $method:literal, )* ] )*
    ) => {
        /// Interface ids.
        pub mod iid {
            use super::Guid;

            $(
                #[doc = concat!("`", $name, "`.")]
                pub const $constant: Guid = Guid::from_u128($iid);
            )*
        }

        /// All interfaces: bases first, the support interfaces at the end.
        pub const INTERFACES: &[Interface] = &[
            $( Interface {
                name: $name,
                iid: iid::$constant,
                base: $base,
                party: Party::$party,
                methods: &[ $( $kind($slot, $method) ),* ],
            }, )*
        ];
    };
}

const UNKNOWN: Option<&str> = Some("IUnknown");

interfaces! {
    BACKGROUND_COPY_MANAGER "IBackgroundCopyManager" 0x5CE34C0D_0DC9_4C1F_897C_DAA1B78CEE7C UNKNOWN, Service [
        works 3 "CreateJob",
        works 4 "GetJob",
        works 5 "EnumJobs",
        works 6 "GetErrorDescription",
    ]
    BACKGROUND_COPY_JOB "IBackgroundCopyJob" 0x37668D37_507E_4160_9316_26306D150B12 UNKNOWN, Service [
        works 3 "AddFileSet",
        works 4 "AddFile",
        works 5 "EnumFiles",
        works 6 "Suspend",
        works 7 "Resume",
        works 8 "Cancel",
        works 9 "Complete",
        works 10 "GetId",
        works 11 "GetType",
        works 12 "GetProgress",
        works 13 "GetTimes",
        works 14 "GetState",
        works 15 "GetError",
        refused 16 "GetOwner",
        refused 17 "SetDisplayName",
        works 18 "GetDisplayName",
        refused 19 "SetDescription",
        refused 20 "GetDescription",
        works 21 "SetPriority",
        works 22 "GetPriority",
        works 23 "SetNotifyFlags",
        works 24 "GetNotifyFlags",
        works 25 "SetNotifyInterface",
        works 26 "GetNotifyInterface",
        refused 27 "SetMinimumRetryDelay",
        refused 28 "GetMinimumRetryDelay",
        works 29 "SetNoProgressTimeout",
        works 30 "GetNoProgressTimeout",
        works 31 "GetErrorCount",
        refused 32 "SetProxySettings",
        refused 33 "GetProxySettings",
        refused 34 "TakeOwnership",
    ]
    BACKGROUND_COPY_JOB2 "IBackgroundCopyJob2" 0x54B50739_686F_45EB_9DFF_D6A9A0FAA9AF Some("IBackgroundCopyJob"), Service [
        refused 35 "SetNotifyCmdLine",
        refused 36 "GetNotifyCmdLine",
        refused 37 "GetReplyProgress",
        refused 38 "GetReplyData",
        refused 39 "SetReplyFileName",
        refused 40 "GetReplyFileName",
        refused 41 "SetCredentials",
        refused 42 "RemoveCredentials",
    ]
    BACKGROUND_COPY_JOB3 "IBackgroundCopyJob3" 0x443C8934_90FF_48ED_BCDE_26F5C7450042 Some("IBackgroundCopyJob2"), Service [
        refused 43 "ReplaceRemotePrefix",
        refused 44 "AddFileWithRanges",
        refused 45 "SetFileACLFlags",
        refused 46 "GetFileACLFlags",
    ]
    BACKGROUND_COPY_JOB4 "IBackgroundCopyJob4" 0x659CDEAE_489E_11D9_A9CD_000D56965251 Some("IBackgroundCopyJob3"), Service [
        refused 47 "SetPeerCachingFlags",
        refused 48 "GetPeerCachingFlags",
        refused 49 "GetOwnerIntegrityLevel",
        refused 50 "GetOwnerElevationState",
        refused 51 "SetMaximumDownloadTime",
        refused 52 "GetMaximumDownloadTime",
    ]
    BACKGROUND_COPY_JOB5 "IBackgroundCopyJob5" 0xE847030C_BBBA_4657_AF6D_484AA42BF1FE Some("IBackgroundCopyJob4"), Service [
        works 53 "SetProperty",
        works 54 "GetProperty",
    ]
    DELIVERY_OPTIMIZATION_JOB "IDeliveryOptimizationJob" 0xEE2584CF_A69C_4848_B633_2649962B3EF7 UNKNOWN, Service [
        works 3 "AddFileWithRanges",
    ]
    DELIVERY_OPTIMIZATION_JOB2 "IDeliveryOptimizationJob2" 0x18995A26_BF59_4ABE_9F8B_D5092D5A2405 UNKNOWN, Service [
        works 3 "AddFile",
        works 4 "GetProperty",
        works 5 "SetProperty",
    ]
    ENUM_BACKGROUND_COPY_JOBS "IEnumBackgroundCopyJobs" 0x1AF4F612_3B71_466F_8F58_7B6F73AC57AD UNKNOWN, Service [
        works 3 "Next",
        works 4 "Skip",
        works 5 "Reset",
        works 6 "Clone",
        works 7 "GetCount",
    ]
    BACKGROUND_COPY_FILE "IBackgroundCopyFile" 0x01B7BD23_FB88_4A77_8490_5891D3E4653A UNKNOWN, Service [
        works 3 "GetRemoteName",
        works 4 "GetLocalName",
        works 5 "GetProgress",
    ]
    BACKGROUND_COPY_FILE2 "IBackgroundCopyFile2" 0x83E81B93_0873_474D_8A8C_F2018B1A939C Some("IBackgroundCopyFile"), Service [
        works 6 "GetFileRanges",
        works 7 "SetRemoteName",
    ]
    BACKGROUND_COPY_FILE3 "IBackgroundCopyFile3" 0x659CDEAA_489E_11D9_A9CD_000D56965251 Some("IBackgroundCopyFile2"), Service [
        refused 8 "GetTemporaryName",
        refused 9 "SetValidationState",
        refused 10 "GetValidationState",
        refused 11 "IsDownloadedFromPeer",
    ]
    BACKGROUND_COPY_FILE4 "IBackgroundCopyFile4" 0xEF7E0655_7888_4960_B0E5_730846E03492 Some("IBackgroundCopyFile3"), Service [
        refused 12 "GetPeerDownloadStats",
    ]
    BACKGROUND_COPY_FILE5 "IBackgroundCopyFile5" 0x85C1657F_DAFC_40E8_8834_DF18EA25717E Some("IBackgroundCopyFile4"), Service [
        works 13 "SetProperty",
        works 14 "GetProperty",
    ]
    DELIVERY_OPTIMIZATION_FILE "IDeliveryOptimizationFile" 0xB76B9699_E99E_4101_803F_A20E325D93E2 UNKNOWN, Service [
        works 3 "GetStats",
        works 4 "GetStats",
    ]
    DELIVERY_OPTIMIZATION_FILE2 "IDeliveryOptimizationFile2" 0x3A87296F_6EC2_4126_AB29_E3F8DC4CC390 UNKNOWN, Service [
        works 3 "GetProperty",
        works 4 "SetProperty",
    ]
    ENUM_BACKGROUND_COPY_FILES "IEnumBackgroundCopyFiles" 0xCA51E165_C365_424C_8D41_24AAA4FF3C40 UNKNOWN, Service [
        works 3 "Next",
        works 4 "Skip",
        works 5 "Reset",
        works 6 "Clone",
        works 7 "GetCount",
    ]
    BACKGROUND_COPY_ERROR "IBackgroundCopyError" 0x19C613A0_FCB8_4F28_81AE_897C3D078F81 UNKNOWN, Service [
        works 3 "GetError",
        works 4 "GetFile",
        works 5 "GetErrorDescription",
        refused 6 "GetErrorContextDescription",
        refused 7 "GetProtocol",
    ]
    BACKGROUND_COPY_CALLBACK "IBackgroundCopyCallback" 0x97EA99C7_0186_4AD4_8DF9_C5B4E0ED6B22 UNKNOWN, Client [
        works 3 "JobTransferred",
        works 4 "JobError",
        works 5 "JobModification",
    ]
    BACKGROUND_COPY_CALLBACK2 "IBackgroundCopyCallback2" 0x659CDEAC_489E_11D9_A9CD_000D56965251 Some("IBackgroundCopyCallback"), Client [
        works 6 "FileTransferred",
    ]
    BACKGROUND_COPY_CALLBACK3 "IBackgroundCopyCallback3" 0x98C97BD2_E32B_4AD8_A528_95FD8B16BD42 Some("IBackgroundCopyCallback2"), Client [
        refused 7 "FileRangesTransferred",
    ]
    DO_MANAGER "IDOManager" 0x400E2D4A_1431_4C1A_A748_39CA472CFDB1 UNKNOWN, Service [
        works 3 "CreateDownload",
        works 4 "EnumDownloads",
    ]
    DO_DOWNLOAD "IDODownload" 0xFBBD7FC0_C147_4727_A38D_827EF071EE77 UNKNOWN, Service [
        works 3 "Start",
        works 4 "Pause",
        works 5 "Abort",
        works 6 "Finalize",
        works 7 "GetStatus",
        works 8 "GetProperty",
        works 9 "SetProperty",
    ]
    DO_DOWNLOAD_STATUS_CALLBACK "IDODownloadStatusCallback" 0xD166E8E3_A90E_4392_8E87_05E996D3747D UNKNOWN, Client [
        works 3 "OnStatusChange",
    ]
    UNKNOWN "IUnknown" 0x00000000_0000_0000_C000_000000000046 None, Service [
        works 0 "QueryInterface",
        works 1 "AddRef",
        works 2 "Release",
    ]
    CLASS_FACTORY "IClassFactory" 0x00000001_0000_0000_C000_000000000046 UNKNOWN, Service [
        works 3 "CreateInstance",
        works 4 "LockServer",
    ]
    ENUM_UNKNOWN "IEnumUnknown" 0x00000100_0000_0000_C000_000000000046 UNKNOWN, Service [
        works 3 "Next",
        works 4 "Skip",
        works 5 "Reset",
        works 6 "Clone",
    ]
    SEQUENTIAL_STREAM "ISequentialStream" 0x0C733A30_2A1C_11CE_ADE5_00AA0044773D UNKNOWN, Client [
        refused 3 "Read",
        works 4 "Write",
    ]
    STREAM "IStream" 0x0000000C_0000_0000_C000_000000000046 Some("ISequentialStream"), Client [
        refused 5 "Seek",
        refused 6 "SetSize",
        refused 7 "CopyTo",
        refused 8 "Commit",
        refused 9 "Revert",
        refused 10 "LockRegion",
        refused 11 "UnlockRegion",
        refused 12 "Stat",
        refused 13 "Clone",
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Slots of an interface with those of its bases.
    fn end(interface: &Interface) -> u16 {
        interface.methods.last().expect("no interface is empty").slot + 1
    }

    #[test]
    fn slots_follow_those_of_the_base_without_a_gap() {
        for interface in INTERFACES {
            let first =
                interface.base.map_or(0, |base| end(Interface::named(base).expect("a base is listed")));
            let slots: Vec<u16> = interface.methods.iter().map(|method| method.slot).collect();
            assert_eq!(slots, (first..end(interface)).collect::<Vec<_>>(), "{}", interface.name);
        }
    }

    #[test]
    fn no_id_and_no_name_stands_twice() {
        let ids: BTreeSet<Guid> = INTERFACES.iter().map(|interface| interface.iid).collect();
        let names: BTreeSet<&str> = INTERFACES.iter().map(|interface| interface.name).collect();
        assert_eq!((ids.len(), names.len()), (INTERFACES.len(), INTERFACES.len()));
    }

    #[test]
    fn a_binary_interface_reads_the_fields_of_an_id() {
        let (a, b, c, rest) = iid::BACKGROUND_COPY_JOB.as_fields();
        assert_eq!((a, b, c), (0x3766_8D37, 0x507E, 0x4160));
        assert_eq!(rest, &[0x93, 0x16, 0x26, 0x30, 0x6D, 0x15, 0x0B, 0x12]);
    }
}
