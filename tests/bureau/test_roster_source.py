"""What a clerk gives as a roster: refused at the bureau, with the line, before every kiosk refuses it."""

from __future__ import annotations

import codecs
import json

import pytest

from kiosk.bureau import rosters
from kiosk.sync import seal


def line(number: str = "440305193801020030", person_id: str = "P-1") -> str:
    held = [{"benefit_id": "b", "kind": "b", "policy_id": "p"}]
    return json.dumps({"person_id": person_id, "name": "梁桂兰", "id_number": number, "benefits": held}, ensure_ascii=False)


def checked(tmp_path, data: bytes) -> list[bytes]:
    path = tmp_path / "roster.jsonl"
    path.write_bytes(data)
    return list(rosters.checked(path))


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_a_mark_is_taken_off(tmp_path, mark):
    assert checked(tmp_path, mark + line().encode() + b"\r\n\n") == [line().encode()]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (bytes(4096), "save it as UTF-8"),
        (b"PK\x03\x04rest of a spreadsheet", "a spreadsheet or an archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a spreadsheet or an archive"),
        ("姓名,身份证号\n梁桂兰,440305193801020030\n".encode("gb18030"), "line 1: not JSON"),
        (f"{{}}\n{line()}\n{line()}\n".encode(), "line 1: person_id; lines 2 and 3 have the same person_id"),
        (line().encode("utf-16"), "save it as UTF-8"),
        (line().encode() + b"\n" + line("440305193502020145", "P-2").encode("gb18030"), "line 2 is not UTF-8"),
        (f"{line()}\n\n{line('440305380102003', 'P-2')}\n".encode(), "lines 1 and 3 have the same number"),
        (f"{line()}\n{{}}\n".encode(), "line 2: person_id"),
        (f"{line()}\n[]\n".encode(), "line 2: shape"),
    ],
)
def test_what_no_kiosk_could_use_is_refused_with_its_line(tmp_path, data, why):
    with pytest.raises(seal.Refused, match=why):
        checked(tmp_path, data)
