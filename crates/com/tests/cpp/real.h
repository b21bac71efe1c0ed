// What the programs share that run on the real engine: texts from arguments, and a callback that can be waited for.
#pragma once

#include <condition_variable>
#include <mutex>

#include <signal.h>
#include <unistd.h>

#include "check.h"

// Arguments of these tests are ASCII.
inline std::u16string wide(const char *text) { return std::u16string(text, text + strlen(text)); }

inline std::string ascii(LPCWSTR text) {
    std::string bytes;
    while (*text) bytes += static_cast<char>(*text++);
    return bytes;
}

inline void say(const char *line) {
    std::puts(line);
    std::fflush(stdout);
}

// Waits for whoever runs this program to say something.
inline void hear() {
    int last;
    do last = std::getchar();
    while (last != '\n' && last != EOF);
}

inline BG_JOB_PROGRESS progress_of(IBackgroundCopyJob *job) {
    BG_JOB_PROGRESS progress;
    CHECK_OK(job->GetProgress(&progress));
    return progress;
}

inline BG_JOB_STATE state_of(IBackgroundCopyJob *job) {
    BG_JOB_STATE state;
    CHECK_OK(job->GetState(&state));
    return state;
}

// Something that happens on another thread.
class Event {
  public:
    void set() {
        std::lock_guard<std::mutex> lock(mutex_);
        is_set_ = true;
        changed_.notify_all();
    }
    void wait() {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return is_set_; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_set_ = false;
};

// A callback that says when it is let go.
class Heard : public JobCallback {
  public:
    explicit Heard(Event &gone) : gone_(gone) {}
    ~Heard() override { gone_.set(); }

  private:
    Event &gone_;
};

static const ULONG ALL_NEWS = BG_NOTIFY_JOB_TRANSFERRED | BG_NOTIFY_JOB_ERROR | BG_NOTIFY_JOB_MODIFICATION;

// A job of these files, not started.
inline Ptr<IBackgroundCopyJob> job_of(char **pairs, int count, GUID *id = nullptr) {
    auto job = new_job(id, u"a real job");
    for (int i = 0; i < count; ++i)
        CHECK_OK(job->AddFile(wide(pairs[2 * i]).c_str(), wide(pairs[2 * i + 1]).c_str()));
    CHECK_OK(job->SetPriority(BG_JOB_PRIORITY_FOREGROUND));
    CHECK_OK(job->SetNotifyFlags(ALL_NEWS));
    return job;
}
