"""rapidocr behind one call: a picture to lines of text. Loaded from the files inside the installed package, never from a network.

Built and used in one thread (the scan worker's, or a test's). Nothing of a picture or its text is logged or kept.
"""

from __future__ import annotations

import logging
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from kiosk.errors import ModelError
from kiosk.ocr.lines import DOTS, MAX_LINES, Box, TextLine

DETECTOR = "PP-OCRv6_det_small.onnx"
READER = "PP-OCRv6_rec_small.onnx"
_STEP = 8 / 48  # the network sees a line 48 pixels high, and answers every 8 of them
_DETECT_SIDE = 736  # measured: at 640 the thin labels go missing, at 960 it takes twice as long


class Recogniser(Protocol):
    """What `CardOcr` needs."""

    def lines(self, card_bgr: np.ndarray) -> list[TextLine]:
        """Return the lines on a straightened card, boxes in shares of it. Raises ModelError."""


class Certainty(float):
    """The certainty of a line's least certain character, with the places of all: rapidocr hands on a text and a number, no more."""

    places: tuple[float, ...]

    def __new__(cls, value: float, places: tuple[float, ...]) -> Certainty:
        """places: the middle of each character, in heights of the line, from its left edge."""
        made = super().__new__(cls, value)
        made.places = places
        return made


class RapidRecogniser:
    """PP-OCR through onnxruntime."""

    def __init__(self, threads: int = 2, folder: Path | None = None) -> None:
        """Load the models (about a second). folder: other weights, for tests. Raises ModelError when they are not there.

        The paths are given: without them rapidocr would compare checksums and fetch what does not fit (its download_file.py).
        """
        paths = [(folder or _installed()) / name for name in (DETECTOR, READER)]
        missing = [path.name for path in paths if not path.is_file()]
        if missing:
            raise ModelError(f"text recognition: {', '.join(missing)} not in the installed package")
        log = logging.getLogger("RapidOCR")
        try:
            from omegaconf import flag_override
            from rapidocr import RapidOCR

            make: Any = RapidOCR
            self._engine = make(
                params={
                    "Global.log_level": "critical",
                    "Global.use_cls": False,
                    "Global.text_score": 0.0,
                    "Det.model_path": str(paths[0]),
                    "Det.limit_type": "max",
                    "Det.limit_side_len": _DETECT_SIDE,
                    "Rec.model_path": str(paths[1]),
                    "Rec.rec_batch_num": 1,
                    "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                }
            )
            # Our own sessions, as rapidocr allows. measured: 90 MB less than its own, for a tenth more of processor time.
            with flag_override(self._engine.cfg, "allow_objects", True):
                self._engine.cfg.Det.session, self._engine.cfg.Rec.session = (_session(path, threads) for path in paths)
            # Both are otherwise loaded at the first picture, while somebody waits.
            self._engine._load_det_model()
            decoder = self._engine._load_rec_model().postprocess_op
            decoder.decode = partial(_decoded, decoder.character)
        except Exception as error:  # whatever the engine raises on a damaged file
            raise ModelError(f"text recognition: {type(error).__name__}") from error
        finally:
            log.handlers.clear()  # it writes to the console, past our allow-list
            log.disabled = True

    def lines(self, card_bgr: np.ndarray) -> list[TextLine]:
        """Return the lines on a straightened card, boxes in shares of it. Raises ModelError."""
        try:
            found = self._engine(np.ascontiguousarray(card_bgr))
        except Exception as error:
            raise ModelError(f"text recognition: {type(error).__name__}") from error
        boxes, texts, scores = getattr(found, "boxes", None), getattr(found, "txts", None), getattr(found, "scores", None)
        if boxes is None or texts is None or scores is None or len(boxes) == 0:
            return []
        quads = np.asarray(boxes, np.float64)[: 4 * MAX_LINES]
        upright = _upright(quads, (card_bgr.shape[1], card_bgr.shape[0]))
        height, width = card_bgr.shape[:2]
        found_lines = []
        for box, text, score in zip(upright, texts, scores, strict=False):
            tall = (box[3] - box[1]) * height
            long = (box[2] - box[0]) * width / tall if tall > 0 else 0.0
            places = score.places if isinstance(score, Certainty) else ()
            found_lines.append(TextLine(str(text), box, float(score), long, places))
        return found_lines


def _session(path: Path, threads: int) -> Any:
    from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions

    options = SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = False
    # Its threads sleep between two operations instead of turning in a loop: a third less processor time for a picture, no later.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_BASIC  # the blocked layout holds the weights twice
    return InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _decoded(
    characters: list[str],
    indices: np.ndarray,
    certainty: np.ndarray,
    *_: Any,
    **__: Any,
) -> tuple[list[tuple[str, Certainty]], list[Any]]:
    """Take rapidocr's place at decoding: (text, certainty of the least certain character) instead of the mean over the line.

    indices, certainty: (lines, steps), the best class of each step and its probability; class 0 is the blank. Spaces are left
    out: between a label and its value they are as good as guessed, and would count as doubt. Middle dots are read, but their
    doubt does not count: one dot looks like another, and all are one in a name.
    """
    out = []
    for line, sure in zip(indices, certainty, strict=True):
        changes = np.flatnonzero(np.r_[True, line[1:] != line[:-1], True])
        read = []
        for begin, end in zip(changes[:-1], changes[1:], strict=True):
            text = characters[line[begin]] if line[begin] != 0 else ""
            if text.strip():
                read.append((text, float(sure[begin]), (begin + end) / 2 * _STEP))
        least = min((p for text, p, _ in read if text not in DOTS), default=0.0)
        places = tuple(at for text, _, at in read for _ in text)
        out.append(("".join(text for text, _, _ in read), Certainty(least, places)))
    return out, []


def _upright(quads: np.ndarray, size: tuple[int, int]) -> list[Box]:
    """Return boxes in shares of `size` with the common slant of all lines taken out, so that a row is a row again.

    quads: (n, 4, 2) pixels, clockwise from the top left. An outline that a shadow or a finger pulled askew leaves a slant.
    """
    width, height = size
    across = (quads[:, 1] + quads[:, 2] - quads[:, 0] - quads[:, 3]) / 2
    down = (quads[:, 2] + quads[:, 3] - quads[:, 0] - quads[:, 1]) / 2
    long = np.abs(across[:, 0]) > 2.5 * np.abs(down[:, 1])  # short lines have no direction to speak of
    slant = float(np.median(across[long, 1] / across[long, 0])) if long.any() else 0.0
    out: list[Box] = []
    for (x, y), side, high in zip(quads.mean(axis=1), across, down, strict=True):
        y -= slant * (x - width / 2)
        half_w, half_h = abs(float(side[0])) / 2, abs(float(high[1])) / 2
        out.append((float(x - half_w) / width, float(y - half_h) / height, float(x + half_w) / width, float(y + half_h) / height))
    return out


def _installed() -> Path:
    spec = find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise ModelError("text recognition: rapidocr is not installed")
    return Path(spec.origin).parent / "models"
