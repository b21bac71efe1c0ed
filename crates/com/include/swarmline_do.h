/* The job API of swarmline as COM interfaces, for C11 and C++11 on 64-bit Linux.
 *
 * Two entrances, one job model: IBackgroundCopyManager makes jobs of many files, IDOManager makes downloads of one file.
 * Both come from SwarmlineCreateManager, at the end of this file. What the methods do stands in docs/com-api.md.
 *
 * Rules for callers
 *  - Each method returns an HRESULT; negative means failure. Out parameters are cleared before anything else happens, so
 *    after a failure they are 0 or NULL. A NULL where a pointer is needed gives E_INVALIDARG.
 *  - Texts are UTF-16 and end in a zero unit. Whoever gets an LPWSTR frees it with swarmline_CoTaskMemFree, a BSTR with
 *    swarmline_SysFreeString, a VARIANT with swarmline_VariantClear.
 *  - There are no apartments: any thread may call any object at any time, and callbacks come on threads of the library,
 *    which take no signals. Objects that are handed in (callbacks, streams) must bear the same.
 *  - No C++ exception may leave a callback, and none may end its thread; the process would end.
 */
#ifndef SWARMLINE_DO_H
#define SWARMLINE_DO_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifndef __cplusplus
#include <uchar.h>
#endif

/* ---- base types ---------------------------------------------------------------------------------------------- */

typedef int32_t HRESULT;
typedef int32_t BOOL;
typedef int16_t VARIANT_BOOL;
typedef uint16_t VARTYPE;
typedef uint32_t ULONG;
typedef uint32_t DWORD;
typedef uint64_t UINT64;
typedef char16_t WCHAR;
typedef char16_t *LPWSTR;
typedef const char16_t *LPCWSTR;
typedef char16_t *BSTR; /* its length in bytes stands in the four bytes before it */

#ifndef TRUE
#define TRUE 1
#define FALSE 0
#endif
#define VARIANT_TRUE ((VARIANT_BOOL)-1)
#define VARIANT_FALSE ((VARIANT_BOOL)0)

#define SUCCEEDED(result) ((HRESULT)(result) >= 0)
#define FAILED(result) ((HRESULT)(result) < 0)

typedef struct GUID {
    uint32_t Data1;
    uint16_t Data2;
    uint16_t Data3;
    uint8_t Data4[8];
} GUID;

typedef GUID IID;
typedef GUID CLSID;

#ifdef __cplusplus
typedef const GUID &REFGUID;
typedef const GUID &REFIID;
typedef const GUID &REFCLSID;
inline bool operator==(REFGUID a, REFGUID b) { return memcmp(&a, &b, sizeof(GUID)) == 0; }
inline bool operator!=(REFGUID a, REFGUID b) { return !(a == b); }
#else
typedef const GUID *REFGUID;
typedef const GUID *REFIID;
typedef const GUID *REFCLSID;
#endif

#define SWARMLINE_GUID(name, a, b, c, d0, d1, d2, d3, d4, d5, d6, d7)                                                  \
    __attribute__((unused)) static const GUID name = {a, b, c, {d0, d1, d2, d3, d4, d5, d6, d7}}

