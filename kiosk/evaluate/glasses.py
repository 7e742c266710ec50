"""`kiosk evaluate glasses`: does the take's answer "glasses: yes, no, unknown" hold, on people it was not set on?

Rows: `file,glasses,subject`; glasses is yes or no, by eye; a subject's files may differ. Each file is looked at as a take looks:
the faces that its own buffer keeps. Counted twice: with the limits as shipped, and with limits set anew for each subject on all
the others (leave one subject out), because the shipped ones were set on these very files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.domain.outcome import Glasses
from kiosk.domain.reasons import Guidance
from kiosk.errors import ModelError
from kiosk.evaluate.clips import ClipError, Progress, frames, is_still, read_rows
from kiosk.evaluate.match import widened
from kiosk.evaluate.metrics import Rate
from kiosk.evaluate.report import Report, Table, number
from kiosk.liveness.face_buffer import FaceBuffer
from kiosk.liveness.gestures import GestureTracker
from kiosk.liveness.glasses import BRIDGE_NO, BRIDGE_YES, TEMPLE_YES, Lines, answer, measure
from kiosk.liveness.guidance import LIMITS, judge, look
from kiosk.liveness.landmarks import FaceObservation, Landmarker
from kiosk.liveness.pace import LOOK_PERIOD_S

_CLIP_LIMIT_S = 12.0  # about as long as a take
_PART_S = 3.0  # a take keeps faces before, between and after its actions
_OVER, _UNDER = 1.1, 0.6  # distance of the limits from the nearest face of the other kind
# Where somebody stands does not matter here; what hides the face or its lines does, and a take does not go on then.
_UNFIT = frozenset(
    {
        Guidance.NO_FACE,
        Guidance.SEVERAL_FACES,
        Guidance.TOO_DARK,
        Guidance.BACKLIT,
        Guidance.EYES_COVERED,
        Guidance.MOUTH_COVERED,
        Guidance.HAT_SHADOW,
    }
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One file."""

    name: str
    subject: str
    wears: bool
    faces: int
    lines: Lines


def run(csv: Path, make: Callable[[bool], Landmarker]) -> Report:
    """Return the report. `make` builds a landmarker, for stills or not. A file that no face could be kept of is unknown."""
    errors: list[tuple[str, str]] = []
    rows = read_rows(csv, ("file", "glasses", "subject"))
    found: list[Measured] = []
    faceless = 0
    progress = Progress("file", len(rows))
    for index, row in enumerate(rows):
        progress.at(index, row["file"])
        if row["glasses"] not in ("yes", "no"):
            errors.append((row["file"], f"glasses must be yes or no, not {row['glasses']!r}"))
            continue
        try:
            faces = _faces(csv.parent / row["file"], make)
        except (ClipError, ModelError) as error:
            errors.append((row["file"], str(error)))
            continue
        if faces:
            found.append(Measured(row["file"], row["subject"] or row["file"], row["glasses"] == "yes", len(faces), measure(faces)))
        faceless += not faces
    progress.done()
    return _report(found, faceless, errors)


def _faces(path: Path, make: Callable[[bool], Landmarker]) -> Sequence[Any]:
    """Return the aligned faces that a take would have kept."""
    faces, tracker, still = FaceBuffer(), GestureTracker(), is_still(path)
    landmarker = make(still)
    looked_s, part_s = -1.0, 0.0
    try:
        for frame in frames(path, 0.0 if still else _CLIP_LIMIT_S):
            image, seen = frame.image_bgr, landmarker.observe(frame)
            if still and seen.points is None:
                frame = widened(frame)
                image, seen = frame.image_bgr, landmarker.observe(frame)
            tracker.step(seen)
            if frame.t_s - part_s >= _PART_S:
                part_s = frame.t_s
                faces.next_part()
            if seen.points is None or frame.t_s - looked_s < LOOK_PERIOD_S:
                continue
            looked_s = frame.t_s
            measured = look(seen, image)
            if _eyes_px(seen) >= LIMITS.far_eye_px and judge(seen, image, seen=measured) not in _UNFIT:
                faces.offer(seen, image, tracker.baseline.value(), measured)
    finally:
        landmarker.close()
    return [kept.face_rgb for kept in faces.kept()]


