"""Every status byte has a reason, and every reason of card and reader has words for the retiree and for the attendant."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from kiosk.domain.reasons import Reason
from kiosk.idcard_reader.status import TABLE, status_of

STRINGS = Path(__file__).resolve().parents[2] / "assets" / "strings"
DOCUMENTED = [
    0x90,
    0x91,
    0x9F,
    0x10,
    0x11,
    0x21,
    0x23,
    0x24,
    0x31,
    0x32,
    0x33,
    0x34,
    0x37,
    0x3F,
    0x40,
    0x41,
    0x47,
    0x60,
    0x66,
    0x80,
    0x81,
]
FACES = ("title", "why", "now", "who", "say")  # what the retiree sees and hears


def texts(language: str) -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = tomllib.loads((STRINGS / language / "reader.toml").read_text(encoding="utf-8"))["reason"]
    return loaded


def test_every_documented_status_has_a_reason_of_its_own():
    assert set(TABLE) == set(DOCUMENTED)
    faults = [status.reason for sw3, status in TABLE.items() if sw3 not in (0x90, 0x9F)]
    assert len(set(faults)) == len(faults)
    assert status_of(0x77) == TABLE[0x24]


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_reason_has_words(language):
    wanted = {reason for reason in Reason if reason.startswith(("card-", "reader-"))}
    assert wanted >= {status.reason for status in TABLE.values()} - {Reason.OK}
    assert set(texts(language)) == wanted
    for code, entry in texts(language).items():
        assert set(entry) == {*FACES, "attendant"}, code
        assert all(value.strip() for value in entry.values()), code


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_no_numbers_or_jargon_for_the_retiree(language):
    jargon = re.compile(r"\d|SAM|SW3|USB|串口|端口|校验|协议|模块|checksum|protocol|port|error", re.IGNORECASE)
    for code, entry in texts(language).items():
        for key in FACES:
            found = jargon.search(entry[key])
            assert found is None, (code, key, entry[key])


def test_attendants_are_told_the_code():
    for sw3, status in TABLE.items():
        if sw3 not in (0x90, 0x9F):
            for language in ("zh_CN", "en"):
                assert f"{sw3:02X}" in texts(language)[status.reason]["attendant"]
