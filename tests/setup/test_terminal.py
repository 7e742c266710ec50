"""Terminals in GBK or ASCII: every command says what it has to say, and JSON read from a card is whole."""

from __future__ import annotations

import codecs
import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import terminal
from tests.store import made

codecs.register_error(terminal.HANDLER, terminal.escaped)


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "gb18030", "latin-1", "cp437", "utf-8"])
@given(text=st.text(st.characters(codec=None), max_size=20).filter(lambda text: not set(text) & set("✓✗→–—…")))
def test_json_is_whole_in_any_terminal(encoding, text):
    shown = json.dumps({"name": text}, ensure_ascii=False).encode(encoding, terminal.HANDLER).decode(encoding)
    assert json.loads(shown, strict=False)["name"] == json.loads(json.dumps(text))


def test_our_marks_are_readable_in_ascii():
    assert "✓ disk → 5 GB — ok …".encode("ascii", terminal.HANDLER) == b"ok disk -> 5 GB -- ok ..."


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "latin-1"])
@pytest.mark.parametrize(
    "command", [["doctor", "disk", "clock", "program", "database", "roster", "reader"], ["reasons"], ["--help"]]
)
def test_commands_survive_the_terminal(tmp_path, encoding, command):
    config = tmp_path / "kiosk.toml"
    config.write_text(
        f'[station]\nname = "示范站"\nstation_id = "S-1"\n[store]\ndirectory = "{tmp_path}/var"\nkey_file = "{tmp_path}/key"\n'
        f'[sync]\nkey_file = "{tmp_path}/k"\n[reader]\nport = "{tmp_path}/没有"\n',
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", *command],
        env={**os.environ, "PYTHONIOENCODING": encoding, "KIOSK_CONFIG": str(config), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    assert b"UnicodeEncodeError" not in done.stderr
    assert done.stdout.decode(encoding).strip()
    assert done.returncode in (0, 1)


def test_roster_find_takes_a_number_of_a_strange_terminal(tmp_path):
    config = tmp_path / "kiosk.toml"
    config.write_text(
        f'[station]\nstation_id = "S-1"\n[store]\ndirectory = "{tmp_path}/var"\n'
        f'key_file = "{tmp_path}/key"\n[sync]\nkey_file = "{tmp_path}/k"\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", "roster", "find"],
        input=b"\xff\xfe" + made.NUMBER.encode() + b"\n",
        env={**os.environ, "PYTHONIOENCODING": "ascii", "KIOSK_CONFIG": str(config)},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, b"not in the roster\n")
