"""What the set-up shows: locked, or one page of ten. Frozen; each page carries what it needs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kiosk.installation.corners import Point
from kiosk.installation.progress import SetupProgress

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class SetupOffer:
    """One device, port or file to choose from. `key`: what is kept of it; `label`: what it is called."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class DoctorLine:
    """One finding of the doctor, in the station's language."""

    part: str
    state: str  # ok, bad, idle
    what: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ScreenStep:
    """Language and direction. A trial is kept by whoever hits four corners: they see the picture, and are felt."""

    hits: tuple[Point, ...] | None = None  # corners touched so far; None: none is asked for
    turn: int | None = None  # of the picture, on trial
    touch_turn: int | None = None  # of the touch, on trial
    touch: str = ""  # "", good, again, unclear
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ClockStep:
    """Date and time. `draft`: what the buttons have made of them, at the station's time."""

    draft: datetime | None = None
    busy: bool = False
    problem: str = ""
    notice: str = ""


@dataclass(frozen=True, slots=True)
class CameraStep:
    """The camera. `status`: opening, up, or a reason; `hint`: None before a look, "" for a face well in the circle."""

    offers: tuple[SetupOffer, ...] | None = None
    status: str = "opening"
    hint: str | None = None
    seen: bool = False  # a face was well in the circle once
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ReaderStep:
    """The reader. `status`: searching, ready, or a reason; `card`: "", read, or a reason."""

    offers: tuple[SetupOffer, ...] | None = None
    status: str = "searching"
    port: str = ""
    sam: str = ""
    card: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SoundStep:
    """The loudspeaker."""

    played: bool = False
    heard: bool | None = None
    trouble: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PrinterStep:
    """The printer. `status`: "", printing, printed, or a reason."""

    offers: tuple[SetupOffer, ...] | None = None
    status: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class NetworkStep:
    """The bureau's address and certificate, or a stick. `status`: "", asking, ok, or why not."""

    way: str = "network"  # network, stick
    offers: tuple[SetupOffer, ...] | None = None  # certificates on a stick
    status: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RegisterStep:
    """The bureau's one-time code. `status`: "", asking, or why not; `code`: what the camera read."""

    scanning: bool = False
    camera: str = "opening"
    code: str = field(default="", repr=False)
    pending: str = field(default="", repr=False)  # the code that waits for the settings to be kept
    status: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SupervisorStep:
    """The first supervisor."""

    busy: bool = False
    problem: str = ""
    notice: str = ""


@dataclass(frozen=True, slots=True)
class SummaryStep:
    """What the doctor says. `lines` None: it looks."""

    lines: tuple[DoctorLine, ...] | None = None
    problem: str = ""


Page = (
    ScreenStep
    | ClockStep
    | CameraStep
    | ReaderStep
    | SoundStep
    | PrinterStep
    | NetworkStep
    | RegisterStep
    | SupervisorStep
    | SummaryStep
)


@dataclass(frozen=True, slots=True)
class SetupFacts:
    """What holds on every page. `values`: the settings as they are in force, by their keys."""

    progress: SetupProgress
    values: Mapping[str, Value]
    supervised: bool = False  # there is a supervisor: who goes on here must be one
    kiosk_id: str = ""  # "" while it is not registered


WithOffers = CameraStep | ReaderStep | PrinterStep | NetworkStep


@dataclass(frozen=True, slots=True)
class Locked:
    """Somebody must show that they are a supervisor."""

    facts: SetupFacts
    busy: bool = False
    problem: str = ""
    tries_left: int = 0
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Installing:
    """A step stands on the screen. `by`: who does it, "" before there is anybody."""

    facts: SetupFacts
    page: Page
    by: str = ""


@dataclass(frozen=True, slots=True)
class Over:
    """The kiosk takes over. `finished`: somebody touched finish, the set-up does not open by itself again."""

    facts: SetupFacts
    finished: bool


State = Locked | Installing | Over