SWARMLINE_GUID(GUID_NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

/* 100-ns ticks since 1601-01-01 UTC */
typedef struct FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME;

/* ---- result codes -------------------------------------------------------------------------------------------- */

#define S_OK ((HRESULT)0x00000000) /* success */
#define S_FALSE ((HRESULT)0x00000001) /* success, with less than was asked for */
#define E_NOTIMPL ((HRESULT)0x80004001) /* not implemented, by design */
#define E_NOINTERFACE ((HRESULT)0x80004002) /* the object has no such interface */
#define E_POINTER ((HRESULT)0x80004003) /* a pointer that must not be null; an out pointer gives E_INVALIDARG instead */
#define E_ABORT ((HRESULT)0x80004004) /* aborted by somebody else */
#define E_FAIL ((HRESULT)0x80004005) /* unspecified failure */
#define E_UNEXPECTED ((HRESULT)0x8000FFFF) /* a defect inside the service */
#define E_ACCESSDENIED ((HRESULT)0x80070005) /* the caller neither owns it nor is root, or may not write there */
#define E_OUTOFMEMORY ((HRESULT)0x8007000E) /* a bound of the service is reached */
#define E_NOT_SUPPORTED ((HRESULT)0x80070032) /* the request is not supported */
#define E_INVALIDARG ((HRESULT)0x80070057) /* an argument is not what it must be */
#define E_NOT_SET ((HRESULT)0x80070490) /* the property was never set, or the download is unknown */
#define RPC_E_DISCONNECTED ((HRESULT)0x80010108) /* the object behind the pointer is gone */
#define CO_E_OBJNOTCONNECTED ((HRESULT)0x800401FD) /* the object behind the pointer is gone */
#define DISP_E_TYPEMISMATCH ((HRESULT)0x80020005) /* a VARIANT of the wrong type; this API answers E_INVALIDARG */
#define CLASS_E_NOAGGREGATION ((HRESULT)0x80040110) /* the class cannot be part of another object */
#define CLASS_E_CLASSNOTAVAILABLE ((HRESULT)0x80040111) /* the library has no such class */
#define REGDB_E_CLASSNOTREG ((HRESULT)0x80040154) /* the class is not registered */
#define WININET_E_TIMEOUT ((HRESULT)0x80072EE2) /* the request timed out */
#define WININET_E_NAME_NOT_RESOLVED ((HRESULT)0x80072EE7) /* the name of the server cannot be resolved */
#define WININET_E_CANNOT_CONNECT ((HRESULT)0x80072EFD) /* the server cannot be reached */
#define INET_E_INVALID_URL ((HRESULT)0x800C0002) /* the address is malformed or not http */
#define CRYPT_E_FILE_ERROR ((HRESULT)0x80092003) /* the client certificate cannot be read */
#define DO_E_NO_SERVICE ((HRESULT)0x80D01001) /* the service is shutting down or not there */
#define DO_E_DOWNLOAD_NO_PROGRESS ((HRESULT)0x80D02002) /* no byte came within the timeout */
#define DO_E_JOB_NOT_FOUND ((HRESULT)0x80D02003) /* there is no such job */
#define DO_E_JOB_EMPTY ((HRESULT)0x80D02004) /* the job has no file */
#define DO_E_NO_DOWNLOADS ((HRESULT)0x80D02005) /* there is nothing to list */
#define DO_E_MEMORYSTREAM_DOWNLOAD_NOT_SUPPORTED ((HRESULT)0x80D0200B) /* a memory stream as sink is refused */
#define DO_E_JOB_TOO_OLD ((HRESULT)0x80D0200C) /* the job reached its age limit and was removed */
#define DO_E_LOCALPATH_NOT_SET ((HRESULT)0x80D0200D) /* the destination path is missing */
#define DO_E_FILE_NOT_AVAILABLE ((HRESULT)0x80D02010) /* the error belongs to no file */
#define DO_E_UNKNOWN_PROPERTY_ID ((HRESULT)0x80D02011) /* no property has this id */
#define DO_E_READ_ONLY_PROPERTY ((HRESULT)0x80D02012) /* the property cannot be set */
#define DO_E_INVALID_STATE ((HRESULT)0x80D02013) /* not allowed in the present state */
#define DO_E_ERROR_INFORMATION_UNAVAILABLE ((HRESULT)0x80D02014) /* no error is recorded */
#define DO_E_WRITE_ONLY_PROPERTY ((HRESULT)0x80D02015) /* the property cannot be read */
#define DO_E_INTEGRITYCHECKINFO_UNSPECIFIED ((HRESULT)0x80D02016) /* the check is mandatory, and nothing says against what */
#define DO_E_INTEGRITYCHECKINFO_UNAVAILABLE ((HRESULT)0x80D02017) /* the check is mandatory, and its piece hash file cannot be had */
#define DO_E_FILE_DOWNLOADSINK_UNSPECIFIED ((HRESULT)0x80D02018) /* neither a path nor a stream is set */
#define DO_E_FILE_DOWNLOADSINK_ALREADY_SET ((HRESULT)0x80D02019) /* a sink of another kind is set already */
#define DO_E_FILE_SIZE_UNKNOWN_HTTP_200 ((HRESULT)0x80D0201A) /* an answer 200 did not tell the size */
#define DO_E_FILE_ENCRYPTION_EXPECTED ((HRESULT)0x80D0201B) /* a key was given for content that is not encrypted */
#define DO_E_FILE_SIZE_UNKNOWN_HTTP_206 ((HRESULT)0x80D0201C) /* an answer 206 did not tell the size */
#define DO_E_FILE_SIZE_UNKNOWN_HTTP_2XX ((HRESULT)0x80D0201D) /* another successful answer did not tell the size */
#define DO_E_NETWORK_ACCESS_CONSENT_NEEDED ((HRESULT)0x80D0201E) /* somebody has to allow the use of the network */
#define DO_E_DOWNLOAD_NO_URI ((HRESULT)0x80D02200) /* started without an address */
#define DO_E_DOWNLOAD_NO_CONTENT_ID ((HRESULT)0x80D02201) /* started without a content id */
#define DO_E_INVALID_CONTENT_ID ((HRESULT)0x80D02202) /* the content id is malformed */
#define DO_E_DOWNLOAD_RANGES_UNEXPECTED ((HRESULT)0x80D02203) /* ranges were given where none may be */
#define DO_E_DOWNLOAD_RANGES_EXPECTED ((HRESULT)0x80D02204) /* ranges are missing */
#define DO_E_NO_DOWNLOAD_PARTICIPATION ((HRESULT)0x80D03001) /* refused by throttled participation */
#define DO_E_NO_DOWNLOAD_EXTSETTINGS ((HRESULT)0x80D03002) /* refused by a setting of the user or the administrator */
#define DO_E_BLOCKED_BY_COST_TRANSFER_POLICY ((HRESULT)0x80D03801) /* waits: the link costs more than the policy allows */
#define DO_E_DOWNLOADMODE_SET_BY_CP ((HRESULT)0x80D03802) /* the content restricts who may be a peer */
#define DO_E_BLOCKED_BY_CELLULAR_POLICY ((HRESULT)0x80D03803) /* waits: the link is cellular */
#define DO_E_BLOCKED_BY_POWER_STATE ((HRESULT)0x80D03804) /* waits: the machine runs on battery */
#define DO_E_BLOCKED_BY_NO_NETWORK ((HRESULT)0x80D03805) /* waits: there is no network */
#define DO_E_DOWNLOADMODE_SET_BY_POLICY ((HRESULT)0x80D03806) /* a policy restricts who may be a peer */
#define DO_E_BLOCKED_BY_VPN_POLICY ((HRESULT)0x80D03807) /* waits: the link is a VPN */
#define DO_E_BLOCKED_BY_CRITICAL_MEMORY_USAGE ((HRESULT)0x80D03808) /* waits: memory is critically short */
#define DO_E_DOWNLOADMODE_SET_BY_CACHE_ABSENCE ((HRESULT)0x80D03809) /* peers are off: there is no cache folder */
#define DO_E_CLOUD_SERVICES_UNREACHABLE ((HRESULT)0x80D0380A) /* a service of the swarm cannot be reached */
#define DO_E_DOWNLOADMODE_SET_FOR_UNREG_CALLER ((HRESULT)0x80D0380B) /* peers are off: the caller is not registered */
#define DO_E_DOWNLOADMODE_SET_FOR_SIMPLE_RANGES ((HRESULT)0x80D0380C) /* peers are off: ranges of a plain download */
#define DO_E_UNEXPECTED_HTTP_STATUS_2XX ((HRESULT)0x80D0380D) /* waits: an unusual successful answer, such as 204 */
#define DO_E_HTTP_BLOCKSIZE_MISMATCH ((HRESULT)0x80D05001) /* the server has or sent another amount than expected */
#define DO_E_HTTP_CERT_VALIDATION ((HRESULT)0x80D05002) /* the server's certificate is rejected */
#define DO_E_INVALID_RANGE ((HRESULT)0x80D05010) /* a byte range is empty, or lies outside the file */
#define DO_E_INSUFFICIENT_RANGE_SUPPORT ((HRESULT)0x80D05011) /* the server does not serve ranges */
#define DO_E_OVERLAPPING_RANGES ((HRESULT)0x80D05012) /* byte ranges overlap */
#define DO_E_UPLOADING_BAD_PIECES ((HRESULT)0x80D06800) /* too many bad pieces while serving */
#define DO_E_FATAL_CORE_ERROR ((HRESULT)0x80D06802) /* a defect inside the service */
#define DO_E_SERVICES_RESPONSE_EMPTY ((HRESULT)0x80D06803) /* a service answered with empty JSON */
#define DO_E_BAD_INCOMING_DATA ((HRESULT)0x80D06804) /* a piece came damaged or short */
#define DO_E_BAD_PIECE_HASH ((HRESULT)0x80D06805) /* a piece has the wrong hash */
#define DO_E_BAD_PIECE_HASH_NO_BAN ((HRESULT)0x80D06806) /* a piece has the wrong hash; its source may try again */
#define DO_E_ALREADY_HAVE_PIECE ((HRESULT)0x80D06807) /* the piece is here already */
#define DO_E_MISSING_PIECE ((HRESULT)0x80D06808) /* the piece is no longer here */
#define DO_E_METAINFO_CONTENT ((HRESULT)0x80D06809) /* the piece hash file is not valid JSON */
#define DO_E_METAINFO_VERSION ((HRESULT)0x80D0680A) /* the piece hash file has an unknown version */
#define DO_E_SWARM_NOT_RUNNING ((HRESULT)0x80D0680B) /* the swarm is not running */
#define DO_E_UNRECOGNIZED_CONN ((HRESULT)0x80D0680C) /* the connection is unknown */
#define DO_E_PEER_BANNED ((HRESULT)0x80D0680D) /* the peer is banned */
#define DO_E_CONNECT_TO_SELF ((HRESULT)0x80D0680E) /* the connection leads to this node itself */
#define DO_E_ALREADY_CONNECTED ((HRESULT)0x80D0680F) /* a second connection to the same peer */
#define DO_E_NO_MORE_CONNECTIONS ((HRESULT)0x80D06810) /* the limit of connections is reached */
#define DO_E_LOST_CONNECTION ((HRESULT)0x80D06811) /* the connection was lost */
#define DO_E_UNRECOGNIZED_SWARM ((HRESULT)0x80D06812) /* the swarm is unknown */
#define DO_E_INVALID_HANDSHAKE_LEN ((HRESULT)0x80D06813) /* the handshake has the wrong length */
#define DO_E_SOCKET_CLOSED ((HRESULT)0x80D06814) /* the socket was closed */
#define DO_E_PEER_MSG_TOO_LONG ((HRESULT)0x80D06815) /* a peer's message is too long */
#define DO_E_INVALID_PEER_MSG ((HRESULT)0x80D06816) /* a peer's message is malformed */
#define DO_E_PEER_IS_UPLOAD ((HRESULT)0x80D06817) /* the peer only serves */
#define DO_E_PIN_FAIL_NO_PEERING ((HRESULT)0x80D06818) /* cannot be pinned: peers are off */
#define DO_E_DELETE_PINNED_SWARM ((HRESULT)0x80D06819) /* the swarm is pinned */
#define DO_E_METAINFO_DIGEST_MATCH ((HRESULT)0x80D0681A) /* the piece hash file has another digest than was given */
#define DO_E_METAINFO_HOH_MATCH ((HRESULT)0x80D0681B) /* the piece hash file names another hash of hashes than was expected */
#define DO_E_METAINFO_HOH_FINAL_MATCH ((HRESULT)0x80D0681C) /* the hashes do not give the hash of hashes */
#define DO_E_METAINFO_CONTENT_LENGTH ((HRESULT)0x80D0681D) /* the piece hash file has a bad length of the content */
#define DO_E_METAINFO_PIECE_SIZE ((HRESULT)0x80D0681E) /* the piece hash file has a bad piece size */
#define DO_E_METAINFO_PARSE_HOH ((HRESULT)0x80D0681F) /* the hash of hashes cannot be read */
#define DO_E_METAINFO_PARSE_PIECEHASHES ((HRESULT)0x80D06820) /* the list of piece hashes cannot be read */
#define DO_E_METAINFO_PARSE_ONE_PIECEHASH ((HRESULT)0x80D06821) /* one piece hash cannot be read */
#define DO_E_METAINFO_FILE_SIZE ((HRESULT)0x80D06822) /* the size of the piece hash file is unknown or bad */
#define HTTP_E_STATUS_UNEXPECTED ((HRESULT)0x80190001) /* another HTTP status */
#define HTTP_E_STATUS_REDIRECT ((HRESULT)0x80190003) /* HTTP 301 to 303 that was not followed */
#define HTTP_E_STATUS_400 ((HRESULT)0x80190190) /* HTTP 400 and its like */
#define HTTP_E_STATUS_401 ((HRESULT)0x80190191) /* HTTP 401 */
#define HTTP_E_STATUS_403 ((HRESULT)0x80190193) /* HTTP 403 */
#define HTTP_E_STATUS_404 ((HRESULT)0x80190194) /* HTTP 404 or 410 */
#define HTTP_E_STATUS_406 ((HRESULT)0x80190196) /* HTTP 406 */
#define HTTP_E_STATUS_407 ((HRESULT)0x80190197) /* HTTP 407 */
#define HTTP_E_STATUS_408 ((HRESULT)0x80190198) /* HTTP 408 */
#define HTTP_E_STATUS_413 ((HRESULT)0x8019019D) /* HTTP 413 */
#define HTTP_E_STATUS_500 ((HRESULT)0x801901F4) /* HTTP 300, 500 or 503 */
#define HTTP_E_STATUS_501 ((HRESULT)0x801901F5) /* HTTP 501 or 505 */
#define HTTP_E_STATUS_502 ((HRESULT)0x801901F6) /* HTTP 305, 502 or 504 */
#define HTTP_E_STATUS_503 ((HRESULT)0x801901F7) /* HTTP 503; this API folds it into 500 */
#define BG_S_PARTIAL_COMPLETE ((HRESULT)0x00200017) /* part of the files was kept; this API answers S_OK */
#define BG_S_UNABLE_TO_DELETE_FILES ((HRESULT)0x0020001A) /* temporary files remain; this API answers S_OK */
#define BG_E_TOO_MANY_JOBS_PER_USER ((HRESULT)0x80200049) /* the caller has as many jobs as one may have */
#define BG_E_TOO_MANY_JOBS_PER_MACHINE ((HRESULT)0x80200050) /* there are as many jobs as there may be */
#define BG_E_TOO_MANY_FILES_IN_JOB ((HRESULT)0x80200051) /* the job has as many files as it may have */
#define BG_E_TOO_MANY_RANGES_IN_FILE ((HRESULT)0x80200052) /* the file has more ranges than it may have */

/* Errors of the system come as SWARMLINE_E_ERRNO(errno). */
#define SWARMLINE_E_ERRNO(number) ((HRESULT)(0xC0D00000 | (uint32_t)(number)))

/* ---- VARIANT and SAFEARRAY ----------------------------------------------------------------------------------- */

enum {
    VT_EMPTY = 0,
    VT_NULL = 1,
    VT_I4 = 3,
    VT_BSTR = 8,
    VT_DISPATCH = 9,
    VT_BOOL = 11,
    VT_UNKNOWN = 13,
    VT_UI1 = 17,
    VT_UI4 = 19,
    VT_I8 = 20,
    VT_UI8 = 21,
    VT_ARRAY = 0x2000
};

typedef struct SAFEARRAYBOUND {
    ULONG cElements;
    int32_t lLbound;
} SAFEARRAYBOUND;

typedef struct SAFEARRAY {
    uint16_t cDims;
    uint16_t fFeatures;
    ULONG cbElements;
    ULONG cLocks;
    void *pvData;
    SAFEARRAYBOUND rgsabound[1];
} SAFEARRAY;

struct IUnknown;

typedef struct VARIANT {
    VARTYPE vt;
    uint16_t wReserved1;
    uint16_t wReserved2;
    uint16_t wReserved3;
    union {
        uint8_t bVal;
        int32_t lVal;
        ULONG ulVal;
        int64_t llVal;
        UINT64 ullVal;
        VARIANT_BOOL boolVal;
        BSTR bstrVal;
        struct IUnknown *punkVal;
        struct IUnknown *pdispVal;
        SAFEARRAY *parray;
        uint8_t swarmline_whole[16];
    };
} VARIANT;

static_assert(sizeof(void *) == 8, "64-bit systems only");
static_assert(sizeof(GUID) == 16, "GUID");
static_assert(sizeof(FILETIME) == 8, "FILETIME");
static_assert(sizeof(SAFEARRAY) == 32, "SAFEARRAY");
static_assert(offsetof(SAFEARRAY, cbElements) == 4, "SAFEARRAY");
static_assert(offsetof(SAFEARRAY, cLocks) == 8, "SAFEARRAY");
static_assert(offsetof(SAFEARRAY, pvData) == 16, "SAFEARRAY");
static_assert(offsetof(SAFEARRAY, rgsabound) == 24, "SAFEARRAY");
static_assert(sizeof(VARIANT) == 24, "VARIANT");
static_assert(offsetof(VARIANT, bstrVal) == 8, "VARIANT");

/* ---- enums and structs of jobs ------------------------------------------------------------------------------- */

typedef enum BG_JOB_STATE {
    BG_JOB_STATE_QUEUED = 0,
    BG_JOB_STATE_CONNECTING = 1, /* never reported */
    BG_JOB_STATE_TRANSFERRING = 2,
    BG_JOB_STATE_SUSPENDED = 3,
    BG_JOB_STATE_ERROR = 4,
    BG_JOB_STATE_TRANSIENT_ERROR = 5,
    BG_JOB_STATE_TRANSFERRED = 6,
    BG_JOB_STATE_ACKNOWLEDGED = 7,
    BG_JOB_STATE_CANCELLED = 8
} BG_JOB_STATE;

typedef enum BG_JOB_PRIORITY {
    BG_JOB_PRIORITY_FOREGROUND = 0,
    BG_JOB_PRIORITY_HIGH = 1,
    BG_JOB_PRIORITY_NORMAL = 2,
    BG_JOB_PRIORITY_LOW = 3
} BG_JOB_PRIORITY;

typedef enum BG_JOB_TYPE {
    BG_JOB_TYPE_DOWNLOAD = 0,
    BG_JOB_TYPE_UPLOAD = 1,      /* not offered */
    BG_JOB_TYPE_UPLOAD_REPLY = 2 /* not offered */
} BG_JOB_TYPE;

typedef enum BG_ERROR_CONTEXT {
    BG_ERROR_CONTEXT_NONE = 0,
    BG_ERROR_CONTEXT_UNKNOWN = 1,
    BG_ERROR_CONTEXT_GENERAL_QUEUE_MANAGER = 2,
    BG_ERROR_CONTEXT_QUEUE_MANAGER_NOTIFICATION = 3,
    BG_ERROR_CONTEXT_LOCAL_FILE = 4,
    BG_ERROR_CONTEXT_REMOTE_FILE = 5,
    BG_ERROR_CONTEXT_GENERAL_TRANSPORT = 6,
    BG_ERROR_CONTEXT_REMOTE_APPLICATION = 7
} BG_ERROR_CONTEXT;

typedef enum BG_JOB_PROXY_USAGE {
    BG_JOB_PROXY_USAGE_PRECONFIG = 0,
    BG_JOB_PROXY_USAGE_NO_PROXY = 1,
    BG_JOB_PROXY_USAGE_OVERRIDE = 2,
    BG_JOB_PROXY_USAGE_AUTODETECT = 3
} BG_JOB_PROXY_USAGE;

typedef enum BG_AUTH_TARGET { BG_AUTH_TARGET_SERVER = 1, BG_AUTH_TARGET_PROXY = 2 } BG_AUTH_TARGET;

typedef enum BG_AUTH_SCHEME {
    BG_AUTH_SCHEME_BASIC = 1,
    BG_AUTH_SCHEME_DIGEST = 2,
    BG_AUTH_SCHEME_NTLM = 3,
    BG_AUTH_SCHEME_NEGOTIATE = 4,
    BG_AUTH_SCHEME_PASSPORT = 5
} BG_AUTH_SCHEME;

/* Bits of SetNotifyFlags; unknown ones give E_NOTIMPL. */
#define BG_NOTIFY_JOB_TRANSFERRED 0x0001
#define BG_NOTIFY_JOB_ERROR 0x0002
#define BG_NOTIFY_DISABLE 0x0004
#define BG_NOTIFY_JOB_MODIFICATION 0x0008
#define BG_NOTIFY_FILE_TRANSFERRED 0x0010
#define BG_NOTIFY_FILE_RANGES_TRANSFERRED 0x0020

#define BG_JOB_ENUM_ALL_USERS 0x0001

#define BG_SIZE_UNKNOWN ((UINT64)-1)
#define BG_LENGTH_TO_EOF ((UINT64)-1)
#define DO_LENGTH_TO_EOF ((UINT64)-1)
#define DO_UNKNOWN_FILE_SIZE ((UINT64)-1)

typedef struct BG_FILE_PROGRESS {
    UINT64 BytesTotal;
    UINT64 BytesTransferred;
    BOOL Completed; /* TRUE once the file has its final name */
} BG_FILE_PROGRESS;

typedef struct BG_JOB_PROGRESS {
    UINT64 BytesTotal; /* BG_SIZE_UNKNOWN while the size of any file is */
    UINT64 BytesTransferred;
    ULONG FilesTotal;
    ULONG FilesTransferred;
} BG_JOB_PROGRESS;

typedef struct BG_JOB_TIMES {
    FILETIME CreationTime;
    FILETIME ModificationTime;
    FILETIME TransferCompletionTime; /* 0 before all files are there */
} BG_JOB_TIMES;

typedef struct BG_JOB_REPLY_PROGRESS {
    UINT64 BytesTotal;
    UINT64 BytesTransferred;
} BG_JOB_REPLY_PROGRESS;

typedef struct BG_FILE_RANGE {
    UINT64 InitialOffset;
    UINT64 Length; /* not 0; BG_LENGTH_TO_EOF to the end of the file */
} BG_FILE_RANGE;

typedef struct BG_FILE_INFO {
    LPWSTR RemoteName;
    LPWSTR LocalName;
} BG_FILE_INFO;

/* Credentials are not offered; the struct keeps its name and has no inside here. */
typedef struct BG_AUTH_CREDENTIALS BG_AUTH_CREDENTIALS;

typedef enum BITS_JOB_PROPERTY_ID {
    BITS_JOB_PROPERTY_ID_COST_FLAGS = 1,      /* Dword, BITS_JOB_TRANSFER_POLICY_* */
    BITS_JOB_PROPERTY_NOTIFICATION_CLSID = 2, /* ClsID, kept without effect */
    BITS_JOB_PROPERTY_DYNAMIC_CONTENT = 3,    /* this one and those below: E_NOTIMPL */
    BITS_JOB_PROPERTY_HIGH_PERFORMANCE = 4,
    BITS_JOB_PROPERTY_MAX_DOWNLOAD_SIZE = 5,
    BITS_JOB_PROPERTY_USE_STORED_CREDENTIALS = 7,
    BITS_JOB_PROPERTY_MINIMUM_NOTIFICATION_INTERVAL_MS = 9,
    BITS_JOB_PROPERTY_ON_DEMAND_MODE = 10
} BITS_JOB_PROPERTY_ID;

/* Passed by value; on x86-64 in two integer registers. */
typedef union BITS_JOB_PROPERTY_VALUE {
    DWORD Dword;
    GUID ClsID;
    BOOL Enable;
    UINT64 Uint64;
    BG_AUTH_TARGET Target;
} BITS_JOB_PROPERTY_VALUE;

#define BITS_JOB_TRANSFER_POLICY_ALWAYS ((DWORD)0x800000FF)
#define BITS_JOB_TRANSFER_POLICY_NOT_ROAMING ((DWORD)0x8000007F)
#define BITS_JOB_TRANSFER_POLICY_NO_SURCHARGE ((DWORD)0x8000006F)
#define BITS_JOB_TRANSFER_POLICY_STANDARD ((DWORD)0x80000067)
#define BITS_JOB_TRANSFER_POLICY_UNRESTRICTED ((DWORD)0x80000021)

typedef enum BITS_FILE_PROPERTY_ID { BITS_FILE_PROPERTY_ID_HTTP_RESPONSE_HEADERS = 1 } BITS_FILE_PROPERTY_ID;

typedef union BITS_FILE_PROPERTY_VALUE {
    LPWSTR String;
} BITS_FILE_PROPERTY_VALUE;

typedef enum DOJobPropertyId { DOJobPropertyId_ExtendedErrorInfo = 0 /* VT_BSTR, read */ } DOJobPropertyId;

typedef enum DOFilePropertyId {
    DOFilePropertyId_DecryptionInfo = 0,           /* VT_BSTR, write */
    DOFilePropertyId_IntegrityCheckInfo = 1,       /* VT_BSTR, write */
    DOFilePropertyId_IntegrityCheckMandatory = 2,  /* VT_BOOL */
    DOFilePropertyId_DownloadSinkInterface = 3,    /* VT_UNKNOWN: IStream or ISequentialStream */
    DOFilePropertyId_DownloadSinkFilePath = 4,     /* VT_BSTR */
    DOFilePropertyId_DownloadSinkMemoryStream = 5, /* refused */
    DOFilePropertyId_TotalSizeBytes = 6            /* VT_UI8 */
} DOFilePropertyId;

typedef enum DownloadMode {
    DownloadMode_CdnOnly = 0,
    DownloadMode_Lan = 1,
    DownloadMode_Group = 2,
    DownloadMode_Internet = 3,
    DownloadMode_Simple = 99,
    DownloadMode_Bypass = 100
} DownloadMode;

typedef enum SwarmStatus {
    SwarmStatus_Downloading = 0,
    SwarmStatus_Complete = 1,
    SwarmStatus_Caching = 2,
    SwarmStatus_Paused = 3
} SwarmStatus;

typedef struct DOSwarmStats {
    LPWSTR fileId;    /* freed by the caller */
    LPWSTR sourceURL; /* freed by the caller */
    UINT64 fileSize;
    UINT64 totalBytesDownloaded;
    UINT64 bytesFromLanPeers;
    UINT64 bytesFromGroupPeers;
    UINT64 bytesFromInternetPeers;
    UINT64 bytesFromHttp;
    UINT64 bytesFromDoinc; /* from cache hosts */
    UINT64 bytesToLanPeers;
    UINT64 bytesToGroupPeers;
    UINT64 bytesToInternetPeers;
    ULONG httpConnectionCount;
    ULONG doincConnectionCount;
    ULONG lanConnectionCount;
    ULONG groupConnectionCount;
    ULONG internetConnectionCount;
    ULONG downloadDuration; /* ms */
    DownloadMode downloadMode;
    SwarmStatus status;
    BOOL isBackground;
} DOSwarmStats;

static_assert(sizeof(BG_JOB_STATE) == 4, "enums have 32 bits");
static_assert(sizeof(BG_FILE_PROGRESS) == 24, "BG_FILE_PROGRESS");
static_assert(offsetof(BG_FILE_PROGRESS, BytesTransferred) == 8, "BG_FILE_PROGRESS");
static_assert(offsetof(BG_FILE_PROGRESS, Completed) == 16, "BG_FILE_PROGRESS");
static_assert(sizeof(BG_JOB_PROGRESS) == 24, "BG_JOB_PROGRESS");
static_assert(offsetof(BG_JOB_PROGRESS, BytesTransferred) == 8, "BG_JOB_PROGRESS");
static_assert(offsetof(BG_JOB_PROGRESS, FilesTotal) == 16, "BG_JOB_PROGRESS");
static_assert(offsetof(BG_JOB_PROGRESS, FilesTransferred) == 20, "BG_JOB_PROGRESS");
static_assert(sizeof(BG_JOB_TIMES) == 24, "BG_JOB_TIMES");
static_assert(offsetof(BG_JOB_TIMES, ModificationTime) == 8, "BG_JOB_TIMES");
static_assert(offsetof(BG_JOB_TIMES, TransferCompletionTime) == 16, "BG_JOB_TIMES");
static_assert(sizeof(BG_JOB_REPLY_PROGRESS) == 16, "BG_JOB_REPLY_PROGRESS");
static_assert(sizeof(BG_FILE_RANGE) == 16, "BG_FILE_RANGE");
static_assert(offsetof(BG_FILE_RANGE, Length) == 8, "BG_FILE_RANGE");
static_assert(sizeof(BG_FILE_INFO) == 16, "BG_FILE_INFO");
static_assert(offsetof(BG_FILE_INFO, LocalName) == 8, "BG_FILE_INFO");
static_assert(sizeof(BITS_JOB_PROPERTY_VALUE) == 16, "BITS_JOB_PROPERTY_VALUE");
static_assert(sizeof(BITS_FILE_PROPERTY_VALUE) == 8, "BITS_FILE_PROPERTY_VALUE");
static_assert(sizeof(DOSwarmStats) == 136, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, sourceURL) == 8, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, fileSize) == 16, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, totalBytesDownloaded) == 24, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, bytesFromLanPeers) == 32, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, bytesFromGroupPeers) == 40, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, bytesFromInternetPeers) == 48, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, bytesFromHttp) == 56, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, bytesFromDoinc) == 64, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, bytesToLanPeers) == 72, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, bytesToGroupPeers) == 80, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, bytesToInternetPeers) == 88, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, httpConnectionCount) == 96, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, doincConnectionCount) == 100, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, lanConnectionCount) == 104, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, groupConnectionCount) == 108, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, internetConnectionCount) == 112, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, downloadDuration) == 116, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, downloadMode) == 120, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, status) == 124, "DOSwarmStats");
static_assert(offsetof(DOSwarmStats, isBackground) == 128, "DOSwarmStats");

