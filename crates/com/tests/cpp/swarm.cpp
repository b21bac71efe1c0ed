// Two files from a swarm and the origin: bytes that grow, one message that all is here, files by Complete, and figures
// that add up. Says "growing" when it has seen that, and bytes of the first file from peers; "complete"; and then what came
// from the origin and from peers for each file.
#include "real.h"

// Figures whose texts are given back.
struct Stats : DOSwarmStats {
    explicit Stats(IBackgroundCopyFile *file) {
        Ptr<IDeliveryOptimizationFile> figures;
        CHECK_OK(file->QueryInterface(IID_IDeliveryOptimizationFile, figures.out_any()));
        CHECK_OK(figures->GetStats(this));
    }
    Stats(const Stats &) = delete;
    ~Stats() {
        swarmline_CoTaskMemFree(fileId);
        swarmline_CoTaskMemFree(sourceURL);
    }
};

static void no_file_yet(char **argv) {
    for (int i : {2, 4}) CHECK(access(argv[i], F_OK) != 0);
}

int main(int argc, char **argv) {
    CHECK(argc == 5);
    auto job = job_of(argv + 1, 2);
    Ptr<IEnumBackgroundCopyFiles> files;
    CHECK_OK(job->EnumFiles(files.out()));
    Ptr<IBackgroundCopyFile> first;
    CHECK_OK(files->Next(1, first.out(), nullptr));
    Event transferred, gone;
    std::atomic<int> times{0};
    std::atomic<UINT64> seen{0};
    std::atomic<bool> grows{false}, shared{false};
    Ptr<JobCallback> callback(new Heard(gone));
    callback->transferred = [&](IBackgroundCopyJob *which) {
        CHECK(state_of(which) == BG_JOB_STATE_TRANSFERRED);
        ++times;
        transferred.set();
        return S_OK;
    };
    callback->failed = [](IBackgroundCopyJob *, IBackgroundCopyError *error) {
        BG_ERROR_CONTEXT context;
        HRESULT code;
        CHECK_OK(error->GetError(&context, &code));
        CHECK_OK(code);
        return S_OK;
    };
    callback->modified = [&](IBackgroundCopyJob *which, DWORD reserved) {
        CHECK(reserved == 0);
        BG_JOB_PROGRESS progress = progress_of(which);
        UINT64 before = seen.exchange(progress.BytesTransferred);
        CHECK(progress.BytesTransferred >= before && progress.FilesTotal == 2);
        bool is_under_way = progress.BytesTransferred < progress.BytesTotal;
        if (before > 0 && progress.BytesTransferred > before && is_under_way) grows = true;
        if (grows && Stats(first.get()).bytesFromLanPeers > 0 && !shared.exchange(true)) say("growing");
        return S_OK;
    };
    CHECK_OK(job->SetNotifyInterface(callback.get()));
    CHECK(state_of(job.get()) == BG_JOB_STATE_SUSPENDED);
    CHECK_OK(job->Resume());

    transferred.wait();
    CHECK(grows && shared);
    no_file_yet(argv);
    BG_JOB_PROGRESS progress = progress_of(job.get());
    CHECK(progress.BytesTransferred == progress.BytesTotal && progress.FilesTransferred == 2);
    CHECK_OK(job->Complete());
    CHECK(state_of(job.get()) == BG_JOB_STATE_ACKNOWLEDGED);
    callback.reset();
    gone.wait(); // the end was told, and the object let go
    CHECK(times == 1);
    say("complete");

    CHECK_OK(files->Reset());
    UINT64 received = 0;
    for (int i = 0; i < 2; ++i) {
        Ptr<IBackgroundCopyFile> file;
        CHECK_OK(files->Next(1, file.out(), nullptr));
        BG_FILE_PROGRESS own;
        CHECK_OK(file->GetProgress(&own));
        Stats stats(file.get());
        CHECK(own.Completed && own.BytesTransferred == own.BytesTotal && stats.fileSize == own.BytesTotal);
        CHECK(ascii(stats.sourceURL) == argv[1 + 2 * i]);
        CHECK(stats.totalBytesDownloaded == stats.bytesFromLanPeers + stats.bytesFromGroupPeers +
                                                stats.bytesFromInternetPeers + stats.bytesFromHttp + stats.bytesFromDoinc);
        CHECK(stats.totalBytesDownloaded >= stats.fileSize);
        CHECK(stats.downloadMode == DownloadMode_Lan && !stats.isBackground);
        received += own.BytesTransferred;
        std::printf("%llu %llu\n", static_cast<unsigned long long>(stats.bytesFromHttp),
                    static_cast<unsigned long long>(stats.bytesFromLanPeers));
    }
    CHECK(received == progress.BytesTotal);
    return 0;
}
