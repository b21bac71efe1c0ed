// Clients that misbehave: a documented code or nothing at all, and never harm to anybody.
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

// Memory whose last byte is the last that can be read.
class Guarded {
  public:
    Guarded() : page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))) {
        start_ = static_cast<char *>(mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        CHECK(start_ != MAP_FAILED);
        CHECK(mprotect(start_ + page_, page_, PROT_NONE) == 0);
    }
    ~Guarded() { munmap(start_, 2 * page_); }
    template <class T> T *ending_with(const void *bytes, size_t count) {
        CHECK(count <= page_);
        return static_cast<T *>(memcpy(start_ + page_ - count, bytes, count));
    }
    // Here nothing can be read, nor a little before.
    template <class T> T *nowhere() { return reinterpret_cast<T *>(start_ + page_ + 64); }

  private:
    size_t page_;
    char *start_;
};

static Ptr<IDODownload> new_download() {
    Ptr<IDODownload> download;
    CHECK_OK(manager<IDOManager>(IID_IDOManager)->CreateDownload(download.out()));
    return download;
}

static Ptr<IBackgroundCopyFile5> first_file(IBackgroundCopyJob *job) {
    Ptr<IEnumBackgroundCopyFiles> list;
    CHECK_OK(job->EnumFiles(list.out()));
    Ptr<IBackgroundCopyFile> file;
    CHECK_OK(list->Next(1, file.out(), nullptr));
    return file.as<IBackgroundCopyFile5>(IID_IBackgroundCopyFile5);
}

static void null_is_an_invalid_argument() {
    auto jobs = manager<IBackgroundCopyManager>(IID_IBackgroundCopyManager);
    GUID id;
    Ptr<IBackgroundCopyJob> job;
    CHECK_CODE(E_INVALIDARG, jobs->CreateJob(nullptr, BG_JOB_TYPE_DOWNLOAD, &id, job.out()));
    CHECK(job.get() == nullptr && id == GUID_NULL);
    CHECK_CODE(E_INVALIDARG, jobs->CreateJob(u"x", BG_JOB_TYPE_DOWNLOAD, nullptr, job.out()));
    CHECK(job.get() == nullptr);
    CHECK_CODE(E_INVALIDARG, jobs->CreateJob(u"x", BG_JOB_TYPE_DOWNLOAD, &id, nullptr));
    CHECK(id == GUID_NULL);
    CHECK_CODE(E_INVALIDARG, jobs->GetJob(id, nullptr));
    CHECK_CODE(E_INVALIDARG, jobs->EnumJobs(0, nullptr));
    CHECK_CODE(E_INVALIDARG, jobs->GetErrorDescription(E_FAIL, 0, nullptr));

    job = new_job();
    CHECK_CODE(E_POINTER, job->QueryInterface(IID_IUnknown, nullptr));
    HRESULT refused[] = {
        job->EnumFiles(nullptr),          job->GetId(nullptr),          job->GetType(nullptr),
        job->GetProgress(nullptr),        job->GetTimes(nullptr),       job->GetState(nullptr),
        job->GetError(nullptr),           job->GetOwner(nullptr),       job->GetDisplayName(nullptr),
        job->GetDescription(nullptr),     job->GetPriority(nullptr),    job->GetNotifyFlags(nullptr),
        job->GetNotifyInterface(nullptr), job->GetErrorCount(nullptr),  job->GetNoProgressTimeout(nullptr),
        job->AddFile(nullptr, u"/tmp/x"), job->AddFile(u"x", nullptr),  job->AddFileSet(1, nullptr),
        job->AddFileSet(0, nullptr),
    };
    for (HRESULT code : refused) CHECK_CODE(E_INVALIDARG, code);
    auto ranged = job.as<IDeliveryOptimizationJob>(IID_IDeliveryOptimizationJob);
    CHECK_CODE(E_INVALIDARG, ranged->AddFileWithRanges(nullptr, u"http://h", u"/x", 0, nullptr, 0));
    CHECK_CODE(E_INVALIDARG, ranged->AddFileWithRanges(u"i", u"http://h", nullptr, 0, nullptr, 0));
    CHECK_CODE(E_INVALIDARG, ranged->AddFileWithRanges(u"i", u"http://h", u"", 0, nullptr, 0));
    CHECK_CODE(E_INVALIDARG, ranged->AddFileWithRanges(u"i", u"http://h", u"/x", 1, nullptr, 0));
    auto by_id = job.as<IDeliveryOptimizationJob2>(IID_IDeliveryOptimizationJob2);
    CHECK_CODE(E_INVALIDARG, by_id->AddFile(u"i", nullptr, 0, nullptr, IID_IUnknown, nullptr));
    CHECK_CODE(E_INVALIDARG, by_id->GetProperty(DOJobPropertyId_ExtendedErrorInfo, nullptr));
    CHECK_CODE(E_INVALIDARG, by_id->SetProperty(DOJobPropertyId_ExtendedErrorInfo, nullptr));

    CHECK_OK(job->AddFile(u"http://h/0", u"/tmp/0"));
    auto file = first_file(job.get());
    DWORD count = 99;
    CHECK_CODE(E_INVALIDARG, file->GetFileRanges(&count, nullptr));
    CHECK(count == 0); // the others are cleared also when one is missing
    HRESULT of_file[] = {
        file->GetRemoteName(nullptr), file->GetLocalName(nullptr), file->GetProgress(nullptr),
        file->SetRemoteName(nullptr), file->GetProperty(BITS_FILE_PROPERTY_ID_HTTP_RESPONSE_HEADERS, nullptr),
        file.as<IDeliveryOptimizationFile>(IID_IDeliveryOptimizationFile)->GetStats(nullptr),
        file.as<IDeliveryOptimizationFile2>(IID_IDeliveryOptimizationFile2)
            ->SetProperty(DOFilePropertyId_TotalSizeBytes, nullptr),
    };
    for (HRESULT code : of_file) CHECK_CODE(E_INVALIDARG, code);

    CHECK_CODE(E_INVALIDARG, manager<IDOManager>(IID_IDOManager)->CreateDownload(nullptr));
    auto download = new_download();
    CHECK_CODE(E_INVALIDARG, download->GetStatus(nullptr));
    CHECK_CODE(E_INVALIDARG, download->GetProperty(DODownloadProperty_Id, nullptr));
    CHECK_CODE(E_INVALIDARG, download->SetProperty(DODownloadProperty_Uri, nullptr));
    CHECK_OK(download->Abort());
}

