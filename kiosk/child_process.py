"""How a child process that talks over two pipes is ended. For `voice.child`, `microphone.recogniser`, `sync.devices.sdf`."""

from __future__ import annotations

import contextlib
import subprocess
from typing import Any


def end(child: subprocess.Popen[Any]) -> None:
    """Kill it, wait for it, and close its pipes; unsent bytes of a dead child are lost without a word."""
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
