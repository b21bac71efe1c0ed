/* The header as a C program sees it: tables of functions, and structs with the same layout. */
#include <stdio.h>
#include <stdlib.h>

#define SWARMLINE_DO_PLAIN_NAMES
#include "swarmline_do.h"

BOOL swarmline_fake_install(void);
HRESULT swarmline_fake_arrived(GUID job, uint32_t file);

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

/* Slots that are published by number. */
#define SLOT(interface, method, slot)                                                                                  \
    static_assert(offsetof(interface##Vtbl, method) == (slot) * sizeof(void *), #interface "::" #method)
SLOT(IBackgroundCopyManager, CreateJob, 3);
SLOT(IBackgroundCopyManager, GetErrorDescription, 6);
SLOT(IBackgroundCopyJob, AddFileSet, 3);
SLOT(IBackgroundCopyJob, GetOwner, 16);
SLOT(IBackgroundCopyJob, TakeOwnership, 34);
SLOT(IBackgroundCopyJob2, SetNotifyCmdLine, 35);
SLOT(IBackgroundCopyJob3, ReplaceRemotePrefix, 43);
SLOT(IBackgroundCopyJob4, SetPeerCachingFlags, 47);
SLOT(IBackgroundCopyJob5, SetProperty, 53);
SLOT(IBackgroundCopyJob5, GetProperty, 54);
SLOT(IBackgroundCopyFile5, GetRemoteName, 3);
SLOT(IBackgroundCopyFile5, GetFileRanges, 6);
SLOT(IBackgroundCopyFile5, GetTemporaryName, 8);
SLOT(IBackgroundCopyFile5, GetPeerDownloadStats, 12);
SLOT(IBackgroundCopyFile5, GetProperty, 14);
SLOT(IBackgroundCopyError, GetProtocol, 7);
SLOT(IBackgroundCopyCallback, JobModification, 5);
SLOT(IBackgroundCopyCallback2, FileTransferred, 6);
SLOT(IBackgroundCopyCallback3, FileRangesTransferred, 7);
SLOT(IEnumBackgroundCopyFiles, GetCount, 7);
SLOT(IEnumBackgroundCopyJobs, GetCount, 7);
SLOT(IDeliveryOptimizationJob, AddFileWithRanges, 3);
SLOT(IDeliveryOptimizationJob2, SetProperty, 5);
SLOT(IDeliveryOptimizationFile, GetStats2, 4);
SLOT(IDeliveryOptimizationFile2, SetProperty, 4);
SLOT(IDOManager, EnumDownloads, 4);
SLOT(IDODownload, SetProperty, 9);
SLOT(IDODownloadStatusCallback, OnStatusChange, 3);
SLOT(IEnumUnknown, Clone, 6);
SLOT(IClassFactory, LockServer, 4);
SLOT(ISequentialStream, Write, 4);
SLOT(IStream, Clone, 13);

/* A callback in C: a struct that begins with a pointer to its table. */
typedef struct Callback {
    IBackgroundCopyCallback base;
    ULONG references;
    int transferred;
} Callback;

static HRESULT query(IBackgroundCopyCallback *this, REFIID iid, void **object) {
    int known = memcmp(iid, &IID_IUnknown, sizeof *iid) == 0 || memcmp(iid, &IID_IBackgroundCopyCallback, sizeof *iid) == 0;
    *object = known ? this : NULL;
    if (known) this->lpVtbl->AddRef(this);
    return known ? S_OK : E_NOINTERFACE;
}
static ULONG add_ref(IBackgroundCopyCallback *this) { return __sync_add_and_fetch(&((Callback *)this)->references, 1); }
static ULONG release(IBackgroundCopyCallback *this) { return __sync_sub_and_fetch(&((Callback *)this)->references, 1); }
static HRESULT transferred(IBackgroundCopyCallback *this, IBackgroundCopyJob *job) {
    ((Callback *)this)->transferred++;
    return job->lpVtbl->Complete(job);
}
static HRESULT error(IBackgroundCopyCallback *this, IBackgroundCopyJob *job, IBackgroundCopyError *what) {
    (void)this, (void)job, (void)what;
    return S_OK;
}
static HRESULT modification(IBackgroundCopyCallback *this, IBackgroundCopyJob *job, DWORD reserved) {
    (void)this, (void)job, (void)reserved;
    return S_OK;
}

static const IBackgroundCopyCallbackVtbl callback_table = {query, add_ref, release, transferred, error, modification};

int main(void) {
    CHECK(swarmline_fake_install());
    IBackgroundCopyManager *manager = NULL;
    CHECK(SwarmlineCreateManager(NULL, (void **)&manager) == E_INVALIDARG);
    void *factory = &manager;
    CHECK(DllGetClassObject(&CLSID_DeliveryOptimization, NULL, &factory) == E_INVALIDARG && factory == NULL);
    CHECK(SwarmlineCreateManager(&IID_IBackgroundCopyManager, (void **)&manager) == S_OK);
    IBackgroundCopyJob *job = NULL;
    GUID id;
    CHECK(manager->lpVtbl->GetJob(manager, NULL, &job) == E_INVALIDARG);
    CHECK(manager->lpVtbl->CreateJob(manager, u"from C", BG_JOB_TYPE_DOWNLOAD, &id, &job) == S_OK);
    LPWSTR name = NULL;
    CHECK(job->lpVtbl->GetDisplayName(job, &name) == S_OK && name[0] == u'f' && name[6] == 0);
    CoTaskMemFree(name);
    IBackgroundCopyJob5 *job5 = NULL;
    CHECK(job->lpVtbl->QueryInterface(job, NULL, (void **)&job5) == E_POINTER);
    CHECK(job->lpVtbl->QueryInterface(job, &IID_IBackgroundCopyJob5, (void **)&job5) == S_OK);
    BITS_JOB_PROPERTY_VALUE value, read;
    memset(&value, 0xEE, sizeof value);
    value.ClsID = CLSID_DeliveryOptimization;
    CHECK(job5->lpVtbl->SetProperty(job5, BITS_JOB_PROPERTY_NOTIFICATION_CLSID, value) == S_OK);
    CHECK(job5->lpVtbl->GetProperty(job5, BITS_JOB_PROPERTY_NOTIFICATION_CLSID, &read) == S_OK);
    CHECK(memcmp(&read, &CLSID_DeliveryOptimization, sizeof read) == 0);
    CHECK(job5->lpVtbl->AddFile(job5, u"http://h/0", u"/tmp/0") == S_OK);
    job5->lpVtbl->Release(job5);

    Callback callback = {{&callback_table}, 1, 0};
    CHECK(job->lpVtbl->SetNotifyInterface(job, (IUnknown *)&callback) == S_OK);
    CHECK(callback.references == 2);
    CHECK(job->lpVtbl->Resume(job) == S_OK);
    CHECK(swarmline_fake_arrived(id, 0) == S_OK);
    CHECK(callback.transferred == 1 && callback.references == 1);
    CHECK(job->lpVtbl->Release(job) == 0);
    CHECK(manager->lpVtbl->Release(manager) == 0);

    VARIANT text, copy;
    VariantInit(&text);
    VariantInit(&copy);
    text.vt = VT_BSTR;
    text.bstrVal = SysAllocString(u"x\u00e4");
    CHECK(SysStringLen(text.bstrVal) == 2 && SysStringByteLen(text.bstrVal) == 4);
    CHECK(VariantCopy(&copy, &text) == S_OK && copy.bstrVal != text.bstrVal && copy.bstrVal[1] == 0xE4);
    CHECK(VariantClear(&text) == S_OK && text.vt == VT_EMPTY && VariantClear(&copy) == S_OK);
    char *memory = CoTaskMemRealloc(CoTaskMemAlloc(1), 1000);
    memory[999] = 1;
    CoTaskMemFree(memory);
    return 0;
}
