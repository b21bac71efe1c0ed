//! The properties of jobs, files and downloads: id, type, access, when it may be set, default. One table each.

use super::{HResult, Phase, Value, ValueKind};

/// Who may do what with a property.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Setting it gives `DO_E_READ_ONLY_PROPERTY`.
    Read,
    /// Reading it gives `DO_E_WRITE_ONLY_PROPERTY`.
    Write,
    /// Both.
    ReadWrite,
    /// Both give this code, by design.
    Refused(HResult),
}

/// In which states a property may be set; in the others it gives `DO_E_INVALID_STATE`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SettableIn {
    /// Never, since it is read-only or refused.
    Never,
    /// Before the first start.
    New,
    /// Before the first start, and while paused.
    NewOrPaused,
    /// While the job is suspended.
    Suspended,
    /// Until it is final.
    NonFinal,
    /// Always.
    Always,
}

impl SettableIn {
    /// Whether it may be set now.
    pub fn allows(self, phase: Phase) -> bool {
        match self {
            Self::Never => false,
            Self::New => phase == Phase::New,
            Self::NewOrPaused => {
                matches!(phase, Phase::New | Phase::Suspended | Phase::Blocked | Phase::Failed)
            }
            Self::Suspended => matches!(phase, Phase::New | Phase::Suspended),
            Self::NonFinal => !phase.is_final(),
            Self::Always => true,
        }
    }
}

/// One property.
#[derive(Clone, Copy, Debug)]
pub struct PropertyRow {
    /// Its id.
    pub id: u32,
    /// Its published name.
    pub name: &'static str,
    /// The type of its value.
    pub kind: ValueKind,
    /// Who may do what.
    pub access: Access,
    /// When it may be set.
    pub settable: SettableIn,
    /// What is read before it is set; `None` gives `E_NOT_SET`.
    pub default: Option<&'static str>,
    /// What it does.
    pub meaning: &'static str,
}

impl PropertyRow {
    /// Whether it may be read.
    ///
    /// # Errors
    /// `DO_E_WRITE_ONLY_PROPERTY`, or the code by which it is refused.
    pub fn check_get(&self) -> Result<(), HResult> {
        match self.access {
            Access::Read | Access::ReadWrite => Ok(()),
            Access::Write => Err(HResult::DO_E_WRITE_ONLY_PROPERTY),
            Access::Refused(code) => Err(code),
        }
    }

    /// Whether a value of this kind may be set at all.
    ///
    /// # Errors
    /// `DO_E_READ_ONLY_PROPERTY`, the code by which it is refused, or `E_INVALIDARG` for a value of another type.
    pub fn check_set(&self, value: Value) -> Result<Value, HResult> {
        match self.access {
            Access::ReadWrite | Access::Write => self.kind.admit(value).ok_or(HResult::E_INVALIDARG),
            Access::Read => Err(HResult::DO_E_READ_ONLY_PROPERTY),
            Access::Refused(code) => Err(code),
        }
    }

    /// Whether it may be set now.
    ///
    /// # Errors
    /// `DO_E_INVALID_STATE`.
    pub fn check_phase(&self, phase: Phase) -> Result<(), HResult> {
        if self.settable.allows(phase) { Ok(()) } else { Err(HResult::DO_E_INVALID_STATE) }
    }
}

type Rights = (Access, SettableIn);

const READ: Rights = (Access::Read, SettableIn::Never);
const UNSUPPORTED: Rights = (Access::Refused(HResult::E_NOTIMPL), SettableIn::Never);
const MEMORY: Rights =
    (Access::Refused(HResult::DO_E_MEMORYSTREAM_DOWNLOAD_NOT_SUPPORTED), SettableIn::Never);

const fn rw(settable: SettableIn) -> Rights {
    (Access::ReadWrite, settable)
}

const fn write(settable: SettableIn) -> Rights {
    (Access::Write, settable)
}