static void texts_without_end_or_sense_are_refused() {
    auto jobs = manager<IBackgroundCopyManager>(IID_IBackgroundCopyManager);
    GUID id;
    Ptr<IBackgroundCopyJob> job;
    auto create = [&](LPCWSTR name) {
        HRESULT code = jobs->CreateJob(name, BG_JOB_TYPE_DOWNLOAD, &id, job.out());
        CHECK(SUCCEEDED(code) == (job.get() != nullptr));
        return code;
    };
    Guarded memory;
    std::u16string longest(256, u'x'), longer(257, u'x'), endless(1 << 17, u'x');
    CHECK_OK(create(longest.c_str()));
    CHECK_CODE(E_INVALIDARG, create(longer.c_str()));
    CHECK_CODE(E_INVALIDARG, create(endless.c_str()));
    CHECK_CODE(E_INVALIDARG, create(memory.ending_with<char16_t>(longest.data(), 512))); // no zero anywhere
    CHECK_OK(create(memory.ending_with<char16_t>(longest.data(), 514)));                 // the zero is the last unit
    CHECK_CODE(E_INVALIDARG, create(memory.nowhere<char16_t>()));
    CHECK_CODE(E_INVALIDARG, create(reinterpret_cast<LPCWSTR>(uintptr_t{2})));
    const char16_t lone_high[] = {0xD83D, 0}, lone_low[] = {u'x', 0xDE00, 0}, reversed[] = {0xDE00, 0xD83D, 0};
    for (LPCWSTR text : {lone_high, lone_low, reversed}) {
        CHECK_CODE(E_INVALIDARG, create(text));
        CHECK_CODE(E_INVALIDARG, new_job()->AddFile(text, u"/tmp/x"));
        CHECK_CODE(E_INVALIDARG, new_job()->AddFile(u"http://h", text));
    }
}

