"""The sound card as far as headphones need it: jacks, switches of loudspeakers, and word of every plug. ALSA, by `amixer`.

Used by `voice.headphones` and `doctor`. `amixer events` waits for changes and costs nothing meanwhile. Where a driver has no such
controls, nothing is known of headphones.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

_AMIXER = "amixer"
_TIMEOUT_S = 5.0
_JACK = re.compile(r"iface=CARD,name='((?:Front |Rear )?Head(?:phones?|set)(?: Front| Mic)?(?:,\d+)? Jack)'")
_LOUDSPEAKER = re.compile(
    r"iface=MIXER,name='((?:(?:Bass |Desktop |Ext |Mono )?(?:Speaker|Spk)|Line Out|Front|Surround|Center|LFE|CLFE|Side)"
    r"(?: Playback)? Switch)'"
)
_AUTO_MUTE = re.compile(r"iface=MIXER,name='(Auto-Mute Mode)'")


@dataclass(frozen=True, slots=True)
class CardParts:
    """What a card has: names of its controls. `auto_mute`: the driver's own way to silence loudspeakers at a plug, "" for none."""

    jacks: tuple[str, ...] = ()
    loudspeakers: tuple[str, ...] = ()
    auto_mute: str = ""


class SoundCard(Protocol):
    """A card that may tell of plugs. Every call may raise OSError: the card is gone, or its tool."""

    def parts(self) -> CardParts:
        """Return its controls as they are now."""

    def is_on(self, jack: str) -> bool:
        """Return whether something is plugged in there."""

    def switch(self, loudspeaker: str, on: bool) -> bool:
        """Switch a loudspeaker; return what the card says of it afterwards."""

    def sounds(self, loudspeaker: str) -> bool:
        """Return whether a loudspeaker is switched on."""

    def mutes_itself(self, control: str) -> bool:
        """Return whether the driver silences loudspeakers at a plug by itself."""

    def changes(self) -> Iterator[None]:
        """Wait for changes of a jack, one after another; ends when the card goes, or at `close`."""

    def close(self) -> None:
        """End the waiting; from any thread."""


class AlsaCard:
    """ALSA's card, by number or name."""

    def __init__(self, card: str = "0") -> None:
        self._card = card
        self._events: subprocess.Popen[bytes] | None = None

    def parts(self) -> CardParts:
        return parts_of(self._ask("controls"))

    def is_on(self, jack: str) -> bool:
        return is_on(self._ask("cget", f"iface=CARD,name={jack}"))

    def switch(self, loudspeaker: str, on: bool) -> bool:
        self._ask("cset", f"iface=MIXER,name={loudspeaker}", "on" if on else "off")
        return self.sounds(loudspeaker)

    def sounds(self, loudspeaker: str) -> bool:
        return is_on(self._ask("cget", f"iface=MIXER,name={loudspeaker}"))

    def mutes_itself(self, control: str) -> bool:
        said = self._ask("cget", f"iface=MIXER,name={control}")
        chosen = re.search(r": values=(\d+)", said)
        item = re.search(rf"Item #{chosen.group(1)} '([^']*)'", said) if chosen else None
        return item is not None and item.group(1) != "Disabled"

    def changes(self) -> Iterator[None]:
        # WORKAROUND alsa-utils before 1.2.16: into a pipe `amixer events` writes 4 KB at a time, some forty plugs later; to a
        # terminal it writes each line.
        master, slave = os.openpty()
        try:
            self._events = subprocess.Popen(  # noqa: S603  a fixed program found on the path
                [_program(), "-c", self._card, "events"], stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.DEVNULL
            )
        finally:
            os.close(slave)
        with open(master, encoding="utf-8", errors="replace") as lines:
            try:
                for line in lines:  # "Ready to listen...": what changed before that is looked at too
                    if "Jack" in line or line.startswith("Ready"):
                        yield
            except OSError:  # the tool has ended
                return

    def close(self) -> None:
        events, self._events = self._events, None
        if events is not None:
            events.kill()
            events.wait(_TIMEOUT_S)

    def _ask(self, *what: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603  a fixed program found on the path
                [_program(), "-c", self._card, *what], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise OSError(str(error)) from error
        if done.returncode:
            raise OSError(done.stderr.strip() or f"{_AMIXER} {what[0]} failed")
        return done.stdout


def _program() -> str:
    found = shutil.which(_AMIXER)
    if found is None:
        raise FileNotFoundError(f"{_AMIXER} is not installed")
    return found


def parts_of(controls: str) -> CardParts:
    """Return what `amixer controls` tells of a card."""
    jacks, loudspeakers = (tuple(dict.fromkeys(pattern.findall(controls))) for pattern in (_JACK, _LOUDSPEAKER))
    automatic = _AUTO_MUTE.search(controls)
    return CardParts(jacks, loudspeakers, automatic.group(1) if automatic else "")


def is_on(contents: str) -> bool:
    """Return whether `amixer cget` of a switch or a jack says that it is on (of several channels: any)."""
    values = re.search(r": values=([\w,]+)", contents)
    return values is not None and "on" in values.group(1).split(",")
