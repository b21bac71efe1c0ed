// Every method of the legacy face, as a client that behaves.
#include "check.h"

static Ptr<IBackgroundCopyFile5> first_file(IBackgroundCopyJob *job) {
    Ptr<IEnumBackgroundCopyFiles> list;
    CHECK_OK(job->EnumFiles(list.out()));
    Ptr<IBackgroundCopyFile> file;
    CHECK_OK(list->Next(1, file.out(), nullptr));
    return file.as<IBackgroundCopyFile5>(IID_IBackgroundCopyFile5);
}

static void ways_between_interfaces() {
    const GUID of_job[] = {IID_IBackgroundCopyJob,  IID_IBackgroundCopyJob2,      IID_IBackgroundCopyJob3,
                           IID_IBackgroundCopyJob4, IID_IBackgroundCopyJob5,      IID_IDeliveryOptimizationJob,
                           IID_IDeliveryOptimizationJob2, IID_IUnknown};
    auto job = new_job();
    auto identity = job.as<IUnknown>(IID_IUnknown);
    for (REFIID from : of_job) {
        auto one = job.as<IUnknown>(from);
        for (REFIID to : of_job) {
            auto other = one.as<IUnknown>(to);
            CHECK(other.as<IUnknown>(from).get() == one.get());
            CHECK(other.as<IUnknown>(IID_IUnknown).get() == identity.get());
        }
    }
    for (REFIID stranger : {IID_IBackgroundCopyFile, IID_IBackgroundCopyManager, IID_IDODownload, GUID_NULL}) {
        void *none = junk<void>();
        CHECK_CODE(E_NOINTERFACE, job->QueryInterface(stranger, &none));
        CHECK(none == nullptr);
    }
    CHECK(job->AddRef() > job->Release());
}

static void jobs_are_made_found_and_listed() {
    auto jobs = manager<IBackgroundCopyManager>(IID_IBackgroundCopyManager);
    CHECK(jobs.as<IUnknown>(IID_IUnknown).get() ==
          jobs.as<IDOManager>(IID_IDOManager).as<IUnknown>(IID_IUnknown).get());
    GUID id = GUID_NULL, same;
    auto job = new_job(&id, u"Aktualisierung \u00e4\U0001F600");
    CHECK(id != GUID_NULL);
    CHECK_OK(job->GetId(&same));
    CHECK(same == id);
    Ptr<IBackgroundCopyJob> found;
    CHECK_OK(jobs->GetJob(id, found.out()));
    Text name;
    CHECK_OK(found->GetDisplayName(name.out()));
    CHECK(name.str() == u"Aktualisierung \u00e4\U0001F600");
    BG_JOB_TYPE type;
    CHECK_OK(found->GetType(&type));
    CHECK(type == BG_JOB_TYPE_DOWNLOAD);
    CHECK_CODE(DO_E_JOB_NOT_FOUND, jobs->GetJob(GUID_NULL, found.out()));
    CHECK(found.get() == nullptr);

    Ptr<IEnumBackgroundCopyJobs> list;
    CHECK_OK(jobs->EnumJobs(0, list.out()));
    ULONG count, fetched = 99;
    CHECK_OK(list->GetCount(&count));
    CHECK(count > 0);
    std::vector<IBackgroundCopyJob *> elements(count + 1, junk<IBackgroundCopyJob>());
    CHECK_CODE(S_FALSE, list->Next(count + 1, elements.data(), &fetched));
    CHECK(fetched == count);
    bool listed = false;
    for (ULONG i = 0; i < count; ++i) {
        CHECK_OK(elements[i]->GetId(&same));
        listed = listed || same == id;
        elements[i]->Release();
    }
    CHECK(listed);
    CHECK_CODE(E_ACCESSDENIED, jobs->EnumJobs(BG_JOB_ENUM_ALL_USERS, list.out())); // not root
    CHECK_CODE(E_INVALIDARG, jobs->EnumJobs(2, list.out()));

    Text text;
    CHECK_OK(jobs->GetErrorDescription(DO_E_JOB_EMPTY, 0x409, text.out()));
    CHECK(text.str().find(u"DO_E_JOB_EMPTY") != std::u16string::npos);
    CHECK_CODE(E_INVALIDARG, jobs->GetErrorDescription(0x12345, 0x409, text.out()));
    CHECK(text.raw() == nullptr);
}

