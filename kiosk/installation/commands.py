"""What the set-up wants done. Frozen; verbs. Each that is answered is answered by an event of `events`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kiosk.installation.progress import SetupProgress, SetupStep
from kiosk.installation.states import Value


@dataclass(frozen=True, slots=True)
class KeepProgress:
    """Write down how far it is."""

    progress: SetupProgress


@dataclass(frozen=True, slots=True)
class KeepSettings:
    """Journal settings and write them: SettingsKept or SettingsRefused."""

    values: Mapping[str, Value]
    by: str


@dataclass(frozen=True, slots=True)
class CheckSupervisor:
    """UnlockAnswered."""

    staff_id: str
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class UseDevices:
    """Run what this step needs (again, with the settings of now), and nothing else."""

    step: SetupStep
    scanning: bool = False


@dataclass(frozen=True, slots=True)
class LookForDevices:
    """Offered, where a step has anything to choose."""

    step: SetupStep


@dataclass(frozen=True, slots=True)
class TurnPicture:
    """Turn the picture now."""

    turn: int


@dataclass(frozen=True, slots=True)
class TurnTouch:
    """Turn what is touched now."""

    turn: int


@dataclass(frozen=True, slots=True)
class StartTrial:
    """TrialEnded after a while; a trial that was started before does not end any more."""


@dataclass(frozen=True, slots=True)
class SetClock:
    """ClockAnswered. `to`: at the station's time."""

    to: datetime


@dataclass(frozen=True, slots=True)
class PlayPrompt:
    """Say something."""


@dataclass(frozen=True, slots=True)
class PrintTestSlip:
    """SlipTold."""


@dataclass(frozen=True, slots=True)
class TakeCertificate:
    """Check a certificate of a stick and keep it: SettingsKept or SettingsRefused."""

    key: str
    by: str


@dataclass(frozen=True, slots=True)
class AskBureau:
    """AddressTold."""


@dataclass(frozen=True, slots=True)
class RegisterStation:
    """RegisterTold."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AddFirstSupervisor:
    """FirstTold."""

    staff_id: str
    name: str
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskDoctor:
    """DoctorTold."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """The kiosk starts."""


Command = (
    KeepProgress
    | KeepSettings
    | CheckSupervisor
    | UseDevices
    | LookForDevices
    | TurnPicture
    | TurnTouch
    | StartTrial
    | SetClock
    | PlayPrompt
    | PrintTestSlip
    | TakeCertificate
    | AskBureau
    | RegisterStation
    | AddFirstSupervisor
    | AskDoctor
    | HandOver
)