/* ---- enums and structs of downloads -------------------------------------------------------------------------- */

typedef enum DODownloadState {
    DODownloadState_Created = 0,
    DODownloadState_Transferring = 1,
    DODownloadState_Transferred = 2,
    DODownloadState_Finalized = 3,
    DODownloadState_Aborted = 4,
    DODownloadState_Paused = 5
} DODownloadState;

typedef enum DODownloadCostPolicy {
    DODownloadCostPolicy_Always = 0,
    DODownloadCostPolicy_Unrestricted = 1,
    DODownloadCostPolicy_Standard = 2,
    DODownloadCostPolicy_NoRoaming = 3,
    DODownloadCostPolicy_NoSurcharge = 4,
    DODownloadCostPolicy_NoCellular = 5
} DODownloadCostPolicy;

typedef enum DODownloadProperty {
    DODownloadProperty_Id = 0,                                  /* VT_BSTR, read */
    DODownloadProperty_Uri = 1,                                 /* VT_BSTR */
    DODownloadProperty_ContentId = 2,                           /* VT_BSTR */
    DODownloadProperty_DisplayName = 3,                         /* VT_BSTR */
    DODownloadProperty_LocalPath = 4,                           /* VT_BSTR */
    DODownloadProperty_HttpCustomHeaders = 5,                   /* VT_BSTR */
    DODownloadProperty_CostPolicy = 6,                          /* VT_UI4 */
    DODownloadProperty_SecurityFlags = 7,                       /* VT_UI4, write */
    DODownloadProperty_CallbackFreqPercent = 8,                 /* VT_UI4 */
    DODownloadProperty_CallbackFreqSeconds = 9,                 /* VT_UI4 */
    DODownloadProperty_NoProgressTimeoutSeconds = 10,           /* VT_UI4 */
    DODownloadProperty_ForegroundPriority = 11,                 /* VT_BOOL */
    DODownloadProperty_BlockingMode = 12,                       /* VT_BOOL */
    DODownloadProperty_CallbackInterface = 13,                  /* VT_UNKNOWN: IDODownloadStatusCallback */
    DODownloadProperty_StreamInterface = 14,                    /* VT_UNKNOWN: IStream or ISequentialStream */
    DODownloadProperty_SecurityContext = 15,                    /* VT_ARRAY | VT_UI1, write */
    DODownloadProperty_NetworkToken = 16,                       /* VT_BOOL, write */
    DODownloadProperty_CorrelationVector = 17,                  /* VT_BSTR */
    DODownloadProperty_DecryptionInfo = 18,                     /* VT_BSTR, write */
    DODownloadProperty_IntegrityCheckInfo = 19,                 /* VT_BSTR, write */
    DODownloadProperty_IntegrityCheckMandatory = 20,            /* VT_BOOL */
    DODownloadProperty_TotalSizeBytes = 21,                     /* VT_UI8 */
    DODownloadProperty_DisallowOnCellular = 22,                 /* VT_BOOL */
    DODownloadProperty_HttpCustomAuthHeaders = 23,              /* VT_BSTR */
    DODownloadProperty_HttpAllowSecureToNonSecureRedirect = 24, /* VT_BOOL */
    DODownloadProperty_NonVolatile = 25                         /* VT_BOOL */
} DODownloadProperty;