static void arrays_shorter_than_their_count_are_refused() {
    Guarded memory;
    auto job = new_job();
    auto ranged = job.as<IDeliveryOptimizationJob>(IID_IDeliveryOptimizationJob);
    BG_FILE_RANGE ranges[] = {{0, 1}, {1, 1}};
    auto *two = memory.ending_with<BG_FILE_RANGE>(ranges, sizeof ranges);
    auto add = [&](ULONG count) { return ranged->AddFileWithRanges(u"i", u"http://h", u"/x", count, two, 9); };
    CHECK_OK(add(2));
    CHECK_CODE(E_INVALIDARG, add(3));
    CHECK_CODE(BG_E_TOO_MANY_RANGES_IN_FILE, add(0xFFFFFFFF));
    BG_FILE_INFO info[1] = {{memory.nowhere<char16_t>(), memory.nowhere<char16_t>()}};
    CHECK_CODE(E_INVALIDARG, job->AddFileSet(1, info));
    CHECK_CODE(E_INVALIDARG, job->AddFileSet(2, memory.ending_with<BG_FILE_INFO>(info, sizeof info)));
    CHECK_CODE(BG_E_TOO_MANY_FILES_IN_JOB, job->AddFileSet(0xFFFFFFFF, info));
    CHECK_OK(job->Cancel());

    auto download = new_download();
    Variant uri(u"http://h/file"), path(u"/tmp/hostile");
    CHECK_OK(download->SetProperty(DODownloadProperty_Uri, &uri));
    CHECK_OK(download->SetProperty(DODownloadProperty_LocalPath, &path));
    ULONG count = 1;
    CHECK_CODE(E_INVALIDARG, download->Start(memory.ending_with<DO_DOWNLOAD_RANGES_INFO>(&count, sizeof count)));
    CHECK_CODE(E_INVALIDARG, download->Start(memory.nowhere<DO_DOWNLOAD_RANGES_INFO>()));
    count = 0;
    CHECK_OK(download->Start(memory.ending_with<DO_DOWNLOAD_RANGES_INFO>(&count, sizeof count)));
    CHECK_OK(download->Abort());
}

