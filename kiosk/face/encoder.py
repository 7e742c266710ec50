"""Aligned faces to embeddings: SFace through onnxruntime. The only file of `face` that knows onnxruntime.

Called by the vision worker, by enrolment and by the evaluation. The weights are loaded by the constructor, in the caller's thread.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from kiosk.errors import ModelError
from kiosk.face.align import SIZE

DIMENSIONS = 128


class Encoder:
    """SFace (OpenCV Zoo, 2021dec). Safe to call from one thread at a time."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Load the weights. `threads`: for onnxruntime; one leaves the other core to the landmarks.

        Raises ModelError when the file is missing or is no such model.
        """
        import onnxruntime

        try:
            weights = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path.name} is missing: run `kiosk models fetch`") from error
        self.model_digest = hashlib.sha256(weights).hexdigest()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = False  # measured: 12 MB less, no slower
        try:
            # By its path: a session made of bytes keeps them, 37 MB beside its own copy.
            del weights
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises its own unrelated classes for a damaged file
            raise ModelError(f"{path.name} cannot be loaded: {error}") from error
        (self._input,) = (item.name for item in self._session.get_inputs())

    def embed(self, face_rgb: np.ndarray) -> np.ndarray:
        """Return the L2-normalised embedding of one aligned face.

        face_rgb: uint8, (112, 112, 3), eyes on the ArcFace template. Returns float32, (128,), norm 1.
        Raises ModelError on a zero or non-finite output, ValueError on another shape.
        Preprocessing: RGB, 0-255, no mean or scale (equal to OpenCV's FaceRecognizerSF to cosine 1.0).
        """
        if face_rgb.shape != (SIZE, SIZE, 3):
            raise ValueError(f"a face of {SIZE}x{SIZE}x3 expected, not {face_rgb.shape}")
        blob = np.ascontiguousarray(face_rgb.transpose(2, 0, 1)[None], dtype=np.float32)
        output = np.asarray(self._session.run(None, {self._input: blob})[0], np.float32).reshape(-1)
        length = float(np.linalg.norm(output))
        if output.shape != (DIMENSIONS,) or not np.isfinite(length) or length < 1e-6:
            raise ModelError("the face encoder gave an impossible output")
        return np.asarray(output / length, np.float32)
