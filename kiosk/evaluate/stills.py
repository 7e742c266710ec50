"""`kiosk evaluate stills`: the guidance code and the passive scores of single pictures (or of each second of a clip)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kiosk.config import Settings
from kiosk.domain.reasons import Guidance
from kiosk.errors import ModelError
from kiosk.evaluate.clips import ClipError, Progress, frames, is_still, read_rows
from kiosk.evaluate.report import Report, Table, number
from kiosk.liveness.attacks.screen import screen_score
from kiosk.liveness.guidance import judge, look
from kiosk.liveness.landmarks import Landmarker

# What a picture of a kind should be answered with. A kind that is not named here is only counted.
WANTED: dict[str, frozenset[str]] = {
    "noface": frozenset({"no-face", "too-far"}),
    "multiface": frozenset({"several-faces"}),
    "dark": frozenset({"too-dark", "backlit", "hat-shadow"}),
    "backlit": frozenset({"backlit"}),
    "blur": frozenset({"blurred"}),
    "mask": frozenset({"mouth-covered"}),
    "sunglasses": frozenset({"eyes-covered"}),
    "hat": frozenset({"hat-shadow"}),
    "partial": frozenset({"off-centre", "too-near", "no-face", "left-frame"}),
    "far": frozenset({"too-far"}),
    "near": frozenset({"too-near"}),
    "turned": frozenset({"not-straight"}),
    "good": frozenset({"none"}),
}
_EVERY_S = 1.0
_CLIP_LIMIT_S = 30.0


def run(csv: Path, settings: Settings, make: Callable[[], Landmarker]) -> Report:
    """Return the report. A clip is looked at once a second and answers with its most frequent code."""
    errors: list[tuple[str, str]] = []
    rows = read_rows(csv, ("file", "label", "kind"))
    shown = Table("Pictures", ("file", "kind", "code", "faces", "others", "luma", "sharp", "eyes", "mouth", "screen"))
    counts: dict[str, Counter[str]] = {}
    data: dict[str, Any] = {"pictures": {}}
    progress = Progress("picture", len(rows))
    landmarker = make()
    for index, row in enumerate(rows):
        progress.at(index, row["file"])
        try:
            codes, entry = _one(csv.parent / row["file"], landmarker)
        except (ClipError, ModelError) as error:
            errors.append((row["file"], str(error)))
            continue
        code = codes.most_common(1)[0][0]
        counts.setdefault(row["kind"], Counter())[code] += 1
        data["pictures"][row["file"]] = {"label": row["label"], "kind": row["kind"], "code": code, **entry, "codes": dict(codes)}
        shown.rows.append(
            (
                row["file"],
                row["kind"],
                code,
                str(entry["faces"]),
                number(entry["other_share"], 2),
                number(entry["luma"], 0),
                number(entry["sharpness"], 0),
                number(entry["eyes_ratio"], 2),
                number(entry["mouth_chroma"], 1),
                number(entry["screen"], 2),
            )
        )
    progress.done()
    landmarker.close()
    return _report(counts, data, shown, errors)


def _one(path: Path, landmarker: Landmarker) -> tuple[Counter[str], dict[str, Any]]:
    codes: Counter[str] = Counter()
    entry: dict[str, Any] = {}
    next_s = 0.0
    for frame in frames(path, 0.0 if is_still(path) else _CLIP_LIMIT_S):
        if frame.t_s < next_s:
            continue
        next_s = frame.t_s + _EVERY_S
        seen = landmarker.observe(frame)
        measured = look(seen, frame.image_bgr)
        code: Guidance | None = judge(seen, frame.image_bgr, seen=measured)
        codes["none" if code is None else code.value] += 1
        if not entry or seen.points is not None:
            others = max((_share(box, seen.box) for box in seen.other_boxes), default=0.0)
            entry = {
                "faces": seen.face_count,
                "other_share": others,
                "yaw_deg": seen.yaw_deg,
                **asdict(measured),
                "screen": screen_score(frame.image_bgr, seen.box) if seen.box is not None else None,
            }
    return codes, entry


def _share(box: tuple[float, ...], primary: tuple[float, ...] | None) -> float:
    if primary is None:
        return 0.0
    own = (primary[2] - primary[0]) * (primary[3] - primary[1])
    return (box[2] - box[0]) * (box[3] - box[1]) / max(own, 1.0)


def _report(counts: dict[str, Counter[str]], data: dict[str, Any], shown: Table, errors: list[tuple[str, str]]) -> Report:
    codes = sorted({code for counter in counts.values() for code in counter})
    table = Table("Kind (rows) against guidance code (columns)", ("kind", *codes, "answered as wanted"))
    right: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for kind, counter in sorted(counts.items()):
        wanted = WANTED.get(kind)
        hits = sum(n for code, n in counter.items() if wanted and code in wanted)
        total = sum(counter.values())
        table.rows.append((kind, *(str(counter[code] or "") for code in codes), f"{hits}/{total}" if wanted else "not defined"))
        for code, n in counter.items():
            given[code] += n if wanted else 0
            right[code] += n if wanted and code in wanted else 0
    precision = Table("Precision of each code (kinds with a wanted answer)", ("code", "right", "given"))
    precision.rows = [(code, str(right[code]), str(given[code])) for code in codes if given[code]]
    data["confusion"] = {kind: dict(counter) for kind, counter in counts.items()}
    data["precision"] = {code: {"right": right[code], "given": given[code]} for code in codes if given[code]}
    return Report("stills", data, [table, precision, shown], errors=errors)
