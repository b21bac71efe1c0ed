// Every method of the modern face, as a client that behaves, and the entry points.
#include <thread>

#include "check.h"

static Ptr<IDODownload> new_download() {
    Ptr<IDODownload> download;
    CHECK_OK(manager<IDOManager>(IID_IDOManager)->CreateDownload(download.out()));
    return download;
}

static void nothing_to_list_is_a_code_of_its_own() {
    Ptr<IEnumUnknown> list;
    CHECK_CODE(DO_E_NO_DOWNLOADS, manager<IDOManager>(IID_IDOManager)->EnumDownloads(nullptr, list.out()));
    CHECK(list.get() == nullptr);
}

static void downloads_are_listed_by_category() {
    auto first = new_download(), second = new_download();
    Variant uri(u"http://h/b");
    CHECK_OK(second->SetProperty(DODownloadProperty_Uri, &uri));
    auto downloads = manager<IDOManager>(IID_IDOManager);
    Ptr<IEnumUnknown> list, copy;
    CHECK_OK(downloads->EnumDownloads(nullptr, list.out()));
    IUnknown *both[3];
    ULONG fetched;
    CHECK_CODE(S_FALSE, list->Next(3, both, &fetched));
    CHECK(fetched == 2);
    for (ULONG i = 0; i < fetched; ++i) {
        Ptr<IUnknown> one(both[i]);
        DO_DOWNLOAD_STATUS status;
        CHECK_OK(one.as<IDODownload>(IID_IDODownload)->GetStatus(&status));
    }
    DO_DOWNLOAD_ENUM_CATEGORY category = {DODownloadProperty_Uri, u"http://h/b"};
    CHECK_OK(downloads->EnumDownloads(&category, list.out()));
    Ptr<IUnknown> one;
    CHECK_OK(list->Next(1, one.out(), &fetched));
    GUID found = id_of(one.as<IDODownload>(IID_IDODownload).get());
    CHECK(found == id_of(second.get()));
    CHECK_CODE(S_FALSE, list->Skip(1));
    CHECK_OK(list->Reset());
    CHECK_OK(list->Clone(copy.out()));
    CHECK_OK(copy->Skip(1));
    category.Value = nullptr;
    CHECK_CODE(E_INVALIDARG, downloads->EnumDownloads(&category, list.out()));
    category = {static_cast<DODownloadProperty>(99), u"x"};
    CHECK_CODE(E_INVALIDARG, downloads->EnumDownloads(&category, list.out()));
    category = {DODownloadProperty_CostPolicy, u"x"};
    CHECK_CODE(E_INVALIDARG, downloads->EnumDownloads(&category, list.out()));
    CHECK_OK(first->Abort());
    CHECK_OK(second->Abort());
}

static Ptr<IDODownload> ready_download(LPCWSTR path = u"/tmp/modern") {
    auto download = new_download();
    Variant uri(u"http://h/file"), local(path);
    CHECK_OK(download->SetProperty(DODownloadProperty_Uri, &uri));
    if (path) CHECK_OK(download->SetProperty(DODownloadProperty_LocalPath, &local));
    return download;
}

static void ranges_lie_behind_their_count() {
    auto download = ready_download();
    struct {
        DO_DOWNLOAD_RANGES_INFO first;
        DO_DOWNLOAD_RANGE second;
    } two = {{2, {{10, 5}}}, {14, 1}};
    CHECK_CODE(DO_E_OVERLAPPING_RANGES, download->Start(&two.first));
    two.second = {20, 0};
    CHECK_CODE(DO_E_INVALID_RANGE, download->Start(&two.first));
    two.second = {0, 10};
    CHECK_OK(download->Start(&two.first));
    CHECK_OK(download->Abort());
    download = ready_download();
    DO_DOWNLOAD_RANGES_INFO whole = {0, {}};
    CHECK_OK(download->Start(&whole));
    CHECK_OK(download->Start(nullptr));
    CHECK_OK(download->Abort());
    download = new_download();
    CHECK_CODE(DO_E_DOWNLOAD_NO_URI, download->Start(nullptr));
    CHECK_OK(download->Abort());
}

