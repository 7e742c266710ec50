"""ALSA's tool as it answers: what is read from it, and that a plug is told at once though the tool does not flush."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from kiosk.voice.sound_card import AlsaCard, CardParts, is_on, parts_of

CONTROLS = """numid=22,iface=CARD,name='Front Headphone Jack'
numid=21,iface=CARD,name='Headphone Jack'
numid=25,iface=CARD,name='Headset Jack'
numid=23,iface=CARD,name='Mic Jack'
numid=24,iface=CARD,name='Speaker Phantom Jack'
numid=1,iface=MIXER,name='Headphone Playback Volume'
numid=2,iface=MIXER,name='Headphone Playback Switch'
numid=3,iface=MIXER,name='Speaker Playback Switch'
numid=4,iface=MIXER,name='Line Out Playback Switch'
numid=9,iface=MIXER,name='Auto-Mute Mode'
numid=12,iface=MIXER,name='Master Playback Switch'
"""
# Answers like amixer 1.2.8, faults included: into a pipe its lines wait for 4 KB, as every C program's do. The state stands in
# files; `events` waits for lines of a named pipe.
TOOL = """#!{python}
import os, re, sys
folder = os.path.dirname(os.path.abspath(__file__))
card, what = sys.argv[2:4]
if card != "0":
    sys.exit("amixer: Control hw:%s open error: No such file or directory" % card)
if what == "controls":
    print({controls!r}, end="")
elif what == "events":
    print("Ready to listen...")
    for line in open(os.path.join(folder, "events")):
        print(line, end="")
else:
    name = os.path.join(folder, re.search("name=(.*)", sys.argv[4]).group(1))
    if what == "cset":
        open(name, "w").write(sys.argv[5] + "," + sys.argv[5])
    state = open(name).read()
    print("numid=3,iface=MIXER,name='it'\\n  ; type=BOOLEAN,access=rw------,values=2")
    print("  ; Item #0 'Disabled'\\n  ; Item #1 'Enabled'\\n  : values=" + state)
"""


def test_what_a_card_has():
    assert parts_of(CONTROLS) == CardParts(
        ("Front Headphone Jack", "Headphone Jack", "Headset Jack"),
        ("Speaker Playback Switch", "Line Out Playback Switch"),
        "Auto-Mute Mode",
    )
    assert parts_of("numid=1,iface=MIXER,name='Master Playback Volume'") == CardParts()


@pytest.mark.parametrize(("said", "on"), [("on", True), ("off", False), ("off,on", True), ("off,off", False), ("0,0", False)])
def test_a_switch_of_one_or_several_channels(said, on):
    assert is_on(f"numid=3,iface=MIXER,name='x'\n  ; type=BOOLEAN,access=rw------,values=2\n  : values={said}\n") is on
    assert not is_on("")


@pytest.fixture
def card(tmp_path, monkeypatch):
    if sys.platform == "win32":
        pytest.skip("a script stands in for ALSA's tool")
    tool = tmp_path / "amixer"
    tool.write_text(TOOL.format(python=sys.executable, controls=CONTROLS), encoding="utf-8")
    tool.chmod(0o755)
    for name, state in (("Headphone Jack", "off"), ("Speaker Playback Switch", "on,on"), ("Auto-Mute Mode", "1")):
        (tmp_path / name).write_text(state, encoding="utf-8")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return AlsaCard()


def test_switches_and_jacks(card, tmp_path):
    assert not card.is_on("Headphone Jack")
    assert card.mutes_itself("Auto-Mute Mode")
    (tmp_path / "Auto-Mute Mode").write_text("0", encoding="utf-8")
    assert not card.mutes_itself("Auto-Mute Mode")
    assert card.sounds("Speaker Playback Switch")
    assert card.switch("Speaker Playback Switch", False) is False
    assert not card.sounds("Speaker Playback Switch")


def test_a_plug_is_told_at_once_by_a_tool_that_does_not_flush(card, tmp_path):
    os.mkfifo(tmp_path / "events")
    changes = card.changes()
    told = threading.Semaphore(0)

    def follow():
        for _ in changes:
            told.release()

    thread = threading.Thread(target=follow)
    thread.start()
    assert told.acquire(timeout=30), "it listens"
    with open(tmp_path / "events", "w", encoding="utf-8") as events:
        for _ in range(2):
            events.write("event value: numid=3,iface=MIXER,name='Speaker Playback Switch'\n")
            events.write("event value: numid=21,iface=CARD,name='Headphone Jack'\n")
            events.flush()
            assert told.acquire(timeout=30)
        assert not told.acquire(blocking=False), "a switch is no jack"
    card.close()
    thread.join(30)
    assert not thread.is_alive()


def test_a_card_that_is_not_there_and_a_system_without_the_tool(card, tmp_path, monkeypatch):
    with pytest.raises(OSError, match="No such file or directory"):
        AlsaCard("7").parts()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(FileNotFoundError, match="amixer is not installed"):
        card.parts()
