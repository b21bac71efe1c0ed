#!/usr/bin/env python3
"""Downloads a file through the library, with nothing but ctypes: a callback is a table of Python functions.

    download.py URL PATH

SWARMLINE_DO names the library, if it is not where the loader looks.
"""

import ctypes
import os
import sys
import threading
import uuid
from ctypes import CFUNCTYPE, POINTER, byref, c_int32, c_uint16, c_uint32, c_uint64, c_void_p

S_OK, E_NOINTERFACE = 0, -2147467262
TRANSFERRED, ERROR, MODIFICATION = 1, 2, 8


class Guid(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_ubyte * 16)]

    @classmethod
    def of(cls, text):
        return cls.from_buffer_copy(uuid.UUID(text).bytes_le)


class JobProgress(ctypes.Structure):
    _fields_ = [("total", c_uint64), ("transferred", c_uint64), ("files", c_uint32), ("files_done", c_uint32)]


IID_UNKNOWN = Guid.of("00000000-0000-0000-C000-000000000046")
IID_MANAGER = Guid.of("5CE34C0D-0DC9-4C1F-897C-DAA1B78CEE7C")
IID_CALLBACK = Guid.of("97EA99C7-0186-4AD4-8DF9-C5B4E0ED6B22")


def wide(text):
    """UTF-16 with a zero at the end. ctypes' own wide strings have four bytes per character here."""
    return ctypes.create_string_buffer(text.encode("utf-16-le") + b"\0\0")


def call(this, slot, *arguments, types=()):
    """Calls the method in a slot of an object's table; raises OSError when it fails."""
    table = ctypes.cast(this, POINTER(POINTER(c_void_p))).contents
    method = CFUNCTYPE(c_int32, c_void_p, *types)(table[slot])
    code = method(this, *arguments)
    if code < 0:
        raise OSError(f"slot {slot} answers 0x{code & 0xFFFFFFFF:08X}")
    return code


def why(library):
    """Why there is no service, as the library has it."""
    text = c_void_p()
    if library.SwarmlineGetServiceError(byref(text)) != S_OK:
        return ""
    units = []
    while unit := c_uint16.from_address(text.value + 2 * len(units)).value:
        units.append(unit)
    library.swarmline_CoTaskMemFree(text)
    return b"".join(unit.to_bytes(2, "little") for unit in units).decode("utf-16-le")


def release(this):
    table = ctypes.cast(this, POINTER(POINTER(c_void_p))).contents
    CFUNCTYPE(c_uint32, c_void_p)(table[2])(this)


class Callback:
    """An IBackgroundCopyCallback. In memory: a pointer to a table of six functions."""

    def __init__(self):
        self.finished = threading.Event()
        self.let_go = threading.Event()
        self.error = None
        self.references = 1
        self.lock = threading.Lock()
        # The functions are kept here, for the table holds their bare addresses only.
        self.functions = [
            CFUNCTYPE(c_int32, c_void_p, POINTER(Guid), POINTER(c_void_p))(self.query_interface),
            CFUNCTYPE(c_uint32, c_void_p)(lambda this: self.count(1)),
            CFUNCTYPE(c_uint32, c_void_p)(lambda this: self.count(-1)),
            CFUNCTYPE(c_int32, c_void_p, c_void_p)(self.job_transferred),
            CFUNCTYPE(c_int32, c_void_p, c_void_p, c_void_p)(self.job_error),
            CFUNCTYPE(c_int32, c_void_p, c_void_p, c_uint32)(self.job_modification),
        ]
        self.table = (c_void_p * 6)(*[ctypes.cast(function, c_void_p).value for function in self.functions])
        self.object = c_void_p(ctypes.addressof(self.table))

    def pointer(self):
        return ctypes.cast(ctypes.pointer(self.object), c_void_p)

    def count(self, by):
        with self.lock:
            self.references += by
            if self.references == 1:
                self.let_go.set()
            return self.references

    def query_interface(self, this, iid, out):
        known = bytes(iid.contents) in (bytes(IID_UNKNOWN), bytes(IID_CALLBACK))
        out[0] = this if known else None
        if known:
            self.count(1)
        return S_OK if known else E_NOINTERFACE

    def job_transferred(self, this, job):
        self.finished.set()
        return S_OK

    def job_error(self, this, job, error):
        context, code = c_uint32(), c_int32()
        call(error, 3, byref(context), byref(code), types=[POINTER(c_uint32), POINTER(c_int32)])
        self.error = code.value
        self.finished.set()
        return S_OK

    def job_modification(self, this, job, reserved):
        progress = JobProgress()
        call(job, 12, byref(progress), types=[POINTER(JobProgress)])
        print(f"{progress.transferred} bytes, {progress.files_done} of {progress.files} files", flush=True)
        return S_OK


def download(job, url, path):
    """Runs a job to its end; raises what it fails with."""
    call(job, 4, wide(url), wide(path), types=[c_void_p, c_void_p])  # AddFile
    callback = Callback()
    call(job, 23, TRANSFERRED | ERROR | MODIFICATION, types=[c_uint32])  # SetNotifyFlags
    call(job, 25, callback.pointer(), types=[c_void_p])  # SetNotifyInterface
    call(job, 7)  # Resume
    try:
        state = c_uint32()
        while not callback.finished.wait(0.1):
            call(job, 14, byref(state), types=[POINTER(c_uint32)])  # fails when nobody is there who could tell
    finally:
        # Python must not end while a thread of the library is in one of its functions: wait until the library lets go.
        callback.let_go.clear()
        try:
            call(job, 25, None, types=[c_void_p])
        except OSError:
            pass  # whoever is gone has let go, too, or is about to
        if callback.references > 1:
            callback.let_go.wait()
    if callback.error is not None:
        raise OSError(f"downloading failed: 0x{callback.error & 0xFFFFFFFF:08X}")
    call(job, 9)  # Complete


def main():
    if len(sys.argv) != 3:
        print("usage: download.py URL PATH", file=sys.stderr)
        return 2
    library = ctypes.CDLL(os.environ.get("SWARMLINE_DO", "libswarmline_do.so"))
    manager, job, job_id = c_void_p(), c_void_p(), Guid()
    code = library.SwarmlineCreateManager(byref(IID_MANAGER), byref(manager))
    if code < 0:
        print(f"making a manager failed: 0x{code & 0xFFFFFFFF:08X}", why(library), file=sys.stderr)
        return 1
    made = [c_void_p, c_uint32, POINTER(Guid), POINTER(c_void_p)]
    call(manager, 3, wide("example in Python"), 0, byref(job_id), byref(job), types=made)  # CreateJob
    try:
        download(job, sys.argv[1], sys.argv[2])
        print("done")
        return 0
    except (OSError, KeyboardInterrupt) as error:
        print("interrupted" if isinstance(error, KeyboardInterrupt) else error, file=sys.stderr)
        try:
            call(job, 8)  # Cancel: the job outlives its program, so somebody has to
        except OSError as refused:
            print(refused, file=sys.stderr)
        return 1
    finally:
        release(job)
        release(manager)


if __name__ == "__main__":
    sys.exit(main())