static void states_are_told() {
    auto download = ready_download();
    GUID id = id_of(download.get());
    DO_DOWNLOAD_STATUS status, last = {};
    CHECK_OK(download->GetStatus(&status));
    CHECK(status.State == DODownloadState_Created && status.Error == S_OK);

    Ptr<DownloadCallback> callback(new DownloadCallback);
    int calls = 0;
    callback->changed = [&](IDODownload *which, const DO_DOWNLOAD_STATUS *told) {
        CHECK(id_of(which) == id);
        DO_DOWNLOAD_STATUS now;
        CHECK_OK(which->GetStatus(&now));
        last = *told;
        ++calls;
        return E_FAIL; // has no effect
    };
    Variant object(callback.get()), read, none;
    CHECK_OK(download->SetProperty(DODownloadProperty_CallbackInterface, &object));
    CHECK_OK(download->GetProperty(DODownloadProperty_CallbackInterface, read.out()));
    CHECK(read.vt == VT_UNKNOWN && read.punkVal == callback.get());
    CHECK_OK(download->Start(nullptr));
    swarmline_fake_half(id, 0);
    swarmline_fake_later(2);
    CHECK(calls > 0 && last.State == DODownloadState_Transferring);
    CHECK(last.BytesTotal == 100 && last.BytesTransferred == 50 && last.Error == S_OK);
    swarmline_fake_failed(id, 0, 404);
    CHECK(last.State == DODownloadState_Paused && last.Error == HTTP_E_STATUS_404);
    CHECK_OK(download->GetStatus(&status));
    CHECK(memcmp(&status, &last, 28) == 0);
    CHECK_OK(download->Start(nullptr));
    CHECK_OK(download->Pause());
    swarmline_fake_later(2);
    CHECK(last.State == DODownloadState_Paused && last.Error == S_OK);

    // An empty value clears it, and the service lets go of it.
    CHECK_OK(download->SetProperty(DODownloadProperty_CallbackInterface, &none));
    CHECK(swarmline_fake_objects() == 0);
    int before = calls;
    CHECK_OK(download->Start(nullptr));
    CHECK_CODE(S_FALSE, swarmline_fake_arrived(id, 0));
    CHECK(calls == before);
    CHECK_OK(download->GetStatus(&status));
    CHECK(status.State == DODownloadState_Transferred);
    CHECK_OK(download->Finalize());
    CHECK_CODE(DO_E_INVALID_STATE, download->Start(nullptr));
    CHECK_CODE(DO_E_INVALID_STATE, download->Pause());
}

static void a_blocking_start_returns_when_it_is_decided() {
    for (bool arrives : {true, false}) {
        auto download = ready_download();
        GUID id = id_of(download.get());
        Variant yes(true);
        CHECK_OK(download->SetProperty(DODownloadProperty_BlockingMode, &yes));
        std::atomic<bool> decided{false};
        std::thread client([&] {
            HRESULT code = download->Start(nullptr);
            CHECK(decided);
            CHECK_CODE(arrives ? S_OK : HTTP_E_STATUS_404, code);
        });
        DO_DOWNLOAD_STATUS status;
        do {
            std::this_thread::yield();
            CHECK_OK(download->GetStatus(&status));
        } while (status.State != DODownloadState_Transferring);
        decided = true;
        if (arrives)
            swarmline_fake_arrived(id, 0);
        else
            swarmline_fake_failed(id, 0, 404);
        client.join();
        CHECK_OK(download->Abort());
    }
}

static void a_stream_takes_bytes_or_says_why_not() {
    for (REFIID iid : {IID_IStream, IID_ISequentialStream}) {
        auto download = ready_download(nullptr);
        GUID id = id_of(download.get());
        Ptr<Sink> sink(new Sink(iid));
        std::string got;
        sink->write = [&](const void *bytes, ULONG count, ULONG *written) {
            got.append(static_cast<const char *>(bytes), count);
            *written = count;
            return S_OK;
        };
        Variant stream(sink.get()), path(u"/tmp/both"), read;
        CHECK_OK(download->SetProperty(DODownloadProperty_StreamInterface, &stream));
        CHECK_OK(download->GetProperty(DODownloadProperty_StreamInterface, read.out()));
        CHECK(read.vt == VT_UNKNOWN && read.punkVal == sink.get());
        CHECK_CODE(DO_E_FILE_DOWNLOADSINK_ALREADY_SET, download->SetProperty(DODownloadProperty_LocalPath, &path));
        CHECK_CODE(DO_E_DOWNLOAD_RANGES_EXPECTED, download->Start(nullptr));
        DO_DOWNLOAD_RANGES_INFO whole = {1, {{0, DO_LENGTH_TO_EOF}}};
        CHECK_OK(download->Start(&whole));
        CHECK_OK(swarmline_fake_bytes(id, 0, 'a', 3));
        CHECK_OK(swarmline_fake_bytes(id, 0, 'b', 0));
        CHECK_OK(swarmline_fake_bytes(id, 0, 'c', 2));
        CHECK(got == "aaacc");
        sink->write = [](const void *, ULONG, ULONG *) { return S_OK; };
        CHECK_OK(swarmline_fake_bytes(id, 0, 'd', 4)); // does not say how much: all
        sink->write = [](const void *, ULONG count, ULONG *written) {
            *written = count - 1;
            return S_OK;
        };
        CHECK_CODE(E_FAIL, swarmline_fake_bytes(id, 0, 'e', 4));
        sink->write = [](const void *, ULONG, ULONG *) { return SWARMLINE_E_ERRNO(28); };
        CHECK_CODE(SWARMLINE_E_ERRNO(28), swarmline_fake_bytes(id, 0, 'f', 4));
        CHECK_OK(download->Abort());
        CHECK(swarmline_fake_objects() == 0);
    }
}

