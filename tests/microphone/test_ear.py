"""The ear, with a made-up microphone and recogniser: what is kept, what is told, and that nothing stays."""

from __future__ import annotations

import os
import sys
import threading
import types

import numpy as np
import pytest

from kiosk.emulators.spoken_microphone import SpokenMicrophone
from kiosk.errors import DeviceError, ModelError
from kiosk.microphone import recogniser as process
from kiosk.microphone import recorder, source
from kiosk.microphone.ear import KEPT_S, LOST_S, QUIETEST_DB, START_S, Ear
from kiosk.microphone.mel import RATE, log_mel
from kiosk.microphone.recogniser import ProcessRecogniser
from kiosk.microphone.scorer import Scorer
from kiosk.microphone.source import BLOCK_S, AlsaSource, open_source

BLOCK = round(BLOCK_S * RATE)


class Microphone:
    def __init__(self, name: str = "made up", broken: bool = False) -> None:
        self.name, self.broken, self.take, self.away = name, broken, None, False

    def there(self) -> str:
        return self.name

    def open(self, take) -> None:
        if self.broken:
            raise DeviceError("no")
        self.take = take

    def alive(self) -> bool:
        return not self.away

    def now_s(self) -> float:
        return 0.0

    def close(self) -> None:
        self.take = None


class Answers:
    def __init__(self, answer: tuple[float, ...] = (1.0, 2.0, 3.0, 4.0), complete: bool = True) -> None:
        self.answer, self.complete, self.awake = answer, complete, False
        self.heard: list[tuple[int, str]] = []
        self.kept: list[np.ndarray] = []
        self.go = threading.Event()
        self.go.set()

    def there(self) -> bool:
        return self.complete

    def wake(self) -> None:
        self.awake = True

    def margins(self, samples: np.ndarray, digits: str) -> tuple[float, ...]:
        self.heard.append((len(samples), digits))
        self.kept.append(samples)
        self.go.wait(5)
        return self.answer

    def close(self) -> None:
        self.awake = False


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def speak(ear: Ear, microphone: Microphone, clock: Clock, seconds: float, level: float) -> None:
    for _ in range(round(seconds / BLOCK_S)):
        clock.now_s += BLOCK_S
        microphone.take(np.full(BLOCK, level, np.float32))


def wait_for(ear: Ear) -> tuple[float, ...] | None:
    for thread in threading.enumerate():
        if thread.name == "recogniser":
            thread.join(5)
    return ear.weighed()


@pytest.mark.parametrize(("name", "complete", "ready"), [("made up", True, True), ("", True, False), ("made up", False, False)])
def test_digits_are_offered_where_microphone_and_recogniser_are_there(name, complete, ready):
    assert Ear(Microphone(name), Answers(complete=complete)).ready() is ready


def test_what_was_said_between_two_moments_is_compared_and_forgotten():
    microphone, answers, clock = Microphone(), Answers(), Clock()
    microphone.now_s = clock
    ear = Ear(microphone, answers)
    assert ear.open()
    assert answers.awake
    speak(ear, microphone, clock, 2.0, 0.1)
    levels = ear.levels()
    assert len(levels) == 100
    assert levels[-1] == (pytest.approx(102.0 - BLOCK_S / 2), pytest.approx(-20.0))
    assert ear.levels() == []
    speak(ear, microphone, clock, 1.0, 0.0)
    assert {level for _, level in ear.levels()} == {QUIETEST_DB}
    assert ear.weighed() is None
    ear.weigh("2947", 101.0, 101.5)
    assert wait_for(ear) == (1.0, 2.0, 3.0, 4.0)
    assert ear.weighed() is None
    (samples, digits), *_ = answers.heard
    assert digits == "2947"
    assert samples / RATE == pytest.approx(1.3, abs=0.05)  # 0.4 s before and after
    assert not answers.kept[0].any()  # overwritten
    kept = [block for _, block in ear._blocks]
    ear.close()
    assert (ear._blocks, microphone.take, answers.awake) == ([], None, False)
    assert not any(block.any() for block in kept)


def test_an_answer_that_comes_after_the_end_belongs_to_nobody():
    microphone, answers, clock = Microphone(), Answers(), Clock()
    microphone.now_s = clock
    ear = Ear(microphone, answers)
    ear.open()
    answers.go.clear()
    ear.weigh("2947", 100.0, 101.0)
    ear.close()
    answers.go.set()
    assert wait_for(ear) is None


def test_a_microphone_that_does_not_open_and_one_that_never_ends():
    assert not Ear(Microphone(broken=True), Answers()).open()
    microphone, clock = Microphone(), Clock()
    microphone.now_s = clock
    ear = Ear(microphone, Answers())
    ear.open()
    speak(ear, microphone, clock, KEPT_S + 5, 0.1)
    assert len(ear._blocks) == round(KEPT_S / BLOCK_S)


