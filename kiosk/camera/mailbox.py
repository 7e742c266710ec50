"""A one-place, latest-wins box between the camera's thread and whoever looks at its frames. Standard library only.

Frames in queued signals starve the GUI: a slow taker must find the newest picture, not a queue of old ones.
"""

from __future__ import annotations

from threading import Condition
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds at most one thing. Safe for any number of threads."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._item: T | None = None
        self._closed = False
        self._dropped = 0

    def put(self, item: T) -> None:
        """Leave `item`; what lay there untaken is dropped. After `close` it does nothing."""
        with self._condition:
            if self._closed:
                return
            if self._item is not None:
                self._dropped += 1
            self._item = item
            self._condition.notify()

    def take(self, timeout_s: float = 0.0) -> T | None:
        """Take what lies there, waiting up to `timeout_s`; None when nothing came, or the box is closed."""
        deadline = monotonic() + timeout_s
        with self._condition:
            while self._item is None and not self._closed:
                left = deadline - monotonic()
                if left <= 0 or not self._condition.wait(left):
                    break
            item, self._item = self._item, None
            return item

    def clear(self) -> None:
        """Throw away what lies there: the picture of the last person must not reach the next."""
        with self._condition:
            self._item = None

    def close(self) -> None:
        """Empty it and wake everyone who waits; from now on `take` gives None at once."""
        with self._condition:
            self._item = None
            self._closed = True
            self._condition.notify_all()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        with self._condition:
            return self._closed

    @property
    def dropped(self) -> int:
        """How many things were overwritten before anybody took them."""
        with self._condition:
            return self._dropped
