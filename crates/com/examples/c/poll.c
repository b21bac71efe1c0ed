/* Downloads one file from C, and asks how it goes instead of being told.
 *
 *     poll URL PATH
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <swarmline_do.h>

/* A job outlives its program, so one that nobody wants any more has to be cancelled. */
static IBackgroundCopyJob *job;

static void must(HRESULT code, const char *what) {
    if (SUCCEEDED(code)) return;
    fprintf(stderr, "%s failed: 0x%08X\n", what, (unsigned)code);
    LPWSTR why = NULL;
    if (code == DO_E_NO_SERVICE && SwarmlineGetServiceError(&why) == S_OK) {
        for (LPWSTR unit = why; *unit; unit++) fputc(*unit < 0x80 ? *unit : '?', stderr);
        fputc('\n', stderr);
    }
    swarmline_CoTaskMemFree(why);
    if (job) job->lpVtbl->Cancel(job);
    exit(1);
}

/* Whether Ctrl-C was pressed. */
static volatile sig_atomic_t interrupted;
static void on_signal(int signal) { interrupted = signal; }

/* Arguments are bytes; addresses and paths of plain ASCII need no more than this. */
static char16_t *wide(const char *text) {
    size_t count = strlen(text);
    char16_t *units = malloc((count + 1) * sizeof *units);
    for (size_t i = 0; i <= count; i++) units[i] = (unsigned char)text[i];
    return units;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: poll URL PATH\n");
        return 2;
    }
    sigaction(SIGINT, &(struct sigaction){.sa_handler = on_signal}, NULL);
    IBackgroundCopyManager *manager;
    must(SwarmlineCreateManager(&IID_IBackgroundCopyManager, (void **)&manager), "making a manager");
    GUID id;
    must(manager->lpVtbl->CreateJob(manager, u"example in C", BG_JOB_TYPE_DOWNLOAD, &id, &job), "making a job");
    char16_t *url = wide(argv[1]), *path = wide(argv[2]);
    must(job->lpVtbl->AddFile(job, url, path), "adding the file");
    free(url);
    free(path);
    must(job->lpVtbl->Resume(job), "starting");

    BG_JOB_STATE state;
    for (;;) {
        must(job->lpVtbl->GetState(job, &state), "asking for the state");
        if (state == BG_JOB_STATE_TRANSFERRED || state == BG_JOB_STATE_ERROR || interrupted) break;
        BG_JOB_PROGRESS progress;
        must(job->lpVtbl->GetProgress(job, &progress), "asking for the progress");
        printf("state %d, %llu bytes\n", (int)state, (unsigned long long)progress.BytesTransferred);
        fflush(stdout);
        nanosleep(&(struct timespec){.tv_nsec = 100 * 1000 * 1000}, NULL);
    }
    if (state == BG_JOB_STATE_TRANSFERRED) {
        must(job->lpVtbl->Complete(job), "completing");
        printf("done\n");
    } else {
        HRESULT code = E_ABORT;
        if (state == BG_JOB_STATE_ERROR) {
            IBackgroundCopyError *error;
            BG_ERROR_CONTEXT context;
            must(job->lpVtbl->GetError(job, &error), "asking what happened");
            must(error->lpVtbl->GetError(error, &context, &code), "reading the error");
            error->lpVtbl->Release(error);
        }
        must(code, "downloading");
    }
    job->lpVtbl->Release(job);
    manager->lpVtbl->Release(manager);
    return 0;
}
