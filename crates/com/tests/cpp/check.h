// What the tests in C++ share: checks that say where they failed, counted pointers, texts, and objects of a client.
#pragma once

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>
#include <utility>

#include "swarmline_do.h"

// What a test can make happen; see tests/fake/controls.rs.
extern "C" {
BOOL swarmline_fake_install(void);
uint32_t swarmline_fake_objects(void);
HRESULT swarmline_fake_later(uint32_t seconds);
HRESULT swarmline_fake_half(GUID job, uint32_t file);
HRESULT swarmline_fake_arrived(GUID job, uint32_t file);
HRESULT swarmline_fake_failed(GUID job, uint32_t file, uint16_t status);
HRESULT swarmline_fake_bytes(GUID job, uint32_t file, uint8_t value, uint32_t count);
}

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                       \
            std::exit(1);                                                                                              \
        }                                                                                                              \
    } while (0)

#define CHECK_CODE(expected, call)                                                                                     \
    do {                                                                                                               \
        HRESULT code_ = (call);                                                                                        \
        if (code_ != (expected)) {                                                                                     \
            std::fprintf(stderr, "%s:%d: %s gives 0x%08X\n", __FILE__, __LINE__, #call, (unsigned)code_);              \
            std::exit(1);                                                                                              \
        }                                                                                                              \
    } while (0)

#define CHECK_OK(call) CHECK_CODE(S_OK, call)

// A pointer that is not NULL, to see that it is cleared.
template <class T> T *junk() {
    return reinterpret_cast<T *>(uintptr_t{0x5555555555555555});
}

template <class T> class Ptr {
  public:
    Ptr() = default;
    explicit Ptr(T *object) : object_(object) {}
    Ptr(const Ptr &other) : object_(other.object_) {
        if (object_) object_->AddRef();
    }
    Ptr(Ptr &&other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    Ptr &operator=(Ptr other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Ptr() { reset(); }

    T *get() const { return object_; }
    T *operator->() const { return object_; }
    // Where a method puts its result; what was there is let go.
    T **out() {
        reset();
        object_ = junk<T>();
        return &object_;
    }
    void **out_any() { return reinterpret_cast<void **>(out()); }
    void reset() {
        if (object_) std::exchange(object_, nullptr)->Release();
    }
    template <class U> Ptr<U> as(REFIID iid) const {
        Ptr<U> other;
        CHECK_OK(object_->QueryInterface(iid, other.out_any()));
        return other;
    }

  private:
    T *object_ = nullptr;
};

// A text in task memory.
class Text {
  public:
    Text() = default;
    Text(const Text &) = delete;
    ~Text() { swarmline_CoTaskMemFree(text_); }
    LPWSTR *out() {
        swarmline_CoTaskMemFree(text_);
        text_ = junk<char16_t>();
        return &text_;
    }
    std::u16string str() const { return text_; }
    LPWSTR raw() const { return text_; }

  private:
    LPWSTR text_ = nullptr;
};

class Variant : public VARIANT {
  public:
    Variant() { swarmline_VariantInit(this); }
    Variant(const Variant &) = delete;
    ~Variant() { swarmline_VariantClear(this); }
    explicit Variant(LPCWSTR text) : Variant() {
        vt = VT_BSTR;
        bstrVal = swarmline_SysAllocString(text);
    }
    explicit Variant(uint32_t number) : Variant() {
        vt = VT_UI4;
        ulVal = number;
    }
    explicit Variant(bool value) : Variant() {
        vt = VT_BOOL;
        boolVal = value ? VARIANT_TRUE : VARIANT_FALSE;
    }
    explicit Variant(IUnknown *object) : Variant() {
        vt = VT_UNKNOWN;
        punkVal = object;
        if (object) object->AddRef();
    }
    // What was there is let go, and junk put in its place.
    VARIANT *out() {
        swarmline_VariantClear(this);
        vt = 0x5555;
        ullVal = 0x5555555555555555;
        return this;
    }
    // After a failure nothing may be left to free.
    bool is_empty() const { return vt == VT_EMPTY; }
};

// How many objects of a client are alive.
inline std::atomic<int> &alive() {
    static std::atomic<int> count{0};
    return count;
}

// The part of an object that every client writes once.
template <class Base> class Counted : public Base {
  public:
    Counted() { ++alive(); }
    virtual ~Counted() { --alive(); }
    Counted(const Counted &) = delete;

    HRESULT QueryInterface(REFIID iid, void **object) override {
        *object = answers(iid) ? static_cast<Base *>(this) : nullptr;
        if (!*object) return E_NOINTERFACE;
        this->AddRef();
        return S_OK;
    }
    ULONG AddRef() override { return ++count_; }
    ULONG Release() override {
        ULONG left = --count_;
        if (left == 0) delete this;
        return left;
    }

  protected:
    virtual bool answers(REFIID iid) const = 0;

  private:
    std::atomic<ULONG> count_{1};
};

class JobCallback : public Counted<IBackgroundCopyCallback2> {
  public:
    explicit JobCallback(bool knows_files = true) : knows_files_(knows_files) {}

    std::function<HRESULT(IBackgroundCopyJob *)> transferred;
    std::function<HRESULT(IBackgroundCopyJob *, IBackgroundCopyError *)> failed;
    std::function<HRESULT(IBackgroundCopyJob *, DWORD)> modified;
    std::function<HRESULT(IBackgroundCopyJob *, IBackgroundCopyFile *)> file;

    HRESULT JobTransferred(IBackgroundCopyJob *job) override { return transferred ? transferred(job) : S_OK; }
    HRESULT JobError(IBackgroundCopyJob *job, IBackgroundCopyError *error) override {
        return failed ? failed(job, error) : S_OK;
    }
    HRESULT JobModification(IBackgroundCopyJob *job, DWORD reserved) override {
        return modified ? modified(job, reserved) : S_OK;
    }
    HRESULT FileTransferred(IBackgroundCopyJob *job, IBackgroundCopyFile *which) override {
        return file ? file(job, which) : S_OK;
    }

  protected:
    bool answers(REFIID iid) const override {
        return iid == IID_IUnknown || iid == IID_IBackgroundCopyCallback ||
               (knows_files_ && iid == IID_IBackgroundCopyCallback2);
    }

  private:
    bool knows_files_;
};

class DownloadCallback : public Counted<IDODownloadStatusCallback> {
  public:
    std::function<HRESULT(IDODownload *, const DO_DOWNLOAD_STATUS *)> changed;

    HRESULT OnStatusChange(IDODownload *download, const DO_DOWNLOAD_STATUS *status) override {
        return changed ? changed(download, status) : S_OK;
    }

  protected:
    bool answers(REFIID iid) const override { return iid == IID_IUnknown || iid == IID_IDODownloadStatusCallback; }
};

// A sink that answers to one interface alone, as the laziest clients do.
class Sink : public Counted<ISequentialStream> {
  public:
    explicit Sink(REFIID iid = IID_ISequentialStream) : iid_(iid) {}

    std::function<HRESULT(const void *, ULONG, ULONG *)> write;

    HRESULT Read(void *, ULONG, ULONG *) override { return E_NOTIMPL; }
    HRESULT Write(const void *bytes, ULONG count, ULONG *written) override { return write(bytes, count, written); }

  protected:
    bool answers(REFIID iid) const override { return iid == IID_IUnknown || iid == iid_; }

  private:
    GUID iid_;
};

template <class T> Ptr<T> manager(REFIID iid) {
    Ptr<T> made;
    HRESULT code = SwarmlineCreateManager(iid, made.out_any());
    LPWSTR why = nullptr;
    if (code == DO_E_NO_SERVICE && SwarmlineGetServiceError(&why) == S_OK) {
        for (LPWSTR unit = why; *unit; ++unit) fputc(*unit < 0x80 ? *unit : '?', stderr);
        fputc('\n', stderr);
    }
    swarmline_CoTaskMemFree(why);
    CHECK_OK(code);
    return made;
}

inline Ptr<IBackgroundCopyJob> new_job(GUID *id = nullptr, LPCWSTR name = u"a job") {
    GUID own;
    Ptr<IBackgroundCopyJob> job;
    auto jobs = manager<IBackgroundCopyManager>(IID_IBackgroundCopyManager);
    CHECK_OK(jobs->CreateJob(name, BG_JOB_TYPE_DOWNLOAD, id ? id : &own, job.out()));
    return job;
}

// The id that the fake knows a download by: its text has the form {XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX}.
inline GUID id_of(IDODownload *download) {
    Variant text;
    CHECK_OK(download->GetProperty(DODownloadProperty_Id, text.out()));
    CHECK(text.vt == VT_BSTR && swarmline_SysStringLen(text.bstrVal) == 38);
    std::string digits;
    for (const char16_t *at = text.bstrVal; *at; ++at)
        if (*at != u'{' && *at != u'}' && *at != u'-') digits += static_cast<char>(*at);
    auto number = [&](size_t at, size_t count) { return std::stoul(digits.substr(at, count), nullptr, 16); };
    GUID id = {static_cast<uint32_t>(number(0, 8)), static_cast<uint16_t>(number(8, 4)),
               static_cast<uint16_t>(number(12, 4)), {}};
    for (size_t i = 0; i < 8; ++i) id.Data4[i] = static_cast<uint8_t>(number(16 + 2 * i, 2));
    return id;
}