static void settings_come_back() {
    auto job = new_job();
    BG_JOB_PRIORITY priority;
    CHECK_OK(job->SetPriority(BG_JOB_PRIORITY_FOREGROUND));
    CHECK_OK(job->GetPriority(&priority));
    CHECK(priority == BG_JOB_PRIORITY_FOREGROUND);
    CHECK_CODE(E_INVALIDARG, job->SetPriority(static_cast<BG_JOB_PRIORITY>(4)));
    ULONG number;
    CHECK_OK(job->SetNotifyFlags(BG_NOTIFY_JOB_ERROR | BG_NOTIFY_FILE_TRANSFERRED));
    CHECK_OK(job->GetNotifyFlags(&number));
    CHECK(number == 0x12);
    CHECK_CODE(E_NOTIMPL, job->SetNotifyFlags(0x40));
    CHECK_OK(job->SetNoProgressTimeout(77));
    CHECK_OK(job->GetNoProgressTimeout(&number));
    CHECK(number == 77);
    CHECK_OK(job->GetErrorCount(&number));
    CHECK(number == 0);

    // A union of 16 bytes by value: both halves must arrive.
    auto job5 = job.as<IBackgroundCopyJob5>(IID_IBackgroundCopyJob5);
    BITS_JOB_PROPERTY_VALUE value, read;
    memset(&value, 0xEE, sizeof value);
    value.ClsID = IID_IDODownload;
    CHECK_OK(job5->SetProperty(BITS_JOB_PROPERTY_NOTIFICATION_CLSID, value));
    CHECK_OK(job5->GetProperty(BITS_JOB_PROPERTY_NOTIFICATION_CLSID, &read));
    CHECK(read.ClsID == IID_IDODownload);
    memset(&value, 0xEE, sizeof value);
    value.Dword = BITS_JOB_TRANSFER_POLICY_NO_SURCHARGE;
    CHECK_OK(job5->SetProperty(BITS_JOB_PROPERTY_ID_COST_FLAGS, value));
    CHECK_OK(job5->GetProperty(BITS_JOB_PROPERTY_ID_COST_FLAGS, &read));
    CHECK(read.Dword == BITS_JOB_TRANSFER_POLICY_NO_SURCHARGE && read.Uint64 == read.Dword);
    CHECK_CODE(E_NOTIMPL, job5->SetProperty(BITS_JOB_PROPERTY_HIGH_PERFORMANCE, value));
    CHECK_CODE(E_NOTIMPL, job5->GetProperty(BITS_JOB_PROPERTY_HIGH_PERFORMANCE, &read));
    CHECK(read.Uint64 == 0);
    CHECK_CODE(DO_E_UNKNOWN_PROPERTY_ID, job5->SetProperty(static_cast<BITS_JOB_PROPERTY_ID>(6), value));

    BG_JOB_TIMES times;
    CHECK_OK(job->GetTimes(&times));
    // The fake's clock stands at 1 800 000 000 s after 1970.
    CHECK(times.CreationTime.dwLowDateTime == 0x6B338000 && times.CreationTime.dwHighDateTime == 0x01DDA4C6);
    CHECK(times.TransferCompletionTime.dwLowDateTime == 0 && times.TransferCompletionTime.dwHighDateTime == 0);
}

