"""Keep MediaPipe's native log lines off the terminal of a command. For `kiosk evaluate`, `watch` and `bench` alone."""

from __future__ import annotations

import os
import sys


def quiet_natives() -> None:
    """Send what native code writes to file descriptor 2 to nowhere; Python's own stderr goes on as before.

    MediaPipe has no switch for these lines: they are written by absl before it is initialised.
    """
    own = sys.__stderr__
    if own is None or sys.stderr is not own:
        return  # done already, or somebody (a test) has put another stderr in place
    try:
        kept = os.dup(2)
        null = os.open(os.devnull, os.O_WRONLY)
        own.flush()
        os.dup2(null, 2)
        os.close(null)
    except OSError:
        return  # no stderr at all: nothing to keep quiet
    sys.stderr = os.fdopen(kept, "w", buffering=1, encoding="utf-8", errors="backslashreplace")
