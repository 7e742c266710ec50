"""Every text the desk asks for is in both catalogues, with the same places to fill; none is left over."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kiosk.desk import checks
from kiosk.desk.values import Declared, Place, Role
from kiosk.domain import camera_identity, desk_rules
from kiosk.domain.record import Channel, Outcome, RecordStatus
from kiosk.store.desk import declarations
from kiosk.sync.schedule import Hold, Level, Trouble
from kiosk.texts.strings import Strings
from kiosk.ui.prompts import PAGE_NAMES
from kiosk.visit.states import Mode

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = [*(ROOT / "kiosk/ui/desk").glob("*.py"), ROOT / "kiosk/app/desk_controller.py"]
LITERAL = re.compile(r"""(?:kit|self\._kit\(\)|self)\.text\(\s*"([a-z0-9_.-]+)"(?=[,)])""")
EITHER = re.compile(r'"([a-z_]+\.[a-z0-9_.-]+)" if [^"]+ else "([a-z_]+\.[a-z0-9_.-]+)"')
CAMERA_CODES = re.findall(
    r'append\("([a-z-]+)"\)|"(unreadable)"|"(driver)", "(usb_path)", "(serial)"|"(terminals)", "(controls)", "(modes)"',
    (ROOT / "kiosk/domain/camera_identity.py").read_text(encoding="utf-8"),
)
CAMERA_CODES = sorted({one for groups in CAMERA_CODES for one in groups if one})
PROBLEM = re.compile(r'problem="([a-z-]+)"|return "([a-z]+(?:-[a-z]+)+)"|problem = "([a-z]+(?:-[a-z]+)+)"')
STICK = re.compile(r"RemovableError\(\s*\"([a-z-]+)\"")
NOTICE = re.compile(r'notice="([a-z-]+)"|Acted\([^)]*, Place\.\w+, "([a-z-]+)"')


def wanted() -> set[str]:
    keys = {f"desk.{key}" for path in SOURCES for key in LITERAL.findall(path.read_text(encoding="utf-8"))}
    families = {
        "place": Place,
        "role": Role,
        "channel": Channel,
        "outcome": Outcome,
        "why": checks.WHYS,
        "mode": Mode,
        "relation": checks.RELATIONS,
        "declare": Declared,
        "declare.hint": Declared,
        "paper": (*desk_rules.PROXY_PAPERS, *desk_rules.UNIT_PAPERS),
        "visit_page": PAGE_NAMES.values(),
        "level": [one for one in Level if one is not Level.OK],
        "sync.hold": [one for one in Hold if one is not Hold.NONE],
        "sync.trouble": Trouble,
        "camera.why": (*CAMERA_CODES, "new"),
        "camera.because": camera_identity.WHYS,
        "camera.row": ("driver", "usb_path", "model", "serial", "modes", "controls", "others"),
        "done.stage": ("saved", "received", "confirmed"),
    }
    keys |= {f"desk.{family}.{one}" for family, members in families.items() for one in members}
    keys |= {f"stage.{one}.title" for one in RecordStatus}
    assert {one.value for one in Declared} <= {one.value for one in declarations.Declaration}
    return keys


def problems() -> set[str]:
    found = set()
    for path in (
        ROOT / "kiosk/desk/checks.py",
        ROOT / "kiosk/domain/desk_rules.py",
        ROOT / "kiosk/desk/boards.py",
        ROOT / "kiosk/desk/pages.py",
        ROOT / "kiosk/desk/machine.py",
        ROOT / "kiosk/desk_backend/commands.py",
        ROOT / "kiosk/desk_backend/camera.py",
        ROOT / "kiosk/desk_backend/media.py",
    ):
        text = path.read_text(encoding="utf-8")
        found |= {one for groups in PROBLEM.findall(text) for one in groups if one}
    for path in (ROOT / "kiosk").rglob("*.py"):  # whoever fails at a stick is shown why, wherever it came from
        found |= set(STICK.findall(path.read_text(encoding="utf-8")))
    return found


def notices() -> set[str]:
    found = {"sync-asked"}
    for path in (
        ROOT / "kiosk/desk_backend/commands.py",
        ROOT / "kiosk/desk_backend/camera.py",
        ROOT / "kiosk/desk_backend/media.py",
        ROOT / "kiosk/desk/boards.py",
    ):
        found |= {one for groups in NOTICE.findall(path.read_text(encoding="utf-8")) for one in groups if one}
    return found


@pytest.fixture(params=["zh_CN", "en"])
def strings(request):
    return Strings.load(request.param)


def test_there_is_something_to_check():
    assert len(wanted()) > 200
    assert len(problems()) > 25
    assert {"medium-missing", "medium-full", "medium-unwritable"} <= problems()
    assert {"handled", "clock-confirmed", "camera-confirmed"} <= notices()
    assert len(CAMERA_CODES) == 15


def test_every_text_is_there(strings):
    assert sorted(key for key in wanted() if not (key in strings and strings.text(key).strip())) == []


def test_every_problem_has_words(strings):
    known = [code for code in problems() if f"desk.problem.{code}" in strings or f"reason.{code}.attendant" in strings]
    assert sorted(problems() - set(known)) == []


def test_every_notice_has_words(strings):
    assert sorted(code for code in notices() if f"desk.notice.{code}" not in strings) == []


def test_both_languages_fill_the_same_places():
    chinese, english = Strings.load("zh_CN"), Strings.load("en")
    keys = [key for key in chinese.keys() if key.startswith("desk.")]  # noqa: SIM118
    assert sorted(keys) == sorted(key for key in english.keys() if key.startswith("desk."))  # noqa: SIM118
    places = re.compile(r"\{[a-z_]+\}")
    differ = [key for key in keys if set(places.findall(chinese._texts[key])) != set(places.findall(english._texts[key]))]
    assert differ == []
