"""Logging with an allow-list: ids and codes only. A name, a number or a face cannot get into a log by accident.

Called once by each entry point (`setup`). What may be written: the literal message, numbers and enum members among its arguments,
the fields in ALLOWED, and of an exception its type and where it happened, never its text.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import time
import traceback
from enum import Enum
from pathlib import Path

# Fields that may be passed as `extra`; everything else is dropped.
ALLOWED = (
    "visit_id",
    "take_id",
    "record_id",
    "batch_id",
    "code",
    "status",
    "state",
    "count",
    "seconds",
    "version",
    "attempt",
    "port",
)

_SAFE = (int, float, bool, Enum, type(None))


class AllowListFormatter(logging.Formatter):
    """One JSON object a line."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for a record; whatever is not allowed is replaced by its type's name."""
        line: dict[str, object] = {
            "t": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}Z",
            "level": record.levelname,
            "from": record.name,
            "msg": _message(record),
        }
        for key in ALLOWED:
            if key in record.__dict__:
                value = record.__dict__[key]
                line[key] = value if isinstance(value, str | int | float | bool) else _safe(value)
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = describe(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def describe(error: BaseException) -> str:
    """Return an exception's type and the places it went through, without its text."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}:{frame.name}" for frame in reversed(frames))
    return f"{type(error).__module__}.{type(error).__name__} at {where}"


def setup(directory: Path | None = None, level: int = logging.INFO) -> None:
    """Send all logging through the formatter: to a rotating file in `directory` (14 days of 5 MB at most), else to stderr."""
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            directory / "kiosk.log", maxBytes=5_000_000, backupCount=14, encoding="utf-8"
        )
    else:
        handler = logging.StreamHandler()
    handler.setFormatter(AllowListFormatter())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(True)
    for chatty in ("httpx", "httpcore", "PIL", "matplotlib", "comtypes", "pyttsx3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _message(record: logging.LogRecord) -> str:
    """The literal with safe arguments filled in; a message that is no literal is named by its type."""
    if not isinstance(record.msg, str):
        return f"<{type(record.msg).__name__}>"
    if record.name == "py.warnings":  # warnings quote source lines and values
        return "a Python warning"
    if not record.args:
        return record.msg
    args = record.args
    try:
        if isinstance(args, dict):
            return record.msg % {key: _safe(value) for key, value in args.items()}
        return record.msg % tuple(_safe(value) for value in args)
    except (TypeError, ValueError, KeyError):
        return record.msg


def _safe(value: object) -> object:
    return value if isinstance(value, _SAFE) else f"<{type(value).__name__}>"
