"""Stable reason codes. Texts for people are keyed by them in `assets/strings/LANG/*.toml`; a code is never renamed."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a visit, or a part of it, ended or must wait. Sections follow the path of a visit."""

    # --- all is well
    OK = "ok"

    # --- service
    INTERNAL_ERROR = "internal-error"
    CONFIG_ERROR = "config-error"
    DEVICE_ERROR = "device-error"
    MODEL_ERROR = "model-error"
    STORE_ERROR = "store-error"
    WRONG_KEY = "wrong-key"
    CLOCK_SUSPECT = "clock-suspect"
    SELF_SERVICE_FROZEN = "self-service-frozen"
    KIOSK_DOUBLED = "kiosk-doubled"
    CAMERA_CHANGED = "camera-changed"
    STATION_NOT_READY = "station-not-ready"  # not set up, or not registered yet
    BUREAU_UNREACHABLE = "bureau-unreachable"
    SEAL_INVALID = "seal-invalid"

    # --- card and reader (idcard_reader/)
    READER_UNPLUGGED = "reader-unplugged"
    READER_DENIED = "reader-denied"
    READER_BUSY = "reader-busy"
    READER_SILENT = "reader-silent"
    READER_GARBLED = "reader-garbled"
    CARD_LIFT_AND_RETRY = "card-lift-and-retry"
    CARD_UNREADABLE = "card-unreadable"
    CARD_EXPIRED = "card-expired"
    CARD_CHANGED = "card-changed"
    CARD_LEFT_BEHIND = "card-left-behind"
    # one for each status byte (SW3) of the reader: kiosk/idcard_reader/status.py
    READER_REQUEST_DAMAGED = "reader-request-damaged"  # 10
    READER_REQUEST_LENGTH = "reader-request-length"  # 11
    READER_COMMAND_UNKNOWN = "reader-command-unknown"  # 21
    READER_NOT_PERMITTED = "reader-not-permitted"  # 23
    READER_ERROR = "reader-error"  # 24 and codes nobody documents
    CARD_REFUSED_READER = "card-refused-reader"  # 31
    READER_REFUSED_CARD = "reader-refused-card"  # 32
    CARD_UNVERIFIED = "card-unverified"  # 33
    CARD_NOT_FOUND_YET = "card-not-found-yet"  # 34
    CARD_FINGERPRINT_UNVERIFIED = "card-fingerprint-unverified"  # 37
    CARD_WRONG_LENGTH = "card-wrong-length"  # 3F
    CARD_KIND_UNKNOWN = "card-kind-unknown"  # 40
    CARD_READ_FAILED = "card-read-failed"  # 41
    CARD_NO_RANDOM = "card-no-random"  # 47
    READER_SELF_TEST_FAILED = "reader-self-test-failed"  # 60
    READER_NOT_AUTHORISED = "reader-not-authorised"  # 66
    CARD_NOT_FOUND = "card-not-found"  # 80
    CARD_SELECT_FAILED = "card-select-failed"  # 81
    CARD_ITEM_MISSING = "card-item-missing"  # 91

    # --- card before the camera (ocr/), slip printer (printer/)
    OCR_UNREADABLE = "ocr-unreadable"
    CODE_UNREADABLE = "code-unreadable"
    CODE_UNKNOWN = "code-unknown"
    CODE_OFFLINE = "code-offline"
    PRINTER_UNAVAILABLE = "printer-unavailable"
    PRINTER_NO_PAPER = "printer-no-paper"

    # --- person and eligibility
    NOT_IN_ROSTER = "not-in-roster"
    ELSEWHERE_OFFLINE = "elsewhere-offline"  # not of this kiosk's streets, and the bureau cannot be asked
    NAME_MISMATCH = "name-mismatch"
    ROSTER_ABNORMAL = "roster-abnormal"
    NOT_YET = "not-yet"
    ALREADY_DONE = "already-done"
    DATA_MATCHED = "data-matched"
    NO_QUALIFICATION = "no-qualification"
    OUT_OF_SCOPE = "out-of-scope"
    DECEASED = "deceased"
    WITHDRAWN = "withdrawn"
    NO_TEMPLATE = "no-template"
    TEMPLATE_OUTDATED = "template-outdated"
    HELPER_IS_BENEFICIARY = "helper-is-beneficiary"
    CONSENT_DECLINED = "consent-declined"

    # --- human review (人工复核), asked for after failed tries
    REVIEW_WANTED = "review-wanted"
    REVIEW_PENDING = "review-pending"
    REVIEW_OVERDUE = "review-overdue"
    REVIEW_RETURNED = "review-returned"
    REVIEW_PASSED = "review-passed"

    # --- camera and liveness
    CAMERA_UNPLUGGED = "camera-unplugged"
    ACTION_TIMEOUT = "action-timeout"
    LIVENESS_FAILED = "liveness-failed"
    LIVENESS_UNCERTAIN = "liveness-uncertain"  # nothing shows an attack, but too little shows a person: the attendant looks
    FACE_LOST = "face-lost"
    FACE_CHANGED = "face-changed"
    NO_GOOD_FRAME = "no-good-frame"
    DIGITS_UNHEARD = "digits-unheard"
    DIGITS_WRONG = "digits-wrong"
    DIGITS_ELSEWHERE = "digits-elsewhere"  # the voice did not come from this mouth
    TOO_MANY_TRIES = "too-many-tries"

    # --- match
    FACE_MISMATCH = "face-mismatch"
    FACE_UNCERTAIN = "face-uncertain"

    # --- the visit itself
    CANCELLED = "cancelled"
    IDLE_TIMEOUT = "idle-timeout"
    WALKED_AWAY = "walked-away"
    ATTENDANT_CALLED = "attendant-called"
    NO_FACE_WANTED = "no-face-wanted"

    # --- the desk and its lists (store/desk/, unit_list/)
    WEAK_PIN = "weak-pin"
    DESK_NOT_ALLOWED = "desk-not-allowed"
    LIST_UNREADABLE = "list-unreadable"
    BAD_NUMBER = "bad-number"
    BAD_ROW = "bad-row"
    TWICE_IN_LIST = "twice-in-list"
    NO_SUCH_BENEFIT = "no-such-benefit"


class Guidance(StrEnum):
    """What the person should change in front of the camera. One is shown at a time."""

    NO_FACE = "no-face"
    SEVERAL_FACES = "several-faces"
    TOO_NEAR = "too-near"
    TOO_FAR = "too-far"
    OFF_CENTRE = "off-centre"
    NOT_STRAIGHT = "not-straight"
    TOO_DARK = "too-dark"
    BACKLIT = "backlit"
    BLURRED = "blurred"
    EYES_COVERED = "eyes-covered"
    MOUTH_COVERED = "mouth-covered"
    HAT_SHADOW = "hat-shadow"
    LEFT_FRAME = "left-frame"


class Action(StrEnum):
    """Liveness actions; left and right are the person's own."""

    BLINK = "blink"
    MOUTH_OPEN = "mouth-open"
    TURN_LEFT = "turn-left"
    TURN_RIGHT = "turn-right"
    NOD = "nod"
    READ_DIGITS = "read-digits"  # four digits, aloud: only where microphone and recogniser are there, and never alone


# How a take before the camera ends without its actions shown: what to do about it is the same for all.
TAKE_FAILED = frozenset(
    {
        Reason.ACTION_TIMEOUT,
        Reason.NO_GOOD_FRAME,
        Reason.FACE_LOST,
        Reason.FACE_CHANGED,
        Reason.DIGITS_UNHEARD,
        Reason.DIGITS_WRONG,
        Reason.DIGITS_ELSEWHERE,
    }
)
