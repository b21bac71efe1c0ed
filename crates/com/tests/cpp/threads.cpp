// 32 threads on one job: every call is answered as if it were alone, and every reference is given back.
#include <thread>
#include <vector>

#include "check.h"

static const int THREADS = 32;
static const int ROUNDS = 20;

int main() {
    CHECK(swarmline_fake_install() == TRUE);
    GUID id;
    auto job = new_job(&id);
    CHECK_OK(job->SetNotifyFlags(BG_NOTIFY_JOB_MODIFICATION));
    auto work = [&](int number) {
        auto identity = job.as<IUnknown>(IID_IUnknown);
        for (int round = 0; round < ROUNDS; ++round) {
            std::u16string url = u"http://h/", path = u"/tmp/";
            for (char digit : std::to_string(number * ROUNDS + round)) url += digit, path += digit;
            auto own = job; // a reference of this thread
            CHECK(own.as<IDeliveryOptimizationJob2>(IID_IDeliveryOptimizationJob2).as<IUnknown>(IID_IUnknown).get() ==
                  identity.get());
            Ptr<JobCallback> callback(new JobCallback);
            callback->modified = [](IBackgroundCopyJob *which, DWORD) {
                BG_JOB_PROGRESS progress;
                CHECK_OK(which->GetProgress(&progress));
                return S_OK;
            };
            CHECK_OK(own->SetNotifyInterface(callback.get()));
            CHECK_OK(own->AddFile(url.c_str(), path.c_str())); // which is news
            HRESULT answer = swarmline_fake_later(1);
            CHECK(answer == S_OK || answer == S_FALSE || answer == RPC_E_DISCONNECTED); // another may have come between
            if (round % 4 == 0) CHECK_OK(own->SetNotifyInterface(nullptr));
            Ptr<IEnumBackgroundCopyFiles> list;
            CHECK_OK(own->EnumFiles(list.out()));
            Ptr<IBackgroundCopyFile> file;
            CHECK_OK(list->Next(1, file.out(), nullptr));
            Text name;
            CHECK_OK(file->GetRemoteName(name.out()));
            CHECK(name.str().rfind(u"http://h/", 0) == 0);
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < THREADS; ++i) threads.emplace_back(work, i);
    for (auto &thread : threads) thread.join();
    BG_JOB_PROGRESS progress;
    CHECK_OK(job->GetProgress(&progress));
    CHECK(progress.FilesTotal == THREADS * ROUNDS);

    // And it goes on as before.
    Ptr<JobCallback> last(new JobCallback);
    bool heard = false;
    last->modified = [&heard](IBackgroundCopyJob *, DWORD) {
        heard = true;
        return S_OK;
    };
    CHECK_OK(job->SetNotifyInterface(last.get()));
    CHECK_OK(job->SetPriority(BG_JOB_PRIORITY_LOW));
    CHECK_OK(swarmline_fake_later(1));
    CHECK(heard);

    // One enumerator for all: each file comes out once.
    Ptr<IEnumBackgroundCopyFiles> list;
    CHECK_OK(job->EnumFiles(list.out()));
    std::atomic<int> seen{0};
    threads.clear();
    for (int i = 0; i < THREADS; ++i)
        threads.emplace_back([&] {
            IBackgroundCopyFile *some[7];
            ULONG fetched;
            do {
                CHECK(SUCCEEDED(list->Next(7, some, &fetched)));
                for (ULONG j = 0; j < fetched; ++j) some[j]->Release();
                seen += static_cast<int>(fetched);
            } while (fetched > 0);
        });
    for (auto &thread : threads) thread.join();
    CHECK(seen == THREADS * ROUNDS);
    CHECK_OK(job->Cancel());
    swarmline_fake_later(1); // its end is told before the callback is given back
    last.reset();
    CHECK(swarmline_fake_objects() == 0 && alive() == 0);
    return 0;
}
