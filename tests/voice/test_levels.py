"""The recordings themselves, decoded: how long they are quiet at both ends, how high their peaks are; nothing is only claimed."""

from __future__ import annotations

import os

import numpy as np
import pytest

from kiosk.voice.joining import read
from kiosk.voice.rendered import Rendered

CN = Rendered.load("zh_CN")
QUIET_S, SILENCE_DB, TRUE_PEAK_DB = 0.15, -42.0, -2.0
EVERY = 1 if os.environ.get("KIOSK_ALL_RECORDINGS") else 12  # all of them: half a minute of processor


@pytest.fixture(scope="module")
def sounds():
    return {CN.sentences[name].text: read(CN.path(name)) for name in sorted(CN.sentences)[::EVERY]}


def quiet_s(sound, rate):
    """Seconds at the beginning and at the end that lie under the loudest moment by more than SILENCE_DB."""
    loud = np.flatnonzero(np.abs(sound) > np.abs(sound).max() * 10 ** (SILENCE_DB / 20))
    return loud[0] / rate, (len(sound) - 1 - loud[-1]) / rate


def true_peak_db(sound):
    """The largest sample at four times the rate (ITU-R BS.1770-4), by the whole spectrum."""
    size = 1 << (len(sound) - 1).bit_length()  # a transform of such a length is quick
    return 20 * np.log10(np.abs(np.fft.irfft(np.fft.rfft(sound, size), size * 4)).max() * 4)


def test_neither_end_is_quiet_for_long(sounds):
    ends = {text: quiet_s(*sound) for text, sound in sounds.items()}
    assert {text: found for text, found in ends.items() if max(found) >= QUIET_S} == {}


def test_no_peak_is_too_high(sounds):
    peaks = {text: true_peak_db(sound) for text, (sound, _) in sounds.items()}
    assert {text: peak for text, peak in peaks.items() if peak > TRUE_PEAK_DB} == {}


def test_they_are_as_long_as_the_manifest_says(sounds):
    lengths = {sentence.text: sentence.seconds for sentence in CN.sentences.values()}
    assert {text for text, (sound, rate) in sounds.items() if abs(len(sound) / rate - lengths[text]) > 0.01} == set()


def test_the_measures_measure():
    rate = 24_000
    tone = 0.5 * np.sin(np.arange(rate) / rate * 2 * np.pi * 440).astype(np.float32)
    quiet = np.zeros(rate // 5, np.float32)
    assert quiet_s(np.concatenate([quiet, tone]), rate)[0] > QUIET_S
    assert true_peak_db(tone) == pytest.approx(-6.02, abs=0.1)