def test_sound_that_a_busy_machine_hands_over_late_is_timed_as_it_was_heard():
    microphone, clock = Microphone(), Clock()
    microphone.now_s = clock
    ear = Ear(microphone, Answers())
    ear.open()
    speak(ear, microphone, clock, 1.0, 0.1)
    clock.now_s += 0.5  # nothing is handed over for half a second, then everything that was heard
    for _ in range(round(0.5 / BLOCK_S)):
        microphone.take(np.full(BLOCK, 0.1, np.float32))
    speak(ear, microphone, clock, 1.0, 0.1)
    times = [at_s for at_s, _ in ear.levels()]
    assert np.diff(times) == pytest.approx(BLOCK_S)
    assert times[-1] == pytest.approx(102.5 - BLOCK_S / 2)


def test_a_first_block_that_is_late_turns_no_time_back():
    microphone, clock = Microphone(), Clock()
    microphone.now_s = clock
    ear = Ear(microphone, Answers())
    ear.open()
    clock.now_s += 0.7
    speak(ear, microphone, clock, 0.1, 0.1)
    for _ in range(round(0.7 / BLOCK_S)):
        microphone.take(np.full(BLOCK, 0.1, np.float32))
    times = [at_s for at_s, _ in ear.levels()]
    assert min(np.diff(times)) >= 0
    assert times[-1] <= clock.now_s


def test_a_microphone_whose_cable_is_pulled_is_lost():
    microphone, clock = Microphone(), Clock()
    microphone.now_s = clock
    ear = Ear(microphone, Answers())
    ear.open()
    clock.now_s += START_S  # a process is started for it
    assert not ear.lost()
    clock.now_s += LOST_S + 0.1
    assert ear.lost()
    speak(ear, microphone, clock, 0.1, 0.0)
    assert not ear.lost()  # silence is something
    clock.now_s += LOST_S + 0.1
    assert ear.lost()
    speak(ear, microphone, clock, 0.1, 0.0)
    microphone.away = True
    assert ear.lost()


# --- ALSA, by a made-up library


class PortAudioError(Exception):
    pass


class Stream:
    """Fills in what it was given, and is over."""

    fills: np.ndarray | None = None  # None: it does not start
    asked: tuple[object, ...] = ()

    def __init__(self, rate, block, device, channels, *, dtype, callback, latency) -> None:
        type(self).asked = (rate, block, device, channels, dtype)
        self.callback, self.active = callback, True

    def __enter__(self):
        if self.fills is None:
            raise PortAudioError("busy")
        self.callback(self.fills.reshape(-1, 1), len(self.fills), None, None)
        self.active = False
        return self

    def __exit__(self, *_args) -> None:
        pass


def library(name: str | None, fills: np.ndarray | None = None) -> types.SimpleNamespace:
    counted: list[str] = []

    def query(device, kind):
        if name is None:
            raise PortAudioError("no card")
        if device not in (None, name) or counted[-2:] != ["forgets", "counts"]:
            raise ValueError(device)
        return {"name": name}

    return types.SimpleNamespace(
        PortAudioError=PortAudioError,
        query_devices=query,
        _terminate=lambda: counted.append("forgets"),
        _initialize=lambda: counted.append("counts"),
        InputStream=type("Made", (Stream,), {"fills": fills}),
    )


@pytest.mark.parametrize(("made", "device", "name"), [
    (None, "", ""), (library(None), "", ""), (library("USB PnP"), "", "USB PnP"), (library("USB PnP"), "another", ""),
])  # fmt: skip
def test_the_microphone_of_this_machine(monkeypatch, made, device, name):
    monkeypatch.setitem(sys.modules, "sounddevice", made)
    alsa = open_source(device)
    assert isinstance(alsa, AlsaSource)
    assert alsa.there() == name
    assert not alsa.alive()
    if made is None:
        with pytest.raises(DeviceError):
            alsa.open(lambda block: None)


def test_the_recorder_writes_what_it_hears_and_no_rubbish(monkeypatch):
    heard = np.linspace(-2, 2, BLOCK, dtype=np.float32)
    heard[:3] = np.nan, np.inf, -np.inf
    made = library("USB", heard)
    monkeypatch.setitem(sys.modules, "sounddevice", made)
    coming, going = os.pipe()
    assert recorder.main("USB", going) == 0
    assert made.InputStream.asked == (RATE, BLOCK, "USB", 1, "float32")
    written = np.frombuffer(os.read(coming, 1 << 16), "<f4")
    assert len(written) == BLOCK
    assert np.isfinite(written).all()
    assert (written.min(), written.max(), written[0]) == (-1.0, 1.0, 0.0)
    os.close(coming)
    assert recorder.main("", going) == 0  # nobody reads any more
    assert made.InputStream.asked[2] is None
    os.close(going)