static void files_are_added_and_listed() {
    auto job = new_job();
    CHECK_CODE(DO_E_JOB_EMPTY, job->Resume());
    CHECK_OK(job->AddFile(u"http://h/0", u"/tmp/0"));
    char16_t r1[] = u"http://h/1", l1[] = u"/tmp/1", r2[] = u"http://h/2", l2[] = u"/tmp/2";
    BG_FILE_INFO set[] = {{r1, l1}, {r2, l2}};
    CHECK_OK(job->AddFileSet(2, set));
    auto ranged = job.as<IDeliveryOptimizationJob>(IID_IDeliveryOptimizationJob);
    BG_FILE_RANGE ranges[] = {{100, 5}, {0, 10}, {200, BG_LENGTH_TO_EOF}};
    CHECK_OK(ranged->AddFileWithRanges(u"id 3", u"http://h/3", u"/tmp/3", 3, ranges, 1000));
    CHECK_OK(ranged->AddFileWithRanges(u"id 4", u"http://h/4", u"/tmp/4", 0, ranges, DO_UNKNOWN_FILE_SIZE));
    ranges[1] = {104, 1};
    CHECK_CODE(DO_E_OVERLAPPING_RANGES,
               ranged->AddFileWithRanges(u"id", u"http://h/5", u"/tmp/5", 2, ranges, DO_UNKNOWN_FILE_SIZE));
    auto by_id = job.as<IDeliveryOptimizationJob2>(IID_IDeliveryOptimizationJob2);
    Ptr<IDeliveryOptimizationFile2> file5;
    LPCWSTR content = u"bLR+YkW147Gf10YSrQ6lgW3AC9E1aDesK3TaSr0DHJA=";
    CHECK_CODE(E_NOINTERFACE, by_id->AddFile(content, nullptr, 0, nullptr, IID_IBackgroundCopyJob, file5.out_any()));
    CHECK(file5.get() == nullptr);
    CHECK_OK(by_id->AddFile(content, nullptr, 0, nullptr, IID_IDeliveryOptimizationFile2, file5.out_any()));

    Ptr<IEnumBackgroundCopyFiles> list, copy;
    CHECK_OK(job->EnumFiles(list.out()));
    ULONG count, fetched = 99;
    CHECK_OK(list->GetCount(&count));
    CHECK(count == 6); // the file for which no interface was found is not there
    Ptr<IBackgroundCopyFile> file;
    CHECK_OK(list->Next(1, file.out(), nullptr));
    CHECK_OK(list->Skip(2));
    CHECK_OK(list->Clone(copy.out()));
    IBackgroundCopyFile *rest[4];
    CHECK_CODE(S_FALSE, list->Next(4, rest, &fetched));
    CHECK(fetched == 3);
    for (ULONG i = 0; i < fetched; ++i) rest[i]->Release();
    rest[0] = nullptr;
    CHECK_CODE(S_FALSE, list->Next(1, rest, &fetched));
    CHECK(fetched == 0 && rest[0] == nullptr);
    CHECK_CODE(S_FALSE, list->Skip(1));
    CHECK_OK(list->Next(0, nullptr, &fetched));
    CHECK_OK(list->Reset());
    CHECK_CODE(E_INVALIDARG, list->Next(2, rest, nullptr));
    CHECK_CODE(E_INVALIDARG, list->Next(1, nullptr, &fetched));
    CHECK_OK(copy->Next(1, file.out(), &fetched)); // goes on where the original was

    Text text;
    CHECK_OK(file->GetRemoteName(text.out()));
    CHECK(text.str() == u"http://h/3");
    CHECK_OK(file->GetLocalName(text.out()));
    CHECK(text.str() == u"/tmp/3");
    BG_FILE_PROGRESS progress;
    CHECK_OK(file->GetProgress(&progress));
    CHECK(progress.BytesTotal == DO_UNKNOWN_FILE_SIZE || progress.BytesTotal == 815); // the ranges together
    CHECK(progress.BytesTransferred == 0 && progress.Completed == FALSE);
    auto newest = file.as<IBackgroundCopyFile5>(IID_IBackgroundCopyFile5);
    DWORD number = 99;
    BG_FILE_RANGE *read = junk<BG_FILE_RANGE>();
    CHECK_OK(newest->GetFileRanges(&number, &read));
    CHECK(number == 3 && read[0].InitialOffset == 100 && read[1].Length == 10 && read[2].Length == BG_LENGTH_TO_EOF);
    swarmline_CoTaskMemFree(read);
    CHECK_OK(newest->SetRemoteName(u"http://other/3"));
    CHECK_OK(newest->GetRemoteName(text.out()));
    CHECK(text.str() == u"http://other/3");
    BITS_FILE_PROPERTY_VALUE headers;
    headers.String = junk<char16_t>();
    CHECK_CODE(E_NOT_SET, newest->GetProperty(BITS_FILE_PROPERTY_ID_HTTP_RESPONSE_HEADERS, &headers));
    CHECK(headers.String == nullptr);
    headers.String = junk<char16_t>();
    CHECK_CODE(DO_E_READ_ONLY_PROPERTY, newest->SetProperty(BITS_FILE_PROPERTY_ID_HTTP_RESPONSE_HEADERS, headers));
    CHECK_CODE(DO_E_UNKNOWN_PROPERTY_ID, newest->GetProperty(static_cast<BITS_FILE_PROPERTY_ID>(2), &headers));
    CHECK(headers.String == nullptr);

    CHECK_OK(list->Next(1, file.out(), nullptr));
    number = 99, read = junk<BG_FILE_RANGE>();
    CHECK_CODE(S_FALSE, file.as<IBackgroundCopyFile2>(IID_IBackgroundCopyFile2)->GetFileRanges(&number, &read));
    CHECK(number == 0 && read == nullptr);
}

