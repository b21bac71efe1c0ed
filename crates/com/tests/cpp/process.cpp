// The library and the process that it lives in: how the service begins in it, and how it ends.
//
//     process MODE URL PATH
#include <thread>
#include <vector>

#include <sys/wait.h>

#include "real.h"

static const int THREADS = 32;

// 32 threads that begin at the same moment.
template <class Work> static void at_once(Work work) {
    std::atomic<int> ready{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < THREADS; ++i)
        threads.emplace_back([&] {
            for (++ready; ready < THREADS;) std::this_thread::yield();
            work();
        });
    for (auto &thread : threads) thread.join();
}

static void threads_share_one_service() {
    CHECK_OK(DllCanUnloadNow());
    Ptr<IClassFactory> factory;
    CHECK_OK(DllGetClassObject(CLSID_DeliveryOptimization, IID_IClassFactory, factory.out_any()));
    at_once([&factory] {
        Ptr<IBackgroundCopyManager> jobs;
        CHECK_OK(factory->CreateInstance(nullptr, IID_IBackgroundCopyManager, jobs.out_any()));
        GUID id;
        Ptr<IBackgroundCopyJob> job;
        CHECK_OK(jobs->CreateJob(u"one of many", BG_JOB_TYPE_DOWNLOAD, &id, job.out()));
    });
    factory.reset();
    auto jobs = manager<IBackgroundCopyManager>(IID_IBackgroundCopyManager);
    Ptr<IEnumBackgroundCopyJobs> list;
    CHECK_OK(jobs->EnumJobs(0, list.out()));
    ULONG count;
    CHECK_OK(list->GetCount(&count));
    CHECK(count == THREADS);
    list.reset();
    jobs.reset();
    CHECK_CODE(S_FALSE, DllCanUnloadNow());
}

static void what_kept_it_away_is_told() {
    const char *dir = std::getenv("SWARMLINE_STATE_DIR");
    at_once([] {
        Ptr<IDOManager> downloads;
        CHECK_CODE(DO_E_NO_SERVICE, SwarmlineCreateManager(IID_IDOManager, downloads.out_any()));
        CHECK(downloads.get() == nullptr);
    });
    Text why;
    CHECK_OK(SwarmlineGetServiceError(why.out()));
    CHECK(ascii(why.raw()).find(dir) != std::string::npos);
    CHECK(unlink(dir) == 0); // a file where the directory should be
    auto downloads = manager<IDOManager>(IID_IDOManager);
    CHECK_CODE(S_FALSE, SwarmlineGetServiceError(why.out()));
    CHECK(why.raw() == nullptr);
}

// Objects of the program that go before the library's service ends, and after.
static Ptr<IBackgroundCopyJob> goes_last;

// Nothing is given back by hand, a download is under way, and the callback is told all the time.
static void leaves_everything_behind(char **file) {
    static Event moving;
    goes_last = job_of(file, 1);
    static Ptr<IBackgroundCopyJob> goes_first = goes_last;
    static Ptr<JobCallback> callback(new JobCallback);
    callback->modified = [](IBackgroundCopyJob *job, DWORD) {
        BG_JOB_PROGRESS progress;
        if (job->GetProgress(&progress) == S_OK && progress.BytesTransferred > 0) moving.set();
        return S_OK;
    };
    CHECK_OK(goes_last->SetNotifyInterface(callback.get()));
    CHECK_OK(goes_last->Resume());
    moving.wait();
}

static void ends_inside_a_callback(char **file) {
    auto job = job_of(file, 1);
    Ptr<JobCallback> callback(new JobCallback);
    callback->modified = [](IBackgroundCopyJob *which, DWORD) {
        if (progress_of(which).BytesTransferred > 0) std::exit(0);
        return S_OK;
    };
    CHECK_OK(job->SetNotifyInterface(callback.get()));
    CHECK_OK(job->Resume());
    Event never;
    never.wait();
}

static int child(void (*work)(const GUID &), const GUID &id) {
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        if (work) work(id);
        std::exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    return status;
}

static void a_child_has_a_service_of_its_own() {
    GUID id;
    auto job = new_job(&id, u"of the parent");
    CHECK(child(nullptr, id) == 0); // nothing of the parent's is ended by its end
    auto finds = [](const GUID &job_id) {
        Ptr<IBackgroundCopyJob> found;
        CHECK_OK(manager<IBackgroundCopyManager>(IID_IBackgroundCopyManager)->GetJob(job_id, found.out()));
        Text name;
        CHECK_OK(found->GetDisplayName(name.out()));
        CHECK(name.str() == u"of the parent");
    };
    CHECK(child(finds, id) == 0);
    CHECK(state_of(job.get()) == BG_JOB_STATE_SUSPENDED); // and the parent goes on
}

// A signal that a thread waits for must not end the process by coming to a thread of the library.
static void signals_are_left_to_the_program(char **file) {
    auto job = job_of(file, 1);
    Event moving, gone;
    Ptr<JobCallback> callback(new Heard(gone));
    callback->modified = [&](IBackgroundCopyJob *which, DWORD) {
        if (progress_of(which).BytesTransferred > 0) moving.set();
        return S_OK;
    };
    CHECK_OK(job->SetNotifyInterface(callback.get()));
    callback.reset();
    CHECK_OK(job->Resume());
    moving.wait(); // so all kinds of threads are there
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
    for (int i = 0; i < 100; ++i) {
        CHECK(kill(getpid(), SIGUSR1) == 0);
        int which;
        CHECK(sigwait(&set, &which) == 0 && which == SIGUSR1);
    }
    CHECK_OK(job->Cancel());
    gone.wait();
}

int main(int argc, char **argv) {
    CHECK(argc == 4);
    std::string mode = argv[1];
    if (mode == "threads") threads_share_one_service();
    else if (mode == "repaired") what_kept_it_away_is_told();
    else if (mode == "leaves") leaves_everything_behind(argv + 2);
    else if (mode == "exits") ends_inside_a_callback(argv + 2);
    else if (mode == "forks") a_child_has_a_service_of_its_own();
    else if (mode == "signals") signals_are_left_to_the_program(argv + 2);
    else CHECK(!"a mode");
    return 0;
}
