//! Methods of a file of the legacy face.

use super::super::action::{Action, CallId};
use super::super::desk::Desk;
use super::super::job::{Busy, Job, Stage};
use super::super::table::JobOperation;
use super::{Outcome, check, optional_text, size_value, stream_value};
use crate::face::{Caller, FileCall, FileId, Reply};
use crate::words::{FileProperty, HResult, HTTP_RESPONSE_HEADERS, Value};

impl Job {
    pub(super) fn file_call(
        &mut self,
        desk: &mut Desk,
        id: CallId,
        caller: Caller,
        file: FileId,
        call: FileCall,
    ) -> Outcome {
        let file = usize::try_from(file.0).unwrap_or(usize::MAX);
        let record = self.kept.files.get(file).ok_or(HResult::E_INVALIDARG)?;
        let reply = match call {
            FileCall::SetRemoteName(url) => return self.set_remote_name(desk, file, url),
            FileCall::SetOptimizationProperty(property, value) => {
                return self.set_file_property(desk, id, caller, file, (property, value));
            }
            FileCall::SetProperty(HTTP_RESPONSE_HEADERS) => return Err(HResult::DO_E_READ_ONLY_PROPERTY),
            FileCall::GetProperty(HTTP_RESPONSE_HEADERS) => {
                Reply::Value(optional_text(self.live[file].headers.as_ref())?)
            }
            FileCall::SetProperty(_) | FileCall::GetProperty(_) => {
                return Err(HResult::DO_E_UNKNOWN_PROPERTY_ID);
            }
            FileCall::GetRemoteName => Reply::Text(record.url.clone().unwrap_or_default()),
            FileCall::GetLocalName => Reply::Text(record.path.clone().unwrap_or_default()),
            FileCall::GetProgress => Reply::FileProgress(self.file_progress(file)),
            FileCall::GetFileRanges => {
                Reply::Ranges((!record.ranges.is_empty()).then(|| record.ranges.clone()))
            }
            FileCall::GetOptimizationProperty(property) => {
                Reply::Value(self.file_property(caller, file, property)?)
            }
            FileCall::GetStats => Reply::Stats(self.stats(desk, file)),
        };
        Ok(Some(reply))
    }

    fn set_remote_name(&mut self, desk: &mut Desk, file: usize, url: String) -> Outcome {
        check::url(&url, HResult::E_INVALIDARG)?;
        self.verdict(JobOperation::SetRemoteName)?;
        self.admit(desk, url.len())?;
        self.kept.files[file].url = Some(url);
        if matches!(self.live[file].stage, Stage::Fetching { .. }) {
            self.start_over(desk, file);
        }
        self.accept(desk)
    }

    fn set_file_property(
        &mut self,
        desk: &mut Desk,
        id: CallId,
        caller: Caller,
        file: usize,
        (property, value): (u32, Value),
    ) -> Outcome {
        let property = FileProperty::of(property)?;
        let value = property.row().check_set(value)?;
        let phase = self.phase();
        let settable = || property.row().check_phase(phase);
        let record = &mut self.kept.files[file];
        match (property, value) {
            (FileProperty::DownloadSinkFilePath, Value::Text(path)) => {
                check::path(&path)?;
                settable()?;
                return self.ask_for_path(desk, id, file, path);
            }
            (FileProperty::DownloadSinkInterface, value) => {
                settable()?;
                if record.path.is_some() {
                    return Err(HResult::DO_E_FILE_DOWNLOADSINK_ALREADY_SET);
                }
                let stream = match value {
                    Value::Interface(token) => Some((caller.client, token)),
                    _ => None,
                };
                self.set_stream(desk, file, stream);
            }
            (FileProperty::TotalSizeBytes, Value::U64(size)) => {
                settable()?;
                record.ranges.iter().try_for_each(|range| range.length_in(size).map(drop))?;
                record.size_given = Some(size);
            }
            (FileProperty::IntegrityCheckMandatory, Value::Bool(mandatory)) => {
                settable()?;
                record.options.integrity_mandatory = mandatory;
            }
            (FileProperty::IntegrityCheckInfo | FileProperty::DecryptionInfo, Value::Text(json)) => {
                check::json_object(&json)?;
                settable()?;
                self.admit(desk, json.len())?;
                let options = &mut self.kept.files[file].options;
                if property == FileProperty::DecryptionInfo {
                    options.decryption = Some(json);
                } else {
                    options.integrity = Some(json);
                }
            }
            _ => return Err(HResult::E_INVALIDARG),
        }
        self.accept(desk)
    }

    fn ask_for_path(&mut self, desk: &mut Desk, id: CallId, file: usize, path: String) -> Outcome {
        let record = &self.kept.files[file];
        if record.stream {
            return Err(HResult::DO_E_FILE_DOWNLOADSINK_ALREADY_SET);
        }
        let taken = self
            .kept
            .files
            .iter()
            .enumerate()
            .any(|(other, record)| other != file && record.path.as_ref() == Some(&path));
        // What was fetched for another path is of no use at this one, and would stay behind.
        let begun = record.transferred > 0 && record.path.as_ref() != Some(&path);
        if taken || begun {
            return Err(HResult::E_INVALIDARG);
        }
        self.admit(desk, path.len())?;
        let ask = desk.ask(self.id());
        desk.order(Action::CheckDestinations { ask, user: self.kept.user, paths: vec![path.clone()] });
        self.busy = Some(Busy::Pathing { ask, call: id, file, path });
        Ok(None)
    }

    /// A file has this destination now.
    pub(super) fn set_path(&mut self, desk: &mut Desk, file: usize, path: String) {
        self.kept.files[file].path = Some(path);
        self.weigh(desk);
        self.changed_by_call(desk);
    }

    fn file_property(&self, caller: Caller, file: usize, property: u32) -> Result<Value, HResult> {
        let property = FileProperty::of(property)?;
        property.row().check_get()?;
        let record = &self.kept.files[file];
        match property {
            FileProperty::IntegrityCheckMandatory => Ok(Value::Bool(record.options.integrity_mandatory)),
            FileProperty::DownloadSinkFilePath => optional_text(record.path.as_ref()),
            FileProperty::DownloadSinkInterface => stream_value(self.live[file].stream, caller),
            FileProperty::TotalSizeBytes => size_value(record),
            FileProperty::DecryptionInfo
            | FileProperty::IntegrityCheckInfo
            | FileProperty::DownloadSinkMemoryStream => Err(HResult::DO_E_WRITE_ONLY_PROPERTY),
        }
    }
}
