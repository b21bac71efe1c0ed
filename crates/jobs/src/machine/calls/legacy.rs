//! Methods of a job of the legacy face.

use std::collections::BTreeSet;

use super::super::action::{Action, CallId};
use super::super::desk::Desk;
use super::super::job::{Busy, Job, Live, Stage};
use super::super::notifier::Listener;
use super::super::table::{JobOperation, Verdict, job_verdict};
use super::{DONE, Outcome, check};
use crate::face::{CallbackRef, Caller, FileId, JobCall, NewFile, Reply};
use crate::record::{FileRecord, LegacyRecord};
use crate::words::{
    CostPolicyFlags, HResult, JOB_EXTENDED_ERROR_INFO, JobPriority, JobProperty, NotifyFlags, Phase, Value,
};

impl Job {
    pub(super) fn job_call(&mut self, desk: &mut Desk, id: CallId, caller: Caller, call: JobCall) -> Outcome {
        let reply = match call {
            JobCall::AddFiles(files) => return self.add_files(desk, id, files),
            JobCall::Suspend => return self.suspend(desk),
            JobCall::Resume => return self.resume(desk),
            JobCall::Cancel => {
                self.verdict(JobOperation::Cancel)?;
                self.discard(desk, Some(id));
                return Ok(None);
            }
            JobCall::Complete => {
                self.verdict(JobOperation::Complete)?;
                self.complete(desk, Some(id), caller.user);
                return Ok(None);
            }
            JobCall::SetPriority(priority) => return self.set_priority(desk, priority),
            JobCall::SetNotifyFlags(bits) => return self.set_notify_flags(desk, bits),
            JobCall::SetNotifyInterface(callback) => {
                return self.set_notify_interface(desk, caller, callback);
            }
            JobCall::SetNoProgressTimeout(seconds) => {
                self.verdict(JobOperation::Set)?;
                self.kept.no_progress_timeout_s = Some(seconds);
                return self.accept(desk);
            }
            JobCall::SetProperty(property, value) => return self.set_job_property(desk, property, value),
            JobCall::SetOptimizationProperty(JOB_EXTENDED_ERROR_INFO) => {
                return Err(HResult::DO_E_READ_ONLY_PROPERTY);
            }
            JobCall::SetOptimizationProperty(_) => return Err(HResult::DO_E_UNKNOWN_PROPERTY_ID),
            JobCall::GetOptimizationProperty(property) => Reply::Value(self.optimization_property(property)?),
            JobCall::GetProperty(property) => Reply::Value(self.job_property(property)?),
            JobCall::GetError => {
                let error = self.error().ok_or(HResult::DO_E_ERROR_INFORMATION_UNAVAILABLE)?;
                Reply::Error(error.clone())
            }
            JobCall::EnumFiles => Reply::Count(self.progress().files_total),
            JobCall::GetProgress => Reply::Progress(self.progress()),
            JobCall::GetTimes => Reply::Times(self.times()),
            JobCall::GetState => Reply::State(self.phase().job_state()),
            JobCall::GetErrorCount => Reply::Count(self.kept.error_count),
            JobCall::GetDisplayName => Reply::Text(self.kept.name.clone()),
            JobCall::GetPriority => Reply::Priority(self.kept.priority),
            JobCall::GetNotifyFlags => Reply::Count(self.of_legacy().notify.bits()),
            JobCall::GetNotifyInterface => {
                let own = self.notifier.listener().filter(|listener| listener.client == caller.client);
                Reply::Interface(own.map(|listener| listener.token))
            }
            JobCall::GetNoProgressTimeout => {
                Reply::Count(u32::try_from(self.timeout(desk).as_secs()).unwrap_or(u32::MAX))
            }
        };
        Ok(Some(reply))
    }

    pub(super) fn verdict(&self, operation: JobOperation) -> Result<Verdict, HResult> {
        match job_verdict(operation, self.phase()) {
            Verdict::Refuse => Err(HResult::DO_E_INVALID_STATE),
            verdict => Ok(verdict),
        }
    }

    fn of_legacy(&self) -> LegacyRecord {
        self.legacy().cloned().unwrap_or_default()
    }

    fn edit_legacy(&mut self, edit: impl FnOnce(&mut LegacyRecord)) {
        if let Some(legacy) = self.legacy_mut() {
            edit(legacy);
        }
    }

    fn suspend(&mut self, desk: &mut Desk) -> Outcome {
        if self.verdict(JobOperation::Suspend)? == Verdict::Pause {
            self.halt(desk);
            self.enter(desk, Phase::Suspended);
        }
        DONE
    }

    fn resume(&mut self, desk: &mut Desk) -> Outcome {
        let verdict = self.verdict(JobOperation::Resume)?;
        if self.kept.files.is_empty() {
            return Err(HResult::DO_E_JOB_EMPTY);
        }
        let missing: Vec<usize> = (0..self.live.len()).filter(|file| !self.kept.files[*file].here).collect();
        if verdict == Verdict::Stay || (verdict == Verdict::StartMore && missing.is_empty()) {
            return DONE;
        }
        missing.into_iter().try_for_each(|file| self.check_startable(file))?;
        self.begin(desk);
        DONE
    }

