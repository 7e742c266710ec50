"""Watches a visit from outside: pages in order, pictures of them, times, and how it ended. Writes `visit.json`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QWidget

from kiosk.app.desk_controller import DeskMoved
from kiosk.app.visit_controller import VisitMoved
from kiosk.desk import events as desk_events
from kiosk.desk.boards_data import UnitListData
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Outcome, RecordStatus
from kiosk.ui.widgets.overlay import Transition
from kiosk.visit import commands as c
from kiosk.visit import events as e
from kiosk.visit import states as s

_SETTLE_MS = 350  # a page is photographed when its transition is over


class Recorder(QObject):
    """Connect `on_moved` to VisitController.moved. Answers that refuse without the face count as the visit's outcome."""

    def __init__(self, window: QWidget, page_name: Any, scenario: str, started_s: float, directory: Path | None) -> None:
        super().__init__()
        self._window, self._page_name, self._scenario, self._directory = window, page_name, scenario, directory
        self._started_s = started_s
        self.heard: list[str] = []  # by somebody who does not see
        self.pages: list[str] = []
        self.shots: list[Path] = []
        self.outcome: Outcome | None = None
        self.reason = ""
        self.record_ids: tuple[str, ...] = ()
        self.stage: RecordStatus | None = None
        self.timings: dict[str, float] = {}
        self._marks: dict[str, float] = {}
        self._cue: object = None

    def first_page(self) -> None:
        """The first page can be touched."""
        self.timings["start"] = time.monotonic() - self._started_s
        self._note_page()

    @Slot(object)
    def on_moved(self, moved: VisitMoved) -> None:
        """Take down what one event did."""
        self._measure(moved)
        for command in moved.commands:
            if isinstance(command, c.SaveAttempt):
                self.outcome, self.reason = command.outcome, command.reason.value
            if isinstance(command, c.AskForReview):
                self.outcome, self.reason = Outcome.REFERRED, Reason.REVIEW_WANTED.value
            if isinstance(command, c.NoteRefusal):
                refers = command.reason in (Reason.NO_TEMPLATE, Reason.TEMPLATE_OUTDATED, Reason.TOO_MANY_TRIES)
                self.outcome, self.reason = Outcome.REFERRED if refers else Outcome.REFUSED, command.reason.value
        if isinstance(moved.event, e.NoFaceTouched):
            self.outcome, self.reason = Outcome.REFERRED, Reason.NO_FACE_WANTED.value
        if isinstance(moved.event, e.RecordsSaved | e.ReviewSaved):
            self.record_ids = moved.event.record_ids
        if isinstance(moved.after, s.Finished | s.ReviewSent):
            self.stage = moved.after.stage
        if isinstance(moved.event, e.RecordStatusMoved) and moved.event.record_id in self.record_ids:
            self.stage = moved.event.stage
        self._note_page()

    @Slot(object)
    def on_desk_moved(self, moved: DeskMoved) -> None:
        """Take down what an attendant did: what was saved at the desk is how the demonstration ended."""
        if isinstance(moved.event, desk_events.Saved):
            self.outcome, self.reason, self.record_ids = Outcome.PASSED, Reason.OK.value, moved.event.record_ids
            self.stage = RecordStatus.SAVED
        elif (
            isinstance(moved.event, desk_events.Acted)
            and moved.event.notice == "list-taken"
            and isinstance(moved.event.data, UnitListData)
        ):
            self.outcome, self.reason, self.stage = Outcome.PASSED, Reason.OK.value, RecordStatus.SAVED
            self.record_ids = tuple(one for row in moved.event.data.answers for one in row.record_ids)
        elif isinstance(moved.event, desk_events.RecordStatusMoved) and moved.event.record_id in self.record_ids:
            self.stage = moved.event.stage
        self._note_page()

    @Slot(object)
    def on_take_view(self, view: object) -> None:
        """Photograph each action while it is asked for."""
        cue = (self.pages[-1:], getattr(view, "action", None)) if getattr(view, "now", False) else None
        if cue is not None and cue != self._cue and self._directory is not None:
            name = f"{len(self.pages):02d}-camera-{getattr(view, 'action', '')}"
            QTimer.singleShot(_SETTLE_MS, self, lambda: self._save(name) if self._page_name() == "camera" else None)
        self._cue = cue

    def _note_page(self) -> None:
        page = self._page_name()
        if not self.pages or self.pages[-1] != page:
            self.pages.append(page)
            if self._directory is not None:
                number = len(self.pages)
                QTimer.singleShot(_SETTLE_MS, self, lambda: self._shoot(number, page))

    def _shoot(self, number: int, name: str) -> None:
        fade = self._window.findChild(Transition)
        if fade is not None and fade.isVisible():  # a busy machine takes its time: half a page is none
            QTimer.singleShot(_SETTLE_MS, self, lambda: self._shoot(number, name))
        elif self._page_name() == name:
            self._save(f"{number:02d}-{name}")

    def _save(self, name: str) -> None:
        if self._directory is not None:
            path = self._directory / f"{name}.png"
            self._window.grab().save(str(path))
            self.shots.append(path)

    def reshoot(self) -> None:
        """Photograph the present page again, over its first picture: what was worth waiting for is on it now."""
        self._shoot(len(self.pages), self.pages[-1])

    def keep(self, name: str) -> None:
        """Photograph the present page under a name of its own."""
        if self._directory is not None:
            self._save(f"{len(self.pages):02d}-{name}")

    def _measure(self, moved: VisitMoved) -> None:
        now = time.monotonic()
        if s.visit_of(moved.before) is None and s.visit_of(moved.after) is not None:
            self._marks["total"] = now
        if isinstance(moved.event, e.CardLaid):
            self._marks["card_read"] = now
        if isinstance(moved.event, e.CardWasRead):
            self._stop("card_read", now)
        if isinstance(moved.event, e.TakeEnded):
            self._stop("liveness", now)
        if isinstance(moved.event, e.FaceMatched):
            self._stop("match", now)
        if isinstance(moved.event, e.RecordsSaved):
            self._stop("save", now)
        if isinstance(moved.event, e.RecordStatusMoved) and moved.event.stage in (RecordStatus.RECEIVED, RecordStatus.CONFIRMED):
            self._stop("sync", now)
        for command in moved.commands:
            mark = {c.BeginTake: "liveness", c.MatchFace: "match", c.SaveAttempt: "save", c.NudgeSync: "sync"}.get(type(command))
            if mark is not None:
                self._marks[mark] = now
        if isinstance(moved.after, s.Finished | s.Referred | s.Answered) and "total" in self._marks:
            self._stop("total", now)

    def _stop(self, mark: str, now: float) -> None:
        began = self._marks.pop(mark, None)
        if began is not None:
            self.timings[mark] = self.timings.get(mark, 0.0) + now - began

    def result(self, bureau_state: str) -> dict[str, Any]:
        """Return what `visit.json` holds. `timings_s` are seconds, null where the visit had no such part."""
        order = ("start", "card_read", "liveness", "match", "save", "sync", "total")
        return {
            "scenario": self._scenario,
            "outcome": self.outcome.value if self.outcome else None,
            "reason": self.reason,
            "record_id": self.record_ids[0] if self.record_ids else None,
            "local_state": self.stage.value if self.stage else ("saved" if self.record_ids else None),
            "bureau_state": bureau_state,
            "timings_s": {key: round(self.timings[key], 3) if key in self.timings else None for key in order},
            "pages": self.pages,
            **({"heard": self.heard} if self.heard else {}),
        }

    def write(self, path: Path, bureau_state: str) -> dict[str, Any]:
        """Write `visit.json` and return its content."""
        result = self.result(bureau_state)
        path.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        return result
