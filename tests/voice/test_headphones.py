"""Headphones that come and go, as ALSA's tool tells it; a stand-in for the tool, no sound card."""

from __future__ import annotations

import os
import queue
import sys

import pytest

from kiosk.voice.headphones import HeadphoneWatch, jacks, plugged

CONTROLS = """numid=22,iface=CARD,name='Front Headphone Jack'
numid=21,iface=CARD,name='Headphone Jack'
numid=23,iface=CARD,name='Mic Jack'
numid=1,iface=MIXER,name='Headphone Playback Volume'
"""
OFF = """numid=21,iface=CARD,name='Headphone Jack'
  ; type=BOOLEAN,access=r-------,values=1
  : values=off
"""

# Answers like amixer: the state stands in a file; `events` waits for lines of a named pipe.
TOOL = """#!{python}
import sys, os
folder = os.path.dirname(os.path.abspath(__file__))
what = sys.argv[3]
if what == "controls":
    print({controls!r}, end="")
elif what == "cget":
    state = open(os.path.join(folder, "state")).read().strip()
    print("numid=21,iface=CARD,name='Headphone Jack'\\n  ; type=BOOLEAN,access=r-------,values=1\\n  : values=" + state)
else:
    print("Ready to listen...", flush=True)
    for line in open(os.path.join(folder, "events")):
        print(line, end="", flush=True)
"""


def test_the_tools_answers_are_understood():
    assert jacks(CONTROLS) == ["Front Headphone Jack", "Headphone Jack"]
    assert jacks("numid=1,iface=MIXER,name='Master Playback Volume'") == []
    assert plugged(OFF.replace("values=off", "values=on"))
    assert not plugged(OFF)


@pytest.mark.skipif(sys.platform == "win32", reason="a named pipe stands in for the sound system")
@pytest.mark.parametrize("controls", [CONTROLS, "numid=1,iface=MIXER,name='Master Playback Volume'\n"], ids=["jack", "no-jack"])
def test_plugging_in_and_out_is_told(tmp_path, monkeypatch, controls):
    tool = tmp_path / "amixer"
    tool.write_text(TOOL.format(python=sys.executable, controls=controls), encoding="utf-8")
    tool.chmod(0o755)
    (tmp_path / "state").write_text("off", encoding="utf-8")
    os.mkfifo(tmp_path / "events")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    told: queue.Queue[bool] = queue.Queue()
    watch = HeadphoneWatch(told.put)
    if controls != CONTROLS:
        assert not watch.start(), "nothing to watch"
        return
    assert watch.start()
    with open(tmp_path / "events", "w", encoding="utf-8") as events:
        for state in ("on", "off"):
            (tmp_path / "state").write_text(state, encoding="utf-8")
            events.write("event value: numid=21,iface=CARD,name='Headphone Jack'\n")
            events.flush()
            assert told.get(timeout=30) == (state == "on")
    watch.stop()


def test_a_system_without_the_tool_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not HeadphoneWatch(lambda _: None).start()
