"""Kokoro-82M v1.0 on onnxruntime: phonemes to sound, on one core. For `kiosk voice render` and the bench; never on a station.

The int8 export quantises every activation anew at run time, which costs two thirds of the processor time (measured: 0.99 against
0.38 s a second of speech) and adds noise: its weights are taken back to float32 when the model is loaded.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from kiosk.errors import ConfigError, ModelError
from kiosk.voice.render.parts import FOLDER, Parts, require

RATE = 24000
STYLE = 256  # of a voice's row, chosen by the number of tokens
HOP = 600  # samples of one frame: durations are counted in frames
KEPT_FRAMES = 1  # before the first phoneme: its closure
_DURATIONS = "/encoder/Clip_output_0"  # of the export: frames of each token, the ones before and after the sentence included


class Kokoro:
    """The model with one voice."""

    def __init__(self, parts: Parts, voice: str, folder: Path = FOLDER) -> None:
        try:
            import onnx
            import onnxruntime as ort
        except ImportError as error:
            raise ConfigError(f"{error.name} is not installed: pip install --require-hashes -r requirements/voice.txt") from error
        model = onnx.load(str(require(parts, "kokoro", folder)))
        to_float(model, onnx)
        model.graph.output.append(onnx.helper.make_tensor_value_info(_DURATIONS, onnx.TensorProto.FLOAT, None))
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # the same sums in the same order, on every machine
        self._session: Any = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        table = json.loads(require(parts, "phonemes", folder).read_text(encoding="utf-8"))
        self._tokens: dict[str, int] = table["vocab"]
        self._voice = np.fromfile(require(parts, voice, folder), dtype="<f4").reshape(-1, 1, STYLE)

    def speak(self, phonemes: str, speed: float, style: int | None = None) -> np.ndarray:
        """Return the sound of a sentence: float32, (samples,), 24 kHz. Raises ModelError for a phoneme the model has not.

        style: of a sentence of so many sounds, instead of its own.

        The model hums before it speaks: half a second belongs to the token of the beginning, and the last tenth of it is a vowel
        that nobody asked for ("e-qing" for 请). It is cut off where the first phoneme begins.
        """
        unknown = sorted(set(phonemes) - self._tokens.keys())
        if unknown or not phonemes:
            raise ModelError(f"no such phoneme: {unknown} in {phonemes!r}")
        tokens = [self._tokens[char] for char in phonemes]
        given = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": self._voice[len(tokens) - 1 if style is None else style],
            "speed": np.array([speed], dtype=np.float32),
        }
        sound, durations = self._session.run(None, given)
        first = max(0, int(np.ravel(durations)[0]) - KEPT_FRAMES) * HOP
        return np.asarray(sound, dtype=np.float32).ravel()[first:]


def to_float(model: Any, onnx: Any) -> None:
    """Replace, in place, each dynamically quantised convolution and product by a float32 one with the same weights.

    The shape of such a step, as onnxruntime's quantiser writes it: DynamicQuantizeLinear -> ConvInteger | MatMulInteger
    [-> Add of the quantised bias] -> Cast -> Mul with (scale of the input x scale of the weight).
    """
    graph, as_array = model.graph, onnx.numpy_helper.to_array
    initial = {item.name: item for item in graph.initializer}
    maker = {name: node for node in graph.node for name in node.output}
    users: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    nodes: list[Any] = []
    gone: set[str] = set()
    for node in graph.node:
        if node.op_type not in ("ConvInteger", "MatMulInteger"):
            nodes.append(node)
            continue
        quantised = maker[node.input[0]]
        step, bias = users[node.output[0]][0], None
        if step.op_type == "Add":
            bias = _origin(next(name for name in step.input if name != node.output[0]), initial, maker)
            gone.add(step.output[0])
            step = users[step.output[0]][0]
        product = users[step.output[0]][0]
        scales = maker[next(name for name in product.input if name != step.output[0])]
        scale = as_array(initial[next(name for name in scales.input if name in initial)])
        weight, zero = as_array(initial[node.input[1]]).astype(np.float32), as_array(initial[node.input[3]]).astype(np.float32)
        if node.op_type == "ConvInteger":  # one scale a filter; a product has one a column
            shape = (-1, *([1] * (weight.ndim - 1)))
            scale, zero = (value.reshape(shape) if value.size > 1 else value for value in (scale, zero))
        name = f"{node.input[1]}_{node.name}_float"
        graph.initializer.append(onnx.numpy_helper.from_array(((weight - zero) * scale).astype(np.float32), name))
        made = onnx.helper.make_node(node.op_type.removesuffix("Integer"), [quantised.input[0], name], list(product.output))
        made.input.extend([bias] if bias else [])
        made.attribute.extend(node.attribute)
        nodes.append(made)
        gone |= {step.output[0], product.output[0]}
    replaced = {id(node) for node in nodes if node.name == ""}
    kept = [node for node in nodes if id(node) in replaced or not gone.intersection(node.output)]
    del graph.node[:]
    graph.node.extend(_used(kept, {item.name for item in graph.output}))
    names = {name for node in graph.node for name in node.input}
    weights = [item for item in graph.initializer if item.name in names]
    del graph.initializer[:]
    graph.initializer.extend(weights)


def _origin(name: str, initial: dict[str, Any], maker: dict[str, Any]) -> str:
    """Return the float bias that a quantised one is made from."""
    while name not in initial:
        name = next(item for item in maker[name].input if item in initial or item in maker)
    return name


def _used(nodes: list[Any], wanted: set[str]) -> list[Any]:
    """Return the nodes that the outputs need, in their order."""
    kept = []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted |= set(node.input)
    return kept[::-1]
