"""The evaluation's own arithmetic and its patience with bad input."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from kiosk import models
from kiosk.commands.evaluate import main
from kiosk.commands.watch import main as watch
from kiosk.config import Settings
from kiosk.domain.outcome import Glasses
from kiosk.domain.rate import interval as wilson
from kiosk.evaluate import glasses, replays, starts
from kiosk.evaluate.clips import ClipError, frames, read_rows
from kiosk.evaluate.metrics import Rate, error_curve, match_spans, rates_at
from kiosk.evaluate.takes import Played
from kiosk.liveness.glasses import Lines
from tests.liveness.faces import Pose, face


def test_wilson_intervals_are_the_book_s() -> None:
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 50) == pytest.approx((0.0, 0.0713), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)
    assert Rate(0, 0).text() == "none"


def test_spans_match_within_their_slack() -> None:
    found, right = match_spans([(1.0, 1.2), (5.0, 5.1)], [(1.6, 1.9), (3.0, 3.2)], slack_s=0.5)
    assert (found, right) == ([True, False], [True, False])


def test_error_rates_of_a_known_set() -> None:
    genuine, impostor = [0.9, 0.8, 0.6, 0.3], [0.5, 0.2, 0.1, 0.0]
    fmr, fnmr = rates_at(genuine, impostor, 0.4)
    assert (fmr.hits, fnmr.hits) == (1, 1)
    eer, threshold = error_curve(genuine, impostor).eer()
    assert eer == pytest.approx(0.25)
    assert 0.3 <= threshold <= 0.5
    separated = error_curve([0.9, 0.8], [0.1, 0.2]).eer()
    assert separated[0] == 0.0


def test_a_gif_keeps_the_times_of_its_frames(tmp_path: Path) -> None:
    pictures = [Image.new("RGB", (40, 30), (60 * i, 0, 0)) for i in range(4)]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=[40, 200, 80, 100], loop=0)
    assert [frame.t_s for frame in frames(tmp_path / "a.gif")] == pytest.approx([0.0, 0.04, 0.24, 0.32])


def test_a_clip_of_an_odd_rate_has_its_own_times(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 7.5, (64, 48))
    for _ in range(10):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    times = [frame.t_s for frame in frames(tmp_path / "a.avi")]
    assert len(times) == 10
    assert np.diff(times) == pytest.approx(np.full(9, 1 / 7.5), abs=1e-3)


@pytest.mark.parametrize("name", ["missing.mp4", "broken.mp4", "broken.gif", "broken.png"])
def test_a_file_that_cannot_be_read_is_an_error_of_its_row(tmp_path: Path, name: str) -> None:
    if name.startswith("broken"):
        (tmp_path / name).write_bytes(b"not a picture")
    with pytest.raises(ClipError, match=name):
        list(frames(tmp_path / name))


def test_a_table_without_its_columns_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("﻿file;gesture\n", encoding="utf-8")
    with pytest.raises(ClipError, match="gesture"):
        read_rows(tmp_path / "a.csv", ("file", "gesture"))


def test_each_evaluation_runs_through_bad_rows_and_writes_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    face = models.path("biden")
    Image.open(face).convert("RGB").resize((300, 400)).save(
        tmp_path / "a.gif", save_all=True, append_images=[Image.open(face).convert("RGB").resize((300, 400))] * 3, duration=100
    )
    tables = {
        "gestures": "file,gesture,start_s,end_s\na.gif,no_blink,,\nmissing.mp4,blink,0.1,0.2\na.gif,dance,0,1\n",
        "stills": f"file,label,kind\n{face},bona_fide,good\nmissing.jpg,bona_fide,noface\n",
        "match": f"a,b,same,group\n{face},{models.path('obama')},0,men\n{face},{face},1,men\nmissing.png,{face},1,men\n",
        "glasses": f"file,glasses,subject\n{face},no,b\n{models.path('obama')},no,o\nmissing.mp4,yes,m\na.gif,perhaps,b\n",
        "takes": "file,label,species\na.gif,attack,replay\nmissing.mp4,attack,replay\na.gif,friend,x\n",
        "replays": f"file,label\na.gif,attack\nmissing.mp4,attack\na.gif,bona_fide\n{face},attack\n",
        "starts": "file\na.gif\nmissing.mp4\n",
    }
    for what, text in tables.items():
        (tmp_path / f"{what}.csv").write_text(text, encoding="utf-8")
        outputs = (tmp_path / f"{what}.json", tmp_path / f"{what}.html")
        extra = ["--tries", "1"] if what in ("takes", "replays") else []
        assert (
            main([what, str(tmp_path / f"{what}.csv"), "--json", str(outputs[0]), "--html", str(outputs[1]), *extra]) == 3
        )  # rows were skipped
        data = json.loads(outputs[0].read_text(encoding="utf-8"))
        assert any("missing" in error["row"] for error in data["row_errors"])
        page = outputs[1].read_text(encoding="utf-8")
        assert "<table" in page
        assert 'src="http' not in page
        assert "href=" not in page
        assert "missing" in capsys.readouterr().out
    assert json.loads((tmp_path / "takes.json").read_text())["species"]["replay"]["apcer"]["hits"] == 0
    assert json.loads((tmp_path / "match.json").read_text())["groups"]["men"]["genuine"] == 1
    played = json.loads((tmp_path / "replays.json").read_text())
    assert list(played["clips"]) == ["a.gif"]  # no still, and no genuine row
    assert (played["clips"]["a.gif"]["moves"], played["groups"]["keep still"]["passed"]["hits"]) == (False, 0)
    forms = json.loads((tmp_path / "starts.json").read_text())["forms"]
    assert {form: told["kept"]["hits"] for form, told in forms.items()} == {
        "as it is": 0,
        "scaled": 0,
        "mask, white": 1,
        "mask, light blue": 1,
        "mask, dark blue": 1,
    }
    told = json.loads((tmp_path / "glasses.json").read_text())["results"]["as shipped, people"]
    assert (told["bare_called_yes"]["hits"], told["bare_called_yes"]["trials"]) == (0, 2)


def _file(subject: str, wears: bool, bridge: float, temple: float = 1.0) -> glasses.Measured:
    return glasses.Measured(subject, subject, wears, 1, Lines(bridge, temple, 60.0))


def test_nobody_has_a_part_in_the_limits_that_judge_them() -> None:
    found = [
        _file("a", False, 0.2),
        _file("b", False, 1.0),
        _file("crease", False, 3.0, temple=0.1),
        _file("c", True, 2.0),
        _file("odd", True, 0.9),
    ]
    assert glasses.limits_of(found) == pytest.approx((1.1, 0.54))
    told = {one.subject: said for one, said in glasses.held_out(found)}
    assert told == {"a": Glasses.NO, "b": Glasses.YES, "crease": Glasses.UNKNOWN, "c": Glasses.YES, "odd": Glasses.NO}


def test_everybody_counts_once_with_their_worst_answer() -> None:
    one, other = _file("a", True, 2.0), _file("b", False, 0.1)
    told = glasses._people(
        [(one, Glasses.YES), (one, Glasses.UNKNOWN), (one, Glasses.NO), (other, Glasses.NO), (other, Glasses.UNKNOWN)]
    )
    assert told == [(True, Glasses.NO), (False, Glasses.UNKNOWN)]


def test_watching_a_clip_prints_the_same_lines_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = Image.open(models.path("obama")).convert("RGB").resize((300, 400))
    image.save(tmp_path / "a.gif", save_all=True, append_images=[image.rotate(i) for i in range(1, 13)], duration=100)
    texts = []
    for _ in range(2):
        assert watch(["--camera", f"file:{tmp_path / 'a.gif'}", "--json", "--window", "no"]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    lines = [json.loads(line) for line in texts[0].splitlines()]
    assert [line["event"] for line in lines][-1] == "end"
    assert {"guidance", "baseline", "status"} <= {line["event"] for line in lines}
    assert watch(["--camera", "file:nothing.mp4", "--window", "no"]) == 1


def _clip(yaw: Callable[[float], float], seconds: float = 12.0) -> Played:
    times = [n / 10 for n in range(int(seconds * 10))]
    return Played([np.full((480, 640, 3), 150, np.uint8)] * len(times), [face(t, Pose(yaw=yaw(t))) for t in times], seconds)


def test_a_recording_that_turns_all_the_time_is_counted_apart_and_asked_for_more() -> None:
    """It meets a turn now and then by luck, and is told from somebody who was asked; one that keeps still meets nothing."""
    settings = Settings().liveness.model_copy(update={"allowed": ("turn-left", "turn-right")})
    moving = _clip(lambda t: 30 * math.sin(2 * math.pi * t / 6))
    done = [replays.replayed("moving", moving, settings, 1, number) for number in range(12)]
    done += [replays.replayed("still", _clip(lambda _: 1.0), settings, 1, number) for number in range(3)]
    told = replays.report(done, [], {}).data["groups"]
    assert (told["move"]["clips"], told["keep still"]["clips"]) == (1, 1)
    assert told["move"]["first"]["hits"] >= told["move"]["passed"]["hits"]
    assert told["keep still"]["first"]["hits"] == 0
    assert all(one.reason == "action-timeout" for one in done if not one.moves)
    assert done[0] == replays.replayed("moving", moving, settings, 1, 0)  # the same seed, the same numbers


def test_a_mask_lies_over_nose_and_mouth_alone() -> None:
    image = np.full((480, 640, 3), 160, np.uint8)
    points = face(0.0).points
    assert points is not None
    worn = starts.wear(image, points, starts.COLOURS["black"])
    changed = np.abs(worn.astype(int) - image).max(axis=2)
    low = points[list(starts._EDGE), :2]
    y, x = np.nonzero(changed > 20)
    assert len(y) > 500
    assert (y.min(), y.max()) == pytest.approx((low[:, 1].min(), low[:, 1].max()), abs=4)
    assert (x.min(), x.max()) == pytest.approx((low[:, 0].min(), low[:, 0].max()), abs=4)
