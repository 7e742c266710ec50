"""Typed settings, read from `config/kiosk.toml` or an operator's file. An unknown key there is an error, never a silent default.

May be imported by everything but the pure rooms (`MAY` in tests/test_directions.py). Each class documents one section; every key
stands, commented, in `config/kiosk.toml`. What is set by touch or by the bureau is laid over it (`kiosk/layers.py`).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kiosk import layers
from kiosk.errors import ConfigError
from kiosk.plain_text import read_text

ROOT = Path(__file__).resolve().parent.parent
ASSETS, CONFIG = ROOT / "assets", ROOT / "config"

_VisitKey = Literal["yes", "no", "help", "previous", "next", "choose", "repeat", "spoken"]
KeyWish = _VisitKey | Literal["louder", "quieter", "headphones-in", "headphones-out"]
CheckMode = Literal["off", "record", "refer", "enforce"]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Section(BaseModel):
    """A section of the configuration: immutable, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Channel(Section):
    """Another place or way to authenticate, shown where the face does not work. `far`: for whoever is away or abroad."""

    name: str
    address: str = ""
    hours: str = ""
    phone: str = ""
    far: bool = False


class Station(Section):
    """Where this kiosk stands."""

    name: str = "示范社区工作站"
    station_id: str = "SZ-DEMO-0001"
    hotline: str = "12333"
    verify_url: Annotated[str, Field(pattern=r"^(https://[^\s]+)?$", max_length=200)] = ""
    reader_place: Literal["below", "left-below", "right-below", "left", "right"] = "below"
    timezone: str = "Asia/Shanghai"
    channels: tuple[Channel, ...] = ()


class Ui(Section):
    """Screen, languages and times."""

    language: Literal["zh_CN", "zh_Hant", "en"] = "zh_CN"  # what the screen shows; [voice] language is what is spoken
    theme: Literal["paper", "contrast"] = "paper"
    large_text: bool = False
    captions: bool = True
    fullscreen: bool = True
    screen: int = 0
    screen_turn: Literal[0, 90, 180, 270] = 0  # degrees clockwise that the picture is turned by (xrandr)
    touch_turn: Literal[0, 90, 180, 270] = 0  # ... and the touch, where the panel does not follow by itself
    idle_timeout_s: float = Field(default=90.0, gt=0)
    idle_countdown_s: float = Field(default=30.0, ge=20.0)  # WCAG 2.2.1: at least 20 s to extend
    take_card_reminder_s: float = Field(default=8.0, gt=0)
    result_timeout_s: float = Field(default=60.0, ge=6.0)  # nobody reads a date in less
    stay_timeout_s: float = Field(default=900.0, gt=0)
    call_again_s: float = Field(default=60.0, gt=0)
    seated_top: Annotated[float, Field(ge=0.2, le=0.8)] = 0.5
    walk_away_s: float = Field(default=12.0, gt=0)
    dark_when_spoken: bool = False
    keys: dict[str, KeyWish] = {"F5": "previous", "F6": "next", "F7": "choose", "F8": "help", "F9": "repeat"}


class Voice(Section):
    """Spoken prompts."""

    enabled: bool = True
    language: Literal["zh_CN", "zh_HK", "en"] = "zh_CN"
    headphones: Literal["auto", "off", "always"] = "auto"  # spoken mode while they are plugged in
    headphones_card: str = "0"
    headphones_silence: bool = False  # the socket itself silences the loudspeaker
    rate_per_min: int = Field(default=200, ge=80, le=400)
    volume: Share = 1.0
    recordings: str = "assets/voice"  # folder of the bureau's own recordings: LANG/KEY.wav


class Camera(Section):
    """Where frames come from."""

    source: str = "device:0"
    width: int = 1280
    height: int = 720
    fps: float = Field(default=30.0, gt=0)
    rotate: Literal[0, 90, 180, 270] = 0  # degrees clockwise that the picture is turned by
    stall_timeout_s: float = Field(default=3.0, gt=0)
    reopen_delay_s: float = Field(default=1.0, gt=0)
    refuse_names: tuple[str, ...] = ("obs", "virtual", "v4l2loopback", "manycam", "droidcam", "dummy")


