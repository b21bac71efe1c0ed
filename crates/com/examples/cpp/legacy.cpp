// Downloads files as one job: makes it, is told how it goes, and completes it.
//
//     legacy URL PATH [URL PATH]...
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "support.h"

// Told by the library, on its threads.
class Callback : public Object<IBackgroundCopyCallback> {
  public:
    Callback() : Object(IID_IBackgroundCopyCallback) {}

    HRESULT JobTransferred(IBackgroundCopyJob *) override { return finish(S_OK); }

    HRESULT JobError(IBackgroundCopyJob *, IBackgroundCopyError *error) override {
        BG_ERROR_CONTEXT context;
        HRESULT code = E_FAIL;
        LPWSTR text = nullptr;
        error->GetError(&context, &code);
        if (SUCCEEDED(error->GetErrorDescription(0, &text))) std::fprintf(stderr, "%s\n", narrow(text).c_str());
        swarmline_CoTaskMemFree(text);
        Ref<IBackgroundCopyFile> file;
        LPWSTR url = nullptr;
        if (SUCCEEDED(error->GetFile(file.out())) && SUCCEEDED(file->GetRemoteName(&url)))
            std::fprintf(stderr, "it was %s\n", narrow(url).c_str());
        swarmline_CoTaskMemFree(url);
        return finish(code);
    }

    HRESULT JobModification(IBackgroundCopyJob *job, DWORD) override {
        BG_JOB_PROGRESS progress;
        if (SUCCEEDED(job->GetProgress(&progress)))
            std::printf("%llu bytes, %u of %u files\n", static_cast<unsigned long long>(progress.BytesTransferred),
                        progress.FilesTransferred, progress.FilesTotal);
        std::fflush(stdout);
        return S_OK;
    }

    // Waits until it is decided, Ctrl-C was pressed, or nobody is there any more who could tell; S_OK or why not.
    HRESULT wait(IBackgroundCopyJob *job) {
        for (;;) {
            {
                std::unique_lock<std::mutex> lock(mutex_);
                if (changed_.wait_for(lock, std::chrono::milliseconds(100), [this] { return finished_; })) return result_;
            }
            BG_JOB_STATE state;
            HRESULT code = interrupted ? E_ABORT : job->GetState(&state);
            if (FAILED(code)) return code;
        }
    }

  private:
    HRESULT finish(HRESULT result) {
        std::lock_guard<std::mutex> lock(mutex_);
        finished_ = true;
        result_ = result;
        changed_.notify_all();
        return S_OK;
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    bool finished_ = false;
    HRESULT result_ = S_OK;
};

// The job, wherever it is now.
static HRESULT find(const GUID &id, IBackgroundCopyJob **job) {
    Ref<IBackgroundCopyManager> manager;
    HRESULT code = SwarmlineCreateManager(IID_IBackgroundCopyManager, manager.out_any());
    return FAILED(code) ? code : manager->GetJob(id, job);
}

// Follows a job to its end. When the process that runs it ends, the callback is gone and the job is not: it is found
// again, and goes on in the next process that runs the service, which may be this one.
static void follow(const GUID &id) {
    HRESULT result;
    do {
        Ref<IBackgroundCopyJob> job;
        must(find(id, job.out()), "finding the job");
        Ref<Callback> callback;
        *callback.out() = new Callback;
        result = job->SetNotifyInterface(callback.get());
        if (SUCCEEDED(result)) result = callback->wait(job.get());
        if (SUCCEEDED(result)) result = job->SetNotifyInterface(nullptr); // enough was told
        if (SUCCEEDED(result)) result = job->Complete();
    } while (result == DO_E_NO_SERVICE);
    must(result, "downloading");
}

static void download(int count, char **pairs) {
    Ref<IBackgroundCopyManager> manager;
    must(SwarmlineCreateManager(IID_IBackgroundCopyManager, manager.out_any()), "making a manager");
    Ref<IBackgroundCopyJob> job;
    GUID id;
    must(manager->CreateJob(u"example", BG_JOB_TYPE_DOWNLOAD, &id, job.out()), "making a job");
    Finally cancel([&id] {
        Ref<IBackgroundCopyJob> left; // none, if it was completed
        if (SUCCEEDED(find(id, left.out()))) left->Cancel();
    });
    for (int i = 0; i < count; i += 2)
        must(job->AddFile(wide(pairs[i]).c_str(), wide(pairs[i + 1]).c_str()), "adding a file");
    must(job->SetPriority(BG_JOB_PRIORITY_FOREGROUND), "setting the priority");
    must(job->SetNoProgressTimeout(60), "setting the timeout");
    must(job->SetNotifyFlags(BG_NOTIFY_JOB_TRANSFERRED | BG_NOTIFY_JOB_ERROR | BG_NOTIFY_JOB_MODIFICATION), "flags");
    must(job->Resume(), "starting");
    follow(id);
    std::printf("done\n");
}

int main(int argc, char **argv) {
    if (argc < 3 || argc % 2 == 0) {
        std::fprintf(stderr, "usage: legacy URL PATH [URL PATH]...\n");
        return 2;
    }
    heed_interrupts();
    try {
        download(argc - 1, argv + 1);
        return 0;
    } catch (Failed) {
        return 1;
    }
}