typedef struct DO_DOWNLOAD_RANGE {
    UINT64 Offset;
    UINT64 Length; /* not 0; DO_LENGTH_TO_EOF to the end of the file */
} DO_DOWNLOAD_RANGE;

typedef struct DO_DOWNLOAD_RANGES_INFO {
    ULONG RangeCount; /* 0: the whole file */
    DO_DOWNLOAD_RANGE Ranges[1];
} DO_DOWNLOAD_RANGES_INFO;

typedef struct DO_DOWNLOAD_STATUS {
    UINT64 BytesTotal;
    UINT64 BytesTransferred;
    DODownloadState State;
    HRESULT Error;
    HRESULT ExtendedError;
} DO_DOWNLOAD_STATUS;

typedef struct DO_DOWNLOAD_ENUM_CATEGORY {
    DODownloadProperty Property; /* Id, Uri, ContentId, DisplayName or LocalPath */
    LPCWSTR Value;
} DO_DOWNLOAD_ENUM_CATEGORY;

static_assert(sizeof(DO_DOWNLOAD_RANGE) == 16, "DO_DOWNLOAD_RANGE");
static_assert(offsetof(DO_DOWNLOAD_RANGE, Length) == 8, "DO_DOWNLOAD_RANGE");
static_assert(sizeof(DO_DOWNLOAD_RANGES_INFO) == 24, "DO_DOWNLOAD_RANGES_INFO");
static_assert(offsetof(DO_DOWNLOAD_RANGES_INFO, Ranges) == 8, "DO_DOWNLOAD_RANGES_INFO");
static_assert(sizeof(DO_DOWNLOAD_STATUS) == 32, "DO_DOWNLOAD_STATUS");
static_assert(offsetof(DO_DOWNLOAD_STATUS, BytesTransferred) == 8, "DO_DOWNLOAD_STATUS");
static_assert(offsetof(DO_DOWNLOAD_STATUS, State) == 16, "DO_DOWNLOAD_STATUS");
static_assert(offsetof(DO_DOWNLOAD_STATUS, Error) == 20, "DO_DOWNLOAD_STATUS");
static_assert(offsetof(DO_DOWNLOAD_STATUS, ExtendedError) == 24, "DO_DOWNLOAD_STATUS");
static_assert(sizeof(DO_DOWNLOAD_ENUM_CATEGORY) == 16, "DO_DOWNLOAD_ENUM_CATEGORY");
static_assert(offsetof(DO_DOWNLOAD_ENUM_CATEGORY, Value) == 8, "DO_DOWNLOAD_ENUM_CATEGORY");

/* ---- interfaces ---------------------------------------------------------------------------------------------- */

/* Each interface is written once: SWARMLINE_OWN_x lists the methods it adds to its base, in the order of their slots,
 * SWARMLINE_ALL_x those of its bases as well. In C++ it becomes an abstract class, to call and to implement:
 * `job->Resume()`. In C it becomes a struct with a pointer to a table of functions: `job->lpVtbl->Resume(job)`. */

#ifdef __cplusplus
#define SWARMLINE_METHOD(I, name, ...) virtual HRESULT name(__VA_ARGS__) = 0;
#define SWARMLINE_METHOD0(I, name) virtual HRESULT name() = 0;
#define SWARMLINE_COUNT(I, name) virtual ULONG name() = 0;
#define SWARMLINE_ROOT(I)                                                                                              \
    struct I {                                                                                                         \
        SWARMLINE_OWN_##I(I)                                                                                           \
    };
#define SWARMLINE_INTERFACE(I, base)                                                                                   \
    struct I : public base {                                                                                           \
        SWARMLINE_OWN_##I(I)                                                                                           \
    };
