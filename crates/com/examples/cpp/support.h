// What every client in C++ writes once: a counted pointer, the counting part of an object, texts for people, Ctrl-C.
#pragma once

#include <atomic>
#include <csignal>
#include <cstdio>
#include <string>

#include <swarmline_do.h>

// Keeps a reference; gives it back at the end of its scope.
template <class T> class Ref {
  public:
    Ref() = default;
    Ref(const Ref &) = delete;
    Ref &operator=(const Ref &) = delete;
    ~Ref() {
        if (object_) object_->Release();
    }
    T *operator->() const { return object_; }
    T *get() const { return object_; }
    T **out() { return &object_; }
    void **out_any() { return reinterpret_cast<void **>(&object_); }

  private:
    T *object_ = nullptr;
};

// The part of a client's object that is the same in all of them: identity and count.
template <class Interface> class Object : public Interface {
  public:
    explicit Object(REFIID iid) : iid_(iid) {}
    virtual ~Object() = default;

    HRESULT QueryInterface(REFIID iid, void **object) override {
        bool known = iid == IID_IUnknown || iid == iid_;
        *object = known ? static_cast<Interface *>(this) : nullptr;
        if (known) AddRef();
        return known ? S_OK : E_NOINTERFACE;
    }
    ULONG AddRef() override { return ++count_; }
    ULONG Release() override {
        ULONG left = --count_;
        if (left == 0) delete this;
        return left;
    }

  private:
    const GUID iid_;
    std::atomic<ULONG> count_{1};
};

// UTF-8, as arguments are, to UTF-16. What is no UTF-8 becomes something else, and the library will not find it.
inline std::u16string wide(const std::string &text) {
    std::u16string units;
    for (size_t at = 0; at < text.size();) {
        unsigned char first = static_cast<unsigned char>(text[at++]);
        int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
        uint32_t point = more ? first & (0x3F >> more) : first;
        for (; more && at < text.size(); --more) point = point << 6 | (static_cast<unsigned char>(text[at++]) & 0x3F);
        if (point >= 0x10000) {
            units += static_cast<char16_t>(0xD7C0 + (point >> 10));
            point = 0xDC00 + (point & 0x3FF);
        }
        units += static_cast<char16_t>(point);
    }
    return units;
}

// The way back; the library gives out whole characters only.
inline std::string narrow(LPCWSTR text) {
    std::string bytes;
    while (*text) {
        uint32_t point = *text++;
        if (point >= 0xD800 && point < 0xDC00 && *text) point = (point - 0xD7C0) << 10 | (*text++ & 0x3FF);
        int more = point >= 0x10000 ? 3 : point >= 0x800 ? 2 : point >= 0x80 ? 1 : 0;
        bytes += static_cast<char>(more ? (0xF00 >> more & 0xFF) | point >> 6 * more : point);
        while (more--) bytes += static_cast<char>(0x80 | (point >> 6 * more & 0x3F));
    }
    return bytes;
}

// Thrown when a call fails, after it was said which.
struct Failed {};

inline void must(HRESULT code, const char *what) {
    if (SUCCEEDED(code)) return;
    std::fprintf(stderr, "%s failed: 0x%08X\n", what, static_cast<unsigned>(code));
    LPWSTR why = nullptr;
    if (code == DO_E_NO_SERVICE && SwarmlineGetServiceError(&why) == S_OK)
        std::fprintf(stderr, "%s\n", narrow(why).c_str());
    swarmline_CoTaskMemFree(why);
    throw Failed();
}

// Does something at the end of its scope, however that comes. A job outlives its program, so one that nobody wants any
// more has to be cancelled; one that is completed does not care.
template <class Action> class Finally {
  public:
    explicit Finally(Action action) : action_(action) {}
    Finally(const Finally &) = delete;
    ~Finally() { action_(); }

  private:
    Action action_;
};

// Whether Ctrl-C was pressed.
inline volatile std::sig_atomic_t interrupted = 0;
inline void heed_interrupts() {
    for (int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { interrupted = 1; });
}
