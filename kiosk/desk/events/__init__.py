"""What can happen at the desk: touches and keys, cards, answers, time. Past tense; made by `ui.desk` and `app.desk_controller`."""

from __future__ import annotations

from kiosk.desk.events.papers import (
    PageDropTouched,
    PageKept,
    PageSeen,
    PaperAnswer,
    PaperCameraClosed,
    PaperCameraTouched,
    PaperTouch,
    PassportRead,
    ReviewConsented,
    ScanListTouched,
    ShootTouched,
    UseAnywayTouched,
)
from kiosk.desk.events.person import (
    AgentTyped,
    AssistChosen,
    AssistSubmitted,
    CardRead,
    CardTroubled,
    DeclareChosen,
    DeclareSubmitted,
    EnrolChosen,
    EnrolConsented,
    EraseTouched,
    InSightTouched,
    KeepTouched,
    LookTouched,
    NotSaved,
    PersonChosen,
    PersonFound,
    PhotoTouched,
    RecordStatusMoved,
    Saved,
    ScanChosen,
    ScanRegistered,
    SearchTouched,
    TakeEnded,
    TakeOverTouched,
)
from kiosk.desk.events.places import (
    Acted,
    ApproveTouched,
    CallAnswered,
    CalledTouched,
    CameraConfirmed,
    CardBindTouched,
    ClockConfirmed,
    CourierTouched,
    ExportListTouched,
    ExportTouched,
    HandledTouched,
    HomeCarryTouched,
    Loaded,
    MaintenanceTouched,
    MediaSeen,
    PinReset,
    PrintTouched,
    ShortPinChosen,
    StaffAdded,
    StaffRevoked,
    SyncNowTouched,
    SyncPauseTouched,
    UnitListChosen,
    VisitChangeTouched,
)
from kiosk.desk.events.session import (
    Alive,
    BackTouched,
    CloseTouched,
    FirstNamed,
    FirstRefused,
    FormFilled,
    LeaveTouched,
    Opened,
    ShortPinTouched,
    SignedIn,
    SignInRefused,
    SignInTouched,
    SomebodyElseTouched,
    StaffCounted,
    StayTouched,
    TimePassed,
    Went,
)

__all__ = [
    "Acted",
    "AgentTyped",
    "Alive",
    "ApproveTouched",
    "AssistChosen",
    "AssistSubmitted",
    "BackTouched",
    "CallAnswered",
    "CalledTouched",
    "CameraConfirmed",
    "CardBindTouched",
    "CardRead",
    "CardTroubled",
    "ClockConfirmed",
    "CloseTouched",
    "CourierTouched",
    "DeclareChosen",
    "DeclareSubmitted",
    "EnrolChosen",
    "EnrolConsented",
    "EraseTouched",
    "Event",
    "ExportTouched",
    "FirstNamed",
    "FirstRefused",
    "FormFilled",
    "HandledTouched",
    "HomeCarryTouched",
    "KeepTouched",
    "ExportListTouched",
    "LeaveTouched",
    "Loaded",
    "LookTouched",
    "MaintenanceTouched",
    "MediaSeen",
    "NotSaved",
    "Opened",
    "PageDropTouched",
    "PageKept",
    "PageSeen",
    "PaperCameraClosed",
    "PaperCameraTouched",
    "PassportRead",
    "PersonChosen",
    "PersonFound",
    "PhotoTouched",
    "PinReset",
    "PrintTouched",
    "ReviewConsented",
    "Saved",
    "ScanChosen",
    "ScanListTouched",
    "ScanRegistered",
    "SearchTouched",
    "ShootTouched",
    "ShortPinChosen",
    "ShortPinTouched",
    "SignInRefused",
    "SignInTouched",
    "SignedIn",
    "SomebodyElseTouched",
    "StaffAdded",
    "StaffCounted",
    "StaffRevoked",
    "StayTouched",
    "RecordStatusMoved",
    "SyncNowTouched",
    "SyncPauseTouched",
    "TakeEnded",
    "InSightTouched",
    "TakeOverTouched",
    "TimePassed",
    "Touch",
    "UnitListChosen",
    "VisitChangeTouched",
    "UseAnywayTouched",
    "Went",
]

# Touches, and the card: they keep the session alive.
Touch = (
    CloseTouched
    | Alive
    | Went
    | BackTouched
    | FormFilled
    | StayTouched
    | LeaveTouched
    | InSightTouched
    | TakeOverTouched
    | SearchTouched
    | PersonChosen
    | AssistChosen
    | ScanChosen
    | AssistSubmitted
    | AgentTyped
    | EnrolChosen
    | EnrolConsented
    | LookTouched
    | PhotoTouched
    | KeepTouched
    | EraseTouched
    | DeclareChosen
    | DeclareSubmitted
    | UnitListChosen
    | ExportTouched
    | CalledTouched
    | PrintTouched
    | HandledTouched
    | CallAnswered
    | ApproveTouched
    | ClockConfirmed
    | CameraConfirmed
    | SyncNowTouched
    | SyncPauseTouched
    | CourierTouched
    | ExportListTouched
    | HomeCarryTouched
    | VisitChangeTouched
    | StaffAdded
    | PinReset
    | StaffRevoked
    | CardBindTouched
    | ShortPinChosen
    | MaintenanceTouched
    | CardRead
    | PaperTouch
)
# Addressed to one session: to another one they are late, and dropped.
Reply = PersonFound | Loaded | Acted | Saved | NotSaved | ScanRegistered | MediaSeen | PaperAnswer | TakeEnded
Event = (
    Opened
    | SignInTouched
    | ShortPinTouched
    | SomebodyElseTouched
    | FirstNamed
    | Touch
    | CardTroubled
    | TimePassed
    | StaffCounted
    | SignedIn
    | SignInRefused
    | FirstRefused
    | Reply
    | RecordStatusMoved
)
