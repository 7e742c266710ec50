"""`kiosk bench match`: aligned face to embedding, and a whole comparison, against the bare onnxruntime call."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import numpy as np

from kiosk import models
from kiosk.camera.frame import Frame
from kiosk.config import Match
from kiosk.domain.person import Template
from kiosk.emulators.puppet import PuppetSource
from kiosk.evaluate.quiet import quiet_natives
from kiosk.face.align import align
from kiosk.face.compare import compare, fuse, pack
from kiosk.face.encoder import Encoder
from kiosk.liveness.landmarks import Landmarker

BOUND = 1.2


def run(rounds: int = 60, portrait: str = "biden", **_: Any) -> dict[str, object]:
    """Return median milliseconds and ratios over `rounds` faces."""
    quiet_natives()
    import onnxruntime

    path = models.path("face-encoder")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    encoder = Encoder(path)
    source = PuppetSource(portrait, realtime=False)
    source.open()
    frame = source.read() or Frame(np.zeros((480, 640, 3), np.uint8), 0.0, 0)
    source.close()
    landmarker = Landmarker(models.path("face-landmarker"), stills=True)
    points = landmarker.observe(frame).points
    landmarker.close()
    if points is None:
        return {"error": "no face in the puppet's frame", "within_bounds": False}
    blob = np.ascontiguousarray(align(frame.image_bgr, points).transpose(2, 0, 1)[None], np.float32)
    bare, whole = [], []
    for _round in range(rounds):
        began = time.perf_counter()
        session.run(None, {name: blob})
        bare.append(time.perf_counter() - began)
        began = time.perf_counter()
        encoder.embed(align(frame.image_bgr, points))
        whole.append(time.perf_counter() - began)
    vectors = [encoder.embed(align(frame.image_bgr, points))] * Match().frames
    template = Template(pack(vectors[0]), encoder.model_digest, "bench")
    began = time.perf_counter()
    for _round in range(100):
        compare(fuse(vectors), template, Match(), encoder.model_digest)
    compared = (time.perf_counter() - began) / 100
    ratio = median(w / b for w, b in zip(whole, bare, strict=True))
    return {
        "bare_ms": 1000 * median(bare),
        "align_and_embed_ms": 1000 * median(whole),
        "ratio_median": ratio,
        "fuse_and_compare_ms": 1000 * compared,
        "bound": BOUND,
        "within_bounds": ratio <= BOUND,
    }
