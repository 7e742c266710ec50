"""What can happen to a set-up: touches, answers of devices and workers. Frozen; names in the past tense. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kiosk.installation.progress import SetupStep
from kiosk.installation.states import DoctorLine, SetupOffer, Value

# --- by whom, and the way through


@dataclass(frozen=True, slots=True)
class UnlockTouched:
    """Somebody says who they are."""

    staff_id: str
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class UnlockAnswered:
    """`staff_id` "": refused."""

    staff_id: str
    problem: str = ""
    tries_left: int = 0
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """Nobody has touched anything for long."""


@dataclass(frozen=True, slots=True)
class ServeTouched:
    """Away from the set-up, which stays open: back to the people."""


@dataclass(frozen=True, slots=True)
class StepTouched:
    """Another step, out of turn."""

    step: SetupStep


@dataclass(frozen=True, slots=True)
class NextTouched:
    """This step is done."""


@dataclass(frozen=True, slots=True)
class SkipTouched:
    """This step later."""


@dataclass(frozen=True, slots=True)
class StepBackTouched:
    """The step before."""


@dataclass(frozen=True, slots=True)
class FinishTouched:
    """The set-up is over."""


@dataclass(frozen=True, slots=True)
class SettingTouched:
    """A setting is given another value."""

    key: str
    value: Value


@dataclass(frozen=True, slots=True)
class SettingsKept:
    """They stand in the file, and hold from now on."""

    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class SettingsRefused:
    """They were not kept: a code of why."""

    problem: str


@dataclass(frozen=True, slots=True)
class TextTyped:
    """A field holds another text."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Offered:
    """What there is to choose from at a step."""

    step: SetupStep
    offers: tuple[SetupOffer, ...]


@dataclass(frozen=True, slots=True)
class OfferTouched:
    """One of what is offered is chosen."""

    key: str


# --- screen


@dataclass(frozen=True, slots=True)
class TurnTouched:
    """Turn the picture so: degrees clockwise."""

    turn: int


@dataclass(frozen=True, slots=True)
class TrialEnded:
    """Nobody touched the corners in time, or somebody gave it up."""


@dataclass(frozen=True, slots=True)
class CornersTouched:
    """Begin to touch the four corners."""


@dataclass(frozen=True, slots=True)
class CornerHit:
    """A touch, in shares of the screen."""

    x: float
    y: float


# --- clock


@dataclass(frozen=True, slots=True)
class ClockNudged:
    """A button beside year, month, day, hour or minute. `shown`: the clock's own time at the station."""

    unit: str
    by: int
    shown: datetime


@dataclass(frozen=True, slots=True)
class ClockTouched:
    """Set the clock to what is shown."""


@dataclass(frozen=True, slots=True)
class ClockAnswered:
    """`problem` "": it is set."""

    problem: str = ""


# --- devices


@dataclass(frozen=True, slots=True)
class CameraTold:
    """`status`: up, or a reason."""

    status: str


@dataclass(frozen=True, slots=True)
class FacePlaced:
    """What would make the face better placed; "": nothing."""

    hint: str


@dataclass(frozen=True, slots=True)
class ReaderTold:
    """`status`: ready, or a reason."""

    status: str
    port: str = ""
    sam: str = ""


@dataclass(frozen=True, slots=True)
class CardTold:
    """`card`: read, or a reason."""

    card: str


@dataclass(frozen=True, slots=True)
class HearTouched:
    """Play the prompt."""


@dataclass(frozen=True, slots=True)
class LouderTouched:
    """Louder, or softer: steps."""

    steps: int


@dataclass(frozen=True, slots=True)
class HeardTouched:
    """Was it heard?"""

    heard: bool


@dataclass(frozen=True, slots=True)
class SoundTold:
    """What the sound card is troubled by."""

    trouble: str


@dataclass(frozen=True, slots=True)
class SlipTouched:
    """Print a test slip."""


@dataclass(frozen=True, slots=True)
class SlipTold:
    """`status`: printed, or a reason."""

    status: str


# --- bureau


@dataclass(frozen=True, slots=True)
class WayTouched:
    """By network or by stick."""

    way: str


@dataclass(frozen=True, slots=True)
class LookAgainTouched:
    """Look for devices or files once more."""


@dataclass(frozen=True, slots=True)
class AddressTouched:
    """Keep the bureau's address and ask there."""

    url: str


@dataclass(frozen=True, slots=True)
class AddressTold:
    """`status`: ok, or why not."""

    status: str


@dataclass(frozen=True, slots=True)
class ScanTouched:
    """Read the code with the camera, or no longer."""

    on: bool


@dataclass(frozen=True, slots=True)
class CodeScanned:
    """The camera read a code."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RegisterTouched:
    """Register the station with the code."""

    station_id: str
    name: str
    hotline: str
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RegisterTold:
    """`kiosk_id` "": refused, and why."""

    kiosk_id: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FirstTouched:
    """The first supervisor names themselves."""

    staff_id: str
    name: str
    pin: str = field(repr=False)
    again: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FirstTold:
    """`problem` "": there is a supervisor now."""

    staff_id: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class DoctorTold:
    """What the doctor found."""

    lines: tuple[DoctorLine, ...]


Event = (
    UnlockTouched
    | UnlockAnswered
    | LeftAlone
    | ServeTouched
    | StepTouched
    | NextTouched
    | SkipTouched
    | StepBackTouched
    | FinishTouched
    | SettingTouched
    | SettingsKept
    | SettingsRefused
    | TextTyped
    | Offered
    | TurnTouched
    | TrialEnded
    | CornersTouched
    | CornerHit
    | ClockNudged
    | ClockTouched
    | ClockAnswered
    | CameraTold
    | FacePlaced
    | ReaderTold
    | CardTold
    | HearTouched
    | LouderTouched
    | HeardTouched
    | SoundTold
    | SlipTouched
    | SlipTold
    | WayTouched
    | LookAgainTouched
    | OfferTouched
    | AddressTouched
    | AddressTold
    | ScanTouched
    | CodeScanned
    | RegisterTouched
    | RegisterTold
    | FirstTouched
    | FirstTold
    | DoctorTold
)