static void statistics_come_by_both_slots() {
    GUID id;
    auto job = new_job(&id);
    auto ranged = job.as<IDeliveryOptimizationJob>(IID_IDeliveryOptimizationJob);
    CHECK_OK(ranged->AddFileWithRanges(u"the id", u"http://h/1", u"/tmp/1", 0, nullptr, DO_UNKNOWN_FILE_SIZE));
    CHECK_OK(job->SetPriority(BG_JOB_PRIORITY_FOREGROUND));
    CHECK_OK(job->Resume());
    CHECK_CODE(S_FALSE, swarmline_fake_half(id, 0));
    auto file = first_file(job.get());
    auto counted = file.as<IDeliveryOptimizationFile>(IID_IDeliveryOptimizationFile);
    for (int slot : {3, 4}) {
        DOSwarmStats s;
        memset(&s, 0xEE, sizeof s);
        CHECK_OK(slot == 3 ? counted->GetStats(&s) : counted->GetStats2(&s));
        CHECK(std::u16string(s.fileId) == u"the id" && std::u16string(s.sourceURL) == u"http://h/1");
        CHECK(s.fileSize == 100 && s.totalBytesDownloaded == 50);
        CHECK(s.bytesFromLanPeers == 30 && s.bytesFromHttp == 20 && s.lanConnectionCount == 2);
        CHECK(s.bytesFromGroupPeers == 0 && s.bytesFromInternetPeers == 0 && s.bytesFromDoinc == 0);
        CHECK(s.bytesToLanPeers == 0 && s.bytesToGroupPeers == 0 && s.bytesToInternetPeers == 0);
        CHECK(s.httpConnectionCount == 0 && s.doincConnectionCount == 0 && s.groupConnectionCount == 0);
        CHECK(s.internetConnectionCount == 0 && s.downloadDuration == 0);
        CHECK(s.status == SwarmStatus_Downloading && s.isBackground == FALSE);
        swarmline_CoTaskMemFree(s.fileId);
        swarmline_CoTaskMemFree(s.sourceURL);
    }
    BG_FILE_PROGRESS progress;
    CHECK_OK(file->GetProgress(&progress));
    CHECK(progress.BytesTotal == 100 && progress.BytesTransferred == 50 && progress.Completed == FALSE);
    BITS_FILE_PROPERTY_VALUE headers;
    CHECK_OK(file->GetProperty(BITS_FILE_PROPERTY_ID_HTTP_RESPONSE_HEADERS, &headers));
    CHECK(std::u16string(headers.String) == u"HTTP/1.1 200 OK\r\n");
    swarmline_CoTaskMemFree(headers.String);
    CHECK_OK(job->Cancel());
}

