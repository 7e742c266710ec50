"""`kiosk bench vision`: the whole cost of a frame, against the bare FaceLandmarker call on the same frames.

Bare: MediaPipe's image and `detect_for_video` on a ready RGB picture. Whole: scaling and colour, that call, the observation, and
the take's step with gestures, guidance, attack checks, the light's answer, the camera's pulses and pattern, and kept faces. Both
see every frame, now the one first, now the other, so that the machine's load and caches favour neither. Frames: the puppet camera
at 640 x 480, answering the challenge.
"""

from __future__ import annotations

import random
import time
from dataclasses import replace
from statistics import median
from typing import Any

import cv2
import numpy as np
import psutil

from kiosk import models
from kiosk.camera.frame import Frame
from kiosk.config import Settings
from kiosk.domain.camera_facts import CameraFacts
from kiosk.emulators.puppet import PuppetSource
from kiosk.evaluate.quiet import quiet_natives
from kiosk.face.encoder import Encoder
from kiosk.liveness.camera_proof import sensor
from kiosk.liveness.camera_proof.proof import CameraProof
from kiosk.liveness.challenge import draw_challenge
from kiosk.liveness.landmarks import Landmarker
from kiosk.liveness.take import Take
from kiosk.liveness.verdict import conclude

BOUND = 1.05


def run(takes: int = 3, portrait: str = "biden", **_: Any) -> dict[str, object]:
    """Return median milliseconds a frame and their ratio over `takes` whole takes."""
    quiet_natives()
    settings = Settings.model_validate({"liveness": {"checks": {"light": "record", "camera": "record", "sensor": "record"}}})
    unknown = sensor.pack(np.random.default_rng(0).standard_normal((2, sensor.BLOCK, sensor.BLOCK)))
    facts = CameraFacts("gain", 100, 9, 0.13, 0.036, 0.001, (640, 480), unknown)
    model = models.path("face-landmarker")
    bare_landmarker, landmarker = Landmarker(model), Landmarker(model, frame_width=settings.liveness.frame_width)
    encoder = Encoder(models.path("face-encoder"))
    bare: list[float] = []
    whole: list[float] = []
    steps: list[float] = []
    ends: list[float] = []
    source = PuppetSource(portrait, realtime=False)
    source.open()
    passed = 0
    for number in range(takes):
        rng = random.Random(number)
        proof = CameraProof(facts, settings.liveness.checks, rng)
        take = Take(replace(draw_challenge(settings.liveness, rng=rng), proof=proof), settings.liveness)
        cued = -1
        while take.result is None:
            frame = source.read()
            if frame is None:
                break
            bare_first = len(whole) % 2 == 0
            if bare_first:
                _bare(bare_landmarker, frame, bare)
            began = time.perf_counter()
            observation = landmarker.observe(frame)
            seen = time.perf_counter()
            view = take.step(observation, frame.image_bgr)
            ended = time.perf_counter()
            source.shine(view.light_pattern)
            whole.append(ended - began)
            steps.append(ended - seen)
            if not bare_first:
                _bare(bare_landmarker, frame, bare)
            if view.now and view.action is not None and cued != view.action_index:
                cued = view.action_index
                source.perform(view.action)
        began = time.perf_counter()
        if take.result is not None:
            passed += conclude(take.result, take.kept, encoder, settings.match)[0].passed
        ends.append(time.perf_counter() - began)
    bare_landmarker.close()
    landmarker.close()
    source.close()
    # Paired by frame: the load of the moment falls on both.
    ratio = median(w / b for w, b in zip(whole, bare, strict=True))
    total = sum(whole) / max(sum(bare), 1e-9)
    return {
        "frames": len(whole),
        "takes_passed": f"{passed}/{takes}",
        "bare_ms": _ms(bare),
        "whole_ms": _ms(whole),
        "take_step_ms": _ms(steps),
        "verdict_ms": _ms(ends),
        "slowest_step_ms": 1000 * max(steps),
        "ratio_median": ratio,
        "ratio_total": total,
        "bound": BOUND,
        "within_bounds": ratio <= BOUND,
        "frames_a_second": 1 / median(whole),
        "over_33_ms": sum(w > 1 / 30 for w in whole) / len(whole),
        "memory_mb": psutil.Process().memory_info().rss / 2**20,
    }


def _bare(landmarker: Landmarker, frame: Frame, out: list[float]) -> None:
    rgb = cv2.cvtColor(frame.image_bgr, cv2.COLOR_BGR2RGB)
    began = time.perf_counter()
    landmarker.detect(landmarker.wrap(rgb), frame.t_s)
    out.append(time.perf_counter() - began)


def _ms(values: list[float]) -> float:
    return 1000 * median(values)
