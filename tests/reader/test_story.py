"""What is asked of a reader and told of its cards, as a table: the rules alone, with answers written out and no wire between.

The table lies beside this file. After a change that is meant: `python -m tests.reader.test_story`, and look at the difference.
Each story is told by its steps: commands with the patience they are given, pauses in seconds, events; then what is remembered.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kiosk.config import Reader
from kiosk.domain.reasons import Reason
from kiosk.idcard_reader import asking, events
from kiosk.idcard_reader.card import Payload, parse_card
from kiosk.idcard_reader.codec import Command, Damage, Reply
from kiosk.idcard_reader.exchange import Answer
from kiosk.idcard_reader.rules import Rules
from tests.reader.sim import CARDS

TABLE = Path(__file__).with_name("stories.txt")
SAM = {"A": struct.pack("<HHIII", 5, 1, 20240101, 1, 2), "B": bytes(16)}
WELL = "status: 90; sam-id: A; select: 90; newest-address: 41; find: 80; reset: 90"
BAUDS = (115200, 57600, 9600)


@dataclass
class Story:
    """answers: "COMMAND: ANSWER[*TIMES] ...", the last for ever. An answer: SW3 in hex, - silence, ! damage, a card, a SAM id."""

    answers: str
    steps: int = 30
    settings: dict[str, object] = field(default_factory=dict)
    memory: dict[str, object] = field(default_factory=dict)
    bauds: tuple[int, ...] = BAUDS
    resting: tuple[float, float] | None = None  # from when to when nobody polls


def read(key: str) -> asking.CardRecord:
    return parse_card(Payload(CARDS[key].text, CARDS[key].photo), b"", b"")


LYING: dict[str, object] = {"ready": True, "card": read("chen"), "last_card_at": 90.0}
LAID = "find: 80 9f; read: chen; newest-address: 41"
STORIES = {
    "nobody there": Story("status: -; find: -"),
    "noise, then silence": Story("status: ! -; find: -"),
    "knows no status": Story("status: -; find: 80; sam-id: A A; newest-address: 41", 14),
    "another speed": Story("status: - - - 90; find: -; sam-id: A B A; newest-address: 41", 20),
    "noise at the last speed": Story("status: -*3 !; find: -", 20),
    "the second speed": Story("status: -*2 90; find: - 80; sam-id: B A A", 20),
    "one speed": Story("status: -; find: -", bauds=(9600,)),
    "ill, then well": Story("status: 60*3 66*3 60*2 90; find: 80; sam-id: A", settings={"reopen_delay_max_s": 5.0}),
    "ill, then silent": Story("status: 66 -; find: -"),
    "known already": Story("status: 90; find: 80", 8, memory={"ready": True}),
    "it was gone, and is back": Story("status: 90; sam-id: A", 12, memory={"gone": Reason.READER_SILENT}),
    "nobody polls": Story("status: 90", 42, memory={"ready": True}, resting=(0.0, 999.0)),
    "nobody polls for a while": Story("status: 90", 30, memory={"ready": True}, resting=(0.0, 101.0)),
    "it falls silent while nobody polls": Story("status: 90 - 60; find: -", 60, memory={"ready": True}, resting=(0.0, 999.0)),
    "a card": Story(LAID + " 90 90 41", 30),
    "a card that find calls 90": Story("find: 80 90; read: chen"),
    "lenient: neither found nor selected, but read": Story("find: 80; select: 81; read: chen", settings={"lenient": True}),
    "lenient: nothing to read": Story("find: 80; select: 81; read: 41", settings={"lenient": True}),
    "lenient: silence is no card": Story("find: -; read: chen", settings={"lenient": True}),
    "strict: not found is not read": Story("find: 80; read: chen", 12),
    "failures end with an answer": Story("find: 81*2 80 81*5 80", 40),
    "failures of a card count on": Story("find: 81 80", 9, memory={"ready": True, "failed_lays": 1, "last_card_at": 99.0}),
    "failed lays are remembered for 20 s": Story("find: 80", 3, memory={"ready": True, "failed_lays": 1, "last_card_at": 80.0}),
    "… and no longer": Story("find: 80", 3, memory={"ready": True, "failed_lays": 1, "failures": 2, "last_card_at": 79.5}),
    "a bank card": Story("find: 40 40 80", 14),
    "neither card nor none": Story("find: 81*7 80", 40),
    "… with few tries": Story("find: 41*5 9f; read: chen", 30, settings={"reset_after_failures": 2}),
    "silence to find alone": Story("find: -*4 80", 30, settings={"reset_after_failures": 2}),
    "noise to find alone": Story("find: !*15 80", 60, settings={"reset_after_failures": 2}),
    "a card in spite of having been given up": Story("find: -*4 9f; read: chen", 30, settings={"reset_after_failures": 2}),
    "lenient in spite of having been given up": Story(
        "find: -*4 80; read: chen", 30, settings={"reset_after_failures": 2, "lenient": True}
    ),
    "ill while looking": Story("find: 60; status: 90*2 60 90", 24),
    "read at the second try": Story("find: 9f; read: 41 chen", 14),
    "… with a long pause": Story("find: 9f; read: 41 chen", 14, settings={"poll_interval_s": 0.75}),
    "… with the shortest": Story("find: 9f; read: 41 chen", 14, settings={"poll_interval_s": 0.3}),
    "ill at the second try": Story("find: 9f; read: 41 60; status: 90 60 90", 20),
    "taken between the tries": Story("find: 9f 80; read: 41 chen", 14),
    "twice unreadable, and lifted": Story("find: 9f*3 80; read: 31 33", 24),
    "… thrice": Story("find: (9f 9f 80)*9; read: 31 33", 60, settings={"max_lift_and_retry": 2, "reset_after_failures": 9}),
    "a reset in the middle": Story("find: 9f; read: 31", 20, settings={"reset_after_failures": 2}),
    "this card will not work": Story("find: 9f 80; read: 21", 14),
    "… and stays": Story("find: 9f 9f 40 80; read: 21", 20),
    "… at the second try": Story("find: 9f 9f 80; read: 31 21", 14),
    "silence after trouble": Story("find: 9f -*2 80; read: 21", 20),
    "it stays, and says so": Story("newest-address: 91; find: 80; read: chen", 30, memory=LYING),
    "… though none was seen without": Story(LAID.replace("41", "41 91*30"), 45),
    "… and always did": Story("find: 80*2 9f; read: chen; newest-address: 91", 40),
    "asked by find, and silent": Story("newest-address: 91; find: - 80; read: chen", 16, memory=LYING),
    "asked by find, which finds it": Story("newest-address: 90; find: 9f; read: chen", 14, memory=LYING),
    "asked by find, and not read": Story("newest-address: 91; find: 80; read: 41", 16, memory=LYING),
    "asked by find, not read at first": Story("newest-address: 91; find: 80; read: 41 chen", 26, memory=LYING),
    "asked by find, not read at last": Story("newest-address: 91; find: 9f; read: 41 41 chen", 20, memory=LYING),
    "asked by find: another card": Story("newest-address: 91; find: 9f; read: li", 16, memory=LYING),
    "one disturbed answer": Story("newest-address: 41 91*3 ! 91; find: 9f; read: chen", 20, memory=LYING),
    "silence, then it is there": Story("newest-address: - 91; find: 9f; read: chen", 12, memory=LYING),
    "silence twice, then it is there": Story("newest-address: -*2 91; find: 9f; read: chen", 12, memory=LYING),
    "says nothing to the question": Story("newest-address: -; find: 80; read: chen", 20, memory=LYING),
    "ill in mid visit": Story("newest-address: 60; status: 90*2; find: 80; read: chen", 14, memory=LYING),
    "does not know the question": Story("newest-address: 21; find: 9f 80; read: chen*2 41", 20, memory=LYING),
    "forgets the question": Story("newest-address: 91 21; find: 80; read: chen", 14, memory=LYING),
    "forgets it, and finds": Story("newest-address: 91 21; find: 9f; read: chen", 14, memory=LYING),
    "gone, as both say": Story("newest-address: 91 41 41 91; find: 80 9f; read: chen", 110, memory=LYING),
    "gone, as nobody had denied": Story("newest-address: 41; find: 80; read: 41", 12, memory=LYING),
    "disturbed after it had spoken": Story("newest-address: 91 41 -; find: 80; read: chen", 14, memory=LYING),
    "find is silent": Story("newest-address: 41; find: - 80; read: chen", 14, memory=LYING),
    "exchanged": Story("newest-address: 91 41; find: 9f; read: li", 14, memory=LYING),
    "the next cannot be read": Story("newest-address: 91 41; find: 9f*2 80; read: 41", 20, memory=LYING),
    "the next will not work": Story("newest-address: 91 41; find: 9f 80; read: 21", 14, memory=LYING),
}


def answers(text: str) -> dict[str, Iterator[Answer]]:
    """Return for each command what comes, one after the other, the last for ever."""

    def unfolded(words: str) -> list[str]:
        if words.startswith("("):
            inner, _, times = words[1:].partition(")*")
            return inner.split() * int(times)
        return [word for one in words.split() for word in [one.partition("*")[0]] * int(one.partition("*")[2] or 1)]

    def all_of(words: list[str]) -> Iterator[Answer]:
        yield from map(answer, words)
        while True:
            yield answer(words[-1])

    both = [one.split(": ") for one in [*WELL.split("; "), *text.split("; ")]]
    return {command: all_of(unfolded(words)) for command, words in both}


def answer(word: str) -> Answer:
    if word in ("-", "!"):
        return None if word == "-" else Damage.CHECKSUM
    if word in CARDS:
        parts = (CARDS[word].text, CARDS[word].photo)
        return Reply(0x90, b"".join(struct.pack(">H", len(part)) for part in parts) + b"".join(parts))
    return Reply(0x90, SAM[word]) if word in SAM else Reply(int(word, 16))


def told(story: Story) -> tuple[str, str]:
    """Return the steps, and what is remembered after them."""
    memory = asking.Memory(**story.memory)
    rules = Rules(Reader(**story.settings), memory, bauds=story.bauds, everything=False)
    rules.now, coming, out = 100.0, answers(story.answers), []
    script, sent = rules.run(), None
    for _ in range(story.steps):
        memory.polling = story.resting is None or not story.resting[0] <= rules.now < story.resting[1]
        try:
            step = script.send(sent)
        except StopIteration:
            out.append("end")
            break
        sent = None
        match step:
            case Command():
                sent = next(coming[step.label])
                out.append(step.label + ("" if rules.patience == 1 else f"~{rules.patience:g}"))
            case float():
                rules.now = round(rules.now + step, 3)
                out.append(f"{step:g}")
            case asking.SwitchBaud():
                rules.baud = step.baud
                out.append(f"SwitchBaud({step.baud})")
            case events.CardRead():
                out.append(f"CardRead({step.card.name})")
            case events.CardTrouble():
                use = {True: "lift", False: "no use"}[step.lift]
                out.append(f"CardTrouble({step.reason.value}, {step.sw3 and hex(step.sw3)}, {use})")
            case events.ReaderReady():
                out.append(f"ReaderReady({step.sam_id})")
            case events.ReaderGone() | asking.Lost():
                out.append(f"{type(step).__name__}({step.reason.value})")
            case _:
                out.append(type(step).__name__)
    kept = {name: getattr(memory, name) for name in asking.Memory.__slots__ if name not in ("polling", "card")}
    kept |= {"gone": memory.gone and memory.gone.value, "card": memory.card and memory.card.name, "at": rules.now}
    return " ".join(folded(out)), ", ".join(f"{name}={value}" for name, value in kept.items())


def folded(words: list[str]) -> list[str]:
    """Return the steps with those that repeat, one or two at a time, written once."""
    out: list[str] = []
    at = 0
    while at < len(words):
        for size in (1, 2):
            one, times = words[at : at + size], 1
            while words[at + times * size : at + (times + 1) * size] == one:
                times += 1
            if times > 2:
                out.append(f"({' '.join(one)})*{times}")
                at += times * size
                break
        else:
            out.append(words[at])
            at += 1
    return out


def rows(name: str) -> list[str]:
    return [name, *("    " + part for part in told(STORIES[name]))]


def before() -> dict[str, list[str]]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return {lines[at]: lines[at : at + 3] for at in range(0, len(lines), 3)}


BEFORE = before() if TABLE.exists() else {}


@pytest.mark.parametrize("name", STORIES)
def test_what_is_asked_and_told_in_each_story(name):
    assert rows(name) == BEFORE[name], "meant? python -m tests.reader.test_story, and read the difference"


def test_no_story_is_left_in_the_table_that_nobody_tells():
    assert list(BEFORE) == list(STORIES)


if __name__ == "__main__":
    TABLE.write_text("\n".join(line for name in STORIES for line in rows(name)) + "\n", encoding="utf-8")