static void properties_of_files_have_their_types() {
    auto job = new_job();
    auto by_id = job.as<IDeliveryOptimizationJob2>(IID_IDeliveryOptimizationJob2);
    Ptr<IDeliveryOptimizationFile2> file;
    CHECK_OK(by_id->AddFile(u"id", u"http://h/1", 0, nullptr, IID_IDeliveryOptimizationFile2, file.out_any()));
    Variant path(u"/tmp/\u00e4"), yes(true), number(7u), read;
    CHECK_OK(file->SetProperty(DOFilePropertyId_DownloadSinkFilePath, &path));
    CHECK_OK(file->GetProperty(DOFilePropertyId_DownloadSinkFilePath, read.out()));
    CHECK(read.vt == VT_BSTR && std::u16string(read.bstrVal) == u"/tmp/\u00e4");
    CHECK_OK(file->SetProperty(DOFilePropertyId_IntegrityCheckMandatory, &yes));
    CHECK_OK(file->GetProperty(DOFilePropertyId_IntegrityCheckMandatory, read.out()));
    CHECK(read.vt == VT_BOOL && read.boolVal == VARIANT_TRUE);
    CHECK_OK(file->SetProperty(DOFilePropertyId_TotalSizeBytes, &number));
    CHECK_OK(file->GetProperty(DOFilePropertyId_TotalSizeBytes, read.out()));
    CHECK(read.vt == VT_UI8 && read.ullVal == 7);
    CHECK_CODE(E_INVALIDARG, file->SetProperty(DOFilePropertyId_TotalSizeBytes, &path));
    CHECK_CODE(DO_E_WRITE_ONLY_PROPERTY, file->GetProperty(DOFilePropertyId_DecryptionInfo, read.out()));
    CHECK(read.is_empty());
    CHECK_CODE(DO_E_UNKNOWN_PROPERTY_ID, file->GetProperty(static_cast<DOFilePropertyId>(7), read.out()));

    Ptr<Sink> sink(new Sink(IID_IStream));
    Variant stream(sink.get());
    CHECK_CODE(DO_E_FILE_DOWNLOADSINK_ALREADY_SET, file->SetProperty(DOFilePropertyId_DownloadSinkInterface, &stream));
    CHECK(swarmline_fake_objects() == 0);
    CHECK_OK(by_id->AddFile(u"id 2", u"http://h/2", 0, nullptr, IID_IDeliveryOptimizationFile2, file.out_any()));
    CHECK_OK(file->SetProperty(DOFilePropertyId_DownloadSinkInterface, &stream));
    CHECK(swarmline_fake_objects() == 1);
    CHECK_OK(file->GetProperty(DOFilePropertyId_DownloadSinkInterface, read.out()));
    CHECK(read.vt == VT_UNKNOWN && read.punkVal == sink.get());
    CHECK_CODE(DO_E_MEMORYSTREAM_DOWNLOAD_NOT_SUPPORTED,
               file->SetProperty(DOFilePropertyId_DownloadSinkMemoryStream, &stream));
    CHECK_CODE(E_INVALIDARG, file->SetProperty(DOFilePropertyId_DownloadSinkFilePath, &stream));

    CHECK_CODE(E_NOT_SET, by_id->GetProperty(DOJobPropertyId_ExtendedErrorInfo, read.out()));
    CHECK_CODE(DO_E_READ_ONLY_PROPERTY, by_id->SetProperty(DOJobPropertyId_ExtendedErrorInfo, &path));
    CHECK_CODE(DO_E_UNKNOWN_PROPERTY_ID, by_id->SetProperty(static_cast<DOJobPropertyId>(1), &path));
    CHECK_OK(job->Cancel());
    CHECK(swarmline_fake_objects() == 0);
}