class WltDecoder(Section):
    """A vendor's decoder for the chip photo; none can be shipped."""

    library: str = ""
    function: str = "unpack"
    signature: Literal["unpack", "getbmp"] = "unpack"
    row_order: Literal["bottom-up", "top-down"] = "bottom-up"
    flag: int = 0
    timeout_s: float = Field(default=3.0, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _forget(cls, values: object) -> object:
        """Settings files of the first versions name the order of colours, which the picture itself says."""
        return {key: value for key, value in values.items() if key != "channel_order"} if isinstance(values, dict) else values


class Reader(Section):
    """The serial ID-card reader."""

    port: str = "/dev/ttyUSB0"
    port_patterns: tuple[str, ...] = ()
    usb_ids: tuple[str, ...] = ()
    baud: int = 115200
    probe_bauds: bool = True
    poll_interval_s: float = Field(default=0.5, ge=0.3)  # readers refuse a faster find (vendor manual)
    short_timeout_s: float = 0.5
    find_timeout_s: float = 0.5
    read_timeout_s: float = 4.0
    read_fingerprint_timeout_s: float = 5.0
    address_timeout_s: float = 1.5
    gap_timeout_s: float = 0.8
    lenient: bool = False
    read_newest_address: bool = False
    reset_after_failures: int = Field(default=3, ge=1)
    max_lift_and_retry: int = Field(default=3, ge=1)
    reopen_delay_s: float = Field(default=1.0, gt=0)
    reopen_delay_max_s: float = Field(default=10.0, gt=0)
    wlt: WltDecoder = WltDecoder()


class Checks(Section):
    """Attack checks, each off, recorded only, referred (a flag sends the person to the attendant, never refuses), or enforced."""

    depth: CheckMode = "enforce"
    background: CheckMode = "record"
    screen: CheckMode = "record"
    bent_print: CheckMode = "enforce"
    cutout: CheckMode = "record"
    stillness: CheckMode = "enforce"
    repeated_frames: CheckMode = "enforce"
    reflection: CheckMode = "off"
    light: CheckMode = "refer"
    camera: CheckMode = "record"
    sensor: CheckMode = "record"


class Liveness(Section):
    """The challenge in front of the camera."""

    actions: int = Field(default=2, ge=1, le=3)
    allowed: tuple[Literal["blink", "mouth-open", "turn-left", "turn-right", "nod"], ...] = (
        "blink",
        "mouth-open",
        "turn-left",
        "turn-right",
    )
    require_turn: bool = True
    action_timeout_s: float = Field(default=12.0, gt=0)
    doubt_asks_more: bool = True
    swaps: int = Field(default=1, ge=0)
    digits: Literal["off", "substitute", "third"] = "off"  # four digits read aloud
    microphone: str = ""  # a part of its name; empty: the system's own choice
    tries_per_visit: int = Field(default=3, ge=1)
    tries_per_person_day: int = Field(default=5, ge=1)
    frame_width: int = 640
    light_delay_s: float = Field(default=0.0, ge=0.0, le=0.4)
    light_strength: float = Field(default=0.0, ge=0.0)
    checks: Checks = Checks()


class Match(Section):
    """1:1 comparison of the live face with the reference."""

    accept: Share = 0.424
    reject: Share = 0.30
    frames: int = Field(default=5, ge=1)
    same_person: Share = 0.45


class Rules(Section):
    """Programme rules that are not in the policies."""

    policies: str = "config/policies"
    default_policy: str = "deferred-month"
    roster_stale_days: int = Field(default=35, ge=1)
    clock_jump_back_s: float = Field(default=120.0, gt=0)
    home_loan_days: int = Field(default=14, ge=1, le=92)


class Review(Section):
    """Human review (人工复核), asked for after failed tries."""

    offered: bool = True
    working_days: int = Field(default=3, ge=1, le=30)  # within which the bureau answers
    holidays: tuple[date, ...] = ()
    worked_weekends: tuple[date, ...] = ()


class HomeVisits(Section):
    """Who may book a home visit (上门认证) on the kiosk itself, after a failed attempt."""

    offered_from_age: int = Field(default=80, ge=0, le=120)  # 0: to nobody


class Store(Section):
    """The encrypted database and its key."""

    directory: str = "var"
    key_command: str = ""  # prints the database key (TPM, systemd credential); empty: key file
    key_file: str = "var/keys/database.key"
    scan_cipher: Literal["aes", "sm4"] = "aes"  # of scans that wait for human review; the database is SQLCipher's AES-256
    retain_records_days: int = Field(default=730, ge=1)
    retain_journal_days: int = Field(default=1095, ge=730)
    retain_attempts_days: int = Field(default=90, ge=1)


class Sync(Section):
    """Delivery to the bureau."""

    bureau_url: str = ""
    ca_file: str = ""
    key_command: str = ""  # prints the kiosk's private keys; empty: key file
    key_file: str = "var/keys/kiosk.json"
    key_module: str = ""  # library of a device that holds the keys; empty: none
    key_module_kind: Literal["pkcs11", "sdf"] = "pkcs11"
    key_token: str = "kiosk"  # noqa: S105  a label
    key_label: str = "kiosk"  # of the token's two keys: LABEL-sign, LABEL-seal
    key_pin_file: str = ""
    key_index: int = Field(default=1, ge=1)
    key_decrypt: Literal["plain", "with-algorithm"] = "plain"
    interval_s: float = Field(default=300.0, gt=0)
    backoff_max_s: float = Field(default=3600.0, gt=0)
    probe_s: float = Field(default=30.0, ge=0)
    batch_size: int = Field(default=20, ge=1, le=200)
    timeout_s: float = Field(default=15.0, gt=0)
    paused: bool = False
    metered: bool = False
    night_only: bool = False
    night_from_hour: int = Field(default=22, ge=0, le=23)
    night_to_hour: int = Field(default=6, ge=0, le=23)
    banner_after_h: float = 24.0
    supervisor_after_h: float = 72.0
    freeze_after_h: float = 360.0  # the programme: at 15 days self-service stops, attended work goes on


class Update(Section):
    """When updates of the program may be taken (kiosk update)."""

    from_hour: int = Field(default=1, ge=0, le=23)
    to_hour: int = Field(default=5, ge=0, le=23)
    over_metered: bool = False
    ready_s: float = Field(default=90.0, ge=30, le=3600)


class Desk(Section):
    """The attendant's desk."""

    sign_out_s: float = Field(default=900.0, gt=0)
    pin_min_length: int = Field(default=6, ge=6)
    lockout_after: int = Field(default=5, ge=3)
    lockout_first_s: float = Field(default=30.0, gt=0)
    lockout_max_s: float = Field(default=3600.0, gt=0)
    short_pin_s: float = Field(default=900.0, ge=0, le=900.0)  # after a full sign-in; 0: no short PIN and no staff card
    stick_folders: tuple[str, ...] = ()  # where sticks are mounted besides the usual places
    on_screen_keyboard: bool = True  # a touched field brings letters and pinyin; a typed key takes them away


class Printer(Section):
    """An optional ESC/POS slip printer."""

    kind: Literal["none", "dummy", "file", "serial", "usb", "network"] = "none"
    target: str = ""
    width_mm: Literal[58, 80] = 80
    text: Literal["gb18030", "image"] = "gb18030"
    large: bool = False
    native_qr: bool = False
    cut: bool = True
    ask_paper: bool = True
    baud: int = Field(default=19200, ge=1200)
    timeout_s: float = Field(default=5.0, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _retired(cls, given: Any) -> Any:
        """Pass over the key of 0.1 that named a profile of a library: an old station's file still loads."""
        return {key: value for key, value in given.items() if key != "profile"} if isinstance(given, dict) else given


class Settings(Section):
    """The whole configuration."""

    station: Station = Station()
    ui: Ui = Ui()
    voice: Voice = Voice()
    camera: Camera = Camera()
    reader: Reader = Reader()
    liveness: Liveness = Liveness()
    match: Match = Match()
    rules: Rules = Rules()
    review: Review = Review()
    home_visits: HomeVisits = HomeVisits()
    store: Store = Store()
    sync: Sync = Sync()
    update: Update = Update()
    desk: Desk = Desk()
    printer: Printer = Printer()


def load(path: Path | None = None, overrides: dict[str, Any] | None = None, *, layered: bool = True) -> Settings:
    """Return the settings from `path` (default: $KIOSK_CONFIG, else config/kiosk.toml), layers and then `overrides` merged on top.

    Raises ConfigError naming the file, the key and what is wrong with it. layered=False: the file alone.
    """
    chosen = path or Path(os.environ.get("KIOSK_CONFIG", CONFIG / "kiosk.toml"))
    try:
        data = tomllib.loads(read_text(chosen))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{chosen}: {error}") from error
    try:
        base = Settings.model_validate(data)
        told = laid_over(data, resolve(base.store.directory))[0] if layered else data
        settings = Settings.model_validate(merged(told, overrides or {}))
    except ValidationError as error:
        raise ConfigError(f"{chosen}: {_named(error)}") from error
    if not settings.station.station_id or "station_id" not in data.get("station", {}):
        # Half a file is a file too: without this it would start a demonstration kiosk, with a new database and no word.
        raise ConfigError(f"{chosen}: [station] station_id is missing: is the file whole?")
    return settings


def laid_over(data: dict[str, Any], directory: Path) -> tuple[dict[str, Any], list[str]]:
    """Return an operator's settings with every usable key of the layers over them, and what was left out in words.

    A value that is refused is left out alone: one key must not keep a station from starting, nor take the others with it.
    """
    problems: list[str] = []
    for source, layer in layers.sources(directory):
        problems += layer.problems
        for key, value in layer.values.items():
            tried = merged(data, layers.nested({key: value}))
            try:
                Settings.model_validate(tried)
            except ValidationError as error:
                problems.append(f"{layers.path_of(directory, source)}: {_named(error)}")
            else:
                data = tried
    return data, problems


def changed(settings: Settings, values: Mapping[str, layers.Value]) -> Settings:
    """Return the settings with some keys changed, as for a preview. Raises ConfigError naming what is wrong with them."""
    try:
        return Settings.model_validate(merged(settings.model_dump(), layers.nested(values)))
    except ValidationError as error:
        raise ConfigError(_named(error)) from error


def _named(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(str(p) for p in item['loc'])}: {item['msg']}" for item in error.errors())


def resolve(path: str) -> Path:
    """Return `path` as it is when absolute, else below the project's root."""
    return ROOT / Path(path).expanduser()  # an absolute one stays as it is


def credential(name: str) -> Path | None:
    """Return the file with a sealed secret, opened by the service manager (systemd, LoadCredentialEncrypted=); None without one."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / f"pension-kiosk.{name}" if folder else None
    return path if path is not None and path.is_file() else None


def merged(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with `top` laid over it, section by section."""
    out = dict(base)
    for key, value in top.items():
        if isinstance(value, dict) and isinstance(out.get(key), dict):
            out[key] = merged(out[key], value)
        else:
            out[key] = value
    return out
