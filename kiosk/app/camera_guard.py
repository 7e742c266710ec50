"""Is it still the camera that was pinned? Asks the store whenever the camera says who it is, and stops or opens self-service.

Built by `KioskApp`; lives in the GUI thread. What counts as another camera is decided in `store.camera_pin`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from PySide6.QtCore import QObject, Signal, Slot

from kiosk.camera.worker import CameraSeen
from kiosk.domain.reasons import Reason
from kiosk.store import camera_pin
from kiosk.store.engine.database import Store
from kiosk.store.worker import StoreWorker


class CameraGuard(QObject):
    """Between the camera, the store and the visit."""

    judged = Signal(object)  # camera_pin.CameraState
    facts = Signal(object)  # CameraFacts of the believed camera, or None: what it must show in a take
    _answered = Signal(object)

    def __init__(
        self, store: StoreWorker, freeze: Callable[[bool, Reason], None], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """freeze(on, why): stops self-service for a reason, or lets it go on."""
        super().__init__()
        self._store, self._freeze, self._clock = store, freeze, clock
        self._seen: CameraSeen | None = None
        self._answered.connect(self._on_answered)

    @Slot(object)
    def on_seen(self, seen: CameraSeen) -> None:
        """The camera says which one it is."""
        self._seen = seen
        self._ask()

    @Slot()
    def look_again(self) -> None:
        """A supervisor confirmed it, or the store is there again."""
        if self._seen is not None:
            self._ask()

    def _ask(self) -> None:
        seen, now = self._seen, self._clock()

        def work(store: Store) -> None:
            self._answered.emit(camera_pin.see(store, seen.identity if seen is not None else None, now))

        self._store.ask(work)

    @Slot(object)
    def _on_answered(self, state: camera_pin.CameraState) -> None:
        self._freeze(not state.believed, Reason.CAMERA_CHANGED)
        self.facts.emit(state.facts)
        self.judged.emit(state)