static void states_and_errors_are_told() {
    GUID id;
    auto job = new_job(&id);
    CHECK_OK(job->AddFile(u"http://h/0", u"/tmp/0"));
    CHECK_OK(job->AddFile(u"http://h/1", u"/tmp/1"));
    Ptr<IBackgroundCopyError> error;
    CHECK_CODE(DO_E_ERROR_INFORMATION_UNAVAILABLE, job->GetError(error.out()));
    CHECK(error.get() == nullptr);

    Ptr<JobCallback> callback(new JobCallback);
    Ptr<IBackgroundCopyError> kept;
    int transferred = 0, failed = 0, modified = 0, files = 0;
    callback->failed = [&](IBackgroundCopyJob *which, IBackgroundCopyError *what) {
        GUID same;
        CHECK_OK(which->GetId(&same));
        CHECK(same == id);
        what->AddRef();
        kept = Ptr<IBackgroundCopyError>(what);
        return ++failed == 1 ? E_FAIL : S_OK;
    };
    callback->transferred = [&](IBackgroundCopyJob *which) {
        ++transferred;
        return which->Complete();
    };
    callback->modified = [&](IBackgroundCopyJob *, DWORD reserved) {
        CHECK(reserved == 0);
        ++modified;
        return S_OK;
    };
    callback->file = [&](IBackgroundCopyJob *, IBackgroundCopyFile *file) {
        Text name;
        CHECK_OK(file->GetRemoteName(name.out()));
        CHECK(name.str() == u"http://h/0" || name.str() == u"http://h/1");
        ++files;
        return S_OK;
    };
    CHECK_OK(job->SetNotifyFlags(BG_NOTIFY_JOB_TRANSFERRED | BG_NOTIFY_JOB_ERROR | BG_NOTIFY_JOB_MODIFICATION |
                                 BG_NOTIFY_FILE_TRANSFERRED));
    Ptr<IUnknown> registered;
    CHECK_OK(job->GetNotifyInterface(registered.out()));
    CHECK(registered.get() == nullptr);
    CHECK_OK(job->SetNotifyInterface(callback.get()));
    CHECK_OK(job->GetNotifyInterface(registered.out()));
    CHECK(registered.get() == callback.get());
    CHECK_OK(job->Resume());
    CHECK_OK(swarmline_fake_half(id, 0));
    CHECK(modified > 0);
    BG_JOB_STATE state;
    CHECK_OK(job->GetState(&state));
    CHECK(state == BG_JOB_STATE_TRANSFERRING);
    BG_JOB_PROGRESS progress;
    CHECK_OK(job->GetProgress(&progress));
    CHECK(progress.BytesTotal == BG_SIZE_UNKNOWN && progress.BytesTransferred == 50);
    CHECK(progress.FilesTotal == 2 && progress.FilesTransferred == 0);

    swarmline_fake_arrived(id, 0);
    CHECK(files == 1);
    swarmline_fake_failed(id, 1, 403);
    CHECK(failed == 1);
    swarmline_fake_later(10); // what was not answered with S_OK is repeated
    CHECK(failed == 2);
    swarmline_fake_later(1000);
    CHECK(failed == 2);
    CHECK_OK(job->GetState(&state));
    CHECK(state == BG_JOB_STATE_ERROR);
    ULONG count;
    CHECK_OK(job->GetErrorCount(&count));
    CHECK(count == 1);

    BG_ERROR_CONTEXT context;
    HRESULT code;
    CHECK_OK(kept->GetError(&context, &code));
    CHECK(context == BG_ERROR_CONTEXT_REMOTE_FILE && code == HTTP_E_STATUS_403);
    Ptr<IBackgroundCopyFile> file;
    CHECK_OK(kept->GetFile(file.out()));
    Text text;
    CHECK_OK(file->GetRemoteName(text.out()));
    CHECK(text.str() == u"http://h/1");
    CHECK_OK(kept->GetErrorDescription(0x409, text.out()));
    CHECK(text.str().find(u"403") != std::u16string::npos);
    CHECK_CODE(E_NOTIMPL, kept->GetErrorContextDescription(0x409, text.out()));
    CHECK(text.raw() == nullptr);
    CHECK_CODE(E_NOTIMPL, kept->GetProtocol(text.out()));
    CHECK_OK(job->GetError(error.out()));
    Variant info;
    auto by_id = job.as<IDeliveryOptimizationJob2>(IID_IDeliveryOptimizationJob2);
    CHECK_OK(by_id->GetProperty(DOJobPropertyId_ExtendedErrorInfo, info.out()));
    CHECK(info.vt == VT_BSTR && info.bstrVal[0] == u'{');

    // The client repairs the cause and goes on. Completing inside the callback ends the callback's own registration.
    CHECK_OK(file.as<IBackgroundCopyFile2>(IID_IBackgroundCopyFile2)->SetRemoteName(u"http://h/1"));
    CHECK_OK(job->Resume());
    swarmline_fake_half(id, 1);
    CHECK_CODE(DO_E_ERROR_INFORMATION_UNAVAILABLE, job->GetError(error.out()));
    CHECK_OK(kept->GetError(&context, &code)); // what was kept shows what was
    swarmline_fake_arrived(id, 1);
    CHECK(transferred == 1); // which overtakes what else there is to tell
    CHECK_OK(job->GetState(&state));
    CHECK(state == BG_JOB_STATE_ACKNOWLEDGED);
    swarmline_fake_later(1);
    CHECK(swarmline_fake_objects() == 0);
    BG_FILE_PROGRESS of_file;
    CHECK_OK(file->GetProgress(&of_file));
    CHECK(of_file.Completed == TRUE);
    for (HRESULT refused : {job->Resume(), job->Suspend(), job->Cancel(), job->Complete(),
                            job->SetPriority(BG_JOB_PRIORITY_LOW), job->SetNotifyInterface(callback.get())})
        CHECK_CODE(DO_E_INVALID_STATE, refused);
    CHECK(swarmline_fake_objects() == 0);
    auto jobs = manager<IBackgroundCopyManager>(IID_IBackgroundCopyManager);
    Ptr<IBackgroundCopyJob> found;
    CHECK_CODE(DO_E_JOB_NOT_FOUND, jobs->GetJob(id, found.out()));
}