/// Declares the ids of one group of properties, and their table, from one list.
macro_rules! properties {
    (
        $(#[$outer:meta])*
        $name:ident, $published:literal, $table:ident {
            $( $id:literal $variant:ident $label:literal: $kind:ident, $rights:expr, $default:expr, $meaning:literal; )*
        }
    ) => {
        numbered! {
            $(#[$outer])*
            $name, $published { $( $id $variant $label $meaning, )* }
        }

        impl $name {
            /// The property with this id.
            ///
            /// # Errors
            /// `DO_E_UNKNOWN_PROPERTY_ID`.
            pub fn of(id: u32) -> Result<Self, HResult> {
                Self::try_from(id).map_err(|_| HResult::DO_E_UNKNOWN_PROPERTY_ID)
            }

            /// What may be done with it.
            pub fn row(self) -> &'static PropertyRow {
                $table.iter().find(|row| row.id == self as u32).expect("the table is made from the same list")
            }
        }

        #[doc = concat!("The table of [`", stringify!($name), "`], in the order of the ids.")]
        pub const $table: &[PropertyRow] = &[
            $( PropertyRow {
                id: $id,
                name: $label,
                kind: ValueKind::$kind,
                access: $rights.0,
                settable: $rights.1,
                default: $default,
                meaning: $meaning,
            }, )*
        ];
    };
}

use SettableIn::{Always, New, NewOrPaused, NonFinal, Suspended};

properties! {
    /// Properties of a download.
    DownloadProperty, "DODownloadProperty", DOWNLOAD_PROPERTIES {
        0 Id "Id": Text, READ, Some("its own"), "its id, a GUID in text form";
        1 Uri "Uri": Text, rw(NewOrPaused), None, "http or https address";
        2 ContentId "ContentId": Text, rw(New), None, "content id: the hash of hashes in base64";
        3 DisplayName "DisplayName": Text, rw(NonFinal), None, "name for people";
        4 LocalPath "LocalPath": Text, rw(New), None, "destination; made empty by the first Start";
        5 HttpCustomHeaders "HttpCustomHeaders": Text, rw(NewOrPaused), None, "header lines for requests of the file";
        6 CostPolicy "CostPolicy": U32, rw(NonFinal), Some("0 in the foreground, 2 behind"), "on which links it may run";
        7 SecurityFlags "SecurityFlags": U32, write(NonFinal), None, "how lenient TLS is";
        8 CallbackFreqPercent "CallbackFreqPercent": U32, rw(NonFinal), Some("0"), "call back each so many percent; 0 is off";
        9 CallbackFreqSeconds "CallbackFreqSeconds": U32, rw(NonFinal), Some("1"), "call back each so many seconds; 0 is off";
        10 NoProgressTimeoutSeconds "NoProgressTimeoutSeconds": U32, rw(Always), Some("0"), "at least 60; 0 is 3600 in the foreground, 86400 behind";
        11 ForegroundPriority "ForegroundPriority": Bool, rw(NonFinal), Some("FALSE"), "somebody waits for it";
        12 BlockingMode "BlockingMode": Bool, rw(NonFinal), Some("FALSE"), "Start returns when all is here, or it failed, or was paused";
        13 CallbackInterface "CallbackInterface": Interface, rw(NonFinal), Some("empty"), "IDODownloadStatusCallback; an empty value clears it";
        14 StreamInterface "StreamInterface": Interface, rw(New), None, "IStream that takes the bytes in order";
        15 SecurityContext "SecurityContext": Bytes, write(New), None, "client certificate: Set gives E_NOTIMPL, by design";
        16 NetworkToken "NetworkToken": Bool, write(NonFinal), None, "accepted, no effect";
        17 CorrelationVector "CorrelationVector": Text, rw(NonFinal), None, "kept for the caller";
        18 DecryptionInfo "DecryptionInfo": Text, write(New), None, "JSON object; Start then gives E_NOTIMPL, by design";
        19 IntegrityCheckInfo "IntegrityCheckInfo": Text, write(New), None, "JSON object that pins the piece hash file";
        20 IntegrityCheckMandatory "IntegrityCheckMandatory": Bool, rw(New), Some("FALSE"), "it fails without a valid piece hash file";
        21 TotalSizeBytes "TotalSizeBytes": U64, rw(New), None, "size of the file; the true one once it is known";
        22 DisallowOnCellular "DisallowOnCellular": Bool, rw(NonFinal), Some("FALSE"), "never on cellular links";
        23 HttpCustomAuthHeaders "HttpCustomAuthHeaders": Text, rw(NewOrPaused), None, "header lines for a server that asks who it is";
        24 HttpAllowSecureToNonSecureRedirect "HttpAllowSecureToNonSecureRedirect": Bool, rw(NewOrPaused), Some("FALSE"), "follow redirects from https to http";
        25 NonVolatile "NonVolatile": Bool, rw(New), Some("FALSE"), "survives a restart of the service";
    }
}

properties! {
    /// Properties of a file of the legacy face.
    FileProperty, "DOFilePropertyId", FILE_PROPERTIES {
        0 DecryptionInfo "DecryptionInfo": Text, write(Suspended), None, "JSON object; Resume then gives E_NOTIMPL, by design";
        1 IntegrityCheckInfo "IntegrityCheckInfo": Text, write(Suspended), None, "JSON object that pins the piece hash file";
        2 IntegrityCheckMandatory "IntegrityCheckMandatory": Bool, rw(Suspended), Some("FALSE"), "it fails without a valid piece hash file";
        3 DownloadSinkInterface "DownloadSinkInterface": Interface, rw(Suspended), None, "IStream that takes the bytes in order";
        4 DownloadSinkFilePath "DownloadSinkFilePath": Text, rw(Suspended), None, "destination, an absolute path";
        5 DownloadSinkMemoryStream "DownloadSinkMemoryStream": Interface, MEMORY, None, "withdrawn";
        6 TotalSizeBytes "TotalSizeBytes": U64, rw(Suspended), None, "size of the file; the true one once it is known";
    }
}

properties! {
    /// Properties of a job of the legacy face.
    JobProperty, "BITS_JOB_PROPERTY_ID", JOB_PROPERTIES {
        1 CostFlags "BITS_JOB_PROPERTY_ID_COST_FLAGS": U32, rw(NonFinal), Some("0x800000FF"), "on which links it may run";
        2 NotificationClsid "BITS_JOB_PROPERTY_NOTIFICATION_CLSID": Guid, rw(NonFinal), Some("GUID_NULL"), "kept and read back, no effect";
        3 DynamicContent "BITS_JOB_PROPERTY_DYNAMIC_CONTENT": Bool, UNSUPPORTED, None, "not supported";
        4 HighPerformance "BITS_JOB_PROPERTY_HIGH_PERFORMANCE": Bool, UNSUPPORTED, None, "not supported";
        5 MaxDownloadSize "BITS_JOB_PROPERTY_MAX_DOWNLOAD_SIZE": U64, UNSUPPORTED, None, "not supported";
        7 UseStoredCredentials "BITS_JOB_PROPERTY_USE_STORED_CREDENTIALS": U32, UNSUPPORTED, None, "not supported";
        9 MinimumNotificationInterval "BITS_JOB_PROPERTY_MINIMUM_NOTIFICATION_INTERVAL_MS": U32, UNSUPPORTED, None, "not supported";
        10 OnDemandMode "BITS_JOB_PROPERTY_ON_DEMAND_MODE": Bool, UNSUPPORTED, None, "not supported";
    }
}

/// `BITS_FILE_PROPERTY_ID`: the only property of `IBackgroundCopyFile5`, read-only: the last response's headers.
pub const HTTP_RESPONSE_HEADERS: u32 = 1;

/// `DOJobPropertyId`: the only property of `IDeliveryOptimizationJob2`, read-only: JSON about the last failure.
pub const JOB_EXTENDED_ERROR_INFO: u32 = 0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Numbered;

    #[test]
    fn a_row_is_found_by_its_id() {
        assert!(DownloadProperty::ALL.iter().all(|property| property.row().name == property.label()));
        assert_eq!(FileProperty::of(7), Err(HResult::DO_E_UNKNOWN_PROPERTY_ID));
        assert_eq!(JobProperty::of(6), Err(HResult::DO_E_UNKNOWN_PROPERTY_ID));
    }

    #[test]
    fn access_comes_before_type_and_type_before_state() {
        let id = DownloadProperty::Id.row();
        assert_eq!(id.check_set(Value::U32(1)), Err(HResult::DO_E_READ_ONLY_PROPERTY));
        let uri = DownloadProperty::Uri.row();
        assert_eq!(uri.check_set(Value::U32(1)), Err(HResult::E_INVALIDARG));
        assert_eq!(uri.check_phase(Phase::Running), Err(HResult::DO_E_INVALID_STATE));
        assert_eq!(uri.check_phase(Phase::Failed), Ok(()));
        let flags = DownloadProperty::SecurityFlags.row();
        assert_eq!(flags.check_get(), Err(HResult::DO_E_WRITE_ONLY_PROPERTY));
    }
}