/* A destructor would take slots; lifetimes end with Release. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
#else
#define SWARMLINE_METHOD(I, name, ...) HRESULT (*name)(I * This, __VA_ARGS__);
#define SWARMLINE_METHOD0(I, name) HRESULT (*name)(I * This);
#define SWARMLINE_COUNT(I, name) ULONG (*name)(I * This);
#define SWARMLINE_ROOT(I)                                                                                              \
    typedef struct I##Vtbl {                                                                                           \
        SWARMLINE_ALL_##I(I)                                                                                           \
    } I##Vtbl;                                                                                                         \
    struct I {                                                                                                         \
        const I##Vtbl *lpVtbl;                                                                                         \
    };
#define SWARMLINE_INTERFACE(I, base) SWARMLINE_ROOT(I)
#endif

typedef struct IUnknown IUnknown;
typedef struct IClassFactory IClassFactory;
typedef struct IEnumUnknown IEnumUnknown;
typedef struct ISequentialStream ISequentialStream;
typedef struct IStream IStream;
typedef struct IBackgroundCopyFile IBackgroundCopyFile;
typedef struct IBackgroundCopyFile2 IBackgroundCopyFile2;
typedef struct IBackgroundCopyFile3 IBackgroundCopyFile3;
typedef struct IBackgroundCopyFile4 IBackgroundCopyFile4;
typedef struct IBackgroundCopyFile5 IBackgroundCopyFile5;
typedef struct IDeliveryOptimizationFile IDeliveryOptimizationFile;
typedef struct IDeliveryOptimizationFile2 IDeliveryOptimizationFile2;
typedef struct IEnumBackgroundCopyFiles IEnumBackgroundCopyFiles;
typedef struct IBackgroundCopyError IBackgroundCopyError;
typedef struct IBackgroundCopyJob IBackgroundCopyJob;
typedef struct IBackgroundCopyJob2 IBackgroundCopyJob2;
typedef struct IBackgroundCopyJob3 IBackgroundCopyJob3;
typedef struct IBackgroundCopyJob4 IBackgroundCopyJob4;
typedef struct IBackgroundCopyJob5 IBackgroundCopyJob5;
typedef struct IDeliveryOptimizationJob IDeliveryOptimizationJob;
typedef struct IDeliveryOptimizationJob2 IDeliveryOptimizationJob2;
typedef struct IEnumBackgroundCopyJobs IEnumBackgroundCopyJobs;
typedef struct IBackgroundCopyManager IBackgroundCopyManager;
typedef struct IBackgroundCopyCallback IBackgroundCopyCallback;
typedef struct IBackgroundCopyCallback2 IBackgroundCopyCallback2;
typedef struct IBackgroundCopyCallback3 IBackgroundCopyCallback3;
typedef struct IDODownload IDODownload;
typedef struct IDODownloadStatusCallback IDODownloadStatusCallback;
typedef struct IDOManager IDOManager;
typedef struct STATSTG STATSTG; /* no method that is called uses it */

/* What every object answers to: other interfaces, and the count of its references. */
SWARMLINE_GUID(IID_IUnknown, 0x00000000, 0x0000, 0x0000, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46);
#define SWARMLINE_OWN_IUnknown(I)                                                                                      \
    SWARMLINE_METHOD(I, QueryInterface, REFIID riid, void **object)                                                    \
    SWARMLINE_COUNT(I, AddRef)                                                                                         \
    SWARMLINE_COUNT(I, Release)
#define SWARMLINE_ALL_IUnknown(I) SWARMLINE_OWN_IUnknown(I)
SWARMLINE_ROOT(IUnknown)

/* Makes objects of the class. */
SWARMLINE_GUID(IID_IClassFactory, 0x00000001, 0x0000, 0x0000, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46);
#define SWARMLINE_OWN_IClassFactory(I)                                                                                 \
    SWARMLINE_METHOD(I, CreateInstance, IUnknown *outer, REFIID riid, void **object)                                   \
    SWARMLINE_METHOD(I, LockServer, BOOL lock)
#define SWARMLINE_ALL_IClassFactory(I) SWARMLINE_ALL_IUnknown(I) SWARMLINE_OWN_IClassFactory(I)
SWARMLINE_INTERFACE(IClassFactory, IUnknown)

/* A snapshot of downloads. */
SWARMLINE_GUID(IID_IEnumUnknown, 0x00000100, 0x0000, 0x0000, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46);
#define SWARMLINE_OWN_IEnumUnknown(I)                                                                                  \
    SWARMLINE_METHOD(I, Next, ULONG count, IUnknown **elements, ULONG *fetched)                                        \
    SWARMLINE_METHOD(I, Skip, ULONG count)                                                                             \
    SWARMLINE_METHOD0(I, Reset)                                                                                        \
    SWARMLINE_METHOD(I, Clone, IEnumUnknown **copy)
#define SWARMLINE_ALL_IEnumUnknown(I) SWARMLINE_ALL_IUnknown(I) SWARMLINE_OWN_IEnumUnknown(I)
SWARMLINE_INTERFACE(IEnumUnknown, IUnknown)

/* Implemented by the client, as a sink: only Write is called. */
SWARMLINE_GUID(IID_ISequentialStream, 0x0C733A30, 0x2A1C, 0x11CE, 0xAD, 0xE5, 0x00, 0xAA, 0x00, 0x44, 0x77, 0x3D);
#define SWARMLINE_OWN_ISequentialStream(I)                                                                             \
    SWARMLINE_METHOD(I, Read, void *bytes, ULONG count, ULONG *read)                                                   \
    SWARMLINE_METHOD(I, Write, const void *bytes, ULONG count, ULONG *written)
#define SWARMLINE_ALL_ISequentialStream(I) SWARMLINE_ALL_IUnknown(I) SWARMLINE_OWN_ISequentialStream(I)
SWARMLINE_INTERFACE(ISequentialStream, IUnknown)

/* Implemented by the client, as a sink: only Write is called. */
SWARMLINE_GUID(IID_IStream, 0x0000000C, 0x0000, 0x0000, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46);
#define SWARMLINE_OWN_IStream(I)                                                                                       \
    SWARMLINE_METHOD(I, Seek, int64_t move, DWORD origin, UINT64 *position)                                            \
    SWARMLINE_METHOD(I, SetSize, UINT64 size)                                                                          \
    SWARMLINE_METHOD(I, CopyTo, IStream *target, UINT64 count, UINT64 *read, UINT64 *written)                          \
    SWARMLINE_METHOD(I, Commit, DWORD flags)                                                                           \
    SWARMLINE_METHOD0(I, Revert)                                                                                       \
    SWARMLINE_METHOD(I, LockRegion, UINT64 offset, UINT64 count, DWORD type)                                           \
    SWARMLINE_METHOD(I, UnlockRegion, UINT64 offset, UINT64 count, DWORD type)                                         \
    SWARMLINE_METHOD(I, Stat, STATSTG *stat, DWORD flags)                                                              \
    SWARMLINE_METHOD(I, Clone, IStream **copy)
#define SWARMLINE_ALL_IStream(I) SWARMLINE_ALL_ISequentialStream(I) SWARMLINE_OWN_IStream(I)
SWARMLINE_INTERFACE(IStream, ISequentialStream)

/* A file of a job. The object also answers IDeliveryOptimizationFile and IDeliveryOptimizationFile2. */
SWARMLINE_GUID(IID_IBackgroundCopyFile, 0x01B7BD23, 0xFB88, 0x4A77, 0x84, 0x90, 0x58, 0x91, 0xD3, 0xE4, 0x65, 0x3A);
#define SWARMLINE_OWN_IBackgroundCopyFile(I)                                                                           \
    SWARMLINE_METHOD(I, GetRemoteName, LPWSTR *name)                                                                   \
    SWARMLINE_METHOD(I, GetLocalName, LPWSTR *name)                                                                    \
    SWARMLINE_METHOD(I, GetProgress, BG_FILE_PROGRESS *progress)
#define SWARMLINE_ALL_IBackgroundCopyFile(I) SWARMLINE_ALL_IUnknown(I) SWARMLINE_OWN_IBackgroundCopyFile(I)
SWARMLINE_INTERFACE(IBackgroundCopyFile, IUnknown)

SWARMLINE_GUID(IID_IBackgroundCopyFile2, 0x83E81B93, 0x0873, 0x474D, 0x8A, 0x8C, 0xF2, 0x01, 0x8B, 0x1A, 0x93, 0x9C);
#define SWARMLINE_OWN_IBackgroundCopyFile2(I)                                                                          \
    SWARMLINE_METHOD(I, GetFileRanges, DWORD *count, BG_FILE_RANGE **ranges)                                           \
    SWARMLINE_METHOD(I, SetRemoteName, LPCWSTR name)
#define SWARMLINE_ALL_IBackgroundCopyFile2(I) SWARMLINE_ALL_IBackgroundCopyFile(I) SWARMLINE_OWN_IBackgroundCopyFile2(I)
SWARMLINE_INTERFACE(IBackgroundCopyFile2, IBackgroundCopyFile)

SWARMLINE_GUID(IID_IBackgroundCopyFile3, 0x659CDEAA, 0x489E, 0x11D9, 0xA9, 0xCD, 0x00, 0x0D, 0x56, 0x96, 0x52, 0x51);
#define SWARMLINE_OWN_IBackgroundCopyFile3(I)                                                                          \
    SWARMLINE_METHOD(I, GetTemporaryName, LPWSTR *name)                                                                \
    SWARMLINE_METHOD(I, SetValidationState, BOOL state)                                                                \
    SWARMLINE_METHOD(I, GetValidationState, BOOL *state)                                                               \
    SWARMLINE_METHOD(I, IsDownloadedFromPeer, BOOL *from_peer)
#define SWARMLINE_ALL_IBackgroundCopyFile3(I) SWARMLINE_ALL_IBackgroundCopyFile2(I) SWARMLINE_OWN_IBackgroundCopyFile3(I)
SWARMLINE_INTERFACE(IBackgroundCopyFile3, IBackgroundCopyFile2)

SWARMLINE_GUID(IID_IBackgroundCopyFile4, 0xEF7E0655, 0x7888, 0x4960, 0xB0, 0xE5, 0x73, 0x08, 0x46, 0xE0, 0x34, 0x92);
#define SWARMLINE_OWN_IBackgroundCopyFile4(I)                                                                          \
    SWARMLINE_METHOD(I, GetPeerDownloadStats, UINT64 *from_origin, UINT64 *from_peers)
