"""Gives memory that Python has freed back to the system. Imports nothing of ours; called where something large was let go."""

from __future__ import annotations

import ctypes
import gc
import sys


def give_back() -> None:
    """Collect what is unreachable, and have the C library return its free pages; does the first alone where it has no such call.

    Takes some ten milliseconds: never in the GUI thread. WORKAROUND glibc keeps what many threads freed in as many arenas.
    """
    gc.collect()
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
