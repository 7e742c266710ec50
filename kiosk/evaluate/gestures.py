"""`kiosk evaluate gestures`: the take's own gesture code, run freely over labelled clips.

Labels `GESTURE` with start and end; `no_GESTURE`: watched, has none; `GESTURE_unknown`: leave the clip out for that gesture.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.domain.reasons import Action
from kiosk.errors import ModelError
from kiosk.evaluate.clips import ClipError, Progress, frames, read_rows
from kiosk.evaluate.metrics import Rate, Span, match_spans
from kiosk.evaluate.report import Report, Table, number, per_minute
from kiosk.liveness.gestures import GestureEvent, GestureTracker
from kiosk.liveness.landmarks import FaceObservation, Landmarker

GESTURES: dict[str, Action] = {
    "blink": Action.BLINK,
    "mouth_open": Action.MOUTH_OPEN,
    "turn_left": Action.TURN_LEFT,
    "turn_right": Action.TURN_RIGHT,
    "nod": Action.NOD,
}
_EXPECTED = {"blink": "blink", "mouth_open_wide": "mouth_open", "turn_left": "turn_left", "turn_right": "turn_right", "nod": "nod"}
SLACK_S = 0.5


@dataclass(slots=True)
class Labels:
    """What is known of one clip."""

    spans: dict[str, list[Span]]
    none: set[str]
    unknown: set[str]


@dataclass(slots=True)
class Seen:
    """What the gesture code found in one clip."""

    events: list[GestureEvent]
    seconds: float
    frames: int
    face_share: float

    def spans(self, gesture: str) -> list[Span]:
        """Return the detections of one gesture."""
        return [(e.start_s, e.end_s) for e in self.events if e.action is GESTURES[gesture]]


def run(csv: Path, expected: Path | None, make: Callable[[], Landmarker]) -> Report:
    """Return the report. `make` builds a landmarker for each clip, so that no clip sees another's tracking."""
    errors: list[tuple[str, str]] = []
    labels = _labels(csv, errors)
    wanted = {} if expected is None else {row["file"]: row for row in read_rows(expected, ("file",))}
    files = list(dict.fromkeys([*labels, *wanted]))
    base = {name: csv.parent if name in labels or expected is None else expected.parent for name in files}
    seen: dict[str, Seen] = {}
    progress = Progress("clip", len(files))
    for number_, name in enumerate(files):
        progress.at(number_, name)
        try:
            seen[name] = watch(base[name] / name, make)
        except (ClipError, ModelError) as error:
            errors.append((name, str(error)))
    progress.done()
    return _report(labels, wanted, seen, errors)


def watch(path: Path, make: Callable[[], Landmarker], each: Callable[[FaceObservation], None] | None = None) -> Seen:
    """Run the gesture code over one clip. Raises ClipError, ModelError."""
    tracker, landmarker = GestureTracker(), make()
    events: list[GestureEvent] = []
    count = faces = 0
    last_s = step_s = 0.0
    try:
        for frame in frames(path):
            observation = landmarker.observe(frame)
            events += tracker.step(observation)
            count += 1
            faces += observation.points is not None
            step_s, last_s = frame.t_s - last_s, frame.t_s
            if each is not None:
                each(observation)
    finally:
        landmarker.close()
    return Seen(events + tracker.finish(), last_s + step_s, count, faces / max(count, 1))


def _labels(csv: Path, errors: list[tuple[str, str]]) -> dict[str, Labels]:
    out: dict[str, Labels] = {}
    for number_, row in enumerate(read_rows(csv, ("file", "gesture")), start=2):
        gesture, name = row["gesture"].replace("-", "_"), row["file"]
        if not name:
            continue
        known = out.setdefault(name, Labels(defaultdict(list), set(), set()))
        if gesture.startswith("no_") and gesture[3:] in GESTURES:
            known.none.add(gesture[3:])
        elif gesture.endswith("_unknown") and gesture[:-8] in GESTURES:
            known.unknown.add(gesture[:-8])
        elif gesture in GESTURES:
            try:
                start, end = float(row["start_s"]), float(row["end_s"])
            except (KeyError, ValueError):
                errors.append((f"line {number_} ({name})", "start_s and end_s must be numbers"))
                continue
            known.spans[gesture].append((min(start, end), max(start, end)))
        else:
            errors.append((f"line {number_} ({name})", f"unknown gesture {gesture!r}"))
    return out


