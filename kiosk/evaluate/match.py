"""`kiosk evaluate match`: FMR, FNMR, EER and the DET curve of the 1:1 comparison on labelled pairs of pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from kiosk.camera.frame import Frame
from kiosk.config import Match
from kiosk.errors import ModelError
from kiosk.evaluate.clips import ClipError, Progress, frames, read_rows
from kiosk.evaluate.metrics import Curve, Rate, error_curve, rates_at
from kiosk.evaluate.report import Report, Table, number
from kiosk.face.align import align, align_five
from kiosk.face.compare import cosine, fuse
from kiosk.face.detect import FaceDetector
from kiosk.face.encoder import Encoder
from kiosk.liveness.landmarks import Landmarker

Alignment = Literal["mesh", "yunet"]


def run(
    csv: Path,
    settings: Match,
    make: Callable[[], Landmarker],
    encoder: Encoder,
    detector_path: Path,
    alignment: Alignment = "mesh",
    flip: bool = False,
) -> Report:
    """Return the report. A pair with a picture in which no face is found is not compared, and counted as such."""
    rows = read_rows(csv, ("a", "b", "same"))
    errors: list[tuple[str, str]] = []
    embedder = Embedder(encoder, make(), FaceDetector(detector_path), alignment, flip)
    names = list(dict.fromkeys(name for row in rows for name in (row["a"], row["b"])))
    vectors: dict[str, np.ndarray] = {}
    progress = Progress("picture", len(names))
    for index, name in enumerate(names):
        progress.at(index, name)
        try:
            vectors[name] = embedder.embed(csv.parent / name)
        except (ClipError, ModelError, ValueError) as error:
            errors.append((name, str(error)))
    progress.done()
    embedder.close()
    groups: dict[str, dict[str, list[float]]] = {}
    scores: list[tuple[float, str, str, bool]] = []
    for row in rows:
        if row["same"] not in ("0", "1"):
            errors.append((f"{row['a']}, {row['b']}", f"same must be 0 or 1, not {row['same']!r}"))
            continue
        if row["a"] not in vectors or row["b"] not in vectors:
            continue
        same, score = row["same"] == "1", cosine(vectors[row["a"]], vectors[row["b"]])
        scores.append((score, row["a"], row["b"], same))
        for group in dict.fromkeys(("all", row.get("group", "") or "all")):
            groups.setdefault(group, {"1": [], "0": []})["1" if same else "0"].append(score)
    missing = sum(row["a"] not in vectors or row["b"] not in vectors for row in rows)
    return _report(settings, groups, scores, Rate(missing, len(rows)), errors, alignment, flip, encoder.model_digest)


def widened(frame: Frame) -> Frame:
    """Return a frame with room round it: a crop that the face fills is no face to a detector that expects shoulders."""
    pad = [round(0.35 * side) for side in frame.image_bgr.shape[:2]]
    image = cv2.copyMakeBorder(frame.image_bgr, pad[0], pad[0], pad[1], pad[1], cv2.BORDER_REPLICATE)
    return Frame(image, frame.t_s, frame.seq)


class Embedder:
    """Pictures to embeddings, by the mesh (with YuNet as the second try) or by YuNet alone."""

    def __init__(self, encoder: Encoder, landmarker: Landmarker, detector: FaceDetector, alignment: Alignment, flip: bool) -> None:
        self._encoder, self._landmarker, self._detector = encoder, landmarker, detector
        self._alignment, self._flip = alignment, flip

    def embed(self, path: Path) -> np.ndarray:
        """Return the embedding of the largest face. Raises ClipError when there is none."""
        image = next(iter(frames(path))).image_bgr
        face = self._face(image)
        if face is None:
            face = self._face(widened(Frame(image, 0.0, 0)).image_bgr)
        if face is None:
            raise ClipError("no face found")
        vectors = [self._encoder.embed(face)]
        if self._flip:
            vectors.append(self._encoder.embed(np.ascontiguousarray(face[:, ::-1])))
        return fuse(vectors)

    def close(self) -> None:
        """Free the landmarker."""
        self._landmarker.close()

    def _face(self, image: np.ndarray) -> np.ndarray | None:
        if self._alignment == "mesh":
            seen = self._landmarker.observe(Frame(image, 0.0, 0))
            if seen.points is not None:
                return align(image, seen.points)
        found = self._detector.detect(image)
        return align_five(image, found[0].five) if found else None


def _report(
    settings: Match,
    groups: dict[str, dict[str, list[float]]],
    scores: list[tuple[float, str, str, bool]],
    missing: Rate,
    errors: list[tuple[str, str]],
    alignment: str,
    flip: bool,
    digest: str,
) -> Report:
    table = Table(
        "Match",
        (
            "group",
            "genuine",
            "impostors",
            f"FNMR at {settings.accept}",
            f"FMR at {settings.accept}",
            f"clear no: genuine under {settings.reject}",
            "impostors to attendant",
            "EER",
            "EER at",
            "lowest genuine",
            "highest impostor",
        ),
    )
    data: dict[str, Any] = {
        "accept": settings.accept,
        "reject": settings.reject,
        "alignment": alignment,
        "flip": flip,
        "model_digest": digest,
        "not_compared": missing.json(),
        "groups": {},
    }
    curves: dict[str, Curve] = {}
    for name, pairs in groups.items():
        genuine, impostor = pairs["1"], pairs["0"]
        curves[name] = curve = error_curve(genuine, impostor)
        fmr, fnmr = rates_at(genuine, impostor, settings.accept)
        under = Rate(sum(s < settings.reject for s in genuine), len(genuine))
        between = Rate(sum(settings.reject <= s < settings.accept for s in impostor), len(impostor))
        eer, at = curve.eer()
        low, high = min(genuine, default=None), max(impostor, default=None)
        table.rows.append(
            (
                name,
                str(len(genuine)),
                str(len(impostor)),
                fnmr.text(),
                fmr.text(),
                under.text(),
                between.text(),
                f"{100 * eer:.2f} %",
                number(at),
                number(low),
                number(high),
            )
        )
        data["groups"][name] = {
            "genuine": len(genuine),
            "impostors": len(impostor),
            "fnmr": fnmr.json(),
            "fmr": fmr.json(),
            "genuine_clear_no": under.json(),
            "impostors_to_attendant": between.json(),
            "eer": eer,
            "eer_threshold": at,
            "lowest_genuine": low,
            "highest_impostor": high,
        }
    wrong = Table("Worst pairs", ("score", "a", "b", "same"))
    worst = sorted((s for s in scores if (s[0] < settings.accept) == s[3]), key=lambda s: s[0])
    wrong.rows = [(number(s), a, b, "1" if same else "0") for s, a, b, same in worst]
    report = Report("match", data, [table, wrong], errors=errors)
    report.notes += [
        f"Alignment: {alignment}; flip averaging: {'yes' if flip else 'no'}; not compared (no face): {missing.text()}.",
        "An FMR of 1e-4 cannot be shown by a few hundred impostor pairs: without one false match among n, "
        "the 95 % bound is about 3/n. The threshold comes from 4.7 million LFW pairs (docs).",
    ]
    report.plots += [("DET", _det(curves)), ("Scores", _scores(groups.get("all", {"1": [], "0": []}), settings))]
    return report


def _det(curves: dict[str, Curve]) -> Callable[[Any], None]:
    def draw(axes: Any) -> None:
        for name, curve in curves.items():
            axes.step(100 * curve.fmr, 100 * curve.fnmr, where="post", label=name)
        axes.set(xscale="symlog", yscale="symlog", xlabel="FMR %", ylabel="FNMR %", xlim=(0, 100), ylim=(0, 100))
        axes.grid(visible=True, alpha=0.4)
        axes.legend()

    return draw


def _scores(pairs: dict[str, list[float]], settings: Match) -> Callable[[Any], None]:
    def draw(axes: Any) -> None:
        axes.hist([pairs["1"], pairs["0"]], bins=40, label=["same", "different"], color=["#0b5a53", "#b3541e"])
        for value in (settings.accept, settings.reject):
            axes.axvline(value, color="#444", linestyle="--")
        axes.set(xlabel="cosine", ylabel="pairs")
        axes.legend()

    return draw