#define SWARMLINE_ALL_IBackgroundCopyFile4(I) SWARMLINE_ALL_IBackgroundCopyFile3(I) SWARMLINE_OWN_IBackgroundCopyFile4(I)
SWARMLINE_INTERFACE(IBackgroundCopyFile4, IBackgroundCopyFile3)

SWARMLINE_GUID(IID_IBackgroundCopyFile5, 0x85C1657F, 0xDAFC, 0x40E8, 0x88, 0x34, 0xDF, 0x18, 0xEA, 0x25, 0x71, 0x7E);
#define SWARMLINE_OWN_IBackgroundCopyFile5(I)                                                                          \
    SWARMLINE_METHOD(I, SetProperty, BITS_FILE_PROPERTY_ID id, BITS_FILE_PROPERTY_VALUE value)                         \
    SWARMLINE_METHOD(I, GetProperty, BITS_FILE_PROPERTY_ID id, BITS_FILE_PROPERTY_VALUE *value)
#define SWARMLINE_ALL_IBackgroundCopyFile5(I) SWARMLINE_ALL_IBackgroundCopyFile4(I) SWARMLINE_OWN_IBackgroundCopyFile5(I)
SWARMLINE_INTERFACE(IBackgroundCopyFile5, IBackgroundCopyFile4)

/* Clients of two kinds are known, one calls the first slot and one the second: both do the same. */
SWARMLINE_GUID(IID_IDeliveryOptimizationFile, 0xB76B9699, 0xE99E, 0x4101, 0x80, 0x3F, 0xA2, 0x0E, 0x32, 0x5D, 0x93, 0xE2);
#define SWARMLINE_OWN_IDeliveryOptimizationFile(I)                                                                     \
    SWARMLINE_METHOD(I, GetStats, DOSwarmStats *stats)                                                                 \
    SWARMLINE_METHOD(I, GetStats2, DOSwarmStats *stats)
#define SWARMLINE_ALL_IDeliveryOptimizationFile(I) SWARMLINE_ALL_IUnknown(I) SWARMLINE_OWN_IDeliveryOptimizationFile(I)
SWARMLINE_INTERFACE(IDeliveryOptimizationFile, IUnknown)

SWARMLINE_GUID(IID_IDeliveryOptimizationFile2, 0x3A87296F, 0x6EC2, 0x4126, 0xAB, 0x29, 0xE3, 0xF8, 0xDC, 0x4C, 0xC3, 0x90);
#define SWARMLINE_OWN_IDeliveryOptimizationFile2(I)                                                                    \
    SWARMLINE_METHOD(I, GetProperty, DOFilePropertyId id, VARIANT *value)                                              \
    SWARMLINE_METHOD(I, SetProperty, DOFilePropertyId id, const VARIANT *value)
#define SWARMLINE_ALL_IDeliveryOptimizationFile2(I) SWARMLINE_ALL_IUnknown(I) SWARMLINE_OWN_IDeliveryOptimizationFile2(I)
SWARMLINE_INTERFACE(IDeliveryOptimizationFile2, IUnknown)

/* A snapshot of the files of a job, in the order in which they were added. */
SWARMLINE_GUID(IID_IEnumBackgroundCopyFiles, 0xCA51E165, 0xC365, 0x424C, 0x8D, 0x41, 0x24, 0xAA, 0xA4, 0xFF, 0x3C, 0x40);
#define SWARMLINE_OWN_IEnumBackgroundCopyFiles(I)                                                                      \
    SWARMLINE_METHOD(I, Next, ULONG count, IBackgroundCopyFile **elements, ULONG *fetched)                             \
    SWARMLINE_METHOD(I, Skip, ULONG count)                                                                             \
    SWARMLINE_METHOD0(I, Reset)                                                                                        \
    SWARMLINE_METHOD(I, Clone, IEnumBackgroundCopyFiles **copy)                                                        \
    SWARMLINE_METHOD(I, GetCount, ULONG *count)
#define SWARMLINE_ALL_IEnumBackgroundCopyFiles(I) SWARMLINE_ALL_IUnknown(I) SWARMLINE_OWN_IEnumBackgroundCopyFiles(I)
SWARMLINE_INTERFACE(IEnumBackgroundCopyFiles, IUnknown)

/* What failed last, as it was then. */
SWARMLINE_GUID(IID_IBackgroundCopyError, 0x19C613A0, 0xFCB8, 0x4F28, 0x81, 0xAE, 0x89, 0x7C, 0x3D, 0x07, 0x8F, 0x81);
#define SWARMLINE_OWN_IBackgroundCopyError(I)                                                                          \
    SWARMLINE_METHOD(I, GetError, BG_ERROR_CONTEXT *context, HRESULT *code)                                            \
    SWARMLINE_METHOD(I, GetFile, IBackgroundCopyFile **file)                                                           \
    SWARMLINE_METHOD(I, GetErrorDescription, DWORD language, LPWSTR *text)                                             \
    SWARMLINE_METHOD(I, GetErrorContextDescription, DWORD language, LPWSTR *text)                                      \
    SWARMLINE_METHOD(I, GetProtocol, LPWSTR *name)
#define SWARMLINE_ALL_IBackgroundCopyError(I) SWARMLINE_ALL_IUnknown(I) SWARMLINE_OWN_IBackgroundCopyError(I)
SWARMLINE_INTERFACE(IBackgroundCopyError, IUnknown)

/* A job. The object also answers IDeliveryOptimizationJob and IDeliveryOptimizationJob2. */
SWARMLINE_GUID(IID_IBackgroundCopyJob, 0x37668D37, 0x507E, 0x4160, 0x93, 0x16, 0x26, 0x30, 0x6D, 0x15, 0x0B, 0x12);
#define SWARMLINE_OWN_IBackgroundCopyJob(I)                                                                            \
    SWARMLINE_METHOD(I, AddFileSet, ULONG count, BG_FILE_INFO *files)                                                  \
    SWARMLINE_METHOD(I, AddFile, LPCWSTR remote, LPCWSTR local)                                                        \
    SWARMLINE_METHOD(I, EnumFiles, IEnumBackgroundCopyFiles **files)                                                   \
    SWARMLINE_METHOD0(I, Suspend)                                                                                      \
    SWARMLINE_METHOD0(I, Resume)                                                                                       \
    SWARMLINE_METHOD0(I, Cancel)                                                                                       \
    SWARMLINE_METHOD0(I, Complete)                                                                                     \
    SWARMLINE_METHOD(I, GetId, GUID *id)                                                                               \
    SWARMLINE_METHOD(I, GetType, BG_JOB_TYPE *type)                                                                    \
    SWARMLINE_METHOD(I, GetProgress, BG_JOB_PROGRESS *progress)                                                        \
    SWARMLINE_METHOD(I, GetTimes, BG_JOB_TIMES *times)                                                                 \
    SWARMLINE_METHOD(I, GetState, BG_JOB_STATE *state)                                                                 \
    SWARMLINE_METHOD(I, GetError, IBackgroundCopyError **error)                                                        \
    SWARMLINE_METHOD(I, GetOwner, LPWSTR *owner)                                                                       \
    SWARMLINE_METHOD(I, SetDisplayName, LPCWSTR name)                                                                  \
    SWARMLINE_METHOD(I, GetDisplayName, LPWSTR *name)                                                                  \
    SWARMLINE_METHOD(I, SetDescription, LPCWSTR text)                                                                  \
    SWARMLINE_METHOD(I, GetDescription, LPWSTR *text)                                                                  \
    SWARMLINE_METHOD(I, SetPriority, BG_JOB_PRIORITY priority)                                                         \
    SWARMLINE_METHOD(I, GetPriority, BG_JOB_PRIORITY *priority)                                                        \
    SWARMLINE_METHOD(I, SetNotifyFlags, ULONG flags)                                                                   \
    SWARMLINE_METHOD(I, GetNotifyFlags, ULONG *flags)                                                                  \
    SWARMLINE_METHOD(I, SetNotifyInterface, IUnknown *callback)                                                        \
    SWARMLINE_METHOD(I, GetNotifyInterface, IUnknown **callback)                                                       \
    SWARMLINE_METHOD(I, SetMinimumRetryDelay, ULONG seconds)                                                           \
    SWARMLINE_METHOD(I, GetMinimumRetryDelay, ULONG *seconds)                                                          \
    SWARMLINE_METHOD(I, SetNoProgressTimeout, ULONG seconds)                                                           \
    SWARMLINE_METHOD(I, GetNoProgressTimeout, ULONG *seconds)                                                          \
    SWARMLINE_METHOD(I, GetErrorCount, ULONG *count)                                                                   \
    SWARMLINE_METHOD(I, SetProxySettings, BG_JOB_PROXY_USAGE usage, LPCWSTR list, LPCWSTR bypass)                      \
    SWARMLINE_METHOD(I, GetProxySettings, BG_JOB_PROXY_USAGE *usage, LPWSTR *list, LPWSTR *bypass)                     \
    SWARMLINE_METHOD0(I, TakeOwnership)
#define SWARMLINE_ALL_IBackgroundCopyJob(I) SWARMLINE_ALL_IUnknown(I) SWARMLINE_OWN_IBackgroundCopyJob(I)
SWARMLINE_INTERFACE(IBackgroundCopyJob, IUnknown)

SWARMLINE_GUID(IID_IBackgroundCopyJob2, 0x54B50739, 0x686F, 0x45EB, 0x9D, 0xFF, 0xD6, 0xA9, 0xA0, 0xFA, 0xA9, 0xAF);
#define SWARMLINE_OWN_IBackgroundCopyJob2(I)                                                                           \
    SWARMLINE_METHOD(I, SetNotifyCmdLine, LPCWSTR program, LPCWSTR parameters)                                         \
    SWARMLINE_METHOD(I, GetNotifyCmdLine, LPWSTR *program, LPWSTR *parameters)                                         \
    SWARMLINE_METHOD(I, GetReplyProgress, BG_JOB_REPLY_PROGRESS *progress)                                             \
    SWARMLINE_METHOD(I, GetReplyData, uint8_t **bytes, UINT64 *count)                                                  \
    SWARMLINE_METHOD(I, SetReplyFileName, LPCWSTR name)                                                                \
    SWARMLINE_METHOD(I, GetReplyFileName, LPWSTR *name)                                                                \
    SWARMLINE_METHOD(I, SetCredentials, BG_AUTH_CREDENTIALS *credentials)                                              \
    SWARMLINE_METHOD(I, RemoveCredentials, BG_AUTH_TARGET target, BG_AUTH_SCHEME scheme)