def _report(
    labels: dict[str, Labels], wanted: dict[str, dict[str, str]], seen: dict[str, Seen], errors: list[tuple[str, str]]
) -> Report:
    summary = Table("Gestures", ("gesture", "recall", "false", "minutes", "false a minute", "clips"))
    misses = Table("Misses", ("file", "gesture", "from s", "to s"))
    wrong = Table("False detections", ("file", "gesture", "from s", "to s", "strength"))
    data: dict[str, Any] = {"gestures": {}, "clips": {}}
    for gesture in GESTURES:
        scored = [name for name in seen if name in labels and _scored(gesture, labels[name])]
        anywhere = any(labels[name].spans[gesture] or gesture in labels[name].none for name in labels)
        hits = total = false = 0
        minutes = sum(seen[name].seconds for name in scored) / 60
        for name in scored:
            spans = labels[name].spans[gesture]
            found, right = match_spans(seen[name].spans(gesture), spans, SLACK_S)
            hits, total, false = hits + sum(found), total + len(found), false + right.count(False)
            misses.rows += [(name, gesture, number(a, 2), number(b, 2)) for (a, b), ok in zip(spans, found, strict=True) if not ok]
            events = [e for e in seen[name].events if e.action is GESTURES[gesture]]
            wrong.rows += [
                (name, gesture, number(e.start_s, 2), number(e.end_s, 2), number(e.strength))
                for e, ok in zip(events, right, strict=True)
                if not ok
            ]
        rate = Rate(hits, total)
        summary.rows.append(
            (
                gesture,
                rate.text() if anywhere else "no labels",
                str(false),
                number(minutes, 2),
                number(per_minute(false, minutes), 2),
                str(len(scored)),
            )
        )
        data["gestures"][gesture] = {
            "recall": rate.json(),
            "false": false,
            "minutes": minutes,
            "false_per_minute": per_minute(false, minutes),
            "labelled": anywhere,
            "misses": [list(r) for r in misses.rows if r[1] == gesture],
        }
    data["clips"] = {
        name: {
            "seconds": s.seconds,
            "frames": s.frames,
            "face_share": s.face_share,
            "events": [[e.action.value, round(e.start_s, 3), round(e.end_s, 3), round(e.strength, 3)] for e in s.events],
        }
        for name, s in seen.items()
    }
    report = Report("gestures", data, [summary], errors=errors)
    report.notes.append(
        f"A label counts as found when a detection overlaps it within {SLACK_S} s. mouth_open: labels of "
        "every parting of the lips in talk are not meant to be found, only wide openings."
    )
    if wanted:
        report.tables.append(_expected(wanted, seen, data))
    report.tables += [misses, wrong]
    report.plots += [(f"{gesture}: detections by strength", _histogram(gesture, labels, seen)) for gesture in GESTURES]
    return report


def _scored(gesture: str, known: Labels) -> bool:
    if gesture in known.unknown:
        return False
    # Blinks must be labelled clip by clip (a talking head blinks all the time); other gestures are rare, and a clip
    # without a row for them has none.
    return gesture != "blink" or bool(known.spans["blink"]) or "blink" in known.none


def _expected(wanted: dict[str, dict[str, str]], seen: dict[str, Seen], data: dict[str, Any]) -> Table:
    table = Table(
        "Per clip (expected)",
        ("gesture", "clips with it found", "clips without it flagged", "false a minute there", "missed", "flagged"),
    )
    data["expected"] = {}
    for column, gesture in _EXPECTED.items():
        yes = [n for n, row in wanted.items() if row.get(column) == "1" and n in seen]
        no = [n for n, row in wanted.items() if row.get(column) == "0" and n in seen]
        counts = {n: len(seen[n].spans(gesture)) for n in yes + no}
        missed = [n for n in yes if not counts[n]]
        flagged = [n for n in no if counts[n]]
        minutes = sum(seen[n].seconds for n in no) / 60
        false = per_minute(sum(counts[n] for n in no), minutes)
        found, wrong = Rate(len(yes) - len(missed), len(yes)), Rate(len(flagged), len(no))
        table.rows.append((column, found.text(), wrong.text(), number(false, 2), " ".join(missed), " ".join(flagged)))
        data["expected"][column] = {
            "recall": found.json(),
            "flagged": wrong.json(),
            "false_per_minute": false,
            "missed": missed,
            "flagged_clips": {n: counts[n] for n in flagged},
        }
    return table


def _histogram(gesture: str, labels: dict[str, Labels], seen: dict[str, Seen]) -> Callable[[Any], None]:
    right: list[float] = []
    wrong: list[float] = []
    for name, clip in seen.items():
        if name not in labels or not _scored(gesture, labels[name]):
            continue
        _, good = match_spans(clip.spans(gesture), labels[name].spans[gesture], SLACK_S)
        events = [e for e in clip.events if e.action is GESTURES[gesture]]
        for event, ok in zip(events, good, strict=True):
            (right if ok else wrong).append(event.strength)

    def draw(axes: Any) -> None:
        axes.hist([right, wrong], bins=24, stacked=True, label=["labelled", "not labelled"], color=["#0b5a53", "#b3541e"])
        axes.set_xlabel("peak over the own baseline")
        axes.set_ylabel("detections")
        axes.legend()

    return draw