static void properties_have_their_types() {
    auto download = new_download();
    Variant text(u"x"), number(60u), yes(true), no(false), read;
    const struct {
        DODownloadProperty id;
        LPCWSTR value;
    } texts[] = {{DODownloadProperty_Uri, u"https://h/\u00e4"},
                 {DODownloadProperty_ContentId, u"bLR+YkW147Gf10YSrQ6lgW3AC9E1aDesK3TaSr0DHJA="},
                 {DODownloadProperty_DisplayName, u"\u00e4\U0001F600"},
                 {DODownloadProperty_LocalPath, u"/tmp/\u00e4"},
                 {DODownloadProperty_HttpCustomHeaders, u"X-One: 1\r\n"},
                 {DODownloadProperty_CorrelationVector, u"cv.1"},
                 {DODownloadProperty_HttpCustomAuthHeaders, u"Authorization: x\r\n"}};
    for (auto &[id, value] : texts) {
        Variant own(value);
        CHECK_OK(download->SetProperty(id, &own));
        CHECK_OK(download->GetProperty(id, read.out()));
        CHECK(read.vt == VT_BSTR && std::u16string(read.bstrVal).substr(0, 3) == std::u16string(value).substr(0, 3));
        CHECK_CODE(E_INVALIDARG, download->SetProperty(id, &number));
    }
    const DODownloadProperty numbers[] = {DODownloadProperty_CostPolicy, DODownloadProperty_CallbackFreqPercent,
                                          DODownloadProperty_CallbackFreqSeconds,
                                          DODownloadProperty_NoProgressTimeoutSeconds};
    for (auto id : numbers) {
        Variant own(id == DODownloadProperty_CostPolicy ? 5u : 60u);
        CHECK_OK(download->SetProperty(id, &own));
        CHECK_OK(download->GetProperty(id, read.out()));
        CHECK(read.vt == VT_UI4 && read.ulVal == own.ulVal);
        CHECK_CODE(E_INVALIDARG, download->SetProperty(id, &text));
    }
    const DODownloadProperty truths[] = {
        DODownloadProperty_ForegroundPriority, DODownloadProperty_BlockingMode,
        DODownloadProperty_IntegrityCheckMandatory, DODownloadProperty_DisallowOnCellular,
        DODownloadProperty_HttpAllowSecureToNonSecureRedirect, DODownloadProperty_NonVolatile};
    for (auto id : truths) {
        for (Variant *value : {&yes, &no}) {
            CHECK_OK(download->SetProperty(id, value));
            CHECK_OK(download->GetProperty(id, read.out()));
            CHECK(read.vt == VT_BOOL && read.boolVal == value->boolVal);
        }
        CHECK_CODE(E_INVALIDARG, download->SetProperty(id, &number));
    }
    const DODownloadProperty written[] = {DODownloadProperty_DecryptionInfo, DODownloadProperty_IntegrityCheckInfo};
    Variant json(u"{}");
    for (auto id : written) {
        CHECK_OK(download->SetProperty(id, &json));
        CHECK_CODE(E_INVALIDARG, download->SetProperty(id, &text)); // not JSON
        CHECK_CODE(DO_E_WRITE_ONLY_PROPERTY, download->GetProperty(id, read.out()));
        CHECK(read.is_empty());
    }
    Variant lenient(0x3300u);
    CHECK_OK(download->SetProperty(DODownloadProperty_SecurityFlags, &lenient));
    CHECK_OK(download->SetProperty(DODownloadProperty_NetworkToken, &yes));
    CHECK_CODE(DO_E_READ_ONLY_PROPERTY, download->SetProperty(DODownloadProperty_Id, &text));

    Variant wide;
    wide.vt = VT_UI8;
    wide.ullVal = 1;
    CHECK_OK(download->SetProperty(DODownloadProperty_CostPolicy, &wide)); // nothing is lost
    CHECK_OK(download->SetProperty(DODownloadProperty_TotalSizeBytes, &number));
    wide.ullVal = UINT64{1} << 32;
    CHECK_CODE(E_INVALIDARG, download->SetProperty(DODownloadProperty_CostPolicy, &wide));
    CHECK_OK(download->SetProperty(DODownloadProperty_TotalSizeBytes, &wide));
    CHECK_OK(download->GetProperty(DODownloadProperty_TotalSizeBytes, read.out()));
    CHECK(read.vt == VT_UI8 && read.ullVal == UINT64{1} << 32);

    Variant bytes;
    bytes.vt = VT_ARRAY | VT_UI1;
    bytes.parray = swarmline_SafeArrayCreateVector(VT_UI1, 0, 3);
    void *data;
    CHECK_OK(swarmline_SafeArrayAccessData(bytes.parray, &data));
    memcpy(data, "abc", 3);
    CHECK_OK(swarmline_SafeArrayUnaccessData(bytes.parray));
    CHECK_CODE(E_NOTIMPL, download->SetProperty(DODownloadProperty_SecurityContext, &bytes)); // arrives and is refused
    CHECK_CODE(E_INVALIDARG, download->SetProperty(DODownloadProperty_SecurityContext, &text));
    CHECK_CODE(DO_E_UNKNOWN_PROPERTY_ID, download->SetProperty(static_cast<DODownloadProperty>(26), &text));
    CHECK_CODE(DO_E_UNKNOWN_PROPERTY_ID, download->GetProperty(static_cast<DODownloadProperty>(26), read.out()));
    CHECK(read.is_empty());
    CHECK_OK(download->Abort());
}

