"""Faces in still photos with YuNet (OpenCV Zoo) through onnxruntime: boxes and five points.

For enrolment photos and the comparison of alignments in `kiosk evaluate match`; live frames use MediaPipe's mesh.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from kiosk.errors import ModelError

SIDE = 640  # the model's fixed input
_STRIDES = (8, 16, 32)
_SCORE, _OVERLAP = 0.6, 0.3


@dataclass(frozen=True, slots=True)
class FoundFace:
    """One face. `five`: float32 (5, 2), pixels, in the order of `align.TEMPLATE`; `box`: x0, y0, x1, y1."""

    score: float
    box: tuple[float, float, float, float]
    five: np.ndarray


class FaceDetector:
    """YuNet 2023mar."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Load the weights. Raises ModelError when the file is missing or is no such model."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = threads, 3
        try:
            self._session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
        except OSError as error:
            raise ModelError(f"{path.name} is missing: run `kiosk models fetch`") from error
        except Exception as error:  # onnxruntime raises its own unrelated classes for a damaged file
            raise ModelError(f"{path.name} cannot be loaded: {error}") from error
        self._input = self._session.get_inputs()[0].name
        self._outputs = [item.name for item in self._session.get_outputs()]

    def detect(self, image_bgr: np.ndarray) -> list[FoundFace]:
        """Return the faces of a picture (uint8 BGR), largest first."""
        height, width = image_bgr.shape[:2]
        scale = SIDE / max(height, width)
        small = cv2.resize(
            image_bgr,
            (max(1, round(width * scale)), max(1, round(height * scale))),
            interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR,
        )
        canvas = np.zeros((SIDE, SIDE, 3), np.uint8)
        canvas[: small.shape[0], : small.shape[1]] = small
        blob = canvas.transpose(2, 0, 1)[None].astype(np.float32)
        values = dict(zip(self._outputs, self._session.run(None, {self._input: blob}), strict=True))
        return [
            FoundFace(f.score, (f.box[0] / scale, f.box[1] / scale, f.box[2] / scale, f.box[3] / scale), f.five / np.float32(scale))
            for f in _decode(values)
        ]


def _decode(values: dict[str, np.ndarray]) -> list[FoundFace]:
    boxes, scores, fives = [], [], []
    for stride in _STRIDES:
        side = SIDE // stride
        score = np.sqrt(np.clip(values[f"cls_{stride}"][0, :, 0], 0, 1) * np.clip(values[f"obj_{stride}"][0, :, 0], 0, 1))
        keep = np.flatnonzero(score >= _SCORE)
        grid = np.stack([keep % side, keep // side], axis=1).astype(np.float32)
        raw, points = values[f"bbox_{stride}"][0, keep], values[f"kps_{stride}"][0, keep]
        centre, size = (raw[:, :2] + grid) * stride, np.exp(raw[:, 2:]) * stride
        boxes.append(np.concatenate([centre - size / 2, size], axis=1))
        scores.append(score[keep])
        fives.append((points.reshape(-1, 5, 2) + grid[:, None]) * stride)
    box, score, five = np.concatenate(boxes), np.concatenate(scores), np.concatenate(fives)
    if not len(box):
        return []
    kept = np.asarray(cv2.dnn.NMSBoxes(box.tolist(), score.tolist(), _SCORE, _OVERLAP), int).reshape(-1)
    faces = [
        FoundFace(
            float(score[i]),
            (float(box[i, 0]), float(box[i, 1]), float(box[i, 0] + box[i, 2]), float(box[i, 1] + box[i, 3])),
            five[i].astype(np.float32),
        )
        for i in kept
    ]
    return sorted(faces, key=lambda f: -(f.box[2] - f.box[0]) * (f.box[3] - f.box[1]))