static void values_that_are_not_what_they_say_are_refused() {
    Guarded memory;
    auto download = new_download();
    auto set = [&](DODownloadProperty id, VARTYPE vt, const void *payload) {
        VARIANT value = {};
        value.vt = vt;
        value.bstrVal = static_cast<BSTR>(const_cast<void *>(payload));
        return download->SetProperty(id, &value);
    };
    for (VARTYPE vt : {2, 4, 5, 6, 7, 9, 10, 12, 14, 16, 18, 36, 0x4000 | 8, 0x4000 | 13, 0x2000 | 19, 0xFFFF})
        for (auto id : {DODownloadProperty_Uri, DODownloadProperty_CallbackInterface, DODownloadProperty_CostPolicy,
                        DODownloadProperty_SecurityContext})
            CHECK_CODE(E_INVALIDARG, set(id, vt, memory.nowhere<void>()));
    // Who may not set it learns that before his value is looked at.
    CHECK_CODE(DO_E_READ_ONLY_PROPERTY, set(DODownloadProperty_Id, 5, nullptr));
    CHECK_CODE(DO_E_READ_ONLY_PROPERTY, set(DODownloadProperty_Id, VT_BSTR, memory.nowhere<void>()));
    CHECK_CODE(DO_E_UNKNOWN_PROPERTY_ID, set(static_cast<DODownloadProperty>(99), 5, nullptr));

    CHECK_CODE(E_INVALIDARG, set(DODownloadProperty_Uri, VT_BSTR, memory.nowhere<void>()));
    struct {
        uint32_t length;
        char16_t text[4];
    } bstr = {8, {u'a', u'b', u'c', 0}};
    CHECK_CODE(E_INVALIDARG, set(DODownloadProperty_Uri, VT_BSTR, bstr.text)); // a zero inside
    for (uint32_t length : {7u, 0x7FFFFFFEu, 0xFFFFFFFFu}) {
        bstr.length = length;
        auto *at = memory.ending_with<char>(&bstr, sizeof bstr);
        CHECK_CODE(E_INVALIDARG, set(DODownloadProperty_Uri, VT_BSTR, at + 4));
    }
    SAFEARRAY array = {1, 0, 1, 0, memory.nowhere<void>(), {{16, 0}}};
    CHECK_CODE(E_INVALIDARG, set(DODownloadProperty_SecurityContext, VT_ARRAY | VT_UI1, &array));
    CHECK_CODE(E_INVALIDARG, set(DODownloadProperty_SecurityContext, VT_ARRAY | VT_UI1, nullptr));
    array = {7, 0, 1, 0, &array, {{1, 0}}};
    CHECK_CODE(E_INVALIDARG, set(DODownloadProperty_SecurityContext, VT_ARRAY | VT_UI1, &array));

    CHECK_CODE(E_INVALIDARG, set(DODownloadProperty_StreamInterface, VT_UNKNOWN, memory.nowhere<void>()));
    CHECK_CODE(E_NOINTERFACE, set(DODownloadProperty_StreamInterface, VT_UNKNOWN, download.get()));
    CHECK_CODE(E_NOINTERFACE, set(DODownloadProperty_CallbackInterface, VT_UNKNOWN, download.get()));
    CHECK_CODE(E_INVALIDARG, download->SetProperty(DODownloadProperty_Uri, memory.nowhere<VARIANT>()));
    CHECK_OK(download->Abort());

    VARIANT odd = {};
    odd.vt = 5;
    CHECK_CODE((HRESULT)0x80020008, swarmline_VariantClear(&odd));
    CHECK_CODE(E_INVALIDARG, swarmline_VariantClear(nullptr));
    CHECK(swarmline_SysAllocString(nullptr) == nullptr);
    CHECK(swarmline_SysAllocString(memory.nowhere<char16_t>()) == nullptr);
    CHECK(swarmline_SysAllocStringLen(nullptr, 1 << 20) == nullptr);
    CHECK(swarmline_SafeArrayCreateVector(VT_UI4, 0, 1) == nullptr);
    CHECK(swarmline_SafeArrayCreateVector(VT_UI1, 0, 1 << 30) == nullptr);
    swarmline_SysFreeString(nullptr);
    swarmline_CoTaskMemFree(nullptr);
}

static void a_released_pointer_answers_that_nobody_is_there() {
    auto job = new_job();
    IBackgroundCopyJob *stale = job.get();
    auto *stale_ranged = job.as<IDeliveryOptimizationJob>(IID_IDeliveryOptimizationJob).get();
    job.reset();
    BG_JOB_STATE state = BG_JOB_STATE_CANCELLED;
    CHECK_CODE(CO_E_OBJNOTCONNECTED, stale->GetState(&state));
    CHECK(state == 0);
    CHECK_CODE(CO_E_OBJNOTCONNECTED, stale->Cancel());
    CHECK_CODE(CO_E_OBJNOTCONNECTED, stale_ranged->AddFileWithRanges(u"i", u"http://h", u"/x", 0, nullptr, 0));
    void *none = junk<void>();
    CHECK_CODE(CO_E_OBJNOTCONNECTED, stale->QueryInterface(IID_IUnknown, &none));
    CHECK(none == nullptr);
    CHECK(stale->AddRef() == 0 && stale->Release() == 0 && stale->Release() == 0);
}