    fn add_files(&mut self, desk: &mut Desk, id: CallId, files: Vec<NewFile>) -> Outcome {
        self.verdict(JobOperation::AddFiles)?;
        self.check_new_files(desk, &files)?;
        let paths: Vec<String> = files.iter().filter_map(|file| file.path.clone()).collect();
        if paths.is_empty() {
            return Ok(Some(Reply::File(self.append_files(desk, files))));
        }
        let ask = desk.ask(self.id());
        desk.order(Action::CheckDestinations { ask, user: self.kept.user, paths });
        self.busy = Some(Busy::Adding { ask, call: id, files });
        Ok(None)
    }

    fn check_new_files(&self, desk: &Desk, files: &[NewFile]) -> Result<(), HResult> {
        if files.is_empty() {
            return Err(HResult::E_INVALIDARG);
        }
        if self.live.len() + files.len() > desk.config.files_per_job_max {
            return Err(HResult::BG_E_TOO_MANY_FILES_IN_JOB);
        }
        let mut ids: BTreeSet<&String> = self.kept.files.iter().filter_map(|file| file.id.as_ref()).collect();
        let mut paths: BTreeSet<&String> =
            self.kept.files.iter().filter_map(|file| file.path.as_ref()).collect();
        let mut weight = 0;
        for file in files {
            check::new_file(file, &desk.config)?;
            if !file.id.iter().all(|id| ids.insert(id)) || !file.path.iter().all(|path| paths.insert(path)) {
                return Err(HResult::E_INVALIDARG);
            }
            // Its sink can be set while the job is suspended only, so elsewhere it has to come along.
            if file.path.is_none()
                && job_verdict(JobOperation::SetFileProperty, self.phase()) == Verdict::Refuse
            {
                return Err(HResult::DO_E_FILE_DOWNLOADSINK_UNSPECIFIED);
            }
            let texts: usize = [&file.id, &file.url, &file.path].into_iter().flatten().map(String::len).sum();
            weight += texts + size_of_val(file.ranges.as_slice()) + size_of::<FileRecord>();
        }
        self.admit(desk, weight)
    }

    /// The files belong to the job now. Returns the first.
    pub(super) fn append_files(&mut self, desk: &mut Desk, files: Vec<NewFile>) -> FileId {
        let first = FileId(self.progress().files_total);
        // In a job that waits for another attempt, they wait for it as well.
        let joins = matches!(self.phase(), Phase::Queued | Phase::Running);
        let stage = if joins { Stage::Waiting } else { Stage::Idle };
        for NewFile { id, url, path, ranges, size } in files {
            let record = FileRecord { id, url, path, ranges, size_given: size, ..FileRecord::default() };
            self.kept.files.push(record);
            self.live.push(Live::new(stage));
        }
        if joins {
            desk.slots.enqueue(self.id(), self.class());
            self.settle(desk);
        }
        self.weigh(desk);
        self.changed_by_call(desk);
        first
    }

    fn set_priority(&mut self, desk: &mut Desk, priority: JobPriority) -> Outcome {
        self.verdict(JobOperation::Set)?;
        self.kept.priority = priority;
        self.reclass(desk);
        self.accept(desk)
    }

    fn set_notify_flags(&mut self, desk: &mut Desk, bits: u32) -> Outcome {
        let flags = NotifyFlags::from_bits(bits).map_err(|_| HResult::E_NOTIMPL)?;
        self.verdict(JobOperation::Set)?;
        self.edit_legacy(|legacy| legacy.notify = flags);
        self.accept(desk)
    }

    fn set_notify_interface(
        &mut self,
        desk: &mut Desk,
        caller: Caller,
        callback: Option<CallbackRef>,
    ) -> Outcome {
        self.verdict(JobOperation::Set)?;
        let listener = callback.map(|CallbackRef { token, knows_files }| Listener {
            client: caller.client,
            token,
            knows_files,
        });
        self.set_listener(desk, listener);
        // Nothing of it is kept on disk, and whoever has just come need not be told of his own coming.
        self.modified(desk);
        DONE
    }

    fn set_job_property(&mut self, desk: &mut Desk, property: u32, value: Value) -> Outcome {
        let property = JobProperty::of(property)?;
        let value = property.row().check_set(value)?;
        property.row().check_phase(self.phase())?;
        match (property, value) {
            (JobProperty::CostFlags, Value::U32(bits)) => {
                self.edit_legacy(|legacy| legacy.cost = CostPolicyFlags::from_bits(bits));
                self.judge_conditions(desk);
            }
            (JobProperty::NotificationClsid, Value::Guid(class)) => {
                self.edit_legacy(|legacy| legacy.notification_class = class);
            }
            _ => return Err(HResult::E_NOTIMPL),
        }
        self.accept(desk)
    }

    fn job_property(&self, property: u32) -> Result<Value, HResult> {
        let property = JobProperty::of(property)?;
        property.row().check_get()?;
        match property {
            JobProperty::CostFlags => Ok(Value::U32(self.of_legacy().cost.bits())),
            JobProperty::NotificationClsid => Ok(Value::Guid(self.of_legacy().notification_class)),
            _ => Err(HResult::E_NOTIMPL),
        }
    }

    fn optimization_property(&self, property: u32) -> Result<Value, HResult> {
        if property != JOB_EXTENDED_ERROR_INFO {
            return Err(HResult::DO_E_UNKNOWN_PROPERTY_ID);
        }
        self.kept.error.as_ref().map(|error| Value::Text(error.to_json())).ok_or(HResult::E_NOT_SET)
    }
}