def _eyes_px(seen: FaceObservation) -> float:
    if seen.points is None:
        return 0.0
    x, y = seen.points[33, :2] - seen.points[263, :2]
    return float((x * x + y * y) ** 0.5)


def limits_of(found: Sequence[Measured]) -> tuple[float, float]:
    """Return (limit for yes, limit for no) as set on these files: beyond the nearest face of the other kind."""
    bare = [one.lines.bridge for one in found if not one.wears and one.lines.temple >= TEMPLE_YES]
    wearers = [one.lines.bridge for one in found if one.wears]
    return _OVER * max(bare, default=BRIDGE_YES / _OVER), _UNDER * min(wearers, default=BRIDGE_NO / _UNDER)


def held_out(found: Sequence[Measured]) -> list[tuple[Measured, Glasses]]:
    """Return each file's answer with limits set without its subject."""
    out = []
    for one in found:
        yes, no = limits_of([other for other in found if other.subject != one.subject])
        out.append((one, answer(one.lines, yes, no)))
    return out


def _report(found: list[Measured], faceless: int, errors: list[tuple[str, str]]) -> Report:
    shipped = [(one, answer(one.lines)) for one in found]
    table = Table(
        "Glasses", ("limits", "counted", "yes is right", "no is right", "unknown", "glasses called no", "bare called yes")
    )
    data: dict[str, Any] = {
        "limits": {"bridge_yes": BRIDGE_YES, "temple_yes": TEMPLE_YES, "bridge_no": BRIDGE_NO},
        "set_on_all": limits_of(found) if found else None,
        "without_a_face": faceless,
        "results": {},
    }
    for name, answered in (("as shipped", shipped), ("held out", held_out(found))):
        for counted, told in (("files", [(one.wears, said) for one, said in answered]), ("people", _people(answered))):
            rates = _rates(told)
            table.rows.append((name, counted, *(rate.text() for rate in rates)))
            data["results"][f"{name}, {counted}"] = {
                key: rate.json()
                for key, rate in zip(
                    ("yes_right", "no_right", "unknown", "glasses_called_no", "bare_called_yes"), rates, strict=True
                )
            }
    shown = Table("Files", ("file", "subject", "glasses", "answer", "faces", "bridge", "temple", "sharp"))
    shown.rows = [
        (
            one.name,
            one.subject,
            "yes" if one.wears else "no",
            said.value,
            str(one.faces),
            number(one.lines.bridge, 2),
            number(one.lines.temple, 2),
            number(one.lines.sharp, 0),
        )
        for one, said in sorted(shipped, key=lambda pair: -pair[0].lines.bridge)
    ]
    report = Report("glasses", data, [table, shown], errors=errors)
    subjects = {one.subject for one in found}
    wearers = {one.subject for one in found if one.wears}
    report.notes += [
        f"{len(found)} files of {len(subjects)} people, {len(wearers)} of them with glasses; {faceless} files without "
        "a face that a take would keep, which a take calls unknown.",
        "people: everybody counts once, with the least convenient of their answers.",
    ]
    return report


def _people(answered: Sequence[tuple[Measured, Glasses]]) -> list[tuple[bool, Glasses]]:
    """One answer a person (and glasses on or off): a wrong one, if there is one, else unknown, if there is one."""
    by: dict[tuple[str, bool], list[Glasses]] = {}
    for one, said in answered:
        by.setdefault((one.subject, one.wears), []).append(said)
    out: list[tuple[bool, Glasses]] = []
    for (_, wears), all_said in by.items():
        order = (Glasses.NO if wears else Glasses.YES, Glasses.UNKNOWN, *all_said)
        out.append((wears, next(said for said in order if said in all_said)))
    return out


def _rates(told: Sequence[tuple[bool, Glasses]]) -> tuple[Rate, ...]:
    def count(said: Glasses, wears: bool | None = None) -> int:
        return sum(one is said and wears in (None, is_so) for is_so, one in told)

    return (
        Rate(count(Glasses.YES, True), count(Glasses.YES)),
        Rate(count(Glasses.NO, False), count(Glasses.NO)),
        Rate(count(Glasses.UNKNOWN), len(told)),
        Rate(count(Glasses.NO, True), sum(wears for wears, _ in told)),
        Rate(count(Glasses.YES, False), sum(not wears for wears, _ in told)),
    )
