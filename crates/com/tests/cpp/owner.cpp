// Two processes on one state directory.
//
//     owner own            has the service, and says when it is ready
//     owner use URL PATH   uses it from elsewhere, until it is killed, and then goes on by itself
#include <thread>
#include <vector>

#include "real.h"

static int own() {
    auto jobs = manager<IBackgroundCopyManager>(IID_IBackgroundCopyManager);
    say("ready");
    for (;;) hear();
}

static const int CALLERS = 8;

static int use(char **file) {
    auto jobs = manager<IBackgroundCopyManager>(IID_IBackgroundCopyManager);
    GUID id;
    auto job = job_of(file, 1, &id);
    Event moving, gone;
    Ptr<JobCallback> callback(new Heard(gone));
    callback->modified = [&](IBackgroundCopyJob *which, DWORD) {
        BG_JOB_PROGRESS progress;
        if (which->GetProgress(&progress) == S_OK && progress.BytesTransferred > 0) moving.set();
        return S_OK;
    };
    CHECK_OK(job->SetNotifyInterface(callback.get()));
    callback.reset();
    CHECK_OK(job->Resume());
    moving.wait();

    // Calls that are under way when it dies come back, none of them ends this process, and all say the same.
    std::vector<std::thread> callers;
    for (int i = 0; i < CALLERS; ++i)
        callers.emplace_back([&job] {
            BG_JOB_STATE state;
            HRESULT code;
            do code = job->GetState(&state);
            while (code == S_OK);
            CHECK_CODE(DO_E_NO_SERVICE, code);
        });
    say("moving");
    hear();
    for (auto &caller : callers) caller.join();
    gone.wait(); // the callback was let go: nobody is there who could call it
    GUID other;
    Ptr<IBackgroundCopyJob> none;
    CHECK_CODE(DO_E_NO_SERVICE, job->Suspend());
    CHECK_CODE(DO_E_NO_SERVICE, jobs->GetJob(id, none.out()));
    CHECK_CODE(DO_E_NO_SERVICE, jobs->CreateJob(u"x", BG_JOB_TYPE_DOWNLOAD, &other, none.out()));
    CHECK(none.get() == nullptr && other == GUID_NULL);

    // A new manager finds the next service, here this process itself, and the job in it.
    auto again = manager<IBackgroundCopyManager>(IID_IBackgroundCopyManager);
    CHECK_OK(again->GetJob(id, none.out()));
    Ptr<IBackgroundCopyJob> same = none;
    Event transferred, gone_too;
    callback = Ptr<JobCallback>(new Heard(gone_too));
    callback->transferred = [&](IBackgroundCopyJob *which) {
        CHECK_OK(which->Complete());
        transferred.set();
        return S_OK;
    };
    CHECK_OK(same->SetNotifyInterface(callback.get()));
    callback.reset();
    CHECK_CODE(DO_E_NO_SERVICE, job->Suspend()); // what came from the old one stays as it is
    say("again");
    transferred.wait();
    gone_too.wait();
    CHECK(state_of(same.get()) == BG_JOB_STATE_ACKNOWLEDGED);
    return 0;
}

int main(int argc, char **argv) {
    CHECK(argc == 2 || argc == 4);
    return argc == 2 ? own() : use(argv + 2);
}
