"""Text files that people edit: read as UTF-8, with or without its mark, or refused in one line that says what to do.

Known by all, as `errors` is. An empty file, or one of zero bytes as a power cut leaves it, is damage and no content.
"""

from __future__ import annotations

from pathlib import Path

from kiosk.errors import ConfigError

_SAVE = "save it as UTF-8 (请另存为 UTF-8 编码)"


def read_text(path: Path) -> str:
    """Return the text of a file. Raises ConfigError naming the file and what to do."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    return decode(data, str(path))


def decode(data: bytes, name: str) -> str:
    """Return the text in some bytes. Raises ConfigError naming `name`, never what stands in it."""
    if not data.strip(b"\0"):
        raise ConfigError(f"{name}: holds nothing ({len(data)} bytes): bring it back from a copy (文件是空的)")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:1000]:
        raise ConfigError(f"{name}: is UTF-16: {_SAVE}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{name}: line {line} is not UTF-8, perhaps GBK: {_SAVE}") from None


def is_leftover(name: str) -> bool:
    """True for what editors, Office and macOS leave beside a file (`._name`, `~$name`, `name~`): never content."""
    return name.startswith((".", "~")) or name.endswith("~")
