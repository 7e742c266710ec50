"""A station measures itself: numbers only, intervals, sample sizes, the settings that follow; the window by touch; the sheets."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QPushButton

from kiosk.camera.frame import Frame
from kiosk.camera.mailbox import Mailbox
from kiosk.config import Settings
from kiosk.domain.outcome import CheckScore, LivenessResult
from kiosk.domain.rate import interval, needed, told
from kiosk.domain.reasons import Action, Reason
from kiosk.domain.take_view import TakeView
from kiosk.errors import ConfigError
from kiosk.liveness.light.answer import LightScores
from kiosk.liveness.trace import COLUMNS, Trace
from kiosk.liveness.verdict import TakeOutcome
from kiosk.liveness.worker import TakeRequest
from kiosk.pilot import report
from kiosk.pilot.book import Book, PilotTake
from kiosk.pilot.erasing import KEEP_DAYS, erase_due
from kiosk.pilot.pictures import Album, Watch
from kiosk.pilot.plan import GENUINE, INSTRUMENTS, QUESTIONS, sizes
from kiosk.pilot.report_files import report_to
from kiosk.pilot.sheets import write
from kiosk.pilot.window import PilotWindow
from kiosk.sync import seal
from kiosk.sync.keys import Keys, Pins, dump_keys, pins_path
from kiosk.sync.private_files import write_private
from kiosk.texts.strings import Strings
from tests.liveness.faces import Pose, face, nobody

WORDS = Strings.load("zh_CN")


def take(kind: str = GENUINE, *, passed: bool = True, light: float = 0.9, person: str = "a1", band: str = "70-79") -> PilotTake:
    """One take, as the window would write it."""
    return PilotTake(
        person=person,
        kind=kind,
        answers={"age_band": band, "sex": "female", "glasses": "no", "light": "normal"} if kind == GENUINE else {},
        passed=passed,
        reason="ok" if passed else "liveness-uncertain",
        checks={"light_time": (light, 0.3, light < 0.3, "refer")},
        actions=(("turn-left", 3.0, 4.0, 24.0),),
        duration_s=9.5,
        light={"strength": 0.04, "noise": 0.001, "delay_s": 0.14},
        take=f"{person}-{kind}",
    )


def test_sample_sizes_are_those_of_the_rule_of_three() -> None:
    assert [needed(bound) for bound in (0.01, 0.05, 0.07)] == [300, 60, 43]
    assert len(sizes(WORDS)) == 1 + len(QUESTIONS[0][1]) + len(INSTRUMENTS)
    assert interval(0, 300)[1] == pytest.approx(0.0126, abs=1e-3)
    assert told(3, 300) == "1.0 % (3/300; 0.3-2.9)"
    assert told(0, 0) == "-"


def test_the_book_holds_numbers_and_survives_a_cut(tmp_path: Path) -> None:
    book = Book(tmp_path / "pilot" / "takes.jsonl")
    for one in (take(), take("tablet", passed=False, light=0.1, person="")):
        book.add(one)
    assert book.path.stat().st_mode & 0o077 == 0
    assert book.takes() == [take(), take("tablet", passed=False, light=0.1, person="")]
    assert set(json.loads(book.path.read_text().splitlines()[0])) == set(asdict(take())), "nothing but the numbers"
    with book.path.open("a") as file:
        file.write('{"person": "b2", "ki')
    assert len(book.takes()) == 2
    book.path.write_text("no book\n" + book.path.read_text())
    with pytest.raises(ConfigError, match="line 1"):
        book.takes()
    book.erase()
    assert book.takes() == []


def test_the_report_counts_by_band_and_kind_and_compares_limits() -> None:
    takes = [take(person=f"p{n}", light=0.5 + n / 100) for n in range(40)] + [take(passed=False, light=0.2, band="80-up")]
    takes += [take("tablet", passed=n == 0, light=0.05 * n) for n in range(10)]
    people, attacks, limits = (rows for _, _, rows in report.tables(takes, WORDS))
    assert people[0][2:4] == ("41", told(1, 41))
    assert next(row for row in people if "80岁以上" in row[0])[3] == told(1, 1)
    assert next(row for row in people if "60岁以下" in row[0])[3] == "-"
    assert next(row for row in attacks if row[0] == "平板视频")[3:] == (told(1, 10), "9", "7 %", "33", "liveness-uncertain 9")
    used = next(row for row in limits if row[2])
    assert used == ("light_time", "0.3", "●", told(1, 41), told(6, 10))
    assert len(limits) > 1
    assert "平板视频" in report.as_html(takes, "示范站", WORDS)
    english = report.as_html(takes, "Demo", Strings.load("en"))
    assert "Tablet" in english
    assert not re.search("[\u4e00-\u9fff]", english)
    assert report.as_csv(takes).count("\n") == len(takes) + 1


def test_only_what_the_numbers_carry_is_proposed() -> None:
    few = report.proposal([take(person=f"p{n}") for n in range(10)])
    assert few["liveness"] == {}
    some = report.proposal([take(person=f"p{n}") for n in range(40)])
    assert some["liveness"] == {"light_delay_s": 0.14, "light_strength": 0.02}
    many = report.proposal([take(person=f"p{n}") for n in range(300)])
    assert many["liveness"]["checks"] == {"light": "enforce"}


def test_a_visit_of_the_pilot_by_touch(qapp: object, tmp_path: Path) -> None:
    book, begun = Book(tmp_path / "takes.jsonl"), []
    window = PilotWindow(book, Mailbox(), WORDS)
    window.begin_take.connect(begun.append)

    def touch(name: str) -> None:
        button = window.findChild(QPushButton, name)
        assert button is not None
        button.click()

    touch("genuine")
    touch("go")
    assert begun == [], "not before everything is answered and agreed to"
    for key, answers in QUESTIONS:
        touch(f"{key}:{answers[0]}")
    touch("go")
    assert begun == []
    window.consent.box.click()
    touch("go")
    assert [(one.shines, one.practice, one.traced) for one in begun] == [(True, False, True)]
    result = LivenessResult(passed=True, reason=Reason.OK, checks=(CheckScore("light_time", 0.9, 0.3, "refer", False),))
    lit = LightScores(time=0.9, best_delay_s=0.14, strength=0.04, noise=0.001)
    window.on_finished(TakeOutcome("pilot", result, 99, lit=lit))
    assert book.takes() == [], "a late one of another take"
    window.on_finished(TakeOutcome("pilot", result, begun[0].take_id, lit=lit))
    (kept,) = book.takes()
    assert (kept.kind, kept.answers["age_band"], kept.light["delay_s"]) == (GENUINE, "under-60", 0.14)
    touch("next")
    assert not window.consent.box.isChecked()
    touch("attack")
    touch("show:tablet")
    window.on_finished(TakeOutcome("pilot", LivenessResult(False, Reason.LIVENESS_FAILED), begun[1].take_id))
    assert [(one.kind, one.person == "", one.passed) for one in book.takes()] == [(GENUINE, False, True), ("tablet", True, False)]


def test_the_proposal_is_signed_with_the_kiosks_key(tmp_path: Path) -> None:
    keys = Keys(*seal.new_keys())
    pins = Pins(kiosk_id="kiosk-1", station_id="SZ-1", bureau_id="bureau-1", bureau=keys.public)
    book = Book(tmp_path / "takes.jsonl")
    settings = Settings.model_validate({"sync": {"key_file": str(tmp_path / "kiosk.json")}})
    assert report_to(settings, book, tmp_path / "out", WORDS) == 1, "nothing to report"
    for number in range(30):
        book.add(take(person=f"p{number}"))
    assert report_to(settings, book, tmp_path / "out", WORDS) == 0
    assert not (tmp_path / "out" / "settings.jws").exists(), "a kiosk without keys signs nothing"
    write_private(tmp_path / "kiosk.json", dump_keys(keys))
    write_private(pins_path(settings.sync), pins.model_dump_json())
    assert report_to(settings, book, tmp_path / "out", WORDS) == 0
    signed = (tmp_path / "out" / "settings.jws").read_text()
    told_ = seal.verify_plain(signed, seal.verify_key(keys.public), "kiosk-1", "pilot-settings")
    assert told_["liveness"] == {"light_delay_s": 0.14, "light_strength": 0.02}
    assert (tmp_path / "out" / "report.html").read_text().count("<table>") == 3


def test_every_printed_instrument_has_a_sheet(qapp: object, tmp_path: Path) -> None:
    made = write(tmp_path, WORDS)
    assert {path.stem for path in made} == {one.key for one in INSTRUMENTS if one.sheet}
    assert all(path.stat().st_size > 5000 for path in made)
    image = QImage(str(tmp_path / "cut-out.png"))
    assert (image.width(), image.height()) == (1050, 1485)


def test_a_trace_is_numbers_of_every_frame_and_no_mesh(tmp_path: Path) -> None:
    kept = Trace()
    kept.look(face(10.0, Pose(yaw=20, mouth=0.3)), TakeView("cue", action=Action.TURN_LEFT))
    kept.look(nobody(10.1), TakeView("cue", action=Action.TURN_LEFT))
    first, second = kept.rows
    assert first[:3] == (0.0, "cue", "turn-left")
    assert float(first[3] or 0) == pytest.approx(20, abs=3)
    assert second == (0.1, "cue", "turn-left", *(None,) * (len(COLUMNS) - 3))
    book = Book(tmp_path / "takes.jsonl")
    book.add(take(), kept.rows)
    (line,) = (tmp_path / "traces.jsonl").read_text().splitlines()
    told_ = json.loads(line)
    assert (told_["take"], told_["columns"]) == (book.takes()[0].take, list(COLUMNS))
    assert all(len(row) == len(COLUMNS) for row in told_["rows"])
    assert all(isinstance(cell, float | str | None) for row in told_["rows"] for cell in row)
    assert (tmp_path / "traces.jsonl").stat().st_mode & 0o077 == 0
    book.erase()
    assert not (tmp_path / "traces.jsonl").exists()


def test_pictures_are_sealed_opened_by_their_key_alone_and_gone_on_their_day(tmp_path: Path) -> None:
    album, today = Album(tmp_path / "pictures", b"k" * 32), date(2026, 11, 30)
    watch = Watch()
    for number in range(100):
        watch.look(Frame(np.full((48, 64, 3), number, np.uint8), number / 10, number))
    assert len(watch.pictures) == 6
    assert album.keep("a1", watch.pictures, today) == 6
    files = sorted((tmp_path / "pictures").glob("*/*"))
    assert {path.parent.name for path in files} == {(today + timedelta(days=KEEP_DAYS)).isoformat()}
    assert all(path.stat().st_mode & 0o077 == 0 and b"JFIF" not in path.read_bytes() for path in files)
    with pytest.raises(ConfigError, match="a1-0"):
        Album(tmp_path / "pictures", b"x" * 32).open_to(tmp_path / "out")
    assert album.open_to(tmp_path / "out") == 6
    assert cv2.imread(str(tmp_path / "out" / "a1-5.jpg")).mean() == pytest.approx(90, abs=2)
    (tmp_path / "pictures" / "notes").mkdir()
    assert erase_due(tmp_path / "pictures", today + timedelta(days=KEEP_DAYS - 1)) == 0
    assert erase_due(tmp_path / "pictures", today + timedelta(days=KEEP_DAYS)) == 1
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["notes"]
    assert erase_due(tmp_path / "nothing", today) == 0


@pytest.mark.parametrize("agreed", [True, False])
def test_pictures_are_kept_only_of_whom_agreed_to_them(qapp: object, tmp_path: Path, agreed: bool) -> None:
    begun: list[TakeRequest] = []
    mirror: Mailbox[Frame] = Mailbox()
    window = PilotWindow(Book(tmp_path / "takes.jsonl"), mirror, WORDS, Album(tmp_path / "pictures", b"k" * 32))
    window.begin_take.connect(begun.append)
    assert not window.pictures.box.isChecked(), "nobody is asked by a tick that is there already"
    window.pictures.box.setChecked(agreed)
    window._begin(GENUINE, "p1")
    for number in range(3):
        mirror.put(Frame(np.full((48, 64, 3), 90, np.uint8), 2.0 * number, number))
        window._show_frame()
    window.on_finished(TakeOutcome("pilot", LivenessResult(True, Reason.OK), begun[0].take_id))
    assert len(list((tmp_path / "pictures").glob("*/*"))) == (3 if agreed else 0)
    window._begin("tablet", "")
    window.on_finished(TakeOutcome("pilot", LivenessResult(True, Reason.OK), begun[1].take_id))
    assert len(list((tmp_path / "pictures").glob("*/*"))) == (3 if agreed else 0), "of no attack"