static void a_callback_may_release_itself() {
    GUID id;
    auto job = new_job(&id);
    CHECK_OK(job->AddFile(u"http://h/0", u"/tmp/0"));
    auto *callback = new JobCallback;
    int calls = 0;
    callback->transferred = [&calls](IBackgroundCopyJob *which) {
        ++calls;
        CHECK_OK(which->SetNotifyInterface(nullptr));
        CHECK(swarmline_fake_objects() == 0);
        return S_OK;
    };
    CHECK_OK(job->SetNotifyInterface(callback));
    callback->Release(); // the service has the only reference now
    CHECK_OK(job->Resume());
    CHECK_OK(swarmline_fake_arrived(id, 0));
    CHECK(calls == 1 && alive() == 0);
    CHECK_OK(job->Cancel());
}

static void a_callback_may_put_another_in_its_place_and_keep_the_job() {
    GUID id;
    auto job = new_job(&id);
    Ptr<IBackgroundCopyJob> kept;
    Ptr<JobCallback> first(new JobCallback), second(new JobCallback);
    int calls = 0;
    first->transferred = [&](IBackgroundCopyJob *which) {
        which->AddRef();
        kept = Ptr<IBackgroundCopyJob>(which);
        CHECK_OK(which->SetNotifyInterface(second.get()));
        return S_OK;
    };
    second->transferred = [&](IBackgroundCopyJob *) {
        ++calls;
        return S_OK;
    };
    CHECK_OK(job->AddFile(u"http://h/0", u"/tmp/0"));
    CHECK_OK(job->SetNotifyInterface(first.get()));
    CHECK_OK(job->Resume());
    job.reset();
    CHECK_OK(swarmline_fake_arrived(id, 0));
    CHECK(kept.get() != nullptr && calls == 1); // the second is told as well, at once
    CHECK_OK(kept->Complete());
    BG_JOB_STATE state;
    CHECK_OK(kept->GetState(&state));
    CHECK(state == BG_JOB_STATE_ACKNOWLEDGED);
}

// Says yes to everything and gives nothing.
class Liar : public Counted<IUnknown> {
  public:
    HRESULT QueryInterface(REFIID, void **object) override {
        *object = nullptr;
        return S_OK;
    }

  protected:
    bool answers(REFIID) const override { return true; }
};

static void objects_of_the_wrong_kind_are_not_registered() {
    Guarded memory;
    auto job = new_job();
    Ptr<DownloadCallback> other(new DownloadCallback);
    CHECK_CODE(E_NOINTERFACE, job->SetNotifyInterface(other.get()));
    CHECK_CODE(E_NOINTERFACE, job->SetNotifyInterface(job.get()));
    Ptr<Liar> liar(new Liar);
    CHECK_CODE(E_NOINTERFACE, job->SetNotifyInterface(liar.get()));
    CHECK_CODE(E_INVALIDARG, job->SetNotifyInterface(memory.nowhere<IUnknown>()));
    CHECK(swarmline_fake_objects() == 0);
}

static void a_defect_inside_stays_inside() {
    auto jobs = manager<IBackgroundCopyManager>(IID_IBackgroundCopyManager);
    GUID id = IID_IUnknown;
    Ptr<IBackgroundCopyJob> job;
    CHECK_CODE(E_UNEXPECTED, jobs->CreateJob(u"panic", BG_JOB_TYPE_DOWNLOAD, &id, job.out()));
    CHECK(job.get() == nullptr && id == GUID_NULL);
    CHECK_OK(jobs->CreateJob(u"no panic", BG_JOB_TYPE_DOWNLOAD, &id, job.out()));
    CHECK_CODE(E_INVALIDARG, jobs->CreateJob(u"x", static_cast<BG_JOB_TYPE>(3), &id, job.out()));
}

int main() {
    CHECK(swarmline_fake_install() == TRUE);
    CHECK(swarmline_fake_install() == FALSE);
    null_is_an_invalid_argument();
    texts_without_end_or_sense_are_refused();
    arrays_shorter_than_their_count_are_refused();
    values_that_are_not_what_they_say_are_refused();
    a_released_pointer_answers_that_nobody_is_there();
    a_callback_may_release_itself();
    a_callback_may_put_another_in_its_place_and_keep_the_job();
    objects_of_the_wrong_kind_are_not_registered();
    a_defect_inside_stays_inside();
    CHECK(alive() == 0);
    return 0;
}
