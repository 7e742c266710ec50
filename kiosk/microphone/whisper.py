"""Whisper base in numpy: what its encoder makes of a sound, and how it is led along given tokens. Nothing is written freely.

The weights are those of the package in config/voice.toml (one file, float16, as CTranslate2 keeps them). Rows that are led from
the same beginning share it, and all rows share what the encoder heard: an engine that takes each by itself is many times slower.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kiosk.errors import ModelError

_FLOAT16 = 4  # the file's number for it
_HEADS = 8
_VOCABULARY = "decoder/embeddings/weight"
_MASKED = np.float32(-1e9)

Keys = list[tuple[np.ndarray, np.ndarray]]  # of each layer: keys and values, (rows, heads, tokens, 64)


@dataclass(frozen=True, slots=True)
class Led:
    """Where a row of tokens led: `hidden` (rows, tokens, 512), and what goes on from there."""

    hidden: np.ndarray
    keys: Keys
    tokens: int  # from the very beginning

    def until(self, tokens: int) -> Led:
        """Return the beginning of one row, for others that go on differently."""
        return Led(self.hidden[:, :tokens], [(k[:, :, :tokens], v[:, :, :tokens]) for k, v in self.keys], tokens)


class Whisper:
    """Loaded weights. Nothing in it changes: safe for threads."""

    def __init__(self, path: Path) -> None:
        """Raises ModelError for a file that is none of these weights."""
        try:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                self._weights = dict(_read(data))
            self._layers = sum(name.startswith("decoder/layer_") and name.endswith("/ffn/linear_0/bias") for name in self._weights)
            self._vocabulary = self._weights.pop(_VOCABULARY)  # float16: few of its rows are ever asked for
            self._far = self._weights["encoder/position_encodings/encodings"]
        except (OSError, KeyError, ValueError, struct.error) as error:
            raise ModelError(f"{path.name}: {error}") from error

    # --- the encoder

    def hear(self, mel: np.ndarray) -> Keys:
        """Return what the decoder may look at, of each layer; mel: (80, frames)."""
        sound = self.encode(mel)
        kept: Keys = []
        for layer in range(self._layers):
            keys, values = np.split(self._linear(sound, f"decoder/layer_{layer}/attention/linear_1"), 2, axis=-1)
            kept.append((_in_heads(keys[None]), _in_heads(values[None])))
        return kept

    def encode(self, mel: np.ndarray) -> np.ndarray:
        """Return (frames / 2, 512)."""
        x = _gelu(self._convolved(mel, "encoder/conv1", 1))
        x = _gelu(self._convolved(x.T, "encoder/conv2", 2))
        x = (x + self._far[: len(x)])[None]
        for layer in range(self._layers):
            name = f"encoder/layer_{layer}"
            query, keys, values = self._split(x, f"{name}/self_attention")
            heard = _softmax(query @ keys.swapaxes(-1, -2)) @ values
            x = x + self._linear(_joined(heard), f"{name}/self_attention/linear_1")
            x = x + self._through(x, f"{name}/ffn")
        return self._normal(x[0], "encoder/layer_norm")

    def _convolved(self, x: np.ndarray, name: str, step: int) -> np.ndarray:
        weight = self._weights[f"{name}/weight"]
        around = np.lib.stride_tricks.sliding_window_view(np.pad(x, ((0, 0), (1, 1))), 3, axis=1)[:, ::step]
        rows = around.transpose(1, 0, 2).reshape(around.shape[1], -1)
        return np.asarray(rows @ weight.reshape(len(weight), -1).T + self._weights[f"{name}/bias"])

    # --- the decoder

    def lead(self, heard: Keys, tokens: Sequence[Sequence[int]], before: Led | None = None) -> Led:
        """Lead rows of equally many tokens, all from the same beginning (one row) or from none."""
        began = before.tokens if before is not None else 0
        rows = np.array(tokens)
        count = rows.shape[1]
        x = self._vocabulary[rows].astype(np.float32) + self._weights["decoder/position_encodings/encodings"][began : began + count]
        later = np.triu(np.full((count, count), _MASKED, np.float32), 1)
        kept: Keys = []
        for layer in range(self._layers):
            name = f"decoder/layer_{layer}"
            query, keys, values = self._split(x, f"{name}/self_attention")
            kept.append((keys, values))
            scores = query @ keys.swapaxes(-1, -2) + later
            if before is not None:
                old_keys, old_values = before.keys[layer]
                belief = _softmax(np.concatenate([query @ old_keys.swapaxes(-1, -2), scores], axis=-1))
                own = belief[..., :began] @ old_values + belief[..., began:] @ values
            else:
                own = _softmax(scores) @ values
            x = x + self._linear(_joined(own), f"{name}/self_attention/linear_1")
            asked = self._linear(self._normal(x, f"{name}/attention/layer_norm"), f"{name}/attention/linear_0")
            flat = _in_heads(asked.reshape(1, -1, asked.shape[-1])) / 8
            sound_keys, sound_values = heard[layer]
            seen = _joined(_softmax(flat @ sound_keys.swapaxes(-1, -2)) @ sound_values)
            x = x + self._linear(seen.reshape(x.shape), f"{name}/attention/linear_2")
            x = x + self._through(x, f"{name}/ffn")
        return Led(x, kept, began + count)

    def columns(self, tokens: Sequence[int]) -> np.ndarray:
        """Return (512, tokens): what `hidden`, made normal, is multiplied with for those tokens' logits."""
        return np.ascontiguousarray(self._vocabulary[list(tokens)].T.astype(np.float32))

    def logits(self, hidden: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return (..., tokens) of `columns`."""
        return np.asarray(self._normal(hidden, "decoder/layer_norm") @ columns, dtype=np.float64)

    # --- parts of both

    def _split(self, x: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return query, keys, values in heads."""
        query, keys, values = np.split(self._linear(self._normal(x, f"{name}/layer_norm"), f"{name}/linear_0"), 3, axis=-1)
        return _in_heads(query) / 8, _in_heads(keys), _in_heads(values)

    def _through(self, x: np.ndarray, name: str) -> np.ndarray:
        return self._linear(_gelu(self._linear(self._normal(x, f"{name}/layer_norm"), f"{name}/linear_0")), f"{name}/linear_1")

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray:
        weight = self._weights[f"{name}/weight"]
        flat = x.reshape(-1, x.shape[-1]) @ weight.T + self._weights[f"{name}/bias"]
        return np.asarray(flat.reshape(*x.shape[:-1], len(weight)))

    def _normal(self, x: np.ndarray, name: str) -> np.ndarray:
        away = x - x.mean(axis=-1, keepdims=True)
        wide = np.sqrt((away * away).mean(axis=-1, keepdims=True) + np.float32(1e-5))
        return np.asarray(away / wide * self._weights[f"{name}/gamma"] + self._weights[f"{name}/beta"])


def _read(data: mmap.mmap) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the float16 arrays of a CTranslate2 file, as float32 (the vocabulary as it is)."""
    at = 4  # the format's version

    def number(form: str) -> int:
        nonlocal at
        value = struct.unpack_from(f"<{form}", data, at)[0]
        at += struct.calcsize(form)
        return int(value)

    def text() -> str:
        nonlocal at
        length = number("H")
        at += length
        return data[at - length : at - 1].decode()

    if text() != "WhisperSpec":
        raise ValueError("no Whisper")
    number("I")
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind, size = number("B"), number("I")
        if kind == _FLOAT16:
            kept = np.float16 if name == _VOCABULARY else np.float32
            yield name, np.frombuffer(data, "<f2", size // 2, at).reshape(shape).astype(kept)
        at += size


def _in_heads(x: np.ndarray) -> np.ndarray:
    """(rows, tokens, 512) to (rows, heads, tokens, 64)."""
    return x.reshape(*x.shape[:2], _HEADS, -1).swapaxes(1, 2)


def _joined(x: np.ndarray) -> np.ndarray:
    """The way back."""
    return x.swapaxes(1, 2).reshape(x.shape[0], x.shape[2], -1)


def _softmax(x: np.ndarray) -> np.ndarray:
    raised = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def _gelu(x: np.ndarray) -> np.ndarray:
    """Return x times the share of a normal distribution below it; its error function by Abramowitz and Stegun 7.1.26, to 2e-7."""
    size = np.abs(x) * np.float32(0.70710678)
    t = 1 / (1 + np.float32(0.3275911) * size)
    poly = np.float32(1.061405429)
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        poly = poly * t + np.float32(factor)
    return np.asarray(np.float32(0.5) * x * (1 + np.copysign(1 - poly * t * np.exp(-size * size), x)))
