//! Every code of the job API: value, published name, meaning. One list, read by code, documentation and tests.
//!
//! `DO_E_` codes are the API's own, the rest it shares with the systems around it. Four `BG_E_` codes tell that a bound
//! is reached, which the API itself has no code for.

use super::HResult;

/// One line of the list.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// The number.
    pub value: HResult,
    /// Its published name.
    pub name: &'static str,
    /// Whether a client meets it here.
    pub usage: Usage,
    /// What it means, in one line.
    pub meaning: &'static str,
}

/// Whether a client meets a code here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Usage {
    /// A call may return it, or an error, status or property may show it.
    Given,
    /// Published, and never met here: nothing happens that it stands for, or another code tells it.
    Never,
}

macro_rules! usage {
    (given) => {
        Usage::Given
    };
    (never) => {
        Usage::Never
    };
}

macro_rules! codes {
    ( $( $value:literal $name:ident $usage:ident $meaning:literal, )* ) => {
        impl HResult {
            $(
                #[doc = concat!("`", stringify!($value), "`: ", $meaning, ".")]
                pub const $name: Self = Self($value);
            )*

            /// All codes, for documentation and for whoever prints them.
            pub const ALL: &'static [Code] = &[
                $( Code {
                    value: Self::$name,
                    name: stringify!($name),
                    usage: usage!($usage),
                    meaning: $meaning,
                }, )*
            ];
        }
    };
}