@pytest.mark.parametrize("made", [None, library("USB")])
def test_a_recorder_that_cannot_open_says_nothing_and_ends(monkeypatch, made):
    monkeypatch.setitem(sys.modules, "sounddevice", made)
    assert recorder.main("", 1) == 1


def test_what_the_recorder_hears_is_handed_over_until_it_ends(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", library("USB"))
    code = f"import sys,array\nsys.stdout.buffer.write(array.array('f', [0.25] * {BLOCK * 2 + 7}).tobytes())"
    started = source.subprocess.Popen
    asked: list[list[str]] = []

    def begin(args, **kw):
        asked.append(args)
        return started([sys.executable, "-S", "-c", code], **kw)

    monkeypatch.setattr(source.subprocess, "Popen", begin)
    alsa, got = AlsaSource("USB"), []
    alsa.open(got.append)
    for thread in threading.enumerate():
        if thread.name == "microphone":
            thread.join(10)
    assert [len(block) for block in got] == [BLOCK, BLOCK]  # what is no whole block is left
    assert float(got[0][0]) == 0.25
    alsa._child.wait(10)
    assert not alsa.alive()
    alsa.close()
    alsa.close()
    assert asked == [[sys.executable, "-m", "kiosk.microphone.recorder", "USB"]]

    def none(*_args, **_kw):
        raise OSError("no memory")

    monkeypatch.setattr(source.subprocess, "Popen", none)
    with pytest.raises(DeviceError):
        alsa.open(got.append)


def test_emulators_add_their_own(monkeypatch):
    monkeypatch.setattr(source, "_FACTORIES", {})
    source.register("made-up", Microphone)
    assert open_source("made-up:here").there() == "here"
    assert isinstance(open_source("HDA Intel: ALC"), AlsaSource)


# --- the recogniser


def test_a_recogniser_without_its_files_is_not_there(tmp_path):
    assert not ProcessRecogniser(tmp_path).there()
    with pytest.raises(ModelError, match=r"model\.bin"):
        Scorer(tmp_path)
    assert process.main(tmp_path) == 1


def test_the_child_that_dies_and_the_child_that_answers(tmp_path, monkeypatch):
    dead = ProcessRecogniser(tmp_path)  # no weights there: the child ends at once
    assert dead.margins(np.zeros(100, np.float32), "2947") == ()
    dead.close()
    dead.close()
    code = (
        "import sys,json\n"
        "while line := sys.stdin.buffer.readline():\n"
        "    asked = json.loads(line); got = sys.stdin.buffer.read(4 * asked['samples'])\n"
        "    print(json.dumps([len(got), *map(int, asked['digits'])]), flush=True)\n"
    )
    started = process.subprocess.Popen
    monkeypatch.setattr(process.subprocess, "Popen", lambda _args, **kw: started([sys.executable, "-S", "-c", code], **kw))
    alive = ProcessRecogniser(tmp_path)
    alive.wake()
    child = alive._child
    assert alive.margins(np.zeros(100, np.float32), "29") == (400.0, 2.0, 9.0)
    assert alive.margins(np.zeros(7, np.float32), "1") == (28.0, 1.0)
    assert alive._child is child
    alive.close()
    assert child.poll() is not None


def test_no_process_can_be_started(tmp_path, monkeypatch):
    def none(*_args, **_kw):
        raise OSError("no memory")

    monkeypatch.setattr(process.subprocess, "Popen", none)
    assert ProcessRecogniser(tmp_path).margins(np.zeros(1, np.float32), "2947") == ()


def test_the_ear_of_the_recogniser_hears_pitch():
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)
    mel = log_mel(tone, 2.0)
    assert mel.shape == (80, 200)
    assert mel[:, 20:80].mean(axis=1).argmax() == 11  # 440 Hz
    assert mel[:, 20:80].mean() > mel[:, 120:].mean()
    assert log_mel(np.zeros(3 * RATE, np.float32), 2.0).max() == pytest.approx(-1.5)


def test_who_speaks_before_a_busy_machine_speaks_at_the_pace_of_the_pictures():
    now, blocks = [10.0], []
    speaker = SpokenMicrophone(lambda: now[0])
    assert not speaker.alive()
    came = threading.Event()

    def take(block: np.ndarray) -> None:
        blocks.append(float(np.abs(block).max()))
        came.set()

    speaker.say(np.full(3 * BLOCK, 0.5, np.float32))
    speaker.open(take)
    assert came.wait(10)
    assert speaker.alive()
    assert (len(blocks), speaker.now_s()) == (1, 10.0)  # the clock stands
    for pictures in range(1, 4):
        came.clear()
        now[0] = 10.0 + (pictures + 0.5) * BLOCK_S
        assert came.wait(10)
    speaker.close()
    assert len(blocks) == 4
    assert [loud > 0.4 for loud in blocks] == [True, True, True, False]
