"""Coming, signing in, going from place to place, leaving."""

from __future__ import annotations

from dataclasses import dataclass, field

from kiosk.desk.values import Member, Place


@dataclass(frozen=True, slots=True)
class Opened:
    """The button for the staff was touched."""


@dataclass(frozen=True, slots=True)
class CloseTouched:
    """Back to the visit; signs out."""


@dataclass(frozen=True, slots=True)
class SignInTouched:
    """Number and PIN are complete."""

    staff_id: str
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ShortPinTouched:
    """The short PIN of who signed in a moment ago is complete."""

    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SomebodyElseTouched:
    """It is not who signed in a moment ago: number and PIN."""


@dataclass(frozen=True, slots=True)
class FirstNamed:
    """The first supervisor of a kiosk without staff."""

    staff_id: str
    name: str = field(repr=False)
    pin: str = field(repr=False)
    pin_again: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Alive:
    """A key or a touch that means nothing more."""


@dataclass(frozen=True, slots=True)
class Went:
    """To another place."""

    place: Place


@dataclass(frozen=True, slots=True)
class BackTouched:
    """One step back."""


@dataclass(frozen=True, slots=True)
class FormFilled:
    """Something is signed or written on a form that lies nowhere else yet, or no longer."""

    on: bool


@dataclass(frozen=True, slots=True)
class StayTouched:
    """The form is not left after all."""


@dataclass(frozen=True, slots=True)
class LeaveTouched:
    """The form is left, and what was filled in goes."""


@dataclass(frozen=True, slots=True)
class TimePassed:
    """A tick."""


@dataclass(frozen=True, slots=True)
class StaffCounted:
    """Whether anybody may sign in, and who may come back by a short PIN."""

    any_active: bool
    quick: Member | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The PIN was right. `quick`: it was the short one, or a card."""

    member: Member
    quick: bool = False


@dataclass(frozen=True, slots=True)
class SignInRefused:
    """The PIN was wrong, or is not looked at yet."""

    wait_s: float = 0.0
    tries_left: int = 0
    problem: str = "pin-wrong"


@dataclass(frozen=True, slots=True)
class FirstRefused:
    """The first supervisor was not accepted."""

    problem: str
