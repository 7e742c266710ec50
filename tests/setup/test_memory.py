"""What the process does with freed memory, seen from the C library's own books, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

# glibc takes a freed large block for a sign that more are to come, and from then on keeps such blocks in its heap.
PROGRAM = """
import ctypes, sys
from kiosk import memory
class Books(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
                "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]
c = ctypes.CDLL(None)
if not hasattr(c, "mallinfo2"):
    print("no books")
    sys.exit()
c.malloc.restype = ctypes.c_void_p
c.malloc.argtypes = [ctypes.c_size_t]
c.free.argtypes = [ctypes.c_void_p]
c.mallinfo2.restype = Books
if sys.argv[1] == "small":
    memory.stay_small()
c.free(c.malloc(9 << 20))
before = c.mallinfo2().hblkhd
kept = c.malloc(8 << 20)
print(c.mallinfo2().hblkhd - before >= 8 << 20)
"""


@pytest.mark.parametrize(("how", "returned"), [("small", "True"), ("as-it-is", "False")])
def test_large_blocks_are_mapped_one_by_one_so_that_freeing_returns_them(how, returned):
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True, timeout=60)
    if done.stdout.strip() == "no books":
        pytest.skip("this C library keeps no books")
    assert done.stdout.strip() == returned
