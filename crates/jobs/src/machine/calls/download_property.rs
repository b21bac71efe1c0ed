//! Properties of a download.
//!
//! Setting one is checked in this order: id, access, type, value, state.

use super::super::desk::Desk;
use super::super::job::{Job, priority_of};
use super::super::notifier::Listener;
use super::{Outcome, check, optional_text, size_value, stream_value};
use crate::face::Caller;
use crate::record::{FileOptions, FileRecord, ModernRecord};
use crate::words::{
    DownloadCostPolicy, DownloadProperty as P, HResult, JobPriority, Numbered, SecurityFlags, Value,
    guid_text,
};

/// Least timeout without progress that a client may set, in s.
const NO_PROGRESS_MIN_S: u32 = 60;

impl Job {
    pub(super) fn set_download_property(
        &mut self,
        desk: &mut Desk,
        caller: Caller,
        property: u32,
        value: Value,
    ) -> Outcome {
        let property = P::of(property)?;
        let value = property.row().check_set(value)?;
        check_value(property, &value)?;
        property.row().check_phase(self.phase())?;
        match value {
            Value::Text(text) => {
                self.admit(desk, text.len())?;
                self.set_text(property, text)?;
            }
            Value::Bool(set) => self.set_bool(desk, property, set),
            Value::U32(number) => self.set_u32(desk, property, number)?,
            Value::U64(size) => self.kept.files[0].size_given = Some(size),
            Value::Interface(_) | Value::Empty => self.set_object(desk, caller, property, &value)?,
            Value::Bytes(_) | Value::Guid(_) => return Err(HResult::E_NOTIMPL),
        }
        self.accept(desk)
    }

    fn set_text(&mut self, property: P, text: String) -> Result<(), HResult> {
        let file = &mut self.kept.files[0];
        match property {
            P::Uri => file.url = Some(text),
            P::ContentId => file.id = Some(text),
            P::LocalPath if file.stream => return Err(HResult::DO_E_FILE_DOWNLOADSINK_ALREADY_SET),
            P::LocalPath => file.path = Some(text),
            P::HttpCustomHeaders => file.options.headers = Some(text),
            P::HttpCustomAuthHeaders => file.options.auth_headers = Some(text),
            P::DecryptionInfo => file.options.decryption = Some(text),
            P::IntegrityCheckInfo => file.options.integrity = Some(text),
            P::DisplayName => {
                self.kept.name = text;
                self.edit_modern(|modern| modern.named = true);
            }
            P::CorrelationVector => self.edit_modern(|modern| modern.correlation_vector = Some(text)),
            _ => return Err(HResult::E_UNEXPECTED),
        }
        Ok(())
    }

    fn set_bool(&mut self, desk: &mut Desk, property: P, set: bool) {
        let options = &mut self.kept.files[0].options;
        match property {
            P::IntegrityCheckMandatory => options.integrity_mandatory = set,
            P::HttpAllowSecureToNonSecureRedirect => options.allow_insecure_redirect = set,
            P::ForegroundPriority => {
                self.kept.priority = priority_of(set);
                self.reclass(desk);
                self.judge_conditions(desk);
            }
            P::BlockingMode => self.edit_modern(|modern| modern.blocking = set),
            P::NonVolatile => self.edit_modern(|modern| modern.non_volatile = set),
            P::DisallowOnCellular => {
                self.edit_modern(|modern| modern.disallow_cellular = set);
                self.judge_conditions(desk);
            }
            // The network token has no meaning here.
            _ => {}
        }
    }

    fn set_u32(&mut self, desk: &mut Desk, property: P, number: u32) -> Result<(), HResult> {
        match property {
            P::CostPolicy => {
                let policy = DownloadCostPolicy::try_from(number)?;
                self.edit_modern(|modern| modern.cost = Some(policy));
                self.judge_conditions(desk);
            }
            P::SecurityFlags => self.kept.files[0].options.security = SecurityFlags::from_bits(number),
            P::CallbackFreqPercent => self.edit_modern(|modern| modern.callback_percent = number),
            P::CallbackFreqSeconds => self.edit_modern(|modern| modern.callback_seconds = number),
            P::NoProgressTimeoutSeconds => self.kept.no_progress_timeout_s = Some(number),
            _ => return Err(HResult::E_UNEXPECTED),
        }
        Ok(())
    }

    fn set_object(
        &mut self,
        desk: &mut Desk,
        caller: Caller,
        property: P,
        value: &Value,
    ) -> Result<(), HResult> {
        let token = match value {
            Value::Interface(token) => Some(*token),
            _ => None,
        };
        let client = caller.client;
        if property == P::CallbackInterface {
            self.set_listener(desk, token.map(|token| Listener { client, token, knows_files: false }));
        } else if self.kept.files[0].path.is_some() {
            return Err(HResult::DO_E_FILE_DOWNLOADSINK_ALREADY_SET);
        } else {
            self.set_stream(desk, 0, token.map(|token| (client, token)));
        }
        Ok(())
    }

