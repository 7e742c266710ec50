"""`kiosk evaluate lips`: made-up talk, whose lips follow its own sound and nobody else's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kiosk.commands import evaluate
from kiosk.evaluate import lips
from kiosk.evaluate.lips import LIPS, SOUNDS, Talk, eer, report, score, shipped
from kiosk.evaluate.lips_learned import BANDS, bands, foretold

TIMES = np.arange(0.0, 12.0, 0.04)


def talk(seed: int, follows: bool = True) -> Talk:
    """Words and rests of half a second at most, the lips a moment before the sound, or at times of their own."""
    rng = np.random.default_rng(seed)
    edges = np.cumsum(rng.uniform(0.15, 0.5, 80))

    def said(edges: np.ndarray, at: np.ndarray) -> np.ndarray:
        return (np.searchsorted(edges, at) % 2).astype(float)

    other = edges if follows else np.cumsum(rng.uniform(0.15, 0.5, 80))
    mouth = np.column_stack([TIMES, 0.02 + 0.2 * said(other, TIMES + 0.08)])
    sound = np.column_stack([TIMES, 30 * said(edges, TIMES)])
    tones = np.outer(sound[:, 1] / 30, np.linspace(1.0, -1.0, BANDS))
    return Talk(f"clip{seed}", dict.fromkeys(LIPS, mouth), dict.fromkeys(SOUNDS, sound), tones)


def test_lips_that_follow_are_told_from_a_sound_of_elsewhere():
    found = score([talk(seed) for seed in range(4)], shipped, 2.8)
    assert (len(found.genuine), len(found.swapped)) == (16, 16 * 12)
    assert len(found.shifted) == 4 * 12  # four of sixteen would begin or end beyond the clip
    assert min(one for _, one in found.genuine) > 0.8
    rate, low, high = eer(found.genuine, found.swapped)
    assert 0 <= low <= rate <= high < 0.2


def test_lips_with_times_of_their_own_are_told_by_nothing():
    found = score([talk(seed, follows=False) for seed in range(6)], shipped, 2.8)
    rate, low, high = eer(found.genuine, found.swapped)
    assert 0.3 < rate < 0.7
    assert low < 0.5 < high + 0.2


def test_the_report_tells_every_rule_and_the_shipped_bound(monkeypatch):
    monkeypatch.setattr(lips, "RESAMPLED", 3)
    told = report([talk(1), talk(2)], [("lost.mp4", "gone")])
    rates, bounds = told.tables
    assert {row[0] for row in rates.rows} == set(lips.RULES)
    assert bounds.rows[0][1].startswith("0.0 %")
    assert told.data["clips"] == 2
    assert told.errors == [("lost.mp4", "gone")]


def test_an_opening_is_foretold_from_others_clips_alone():
    """Twelve people whose mouth follows a band of sound, and one whose mouth goes against it: they are judged by the others."""
    clips = [(one.lips["jaw"], one.bands) for one in map(talk, range(12))]
    odd = talk(12)
    mirrored = odd.lips["jaw"] * (1, -1)
    told = foretold([*clips, (mirrored, odd.bands)])

    def follows(at, mouth):
        opening = np.interp(told[at][:, 0], *mouth.T)
        return np.corrcoef(told[at][:, 1], opening)[0, 1]

    assert min(follows(at, mouth) for at, (mouth, _) in enumerate(clips)) > 0.8
    assert follows(12, mirrored) < -0.8
    assert [len(one) for one in foretold([(clips[0][0][:1], clips[0][1])])] == [0]


def test_bands_are_one_row_for_each_step_and_loud_where_the_tone_is():
    second = np.arange(16_000) / 16_000
    low, high = (bands(np.sin(2 * np.pi * hz * second).astype(np.float32)) for hz in (200.0, 5000.0))
    assert low.shape == high.shape == (25, BANDS)
    assert low[5:20].mean(0).argmax() < 4
    assert high[5:20].mean(0).argmax() > 15


def test_without_clips_nothing_is_known():
    assert math.isnan(report([], []).data["rules"]["shipped, 2.8 s"]["swapped"][0])


def test_a_clip_without_ffmpeg_or_of_nothing(tmp_path, monkeypatch, capsys):
    silent = tmp_path / "silent.mp4"
    silent.write_bytes(b"nothing")
    monkeypatch.setattr(lips.subprocess, "run", lambda *_a, **_kw: type("Told", (), {"stdout": b""})())
    assert lips.watch(silent, lambda: pytest.fail("no landmarker is needed")) is None

    def none(*_args, **_kw):
        raise OSError("no such program")

    monkeypatch.setattr(lips.subprocess, "run", none)
    (tmp_path / "clips.csv").write_text("file\nsilent.mp4\nstill.png\n", encoding="utf-8")
    assert evaluate.main(["lips", str(tmp_path / "clips.csv")]) == evaluate.SKIPPED
    assert "ffmpeg is needed" in capsys.readouterr().out
