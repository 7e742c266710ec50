"""`kiosk evaluate takes`: clips played into the real take code, against random challenges.

Attack rows: each clip (looped where short) against N random challenges: APCER per species; and once against one that fits it
(`answered`: an attacker who answers, or waits until the challenge fits), which only the checks can stop. A still is held before the
camera as a print and as a screen, in the ways of attacks_synth.py, by an attacker who answers the cues.
Bona fide rows: a recording cannot answer a random challenge, so its challenge is made to fit: from the columns `actions`
(and `cues_s`) when given, else from what the free gesture code finds in it. It is one that the kiosk would draw: as many different
actions, with a turn where the settings ask for one. A recording that shows no such challenge is played against a drawn one and
stays in the denominator. What is measured is whether placing, timing, checks and continuity turn people away: BPCER.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from kiosk.camera.frame import Frame
from kiosk.config import Settings
from kiosk.domain.outcome import LivenessResult
from kiosk.domain.reasons import Action, Reason
from kiosk.errors import ModelError
from kiosk.evaluate.attacks_synth import SPECIES, HeldPicture
from kiosk.evaluate.clips import ClipError, Progress, frames, is_still, read_rows, read_still
from kiosk.evaluate.report import Report
from kiosk.evaluate.takes_report import Kind, Try, report
from kiosk.liveness.challenge import TURNS, Challenge, Step, draw_challenge
from kiosk.liveness.gestures import GestureEvent, GestureTracker
from kiosk.liveness.landmarks import FaceObservation, Landmarker
from kiosk.liveness.take import Take
from kiosk.liveness.verdict import Embeds, conclude, confirm_turns

CANVAS = (640, 480)
FACE_SHARE = 0.5  # of the canvas height: where the guidance is content
CLIP_LIMIT_S = 60.0
TAKE_LIMIT_S = 75.0  # a take that the clip never satisfies ends by its own limits before this
CUE_LEAD_S = 0.4
_HELD_FPS = 25.0


@dataclass(slots=True)
class Played:
    """A clip as the camera would see it: its pictures, and what the landmarks say of each."""

    pictures: list[np.ndarray]
    observations: list[FaceObservation]
    length_s: float


def run(
    csv: Path,
    settings: Settings,
    make: Callable[[], Landmarker],
    make_still: Callable[[], Landmarker],
    encoder: Embeds,
    *,
    tries: int,
    seed: int,
    fit: bool = True,
    noise: float = 2.0,
    on_try: Callable[[Try], None] = lambda _try: None,
) -> Report:
    """Return the report. fit: scale and centre each clip as the best attacker would hold it. noise: of the camera.

    on_try: told of every take as it ends, so that a long run that is stopped has written what it knows.
    """
    rows = read_rows(csv, ("file", "label", "species"))
    errors: list[tuple[str, str]] = []
    done: list[Try] = []
    progress = Progress("clip", len(rows))
    still = make_still()
    for index, row in enumerate(rows):
        progress.at(index, row["file"])
        if row["label"] not in ("attack", "bona_fide"):
            errors.append((row["file"], f"label must be attack or bona_fide, not {row['label']!r}"))
            continue
        path = csv.parent / row["file"]
        try:
            if is_still(path) and row["label"] == "attack":
                made = _held(row, read_still(path), settings, make, encoder, still, tries, seed, noise)
            else:
                made = _tries(row, play(path, make, fit), settings, encoder, still, tries, seed, noise)
            for one in made:
                on_try(one)
                done.append(one)
        except (ClipError, ModelError, ValueError) as error:
            errors.append((row["file"], str(error)))
    progress.done()
    still.close()
    return report(done, errors, {"tries": tries, "seed": seed, "fit": fit, "noise": noise, "actions": settings.liveness.actions})


def play(path: Path, make: Callable[[], Landmarker], fit: bool, limit_s: float = CLIP_LIMIT_S) -> Played:
    """Read a clip and its landmarks, once. Raises ClipError."""
    raw = []
    for frame in frames(path, limit_s):
        image = frame.image_bgr
        factor = 720 / max(image.shape[:2])
        if factor < 1:  # a minute of 1080p frames is ten gigabytes
            image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        raw.append(Frame(image, frame.t_s, frame.seq))
    step_s = float(np.median(np.diff([f.t_s for f in raw]))) if len(raw) > 1 else 1 / 25
    matrix = fitting(raw, make) if fit else None
    landmarker, pictures, observations = make(), [], []
    try:
        for frame in raw:
            image = fitted(frame.image_bgr, matrix)
            pictures.append(image)
            observations.append(landmarker.observe(Frame(image, frame.t_s, frame.seq)))
    finally:
        landmarker.close()
    return Played(pictures, observations, raw[-1].t_s + max(step_s, 1e-3))


def take_once(clip: Played, take: Take, rng: np.random.Generator, noise: float, start: int = 0) -> LivenessResult | None:
    """Play a clip, looped, into a take until it ends; None when it does not end in time."""
    table = _noise_table(clip.pictures[0].shape, noise, rng)
    for seen, image in looped(clip, start):
        if seen.t_s > TAKE_LIMIT_S:
            return None
        take.step(seen, image if table is None else _add_noise(image, table, rng))
        if take.result is not None:
            return take.result
    return None


def _tries(
    row: dict[str, str],
    clip: Played,
    settings: Settings,
    encoder: Embeds,
    still: Landmarker,
    tries: int,
    seed: int,
    noise: float,
) -> Iterator[Try]:
    genuine = row["label"] == "bona_fide"
    liveness = settings.liveness
    fitted = fitted_challenge(row, clip, settings)
    faceless = sum(seen.points is None for seen in clip.observations) / len(clip.observations)
    if genuine:  # that a short recording comes round again, and that no screen of ours lit it, is our doing, not the person's
        checks = liveness.checks.model_copy(update={"repeated_frames": "record", "light": "off"})
        liveness = liveness.model_copy(update={"checks": checks})
    plans: list[tuple[Kind, Challenge | None]]
    if genuine:
        plans = [("answered", fitted) if fitted is not None else ("shows-nothing", None)]
    else:
        plans = [("random", None) for _ in range(tries)]
        if fitted is not None:
            plans.append(("answered", fitted))
    for number_, (kind, planned) in enumerate(plans):
        # zlib.crc32: Python's own hash of a string changes from run to run.
        base = [seed, zlib.crc32(row["file"].encode()), number_]
        rng = random.Random(repr(base))
        drawn = draw_challenge(liveness, rng=rng)
        challenge = drawn if planned is None else replace(planned, light_code=drawn.light_code)
        take = Take(challenge, liveness)
        start = 0 if kind == "answered" else rng.randrange(len(clip.pictures))  # a replay may begin anywhere
        result = take_once(clip, take, np.random.default_rng(base), noise, start)
        if result is None:
            result = LivenessResult(passed=False, reason=Reason.ACTION_TIMEOUT)
        result = confirm_turns(result, take.turns, still)
        result, _, _ = conclude(result, take.kept, encoder, settings.match)
        actions = tuple(s.action for s in challenge.steps)
        yield Try(row["file"], row["species"] or "unnamed", genuine, result, actions, kind, take.started, faceless)


def _held(
    row: dict[str, str],
    image: np.ndarray,
    settings: Settings,
    make: Callable[[], Landmarker],
    encoder: Embeds,
    still: Landmarker,
    tries: int,
    seed: int,
    noise: float,
) -> Iterator[Try]:
    """A still, held before the camera in each of the ways of attacks_synth, by somebody who answers the cues."""
    finder = make()
    points = finder.observe(Frame(image, 0.0, 0)).points
    finder.close()
    if points is None:
        raise ClipError("no face found in the still")
    for number_ in range(tries):
        base = [seed, zlib.crc32(row["file"].encode()), number_]
        rng = random.Random(repr(base))
        species = SPECIES[number_ % len(SPECIES)]
        challenge = draw_challenge(settings.liveness, rng=rng)
        take = Take(challenge, settings.liveness)
        held = HeldPicture(image, points, species, rng.randrange(2**31), noise)
        landmarker = make()
        try:
            result = _attack(take, held, landmarker, rng)
        finally:
            landmarker.close()
        result = confirm_turns(result, take.turns, still)
        result, _, _ = conclude(result, take.kept, encoder, settings.match)
        actions = tuple(s.action for s in challenge.steps)
        yield Try(row["file"], f"{row['species'] or 'still'}/{species.name}", False, result, actions, "answered", take.started)


def _attack(take: Take, held: HeldPicture, landmarker: Landmarker, rng: random.Random) -> LivenessResult:
    """Play a held picture into a take: each cue is answered, twice when the first time did not do."""
    answered: tuple[int, int] = (-1, 0)
    cued_s, index = 0.0, 0
    while take.result is None and index / _HELD_FPS < TAKE_LIMIT_S:
        t_s = index / _HELD_FPS
        image = held.frame(t_s)
        view = take.step(landmarker.observe(Frame(image, t_s, index)), image)
        if view.now and view.action is not None:
            if answered[0] != view.action_index:
                answered, cued_s = (view.action_index, 0), t_s + rng.uniform(0.3, 0.9)
            if answered[1] < 3 and t_s >= cued_s + 3.5 * answered[1]:
                answered = (view.action_index, answered[1] + 1)
                held.perform(view.action, t_s)
        index += 1
    return take.result or LivenessResult(passed=False, reason=Reason.ACTION_TIMEOUT)


def fitted_challenge(row: dict[str, str], clip: Played, settings: Settings) -> Challenge | None:
    """A challenge the kiosk could draw and the recording answers; None when it shows none. Raises ClipError on bad columns."""
    names = [name for name in row.get("actions", "").replace("_", "-").replace(",", ";").split(";") if name.strip()]
    if names:
        actions = [Action(name.strip()) for name in names]
        cues = [float(cue) for cue in row.get("cues_s", "").replace(",", ";").split(";") if cue.strip()]
        if cues and len(cues) != len(actions):
            raise ClipError("cues_s must name one time for each of actions")
        return Challenge(tuple(Step(a, (0.0,), cues[i] if cues else None) for i, a in enumerate(actions)))
    liveness = settings.liveness
    tracker, events = GestureTracker(), []
    for seen, _ in looped(clip, 0):
        if seen.t_s > max(20.0, 2 * clip.length_s):
            break
        events += tracker.step(seen)
    events = [e for e in sorted(events, key=lambda e: e.start_s) if e.start_s > 3.0 and e.action.value in liveness.allowed]
    turns_asked = liveness.require_turn and not TURNS.isdisjoint(Action(name) for name in liveness.allowed)
    for first in range(len(events)):
        chosen: list[GestureEvent] = []
        for event in events[first:]:
            apart = not chosen or event.start_s > chosen[-1].end_s + 2.0
            enough = event.action not in TURNS or event.strength >= 20.0
            left = liveness.actions - len(chosen)
            must_turn = turns_asked and left == 1 and TURNS.isdisjoint(e.action for e in chosen)
            fits = event.action not in {e.action for e in chosen} and (not must_turn or event.action in TURNS)
            if apart and enough and fits:
                chosen.append(event)
            if len(chosen) == liveness.actions:
                return Challenge(tuple(Step(e.action, (0.0,), e.start_s - CUE_LEAD_S) for e in chosen))
    return None


def looped(clip: Played, start: int) -> Iterator[tuple[FaceObservation, np.ndarray]]:
    """Frames over and over, times going on from 0."""
    offset = -clip.observations[start].t_s
    index = start
    while True:
        seen = clip.observations[index]
        yield replace(seen, t_s=seen.t_s + offset), clip.pictures[index]
        index += 1
        if index == len(clip.pictures):
            index, offset = 0, offset + clip.length_s


def fitted(image_bgr: np.ndarray, matrix: np.ndarray | None) -> np.ndarray:
    """Return a picture scaled by what `fitting` gave; as it is without."""
    if matrix is None:
        return image_bgr
    grey = (96.0, 96.0, 96.0)
    return np.asarray(cv2.warpAffine(image_bgr, matrix, CANVAS, borderMode=cv2.BORDER_CONSTANT, borderValue=grey))


def fitting(raw: list[Frame], make: Callable[[], Landmarker]) -> np.ndarray | None:
    """Return the scaling that puts the clip's usual face where the guidance wants it; None without a face."""
    landmarker = make()
    boxes = []
    try:
        for frame in raw[:: max(1, len(raw) // 12)]:
            seen = landmarker.observe(frame)
            if seen.box is not None:
                boxes.append(seen.box)
    finally:
        landmarker.close()
    if not boxes:
        return None
    x0, y0, x1, y1 = np.median(np.array(boxes), axis=0)
    scale = FACE_SHARE * CANVAS[1] / max(y1 - y0, 1.0)
    return np.array(
        [[scale, 0, CANVAS[0] / 2 - scale * (x0 + x1) / 2], [0, scale, CANVAS[1] / 2 - scale * (y0 + y1) / 2]], np.float64
    )


def _noise_table(shape: tuple[int, ...], noise: float, rng: np.random.Generator) -> np.ndarray | None:
    if noise <= 0:
        return None
    return rng.normal(0, noise, (shape[0] + 32, shape[1] + 32, 3)).round().astype(np.int16)


def _add_noise(image: np.ndarray, table: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    y, x = int(rng.integers(0, 33)), int(rng.integers(0, 33))
    height, width = image.shape[:2]
    return cv2.add(image, table[y : y + height, x : x + width], dtype=cv2.CV_8U)
