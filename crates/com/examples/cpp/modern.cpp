// Downloads one file, to a path or through a stream of the program's own.
//
//     modern URL PATH
//     modern --stream URL PATH
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <string>

#include "support.h"

class Callback : public Object<IDODownloadStatusCallback> {
  public:
    Callback() : Object(IID_IDODownloadStatusCallback) {}

    HRESULT OnStatusChange(IDODownload *, const DO_DOWNLOAD_STATUS *status) override {
        std::printf("state %d, %llu bytes\n", status->State, static_cast<unsigned long long>(status->BytesTransferred));
        std::fflush(stdout);
        std::lock_guard<std::mutex> lock(mutex_);
        last_ = *status;
        changed_.notify_all();
        return S_OK;
    }

    // Waits until all is here, it stopped because something failed, Ctrl-C was pressed, or nobody is there any more who
    // could tell; S_OK or why not.
    HRESULT wait(IDODownload *download) {
        for (;;) {
            {
                std::unique_lock<std::mutex> lock(mutex_);
                changed_.wait_for(lock, std::chrono::milliseconds(100)); // for nothing, if it was told before
                if (last_.State == DODownloadState_Transferred) return S_OK;
                if (last_.State == DODownloadState_Paused && FAILED(last_.Error)) return last_.Error;
            }
            DO_DOWNLOAD_STATUS now;
            HRESULT code = interrupted ? E_ABORT : download->GetStatus(&now);
            if (FAILED(code)) return code;
        }
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    DO_DOWNLOAD_STATUS last_ = {};
};

// A sink: verified bytes in order. The library calls Write alone, so the other methods may refuse.
class Sink : public Object<IStream> {
  public:
    explicit Sink(const char *path) : Object(IID_IStream), file_(path, std::ios::binary) {}

    HRESULT Read(void *, ULONG, ULONG *) override { return E_NOTIMPL; }
    HRESULT Seek(int64_t, DWORD, UINT64 *) override { return E_NOTIMPL; }
    HRESULT SetSize(UINT64) override { return E_NOTIMPL; }
    HRESULT CopyTo(IStream *, UINT64, UINT64 *, UINT64 *) override { return E_NOTIMPL; }
    HRESULT Commit(DWORD) override { return E_NOTIMPL; }
    HRESULT Revert() override { return E_NOTIMPL; }
    HRESULT LockRegion(UINT64, UINT64, DWORD) override { return E_NOTIMPL; }
    HRESULT UnlockRegion(UINT64, UINT64, DWORD) override { return E_NOTIMPL; }
    HRESULT Stat(STATSTG *, DWORD) override { return E_NOTIMPL; }
    HRESULT Clone(IStream **) override { return E_NOTIMPL; }
    HRESULT Write(const void *bytes, ULONG count, ULONG *written) override {
        file_.write(static_cast<const char *>(bytes), count);
        if (!file_.flush()) return E_FAIL;
        if (written) *written = count;
        return S_OK;
    }

  private:
    std::ofstream file_;
};

static void set(IDODownload *download, DODownloadProperty id, const std::string &text) {
    VARIANT value;
    swarmline_VariantInit(&value);
    value.vt = VT_BSTR;
    value.bstrVal = swarmline_SysAllocString(wide(text).c_str());
    must(download->SetProperty(id, &value), "setting a text");
    swarmline_VariantClear(&value);
}

static void set(IDODownload *download, DODownloadProperty id, IUnknown *object) {
    VARIANT value;
    swarmline_VariantInit(&value);
    value.vt = VT_UNKNOWN;
    value.punkVal = object; // lent for the call; the library takes its own reference
    must(download->SetProperty(id, &value), "setting an object");
}

static void fetch(bool stream, const char *url, const char *path) {
    Ref<IDOManager> manager;
    must(SwarmlineCreateManager(IID_IDOManager, manager.out_any()), "making a manager");
    Ref<IDODownload> download;
    must(manager->CreateDownload(download.out()), "making a download");
    Finally abort([&download] { download->Abort(); });
    set(download.get(), DODownloadProperty_Uri, url);

    Ref<Callback> callback;
    *callback.out() = new Callback;
    set(download.get(), DODownloadProperty_CallbackInterface, callback.get());
    DO_DOWNLOAD_RANGES_INFO whole = {1, {{0, DO_LENGTH_TO_EOF}}};
    if (stream) {
        Ref<Sink> sink;
        *sink.out() = new Sink(path);
        set(download.get(), DODownloadProperty_StreamInterface, sink.get());
        must(download->Start(&whole), "starting");
    } else {
        set(download.get(), DODownloadProperty_LocalPath, path);
        must(download->Start(nullptr), "starting");
    }

    must(callback->wait(download.get()), "downloading");
    must(download->Finalize(), "finalizing");
    std::printf("done\n");
}

int main(int argc, char **argv) {
    bool stream = argc == 4 && std::string(argv[1]) == "--stream";
    if (argc != 3 && !stream) {
        std::fprintf(stderr, "usage: modern [--stream] URL PATH\n");
        return 2;
    }
    heed_interrupts();
    try {
        fetch(stream, argv[argc - 2], argv[argc - 1]);
        return 0;
    } catch (Failed) {
        return 1;
    }
}
