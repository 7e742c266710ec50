"""The scorer with a made-up model that hears 一, 幺 and 1 alike; and the model itself, small and of random weights."""

from __future__ import annotations

import json
import math
import struct

import numpy as np
import pytest

from kiosk.errors import ModelError
from kiosk.microphone import whisper
from kiosk.microphone.mel import RATE
from kiosk.microphone.scorer import FORMS, Scorer, changed, likely
from kiosk.microphone.whisper import Led, Whisper

SEPARATOR, SECOND = 50, 61  # tokens: between two digits; the second one of 零


class Hears:
    """Believes, at the n-th digit of whatever it is led along, in the one it was told, spelt in a way of its own."""

    def __init__(self, says: tuple[int, ...]) -> None:
        self.says = says

    def hear(self, mel):
        return mel

    def lead(self, heard, tokens, before=None):
        began = 0 if before is None else before.hidden[0, -1, 0]
        told = np.array([np.cumsum([token not in (SEPARATOR, SECOND, 40, 41, 42, 43) for token in row]) for row in tokens]) + began
        return Led(told[..., None], [], len(tokens[0]) + (before.tokens if before is not None else 0))

    def columns(self, tokens):
        return np.array(tokens)

    def logits(self, hidden, columns):
        return np.stack([np.where(columns == self.says[int(place) % len(self.says)], 8.0, 0.0) for place in hidden[:, 0]])


def vocabulary(tmp_path) -> None:
    from kiosk.microphone.scorer import _as_bytes

    table: dict[str, int] = {"、": SEPARATOR}
    for number, forms in enumerate(FORMS):
        table |= {forms[0]: number, f" {forms[0]}": 10 + number, forms[1]: 20 + number, forms[-1]: 30 + number}
    del table["零"], table["〇"]
    spelt = {_as_bytes(text): ident for text, ident in table.items()}
    zero, other = _as_bytes("零"), _as_bytes("〇")
    spelt |= {zero[:2]: 60, zero[2:]: SECOND, other[:2]: 62, other[2:]: 63}
    added = [
        {"content": text, "id": 40 + number} for number, text in enumerate(("<|startoftranscript|>", "<|zh|>", "<|transcribe|>"))
    ]
    added.append({"content": "<|notimestamps|>", "id": 43})
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {"vocab": spelt}, "added_tokens": added}), encoding="utf-8")


@pytest.mark.parametrize(
    ("says", "digits", "leads"),
    [
        ((2, 9, 4, 7), "2947", [True, True, True, True]),
        ((22, 39, 14, 7), "2947", [True, True, True, True]),
        ((2, 9, 5, 7), "2947", [True, True, False, True]),
        ((3, 9, 4, 6), "2947", [False, True, True, False]),
        ((62, 31, 4, 7), "0147", [True, True, True, True]),
    ],
)
def test_what_is_believed_at_each_digit(tmp_path, says, digits, leads):
    vocabulary(tmp_path)
    scorer = Scorer(tmp_path, Hears(says))
    assert [one > 0 for one in scorer.margins(np.zeros(RATE, np.float32), digits)] == leads


def test_every_string_with_one_other_digit_is_an_alternative():
    others = changed("29")
    assert [len(place) for place in others] == [9, 9]
    assert "19" in others[0]
    assert "20" in others[1]
    assert "29" not in (*others[0], *others[1])


def test_the_likeliest_are_asked_about():
    told = np.zeros((2, 10))
    told[0, [2, 7, 5]] = 9.0, 4.0, 3.0
    told[1, [9, 0, 1]] = 9.0, 2.0, 3.0
    assert likely(told, "29", 2) == [["79", "59"], ["21", "20"]]


# --- the model


def entry(name: str, array: np.ndarray) -> bytes:
    data = array.astype("<f2").tobytes()
    shape = struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
    return struct.pack("<H", len(name) + 1) + name.encode() + b"\0" + shape + struct.pack("<BI", 4, len(data)) + data