    fn edit_modern(&mut self, edit: impl FnOnce(&mut ModernRecord)) {
        if let Some(modern) = self.modern_mut() {
            edit(modern);
        }
    }

    pub(super) fn download_property(&self, caller: Caller, property: u32) -> Result<Value, HResult> {
        let property = P::of(property)?;
        property.row().check_get()?;
        let modern = self.modern().cloned().unwrap_or_default();
        let file @ FileRecord { options, .. } = &self.kept.files[0];
        match property {
            P::Id => Ok(Value::Text(guid_text(&self.id().0))),
            P::Uri => optional_text(file.url.as_ref()),
            P::ContentId => optional_text(file.id.as_ref()),
            P::DisplayName => optional_text(Some(&self.kept.name).filter(|_| modern.named)),
            P::LocalPath => optional_text(file.path.as_ref()),
            P::HttpCustomHeaders => optional_text(options.headers.as_ref()),
            P::HttpCustomAuthHeaders => optional_text(options.auth_headers.as_ref()),
            P::CorrelationVector => optional_text(modern.correlation_vector.as_ref()),
            P::CostPolicy => Ok(Value::U32(self.cost_policy().number())),
            P::CallbackFreqPercent => Ok(Value::U32(modern.callback_percent)),
            P::CallbackFreqSeconds => Ok(Value::U32(modern.callback_seconds)),
            P::NoProgressTimeoutSeconds => Ok(Value::U32(self.kept.no_progress_timeout_s.unwrap_or(0))),
            P::TotalSizeBytes => size_value(file),
            P::StreamInterface => stream_value(self.live[0].stream, caller),
            P::CallbackInterface => Ok(self.own_listener(caller)),
            _ => Ok(Value::Bool(flag(property, &modern, options, self.kept.priority))),
        }
    }

    fn own_listener(&self, caller: Caller) -> Value {
        let own = self.notifier.listener().filter(|listener| listener.client == caller.client);
        own.map_or(Value::Empty, |listener| Value::Interface(listener.token))
    }
}

fn flag(property: P, modern: &ModernRecord, options: &FileOptions, priority: JobPriority) -> bool {
    match property {
        P::ForegroundPriority => priority == JobPriority::Foreground,
        P::BlockingMode => modern.blocking,
        P::IntegrityCheckMandatory => options.integrity_mandatory,
        P::DisallowOnCellular => modern.disallow_cellular,
        P::HttpAllowSecureToNonSecureRedirect => options.allow_insecure_redirect,
        P::NonVolatile => modern.non_volatile,
        _ => false,
    }
}

/// Whether a property may have this value in any state.
fn check_value(property: P, value: &Value) -> Result<(), HResult> {
    let only_if = |legal: bool| if legal { Ok(()) } else { Err(HResult::E_INVALIDARG) };
    match (property, value) {
        (P::Uri, Value::Text(text)) => {
            only_if(!text.is_empty())?;
            check::url(text, HResult::INET_E_INVALID_URL)
        }
        (P::ContentId, Value::Text(text)) => {
            let parsed = text.parse::<swarmline_types::ContentId>();
            parsed.map(drop).map_err(|_| HResult::DO_E_INVALID_CONTENT_ID)
        }
        (P::DisplayName, Value::Text(text)) => check::name(text),
        (P::LocalPath, Value::Text(text)) => check::path(text),
        (P::HttpCustomHeaders | P::HttpCustomAuthHeaders, Value::Text(text)) => check::headers(text),
        (P::DecryptionInfo | P::IntegrityCheckInfo, Value::Text(text)) => check::json_object(text),
        (_, Value::Text(text)) => check::text(text),
        (P::CostPolicy, Value::U32(number)) => DownloadCostPolicy::try_from(*number).map(drop),
        (P::CallbackFreqPercent, Value::U32(percent)) => only_if(*percent <= 100),
        (P::NoProgressTimeoutSeconds, Value::U32(seconds)) => {
            only_if(*seconds == 0 || *seconds >= NO_PROGRESS_MIN_S)
        }
        (P::SecurityFlags, Value::U32(bits)) => {
            let asks = SecurityFlags::from_bits(*bits).contains(SecurityFlags::CHECK_REVOCATION);
            if asks { Err(HResult::E_NOTIMPL) } else { Ok(()) }
        }
        (P::SecurityContext, Value::Bytes(bytes)) if !bytes.is_empty() => Err(HResult::E_NOTIMPL),
        (P::SecurityContext, _) => Err(HResult::E_INVALIDARG),
        _ => Ok(()),
    }
}