#define SWARMLINE_ALL_IBackgroundCopyJob2(I) SWARMLINE_ALL_IBackgroundCopyJob(I) SWARMLINE_OWN_IBackgroundCopyJob2(I)
SWARMLINE_INTERFACE(IBackgroundCopyJob2, IBackgroundCopyJob)

SWARMLINE_GUID(IID_IBackgroundCopyJob3, 0x443C8934, 0x90FF, 0x48ED, 0xBC, 0xDE, 0x26, 0xF5, 0xC7, 0x45, 0x00, 0x42);
#define SWARMLINE_OWN_IBackgroundCopyJob3(I)                                                                           \
    SWARMLINE_METHOD(I, ReplaceRemotePrefix, LPCWSTR old_prefix, LPCWSTR new_prefix)                                   \
    SWARMLINE_METHOD(I, AddFileWithRanges, LPCWSTR remote, LPCWSTR local, DWORD count, BG_FILE_RANGE *ranges)          \
    SWARMLINE_METHOD(I, SetFileACLFlags, DWORD flags)                                                                  \
    SWARMLINE_METHOD(I, GetFileACLFlags, DWORD *flags)
#define SWARMLINE_ALL_IBackgroundCopyJob3(I) SWARMLINE_ALL_IBackgroundCopyJob2(I) SWARMLINE_OWN_IBackgroundCopyJob3(I)
SWARMLINE_INTERFACE(IBackgroundCopyJob3, IBackgroundCopyJob2)

SWARMLINE_GUID(IID_IBackgroundCopyJob4, 0x659CDEAE, 0x489E, 0x11D9, 0xA9, 0xCD, 0x00, 0x0D, 0x56, 0x96, 0x52, 0x51);
#define SWARMLINE_OWN_IBackgroundCopyJob4(I)                                                                           \
    SWARMLINE_METHOD(I, SetPeerCachingFlags, DWORD flags)                                                              \
    SWARMLINE_METHOD(I, GetPeerCachingFlags, DWORD *flags)                                                             \
    SWARMLINE_METHOD(I, GetOwnerIntegrityLevel, ULONG *level)                                                          \
    SWARMLINE_METHOD(I, GetOwnerElevationState, BOOL *elevated)                                                        \
    SWARMLINE_METHOD(I, SetMaximumDownloadTime, ULONG seconds)                                                         \
    SWARMLINE_METHOD(I, GetMaximumDownloadTime, ULONG *seconds)
#define SWARMLINE_ALL_IBackgroundCopyJob4(I) SWARMLINE_ALL_IBackgroundCopyJob3(I) SWARMLINE_OWN_IBackgroundCopyJob4(I)
SWARMLINE_INTERFACE(IBackgroundCopyJob4, IBackgroundCopyJob3)

SWARMLINE_GUID(IID_IBackgroundCopyJob5, 0xE847030C, 0xBBBA, 0x4657, 0xAF, 0x6D, 0x48, 0x4A, 0xA4, 0x2B, 0xF1, 0xFE);
#define SWARMLINE_OWN_IBackgroundCopyJob5(I)                                                                           \
    SWARMLINE_METHOD(I, SetProperty, BITS_JOB_PROPERTY_ID id, BITS_JOB_PROPERTY_VALUE value)                           \
    SWARMLINE_METHOD(I, GetProperty, BITS_JOB_PROPERTY_ID id, BITS_JOB_PROPERTY_VALUE *value)
#define SWARMLINE_ALL_IBackgroundCopyJob5(I) SWARMLINE_ALL_IBackgroundCopyJob4(I) SWARMLINE_OWN_IBackgroundCopyJob5(I)
SWARMLINE_INTERFACE(IBackgroundCopyJob5, IBackgroundCopyJob4)

SWARMLINE_GUID(IID_IDeliveryOptimizationJob, 0xEE2584CF, 0xA69C, 0x4848, 0xB6, 0x33, 0x26, 0x49, 0x96, 0x2B, 0x3E, 0xF7);
#define SWARMLINE_OWN_IDeliveryOptimizationJob(I)                                                                      \
    SWARMLINE_METHOD(I, AddFileWithRanges, LPCWSTR file_id, LPCWSTR remote, LPCWSTR local, ULONG count,                \
                      BG_FILE_RANGE *ranges, UINT64 size)
#define SWARMLINE_ALL_IDeliveryOptimizationJob(I) SWARMLINE_ALL_IUnknown(I) SWARMLINE_OWN_IDeliveryOptimizationJob(I)
SWARMLINE_INTERFACE(IDeliveryOptimizationJob, IUnknown)

SWARMLINE_GUID(IID_IDeliveryOptimizationJob2, 0x18995A26, 0xBF59, 0x4ABE, 0x9F, 0x8B, 0xD5, 0x09, 0x2D, 0x5A, 0x24, 0x05);
#define SWARMLINE_OWN_IDeliveryOptimizationJob2(I)                                                                     \
    SWARMLINE_METHOD(I, AddFile, LPCWSTR file_id, LPCWSTR remote, ULONG count, BG_FILE_RANGE *ranges, REFIID riid,     \
                      void **file)                                                                                     \
    SWARMLINE_METHOD(I, GetProperty, DOJobPropertyId id, VARIANT *value)                                               \
    SWARMLINE_METHOD(I, SetProperty, DOJobPropertyId id, const VARIANT *value)
#define SWARMLINE_ALL_IDeliveryOptimizationJob2(I) SWARMLINE_ALL_IUnknown(I) SWARMLINE_OWN_IDeliveryOptimizationJob2(I)
SWARMLINE_INTERFACE(IDeliveryOptimizationJob2, IUnknown)

/* A snapshot of jobs. */
SWARMLINE_GUID(IID_IEnumBackgroundCopyJobs, 0x1AF4F612, 0x3B71, 0x466F, 0x8F, 0x58, 0x7B, 0x6F, 0x73, 0xAC, 0x57, 0xAD);
#define SWARMLINE_OWN_IEnumBackgroundCopyJobs(I)                                                                       \
    SWARMLINE_METHOD(I, Next, ULONG count, IBackgroundCopyJob **elements, ULONG *fetched)                              \
    SWARMLINE_METHOD(I, Skip, ULONG count)                                                                             \
    SWARMLINE_METHOD0(I, Reset)                                                                                        \
    SWARMLINE_METHOD(I, Clone, IEnumBackgroundCopyJobs **copy)                                                         \
    SWARMLINE_METHOD(I, GetCount, ULONG *count)
#define SWARMLINE_ALL_IEnumBackgroundCopyJobs(I) SWARMLINE_ALL_IUnknown(I) SWARMLINE_OWN_IEnumBackgroundCopyJobs(I)
SWARMLINE_INTERFACE(IEnumBackgroundCopyJobs, IUnknown)

/* Makes and finds jobs. */
SWARMLINE_GUID(IID_IBackgroundCopyManager, 0x5CE34C0D, 0x0DC9, 0x4C1F, 0x89, 0x7C, 0xDA, 0xA1, 0xB7, 0x8C, 0xEE, 0x7C);
#define SWARMLINE_OWN_IBackgroundCopyManager(I)                                                                        \
    SWARMLINE_METHOD(I, CreateJob, LPCWSTR name, BG_JOB_TYPE type, GUID *id, IBackgroundCopyJob **job)                 \
    SWARMLINE_METHOD(I, GetJob, REFGUID id, IBackgroundCopyJob **job)                                                  \
    SWARMLINE_METHOD(I, EnumJobs, DWORD flags, IEnumBackgroundCopyJobs **jobs)                                         \
    SWARMLINE_METHOD(I, GetErrorDescription, HRESULT code, DWORD language, LPWSTR *text)
#define SWARMLINE_ALL_IBackgroundCopyManager(I) SWARMLINE_ALL_IUnknown(I) SWARMLINE_OWN_IBackgroundCopyManager(I)
SWARMLINE_INTERFACE(IBackgroundCopyManager, IUnknown)

/* Implemented by the client. What it is given is valid for the call; AddRef keeps it. */
SWARMLINE_GUID(IID_IBackgroundCopyCallback, 0x97EA99C7, 0x0186, 0x4AD4, 0x8D, 0xF9, 0xC5, 0xB4, 0xE0, 0xED, 0x6B, 0x22);
#define SWARMLINE_OWN_IBackgroundCopyCallback(I)                                                                       \
    SWARMLINE_METHOD(I, JobTransferred, IBackgroundCopyJob *job)                                                       \
    SWARMLINE_METHOD(I, JobError, IBackgroundCopyJob *job, IBackgroundCopyError *error)                                \
    SWARMLINE_METHOD(I, JobModification, IBackgroundCopyJob *job, DWORD reserved)
#define SWARMLINE_ALL_IBackgroundCopyCallback(I) SWARMLINE_ALL_IUnknown(I) SWARMLINE_OWN_IBackgroundCopyCallback(I)
SWARMLINE_INTERFACE(IBackgroundCopyCallback, IUnknown)

/* Implemented by clients that want BG_NOTIFY_FILE_TRANSFERRED. */
SWARMLINE_GUID(IID_IBackgroundCopyCallback2, 0x659CDEAC, 0x489E, 0x11D9, 0xA9, 0xCD, 0x00, 0x0D, 0x56, 0x96, 0x52, 0x51);
#define SWARMLINE_OWN_IBackgroundCopyCallback2(I)                                                                      \
    SWARMLINE_METHOD(I, FileTransferred, IBackgroundCopyJob *job, IBackgroundCopyFile *file)
#define SWARMLINE_ALL_IBackgroundCopyCallback2(I) SWARMLINE_ALL_IBackgroundCopyCallback(I) SWARMLINE_OWN_IBackgroundCopyCallback2(I)
SWARMLINE_INTERFACE(IBackgroundCopyCallback2, IBackgroundCopyCallback)