codes! {
    0x0000_0000 S_OK given "success",
    0x0000_0001 S_FALSE given "success, with less than was asked for",
    0x8000_4001 E_NOTIMPL given "not implemented, by design",
    0x8000_4002 E_NOINTERFACE given "the object has no such interface",
    0x8000_4003 E_POINTER given "QueryInterface was given no place for its answer; all other pointers give E_INVALIDARG",
    0x8000_4004 E_ABORT given "aborted by somebody else",
    0x8000_4005 E_FAIL given "unspecified failure",
    0x8000_FFFF E_UNEXPECTED given "a defect inside the service",
    0x8007_0005 E_ACCESSDENIED given "the caller neither owns it nor is root, or may not write there",
    0x8007_000E E_OUTOFMEMORY given "a bound of the service is reached",
    0x8007_0032 E_NOT_SUPPORTED never "the request is not supported",
    0x8007_0057 E_INVALIDARG given "an argument is not what it must be",
    0x8007_0490 E_NOT_SET given "the property was never set, or the download is unknown",
    0x8001_0108 RPC_E_DISCONNECTED given "the object behind the pointer is gone",
    0x8004_01FD CO_E_OBJNOTCONNECTED given "the object behind the pointer is gone, or was released before",
    0x8002_0005 DISP_E_TYPEMISMATCH never "a VARIANT of the wrong type; this API answers E_INVALIDARG",
    0x8004_0110 CLASS_E_NOAGGREGATION given "the class cannot be part of another object",
    0x8004_0111 CLASS_E_CLASSNOTAVAILABLE given "the library has no such class",
    0x8004_0154 REGDB_E_CLASSNOTREG never "the class is not registered",
    0x8007_2EE2 WININET_E_TIMEOUT given "the request timed out",
    0x8007_2EE7 WININET_E_NAME_NOT_RESOLVED given "the name of the server cannot be resolved",
    0x8007_2EFD WININET_E_CANNOT_CONNECT given "the server cannot be reached",
    0x800C_0002 INET_E_INVALID_URL given "the address is malformed or not http",
    0x8009_2003 CRYPT_E_FILE_ERROR never "the client certificate cannot be read",

    0x80D0_1001 DO_E_NO_SERVICE given "the service is shutting down or not there",
    0x80D0_2002 DO_E_DOWNLOAD_NO_PROGRESS given "no byte came within the timeout",
    0x80D0_2003 DO_E_JOB_NOT_FOUND given "there is no such job",
    0x80D0_2004 DO_E_JOB_EMPTY given "the job has no file",
    0x80D0_2005 DO_E_NO_DOWNLOADS given "there is nothing to list",
    0x80D0_200B DO_E_MEMORYSTREAM_DOWNLOAD_NOT_SUPPORTED given "a memory stream as sink is refused",
    0x80D0_200C DO_E_JOB_TOO_OLD given "the job reached its age limit and was removed",
    0x80D0_200D DO_E_LOCALPATH_NOT_SET never "the destination path is missing",
    0x80D0_2010 DO_E_FILE_NOT_AVAILABLE given "the error belongs to no file",
    0x80D0_2011 DO_E_UNKNOWN_PROPERTY_ID given "no property has this id",
    0x80D0_2012 DO_E_READ_ONLY_PROPERTY given "the property cannot be set",
    0x80D0_2013 DO_E_INVALID_STATE given "not allowed in the present state",
    0x80D0_2014 DO_E_ERROR_INFORMATION_UNAVAILABLE given "no error is recorded",
    0x80D0_2015 DO_E_WRITE_ONLY_PROPERTY given "the property cannot be read",
    0x80D0_2016 DO_E_INTEGRITYCHECKINFO_UNSPECIFIED given "the check is mandatory, and nothing says against what",
    0x80D0_2017 DO_E_INTEGRITYCHECKINFO_UNAVAILABLE given "the check is mandatory, and its piece hash file cannot be had",
    0x80D0_2018 DO_E_FILE_DOWNLOADSINK_UNSPECIFIED given "neither a path nor a stream is set",
    0x80D0_2019 DO_E_FILE_DOWNLOADSINK_ALREADY_SET given "a sink of another kind is set already",
    0x80D0_201A DO_E_FILE_SIZE_UNKNOWN_HTTP_200 given "an answer 200 did not tell the size",
    0x80D0_201B DO_E_FILE_ENCRYPTION_EXPECTED given "a key was given for content that is not encrypted",
    0x80D0_201C DO_E_FILE_SIZE_UNKNOWN_HTTP_206 given "an answer 206 did not tell the size",
    0x80D0_201D DO_E_FILE_SIZE_UNKNOWN_HTTP_2XX given "another successful answer did not tell the size",
    0x80D0_201E DO_E_NETWORK_ACCESS_CONSENT_NEEDED never "somebody has to allow the use of the network",
    0x80D0_2200 DO_E_DOWNLOAD_NO_URI given "started without an address",
    0x80D0_2201 DO_E_DOWNLOAD_NO_CONTENT_ID never "started without a content id",
    0x80D0_2202 DO_E_INVALID_CONTENT_ID given "the content id is malformed",
    0x80D0_2203 DO_E_DOWNLOAD_RANGES_UNEXPECTED given "ranges were given where none may be",
    0x80D0_2204 DO_E_DOWNLOAD_RANGES_EXPECTED given "ranges are missing",
    0x80D0_3001 DO_E_NO_DOWNLOAD_PARTICIPATION never "refused by throttled participation",
    0x80D0_3002 DO_E_NO_DOWNLOAD_EXTSETTINGS never "refused by a setting of the user or the administrator",
    0x80D0_3801 DO_E_BLOCKED_BY_COST_TRANSFER_POLICY given "waits: the link costs more than the policy allows",
    0x80D0_3802 DO_E_DOWNLOADMODE_SET_BY_CP never "the content restricts who may be a peer",
    0x80D0_3803 DO_E_BLOCKED_BY_CELLULAR_POLICY given "waits: the link is cellular",
    0x80D0_3804 DO_E_BLOCKED_BY_POWER_STATE given "waits: the machine runs on battery",
    0x80D0_3805 DO_E_BLOCKED_BY_NO_NETWORK given "waits: there is no network",
    0x80D0_3806 DO_E_DOWNLOADMODE_SET_BY_POLICY never "a policy restricts who may be a peer",
    0x80D0_3807 DO_E_BLOCKED_BY_VPN_POLICY given "waits: the link is a VPN",
    0x80D0_3808 DO_E_BLOCKED_BY_CRITICAL_MEMORY_USAGE given "waits: memory is critically short",
    0x80D0_3809 DO_E_DOWNLOADMODE_SET_BY_CACHE_ABSENCE never "peers are off: there is no cache folder",
    0x80D0_380A DO_E_CLOUD_SERVICES_UNREACHABLE never "a service of the swarm cannot be reached",
    0x80D0_380B DO_E_DOWNLOADMODE_SET_FOR_UNREG_CALLER never "peers are off: the caller is not registered",
    0x80D0_380C DO_E_DOWNLOADMODE_SET_FOR_SIMPLE_RANGES never "peers are off: ranges of a plain download",
    0x80D0_380D DO_E_UNEXPECTED_HTTP_STATUS_2XX given "waits: an unusual successful answer, such as 204",
    0x80D0_5001 DO_E_HTTP_BLOCKSIZE_MISMATCH given "the server has or sent another amount than expected",
    0x80D0_5002 DO_E_HTTP_CERT_VALIDATION given "the server's certificate is rejected",
    0x80D0_5010 DO_E_INVALID_RANGE given "a byte range is empty, or lies outside the file",
    0x80D0_5011 DO_E_INSUFFICIENT_RANGE_SUPPORT given "the server does not serve ranges",
    0x80D0_5012 DO_E_OVERLAPPING_RANGES given "byte ranges overlap",
    0x80D0_6800 DO_E_UPLOADING_BAD_PIECES never "too many bad pieces while serving",
    0x80D0_6802 DO_E_FATAL_CORE_ERROR given "a defect inside the service",
    0x80D0_6803 DO_E_SERVICES_RESPONSE_EMPTY never "a service answered with empty JSON",
    0x80D0_6804 DO_E_BAD_INCOMING_DATA never "a piece came damaged or short",
    0x80D0_6805 DO_E_BAD_PIECE_HASH given "a piece has the wrong hash",
    0x80D0_6806 DO_E_BAD_PIECE_HASH_NO_BAN never "a piece has the wrong hash; its source may try again",
    0x80D0_6807 DO_E_ALREADY_HAVE_PIECE never "the piece is here already",
    0x80D0_6808 DO_E_MISSING_PIECE never "the piece is no longer here",
    0x80D0_6809 DO_E_METAINFO_CONTENT given "the piece hash file is not valid JSON",
    0x80D0_680A DO_E_METAINFO_VERSION given "the piece hash file has an unknown version",
    0x80D0_680B DO_E_SWARM_NOT_RUNNING never "the swarm is not running",
    0x80D0_680C DO_E_UNRECOGNIZED_CONN never "the connection is unknown",
    0x80D0_680D DO_E_PEER_BANNED never "the peer is banned",
    0x80D0_680E DO_E_CONNECT_TO_SELF never "the connection leads to this node itself",
    0x80D0_680F DO_E_ALREADY_CONNECTED never "a second connection to the same peer",
    0x80D0_6810 DO_E_NO_MORE_CONNECTIONS never "the limit of connections is reached",
    0x80D0_6811 DO_E_LOST_CONNECTION never "the connection was lost",
    0x80D0_6812 DO_E_UNRECOGNIZED_SWARM given "the swarm is unknown",
    0x80D0_6813 DO_E_INVALID_HANDSHAKE_LEN never "the handshake has the wrong length",
    0x80D0_6814 DO_E_SOCKET_CLOSED never "the socket was closed",
    0x80D0_6815 DO_E_PEER_MSG_TOO_LONG never "a peer's message is too long",
    0x80D0_6816 DO_E_INVALID_PEER_MSG never "a peer's message is malformed",
    0x80D0_6817 DO_E_PEER_IS_UPLOAD never "the peer only serves",
    0x80D0_6818 DO_E_PIN_FAIL_NO_PEERING never "cannot be pinned: peers are off",
    0x80D0_6819 DO_E_DELETE_PINNED_SWARM never "the swarm is pinned",
    0x80D0_681A DO_E_METAINFO_DIGEST_MATCH given "the piece hash file has another digest than was given",
    0x80D0_681B DO_E_METAINFO_HOH_MATCH given "the piece hash file names another hash of hashes than was expected",
    0x80D0_681C DO_E_METAINFO_HOH_FINAL_MATCH given "the hashes do not give the hash of hashes",
    0x80D0_681D DO_E_METAINFO_CONTENT_LENGTH given "the piece hash file has a bad length of the content",
    0x80D0_681E DO_E_METAINFO_PIECE_SIZE given "the piece hash file has a bad piece size",
    0x80D0_681F DO_E_METAINFO_PARSE_HOH given "the hash of hashes cannot be read",
    0x80D0_6820 DO_E_METAINFO_PARSE_PIECEHASHES given "the list of piece hashes cannot be read",
    0x80D0_6821 DO_E_METAINFO_PARSE_ONE_PIECEHASH given "one piece hash cannot be read",
    0x80D0_6822 DO_E_METAINFO_FILE_SIZE given "the size of the piece hash file is unknown or bad",

    0x8019_0001 HTTP_E_STATUS_UNEXPECTED given "another HTTP status",
    0x8019_0003 HTTP_E_STATUS_REDIRECT given "HTTP 301 to 303 that was not followed",
    0x8019_0190 HTTP_E_STATUS_400 given "HTTP 400 and its like",
    0x8019_0191 HTTP_E_STATUS_401 given "HTTP 401",
    0x8019_0193 HTTP_E_STATUS_403 given "HTTP 403",
    0x8019_0194 HTTP_E_STATUS_404 given "HTTP 404 or 410",
    0x8019_0196 HTTP_E_STATUS_406 given "HTTP 406",
    0x8019_0197 HTTP_E_STATUS_407 given "HTTP 407",
    0x8019_0198 HTTP_E_STATUS_408 given "HTTP 408",
    0x8019_019D HTTP_E_STATUS_413 given "HTTP 413",
    0x8019_01F4 HTTP_E_STATUS_500 given "HTTP 300, 500 or 503",
    0x8019_01F5 HTTP_E_STATUS_501 given "HTTP 501 or 505",
    0x8019_01F6 HTTP_E_STATUS_502 given "HTTP 305, 502 or 504",
    0x8019_01F7 HTTP_E_STATUS_503 never "HTTP 503; this API folds it into 500",

    0x0020_0017 BG_S_PARTIAL_COMPLETE never "part of the files was kept; this API answers S_OK",
    0x0020_001A BG_S_UNABLE_TO_DELETE_FILES never "temporary files remain; this API answers S_OK",
    0x8020_0049 BG_E_TOO_MANY_JOBS_PER_USER given "the caller has as many jobs as one may have",
    0x8020_0050 BG_E_TOO_MANY_JOBS_PER_MACHINE given "there are as many jobs as there may be",
    0x8020_0051 BG_E_TOO_MANY_FILES_IN_JOB given "the job has as many files as it may have",
    0x8020_0052 BG_E_TOO_MANY_RANGES_IN_FILE given "the file has more ranges than it may have",
}
