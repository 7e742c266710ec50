"""What can happen while papers are photographed or chosen from a stick; listed with all others in the package."""

from __future__ import annotations

from dataclasses import dataclass, field

from kiosk.desk.values import Document


@dataclass(frozen=True, slots=True)
class ReviewConsented:
    """Whoever brought the papers agrees that pictures of them go to human review, or no longer."""

    on: bool


@dataclass(frozen=True, slots=True)
class PaperCameraTouched:
    """Photograph papers with the kiosk's camera: this one now."""

    paper: str


@dataclass(frozen=True, slots=True)
class ShootTouched:
    """Take the page that lies before the camera."""


@dataclass(frozen=True, slots=True)
class UseAnywayTouched:
    """The attendant can read the page, whatever the program says of it."""


@dataclass(frozen=True, slots=True)
class PageDropTouched:
    """A page that was taken is no good after all, or was the wrong one."""

    page_id: str


@dataclass(frozen=True, slots=True)
class PaperCameraClosed:
    """Enough pages."""


@dataclass(frozen=True, slots=True)
class ScanListTouched:
    """Show the files on the sticks."""


@dataclass(frozen=True, slots=True)
class PageSeen:
    """What the camera's page is like: `flaws` keep it from being used without a further word."""

    session_id: int
    shot: int
    flaws: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageKept:
    """A page lies encrypted in the store; None: it could not be kept."""

    session_id: int
    shot: int
    document: Document | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class PassportRead:
    """The camera read the second line of a passport's MRZ on a page, and every check digit fits."""

    session_id: int
    mrz: str = field(repr=False)


PaperTouch = (
    ReviewConsented | PaperCameraTouched | ShootTouched | UseAnywayTouched | PageDropTouched | PaperCameraClosed | ScanListTouched
)
PaperAnswer = PageSeen | PageKept | PassportRead
