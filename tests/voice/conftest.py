"""Sound for tests: a player that remembers instead of sounding."""

from __future__ import annotations

import threading
import wave
from pathlib import Path

import pytest

from kiosk.config import Voice
from kiosk.voice.sound import Trouble
from kiosk.voice.speaker import Speaker


class RecordingPlayer:
    """Remembers what was played; sounds until it is stopped or let go."""

    def __init__(self) -> None:
        self.played: list[str] = []
        self.trouble = Trouble.NONE
        self.head_s = 0.25
        self.stops = 0
        self.began = threading.Condition()
        self._sounding = threading.Event()

    def play(self, path: Path) -> None:
        with self.began:
            self.played.append(path.name)
            self._sounding.set()
            self.began.notify_all()

    def playing(self) -> bool:
        return self._sounding.is_set()

    def stop(self) -> None:
        self.stops += 1
        self._sounding.clear()

    def close(self) -> None:
        self.stop()

    def let_go(self) -> None:
        """The sound has come to its end."""
        self._sounding.clear()

    def wait_for(self, count: int) -> bool:
        """Wait until so many sounds have begun."""
        with self.began:
            return self.began.wait_for(lambda: len(self.played) >= count, timeout=10)


class WavWriter:
    """A synthesiser that writes silence, and can be made to fail or to hang."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []
        self.joins: list[list[list[str]]] = []
        self.rests: list[list[float]] = []
        self.ends: list[bool] = []  # of the next joins: whether they came to their end
        self.works = True
        self.gate = threading.Event()
        self.gate.set()

    def write(self, text: str, language: str, rate: int, path: Path) -> bool:
        self.gate.wait(10)
        self.texts.append((language, text))
        if self.works:
            write_silence(path)
        return self.works

    def join(self, runs: list[tuple[float, list[Path]]], path: Path, *, volume: float, head_s: float) -> bool:
        self.gate.wait(10)
        self.joins.append([[item.name for item in run] for _, run in runs])
        self.rests.append([rest for rest, _ in runs])
        write_silence(path)
        return True

    def finish(self) -> bool:
        return self.ends.pop(0) if self.ends else True

    def wake(self) -> None:
        return

    def close(self) -> None:
        self.gate.set()


def write_silence(path: Path, seconds: float = 0.1, sample: int = 0) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(22050)
        sound.writeframes(sample.to_bytes(2, "little", signed=True) * int(22050 * seconds))


@pytest.fixture
def player():
    return RecordingPlayer()


@pytest.fixture
def synthesiser():
    return WavWriter()


@pytest.fixture
def speaker(player, synthesiser, tmp_path):
    made = Speaker(Voice(), synthesiser, player, tmp_path / "recordings", tmp_path / "rendered")
    made.start()
    yield made
    made.stop()
