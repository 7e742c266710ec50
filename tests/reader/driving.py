"""The real driver in a thread of its own against the emulator on a real pseudo-terminal or socket."""

from __future__ import annotations

import queue
import threading
import time

from kiosk.config import Reader
from kiosk.emulators.reader import ReaderEmulator
from kiosk.idcard_reader.client import ReaderClient
from tests.reader.sim import CARDS

# As in production but for times that only make a test wait.
FAST = {
    "poll_interval_s": 0.3,
    "short_timeout_s": 0.3,
    "find_timeout_s": 0.3,
    "read_timeout_s": 0.8,
    "address_timeout_s": 0.4,
    "gap_timeout_s": 0.15,
    "reopen_delay_s": 0.05,
    "reopen_delay_max_s": 0.2,
}


class Driven:
    """`with Driven(tmp_path) as it:` an emulator, a driver, and the events as they come."""

    def __init__(self, folder, *, settings=None, everything=False, url=False, client=True, **emulator) -> None:
        options = {"listen": ("127.0.0.1", 0)} if url else {"link": folder / "reader"}
        self.emulator = ReaderEmulator(CARDS, **options, **emulator)
        self._url = url
        self._wanted = {**FAST, "port": str(folder / "reader"), "port_patterns": (str(folder / "reader*"),), **(settings or {})}
        self._everything = everything
        self._with_client = client
        self._events: queue.Queue = queue.Queue()
        self._stop = threading.Event()
        self.error: BaseException | None = None

    def __enter__(self) -> Driven:
        self.emulator.start()
        if self._url:
            host, port = self.emulator.address
            self._wanted["port"] = f"socket://{host}:{port}"
        self.client = ReaderClient(Reader(**self._wanted), everything=self._everything)
        self._thread = threading.Thread(target=self._run, daemon=True)
        if self._with_client:
            self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        if self._with_client:
            self._thread.join(10)
            assert not self._thread.is_alive(), "the driver does not stop"
        self.emulator.stop()
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        try:
            for event in self.client.events(self._stop):
                self._events.put(event)
        except BaseException as error:  # noqa: BLE001 - brought to the test's thread
            self.error = error

    def next(self, within_s: float = 20.0):
        """The next event. Generous: it bounds a failure, it measures nothing."""
        try:
            return self._events.get(timeout=within_s)
        except queue.Empty:
            raise AssertionError("no event came") from self.error

    def names(self, count: int) -> list[str]:
        return [type(self.next()).__name__ for _ in range(count)]

    def until(self, name: str) -> list:
        """All events up to the first of this class."""
        found = []
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            found.append(self.next())
            if type(found[-1]).__name__ == name:
                return found
        raise AssertionError(f"no {name} in {found}")

    def wait_for_find(self) -> None:
        """Until the driver has looked once more."""
        before = len(self.emulator.sent)
        deadline = time.monotonic() + 20
        while not any(name == "find" for name, _, _ in self.emulator.sent[before + 1 :]):
            assert time.monotonic() < deadline, "the driver no longer looks for cards"
            threading.Event().wait(0.02)

    def nothing_more(self, for_s: float) -> bool:
        try:
            self._events.get(timeout=for_s)
        except queue.Empty:
            return True
        return False