/* Accepted as an IBackgroundCopyCallback2; its own method is not called. */
SWARMLINE_GUID(IID_IBackgroundCopyCallback3, 0x98C97BD2, 0xE32B, 0x4AD8, 0xA5, 0x28, 0x95, 0xFD, 0x8B, 0x16, 0xBD, 0x42);
#define SWARMLINE_OWN_IBackgroundCopyCallback3(I)                                                                      \
    SWARMLINE_METHOD(I, FileRangesTransferred, IBackgroundCopyJob *job, IBackgroundCopyFile *file, DWORD count,        \
                      const BG_FILE_RANGE *ranges)
#define SWARMLINE_ALL_IBackgroundCopyCallback3(I) SWARMLINE_ALL_IBackgroundCopyCallback2(I) SWARMLINE_OWN_IBackgroundCopyCallback3(I)
SWARMLINE_INTERFACE(IBackgroundCopyCallback3, IBackgroundCopyCallback2)

/* A download of one file. */
SWARMLINE_GUID(IID_IDODownload, 0xFBBD7FC0, 0xC147, 0x4727, 0xA3, 0x8D, 0x82, 0x7E, 0xF0, 0x71, 0xEE, 0x77);
#define SWARMLINE_OWN_IDODownload(I)                                                                                   \
    SWARMLINE_METHOD(I, Start, const DO_DOWNLOAD_RANGES_INFO *ranges)                                                  \
    SWARMLINE_METHOD0(I, Pause)                                                                                        \
    SWARMLINE_METHOD0(I, Abort)                                                                                        \
    SWARMLINE_METHOD0(I, Finalize)                                                                                     \
    SWARMLINE_METHOD(I, GetStatus, DO_DOWNLOAD_STATUS *status)                                                         \
    SWARMLINE_METHOD(I, GetProperty, DODownloadProperty id, VARIANT *value)                                            \
    SWARMLINE_METHOD(I, SetProperty, DODownloadProperty id, const VARIANT *value)
#define SWARMLINE_ALL_IDODownload(I) SWARMLINE_ALL_IUnknown(I) SWARMLINE_OWN_IDODownload(I)
SWARMLINE_INTERFACE(IDODownload, IUnknown)

/* Implemented by the client. What it is given is valid for the call; AddRef keeps the download. */
SWARMLINE_GUID(IID_IDODownloadStatusCallback, 0xD166E8E3, 0xA90E, 0x4392, 0x8E, 0x87, 0x05, 0xE9, 0x96, 0xD3, 0x74, 0x7D);
#define SWARMLINE_OWN_IDODownloadStatusCallback(I)                                                                     \
    SWARMLINE_METHOD(I, OnStatusChange, IDODownload *download, const DO_DOWNLOAD_STATUS *status)
#define SWARMLINE_ALL_IDODownloadStatusCallback(I) SWARMLINE_ALL_IUnknown(I) SWARMLINE_OWN_IDODownloadStatusCallback(I)
SWARMLINE_INTERFACE(IDODownloadStatusCallback, IUnknown)

/* Makes and lists downloads. */
SWARMLINE_GUID(IID_IDOManager, 0x400E2D4A, 0x1431, 0x4C1A, 0xA7, 0x48, 0x39, 0xCA, 0x47, 0x2C, 0xFD, 0xB1);
#define SWARMLINE_OWN_IDOManager(I)                                                                                    \
    SWARMLINE_METHOD(I, CreateDownload, IDODownload **download)                                                        \
    SWARMLINE_METHOD(I, EnumDownloads, const DO_DOWNLOAD_ENUM_CATEGORY *category, IEnumUnknown **downloads)
#define SWARMLINE_ALL_IDOManager(I) SWARMLINE_ALL_IUnknown(I) SWARMLINE_OWN_IDOManager(I)
SWARMLINE_INTERFACE(IDOManager, IUnknown)

#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif
#undef SWARMLINE_METHOD
#undef SWARMLINE_METHOD0
#undef SWARMLINE_COUNT
#undef SWARMLINE_ROOT
#undef SWARMLINE_INTERFACE

/* The class of this API: it answers for both managers. */
SWARMLINE_GUID(CLSID_DeliveryOptimization, 0x5B99FA76, 0x721C, 0x423C, 0xAD, 0xAC, 0x56, 0xD0, 0x3C, 0x8A, 0x80, 0x07);

/* ---- functions ----------------------------------------------------------------------------------------------- */

#ifdef __cplusplus
extern "C" {
#endif

/* Gives a manager: riid is IID_IBackgroundCopyManager, IID_IDOManager or IID_IUnknown.
 *
 * The first manager opens the service, which takes a moment: the process that owns the state directory, or, where none
 * does, an engine in this process. The environment says where and how:
 *   SWARMLINE_STATE_DIR  the state directory; default: this user's, as for the program swarmline
 *   SWARMLINE_CONFIG     a configuration file as of swarmline daemon; default: none is read
 *   SWARMLINE_LOG        what is logged on stderr: warn, info, debug; default: nothing
 * DO_E_NO_SERVICE if that fails; SwarmlineGetServiceError knows why, and the next call tries again. Also if the process
 * that has the service dies: then everything that came from it answers DO_E_NO_SERVICE, and a new manager opens it anew.
 *
 * Not to be called from a constructor of a library that is being loaded. After fork a child uses nothing that its parent
 * got; it makes a manager of its own, unless it execs. */
HRESULT SwarmlineCreateManager(REFIID riid, void **manager);

/* Why the service could not be opened last, in English and in task memory; S_FALSE and NULL if nobody tried in vain. */
HRESULT SwarmlineGetServiceError(LPWSTR *text);

/* The same through a class factory: clsid is CLSID_DeliveryOptimization, riid IID_IClassFactory or IID_IUnknown. */
HRESULT DllGetClassObject(REFCLSID clsid, REFIID riid, void **factory);

/* S_OK while no object of the library is in use and the service was never opened, else S_FALSE. The library stays loaded
 * until the process ends, whatever is answered. At exit, or after a return from main, it ends the service in order: no
 * callback begins any more, those that run have a second, and no object of the program is released. */
HRESULT DllCanUnloadNow(void);

/* Memory that changes hands. It is malloc's, so that every helper of the same name elsewhere can free it as well. */
void *swarmline_CoTaskMemAlloc(size_t size);
void *swarmline_CoTaskMemRealloc(void *memory, size_t size);
void swarmline_CoTaskMemFree(void *memory);

/* Texts with a length. NULL counts as empty; SysAllocString of NULL gives NULL. */
BSTR swarmline_SysAllocString(LPCWSTR text);
BSTR swarmline_SysAllocStringLen(LPCWSTR units, uint32_t count);
uint32_t swarmline_SysStringLen(BSTR text);
uint32_t swarmline_SysStringByteLen(BSTR text);
void swarmline_SysFreeString(BSTR text);

/* Values of properties. Init forgets what was there; Clear frees it, and refuses types that this API does not use. */
void swarmline_VariantInit(VARIANT *value);
HRESULT swarmline_VariantClear(VARIANT *value);
HRESULT swarmline_VariantCopy(VARIANT *to, const VARIANT *from);

/* Arrays of bytes with one dimension: type is VT_UI1. */
SAFEARRAY *swarmline_SafeArrayCreateVector(VARTYPE type, int32_t lower_bound, uint32_t count);
HRESULT swarmline_SafeArrayDestroy(SAFEARRAY *array);
HRESULT swarmline_SafeArrayAccessData(SAFEARRAY *array, void **data);
HRESULT swarmline_SafeArrayUnaccessData(SAFEARRAY *array);

/* The helpers under their plain names, for programs that know them so and ask for it by SWARMLINE_DO_PLAIN_NAMES. The
 * library itself does not have these names, so another library's are not in the way of anybody. They are defined here,
 * once for each program or library that asks: weak, so that a definition of its own counts, and hidden, so that they
 * count for nobody else. */
#ifdef SWARMLINE_DO_PLAIN_NAMES
#define SWARMLINE_PLAIN(result, name, parameters, body)                                                                \
    __attribute__((weak, visibility("hidden"))) result name parameters;                                                \
    __attribute__((weak, visibility("hidden"))) result name parameters { body; }

SWARMLINE_PLAIN(void *, CoTaskMemAlloc, (size_t size), return swarmline_CoTaskMemAlloc(size))
SWARMLINE_PLAIN(void *, CoTaskMemRealloc, (void *memory, size_t size), return swarmline_CoTaskMemRealloc(memory, size))
SWARMLINE_PLAIN(void, CoTaskMemFree, (void *memory), swarmline_CoTaskMemFree(memory))
SWARMLINE_PLAIN(BSTR, SysAllocString, (LPCWSTR text), return swarmline_SysAllocString(text))
SWARMLINE_PLAIN(BSTR, SysAllocStringLen, (LPCWSTR units, uint32_t count), return swarmline_SysAllocStringLen(units, count))
SWARMLINE_PLAIN(uint32_t, SysStringLen, (BSTR text), return swarmline_SysStringLen(text))
SWARMLINE_PLAIN(uint32_t, SysStringByteLen, (BSTR text), return swarmline_SysStringByteLen(text))
SWARMLINE_PLAIN(void, SysFreeString, (BSTR text), swarmline_SysFreeString(text))
SWARMLINE_PLAIN(void, VariantInit, (VARIANT *value), swarmline_VariantInit(value))
SWARMLINE_PLAIN(HRESULT, VariantClear, (VARIANT *value), return swarmline_VariantClear(value))
SWARMLINE_PLAIN(HRESULT, VariantCopy, (VARIANT *to, const VARIANT *from), return swarmline_VariantCopy(to, from))
SWARMLINE_PLAIN(SAFEARRAY *, SafeArrayCreateVector, (VARTYPE type, int32_t lower_bound, uint32_t count),
                return swarmline_SafeArrayCreateVector(type, lower_bound, count))
SWARMLINE_PLAIN(HRESULT, SafeArrayDestroy, (SAFEARRAY *array), return swarmline_SafeArrayDestroy(array))
SWARMLINE_PLAIN(HRESULT, SafeArrayAccessData, (SAFEARRAY *array, void **data),
                return swarmline_SafeArrayAccessData(array, data))
SWARMLINE_PLAIN(HRESULT, SafeArrayUnaccessData, (SAFEARRAY *array), return swarmline_SafeArrayUnaccessData(array))
#endif

#ifdef __cplusplus
}
#endif

#endif