def written(path, *, spec: str = "WhisperSpec") -> None:
    """Write two layers of 16 numbers, 4 tokens, 80 bands, at most 12 frames and 9 tokens."""
    random = np.random.default_rng(20)
    wide, inner = 16, 24
    shapes: dict[str, tuple[int, ...]] = {
        "encoder/conv1/weight": (wide, 80, 3), "encoder/conv1/bias": (wide,), "encoder/conv2/weight": (wide, wide, 3),
        "encoder/conv2/bias": (wide,), "encoder/position_encodings/encodings": (12, wide),
        "decoder/position_encodings/encodings": (9, wide), "decoder/embeddings/weight": (4, wide),
        "encoder/layer_norm/gamma": (wide,), "encoder/layer_norm/beta": (wide,),
        "decoder/layer_norm/gamma": (wide,), "decoder/layer_norm/beta": (wide,),
    }  # fmt: skip
    for layer in ("encoder/layer_0", "encoder/layer_1", "decoder/layer_0", "decoder/layer_1"):
        for name, sizes in {
            "self_attention": (3 * wide, wide), "attention": (wide, 2 * wide, wide), "ffn": (inner, wide),
        }.items():  # fmt: skip
            if name == "attention" and layer.startswith("encoder"):
                continue
            shapes |= {f"{layer}/{name}/layer_norm/gamma": (wide,), f"{layer}/{name}/layer_norm/beta": (wide,)}
            for number, size in enumerate(sizes):
                into = inner if name == "ffn" and number else wide
                shapes |= {f"{layer}/{name}/linear_{number}/weight": (size, into), f"{layer}/{name}/linear_{number}/bias": (size,)}
    parts = [entry(name, random.standard_normal(shape)) for name, shape in shapes.items()]
    heads = struct.pack("<H", 14) + b"decoder/heads\0" + struct.pack("<BBI", 0, 2, 2) + b"\x08\x00"
    head = struct.pack("<I", 6) + struct.pack("<H", len(spec) + 1) + spec.encode() + b"\0" + struct.pack("<II", 3, len(parts) + 1)
    path.write_bytes(head + heads + b"".join(parts) + struct.pack("<I", 0))


@pytest.fixture
def model(tmp_path) -> Whisper:
    written(tmp_path / "model.bin")
    return Whisper(tmp_path / "model.bin")


def test_rows_that_share_a_beginning_are_led_as_if_each_went_alone(model):
    heard = model.hear(np.random.default_rng(1).standard_normal((80, 10)).astype(np.float32))
    begun = model.lead(heard, [[0, 1, 2, 3]]).until(3)
    after = model.lead(heard, [[1, 0], [3, 3]], begun)
    for number, row in enumerate(([0, 1, 2, 1, 0], [0, 1, 2, 3, 3])):
        alone = model.lead(heard, [row])
        assert (alone.tokens, after.tokens) == (5, 5)
        np.testing.assert_allclose(alone.hidden[0, :3], begun.hidden[0], rtol=1e-3, atol=1e-3)  # nothing looks ahead
        np.testing.assert_allclose(alone.hidden[0, 3:], after.hidden[number], rtol=1e-3, atol=1e-3)
    assert np.abs(after.hidden[0] - after.hidden[1]).max() > 0.01


def test_what_is_heard_matters_and_logits_are_of_the_tokens_asked_for(model):
    one, other = (np.random.default_rng(seed).standard_normal((80, 10)).astype(np.float32) for seed in (1, 2))
    first, second = (model.lead(model.hear(mel), [[0, 1]]).hidden for mel in (one, other))
    assert np.abs(first - second).max() > 0.01
    assert [values.shape for pair in model.hear(one) for values in pair] == [(1, 8, 5, 2)] * 4  # half as many frames
    both = model.logits(first, model.columns([0, 3]))
    np.testing.assert_allclose(both[..., 1:], model.logits(first, model.columns([3])), rtol=1e-5)


def test_parts_that_numpy_has_not():
    x = np.linspace(-4, 4, 41, dtype=np.float32)
    wanted = [0.5 * one * (1 + math.erf(one / math.sqrt(2))) for one in x.tolist()]
    np.testing.assert_allclose(whisper._gelu(x), wanted, atol=2e-6)
    assert whisper._softmax(np.array([[1000.0, 1000.0], [0.0, -np.inf]])).tolist() == [[0.5, 0.5], [1.0, 0.0]]


@pytest.mark.parametrize("content", [b"", b"\x06\0\0\0\x05\0Bert\0", None])
def test_a_file_that_is_none_of_these_weights(tmp_path, content):
    if content is None:
        written(tmp_path / "model.bin", spec="WhisperSpecialSpec")
    else:
        (tmp_path / "model.bin").write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.bin"):
        Whisper(tmp_path / "model.bin")