static void a_callback_without_files_is_not_told_of_them() {
    GUID id;
    auto job = new_job(&id);
    CHECK_OK(job->AddFile(u"http://h/0", u"/tmp/0"));
    Ptr<JobCallback> callback(new JobCallback(false));
    callback->file = [](IBackgroundCopyJob *, IBackgroundCopyFile *) {
        CHECK(!"called");
        return S_OK;
    };
    CHECK_OK(job->SetNotifyFlags(BG_NOTIFY_FILE_TRANSFERRED));
    CHECK_OK(job->SetNotifyInterface(callback.get()));
    CHECK_OK(job->Resume());
    CHECK(SUCCEEDED(swarmline_fake_arrived(id, 0)));
    CHECK_OK(job->SetNotifyInterface(nullptr));
    CHECK(swarmline_fake_objects() == 0);
    CHECK_OK(job->Complete());
}

// What BITS has and this API does not: E_NOTIMPL, and nothing is left in what would be returned.
static void undocumented_slots_refuse_and_clear() {
    auto base = new_job();
    auto job = base.as<IBackgroundCopyJob5>(IID_IBackgroundCopyJob5);
    CHECK_OK(job->AddFile(u"http://h/0", u"/tmp/0"));
    Text a, b;
    ULONG number;
    BOOL truth;
#define CLEARED(variable, call)                                                                                        \
    do {                                                                                                               \
        memset(&(variable), 0xEE, sizeof(variable));                                                                   \
        CHECK_CODE(E_NOTIMPL, call);                                                                                   \
        char zero[sizeof(variable)] = {};                                                                              \
        CHECK(memcmp(&(variable), zero, sizeof(variable)) == 0);                                                       \
    } while (0)
    CHECK_CODE(E_NOTIMPL, job->GetOwner(a.out()));
    CHECK_CODE(E_NOTIMPL, job->SetDisplayName(u"x"));
    CHECK_CODE(E_NOTIMPL, job->SetDescription(u"x"));
    CHECK_CODE(E_NOTIMPL, job->GetDescription(a.out()));
    CHECK(a.raw() == nullptr);
    CHECK_CODE(E_NOTIMPL, job->SetMinimumRetryDelay(1));
    CLEARED(number, job->GetMinimumRetryDelay(&number));
    CHECK_CODE(E_NOTIMPL, job->SetProxySettings(BG_JOB_PROXY_USAGE_NO_PROXY, nullptr, nullptr));
    BG_JOB_PROXY_USAGE usage;
    CLEARED(usage, job->GetProxySettings(&usage, a.out(), b.out()));
    CHECK(a.raw() == nullptr && b.raw() == nullptr);
    CHECK_CODE(E_NOTIMPL, job->TakeOwnership());
    CHECK_CODE(E_NOTIMPL, job->SetNotifyCmdLine(u"x", u"y"));
    CHECK_CODE(E_NOTIMPL, job->GetNotifyCmdLine(a.out(), b.out()));
    CHECK(a.raw() == nullptr && b.raw() == nullptr);
    BG_JOB_REPLY_PROGRESS reply;
    CLEARED(reply, job->GetReplyProgress(&reply));
    uint8_t *bytes;
    UINT64 count;
    CLEARED(bytes, job->GetReplyData(&bytes, &count));
    CLEARED(count, job->GetReplyData(&bytes, &count));
    CHECK_CODE(E_NOTIMPL, job->SetReplyFileName(u"x"));
    CHECK_CODE(E_NOTIMPL, job->GetReplyFileName(a.out()));
    CHECK_CODE(E_NOTIMPL, job->SetCredentials(nullptr));
    CHECK_CODE(E_NOTIMPL, job->RemoveCredentials(BG_AUTH_TARGET_SERVER, BG_AUTH_SCHEME_BASIC));
    CHECK_CODE(E_NOTIMPL, job->ReplaceRemotePrefix(u"x", u"y"));
    CHECK_CODE(E_NOTIMPL, job->AddFileWithRanges(u"http://h/1", u"/tmp/1", 0, nullptr));
    CHECK_CODE(E_NOTIMPL, job->SetFileACLFlags(1));
    CLEARED(number, job->GetFileACLFlags(&number));
    CHECK_CODE(E_NOTIMPL, job->SetPeerCachingFlags(1));
    CLEARED(number, job->GetPeerCachingFlags(&number));
    CLEARED(number, job->GetOwnerIntegrityLevel(&number));
    CLEARED(truth, job->GetOwnerElevationState(&truth));
    CHECK_CODE(E_NOTIMPL, job->SetMaximumDownloadTime(1));
    CLEARED(number, job->GetMaximumDownloadTime(&number));

    Ptr<IEnumBackgroundCopyFiles> list;
    CHECK_OK(job->EnumFiles(list.out()));
    Ptr<IBackgroundCopyFile> first;
    CHECK_OK(list->Next(1, first.out(), nullptr));
    auto file = first.as<IBackgroundCopyFile5>(IID_IBackgroundCopyFile5);
    CHECK_CODE(E_NOTIMPL, file->GetTemporaryName(a.out()));
    CHECK(a.raw() == nullptr);
    CHECK_CODE(E_NOTIMPL, file->SetValidationState(TRUE));
    CLEARED(truth, file->GetValidationState(&truth));
    CLEARED(truth, file->IsDownloadedFromPeer(&truth));
    UINT64 peers;
    CLEARED(count, file->GetPeerDownloadStats(&count, &peers));
    CLEARED(peers, file->GetPeerDownloadStats(&count, &peers));
}

int main() {
    CHECK(swarmline_fake_install() == TRUE);
    ways_between_interfaces();
    jobs_are_made_found_and_listed();
    settings_come_back();
    files_are_added_and_listed();
    statistics_come_by_both_slots();
    properties_of_files_have_their_types();
    states_and_errors_are_told();
    a_callback_without_files_is_not_told_of_them();
    undocumented_slots_refuse_and_clear();
    CHECK(alive() == 0);
    return 0;
}