static void the_class_makes_managers() {
    Ptr<IClassFactory> factory;
    CHECK_OK(DllGetClassObject(CLSID_DeliveryOptimization, IID_IClassFactory, factory.out_any()));
    Ptr<IBackgroundCopyManager> jobs;
    CHECK_OK(factory->CreateInstance(nullptr, IID_IBackgroundCopyManager, jobs.out_any()));
    Ptr<IDOManager> downloads;
    CHECK_OK(factory->CreateInstance(nullptr, IID_IDOManager, downloads.out_any()));
    Ptr<IUnknown> unknown;
    CHECK_CODE(CLASS_E_NOAGGREGATION, factory->CreateInstance(downloads.get(), IID_IUnknown, unknown.out_any()));
    CHECK_CODE(E_NOINTERFACE, factory->CreateInstance(nullptr, IID_IDODownload, unknown.out_any()));
    CHECK_CODE(CLASS_E_CLASSNOTAVAILABLE, DllGetClassObject(IID_IDOManager, IID_IClassFactory, unknown.out_any()));
    CHECK_CODE(E_NOINTERFACE, DllGetClassObject(CLSID_DeliveryOptimization, IID_IDOManager, unknown.out_any()));
    CHECK(unknown.get() == nullptr);
    CHECK_OK(SwarmlineCreateManager(IID_IUnknown, unknown.out_any()));
    CHECK_CODE(E_NOINTERFACE, SwarmlineCreateManager(IID_IDODownload, unknown.out_any()));
    CHECK_CODE(E_INVALIDARG, SwarmlineCreateManager(IID_IUnknown, nullptr));
    CHECK_OK(factory->LockServer(TRUE));
    CHECK_OK(factory->LockServer(FALSE));
    CHECK_CODE(E_UNEXPECTED, factory->LockServer(FALSE));
    CHECK_CODE(S_FALSE, DllCanUnloadNow());
}

int main() {
    CHECK_OK(DllCanUnloadNow());
    Ptr<IDOManager> nobody;
    Text why;
    CHECK_CODE(S_FALSE, SwarmlineGetServiceError(why.out()));
    CHECK(why.raw() == nullptr);
    CHECK_CODE(E_INVALIDARG, SwarmlineGetServiceError(nullptr));
    CHECK_CODE(DO_E_NO_SERVICE, SwarmlineCreateManager(IID_IDOManager, nobody.out_any()));
    CHECK(nobody.get() == nullptr);
    CHECK_OK(SwarmlineGetServiceError(why.out()));
    CHECK(why.str().rfind(u"state directory /dev/null/state cannot be used", 0) == 0);
    CHECK(swarmline_fake_install() == TRUE);
    nothing_to_list_is_a_code_of_its_own();
    downloads_are_listed_by_category();
    ranges_lie_behind_their_count();
    states_are_told();
    a_blocking_start_returns_when_it_is_decided();
    a_stream_takes_bytes_or_says_why_not();
    properties_have_their_types();
    the_class_makes_managers();
    CHECK(alive() == 0);
    return 0;
}
