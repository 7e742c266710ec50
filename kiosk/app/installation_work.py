"""The work of the set-up, one function each: in the store's thread where a store is given, else in a thread that may wait.

Called by `app.installation`. What goes wrong is a code, looked up as `setup.problem.CODE`.
"""

from __future__ import annotations

import ssl
import tempfile
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from kiosk import config, layers
from kiosk.config import Settings, resolve
from kiosk.errors import ConfigError, KioskError, SealError
from kiosk.installation import events as e
from kiosk.installation.states import DoctorLine, Value
from kiosk.layers import Source
from kiosk.store.desk import staff
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store
from kiosk.sync import client, protocol
from kiosk.sync.provision import ProvisionRefused, provision
from kiosk.texts.strings import Strings

BY_SET_UP = "set-up"  # who did it, in the journal, before there is a supervisor
_LARGEST_CERTIFICATE = 64 * 1024
AUTHORITY = "bureau-ca.pem"
# What the set-up asks of the doctor: the rest of the checks is about what is not there yet.
PARTS = (
    "camera",
    "camera-identity",
    "reader",
    "models",
    "voice",
    "screen",
    "fonts",
    "program",
    "settings",
    "database",
    "clock",
    "disk",
    "bureau",
)


def keep(store: Store, settings: Settings, values: Mapping[str, Value], by: str, directory: Path) -> e.Event:
    """Journal changed settings, then write them. A change that the journal did not take is not made."""
    told = settings.model_dump(mode="json")
    before = {key: _at(told, key) for key in values}
    data = {"staff": by or BY_SET_UP, "keys": sorted(values), "before": _plain(before), "after": _plain(values)}
    try:
        journal.note(store, "settings-changed", data, datetime.now(UTC))
    except KioskError:
        return e.SettingsRefused("not-journaled")
    try:
        layers.change(directory, Source.STATION, values)
    except ConfigError as error:
        return e.SettingsRefused("disk-full" if isinstance(error.__cause__, OSError) else "not-kept")
    return e.SettingsKept(dict(values))


def check_supervisor(store: Store, staff_id: str, pin: str, now: datetime) -> e.UnlockAnswered:
    """Look whether a PIN is a supervisor's."""
    answer = staff.sign_in(store, staff_id, pin, now)
    if answer.member is None:
        return e.UnlockAnswered("", "pin-locked" if answer.wait_s > 0 else "pin-wrong", answer.tries_left, answer.wait_s)
    if answer.member.role is not staff.Role.SUPERVISOR:
        return e.UnlockAnswered("", "not-supervisor")
    return e.UnlockAnswered(answer.member.staff_id)


def has_supervisor(store: Store) -> bool:
    """Whether somebody active is one."""
    return any(one.active and one.role is staff.Role.SUPERVISOR for one in staff.members(store))


def add_first(store: Store, staff_id: str, name: str, pin: str, now: datetime) -> e.FirstTold:
    """Add the first supervisor; refused where there is one already."""
    if has_supervisor(store):
        return e.FirstTold("", "staff-taken")
    try:
        staff.add(store, staff_id, name, staff.Role.SUPERVISOR, pin, now, by=BY_SET_UP)
    except staff.WeakPin:
        return e.FirstTold("", "weak-pin")
    except ValueError:
        return e.FirstTold("", "staff-taken")
    return e.FirstTold(staff_id)


def ask_bureau(settings: Settings) -> e.AddressTold:
    """Ask at the bureau's address for its time; nothing is registered yet, so nothing that it says is believed."""
    try:
        url = client.check_url(settings.sync.bureau_url)
        with client.open_http(settings.sync, url) as http:
            nonce = str(uuid.uuid4())
            status, headers, body = client.exchange(http, settings.sync.timeout_s, "GET", f"/v1/time?nonce={nonce}")
    except ConfigError:
        return e.AddressTold("certificate" if settings.sync.ca_file else "address-wrong")
    except client.Failure:
        return e.AddressTold("no-bureau")
    except httpx.HTTPError as error:
        return e.AddressTold("certificate" if client.is_certificate(error) else "unreachable")
    except ValueError:  # httpx.InvalidURL and what the system says of a name that is none
        return e.AddressTold("address-wrong")
    answered = status == 200 and protocol.MEDIA_TYPE in headers.get("content-type", "") and body
    return e.AddressTold("ok" if answered else "no-bureau")


def register(settings: Settings, code: str) -> e.RegisterTold:
    """Register with the one-time code; a second try with the same code, after an answer was lost, ends well."""
    try:
        identity = provision(settings, settings.sync.bureau_url, code)
    except ProvisionRefused as error:
        return e.RegisterTold("", error.why or "unknown")
    except SealError:
        return e.RegisterTold("", "other-bureau")
    except ConfigError:
        return e.RegisterTold("", "code-unreadable")
    except (KioskError, OSError):
        return e.RegisterTold("", "unreachable")
    return e.RegisterTold(identity.pins.kiosk_id)


def certificate_of(key: str, directory: Path) -> str:
    """Copy a certificate of a stick to the station, if it is one; return its path there. Raises ConfigError."""
    try:
        with Path(key).open("rb") as file:
            data = file.read(_LARGEST_CERTIFICATE + 1)
        text = data.decode("ascii") if data.lstrip().startswith(b"-----") else ssl.DER_cert_to_PEM_cert(data)
        with tempfile.TemporaryDirectory() as folder:
            tried = Path(folder) / AUTHORITY
            tried.write_text(text, encoding="ascii")
            if (
                len(data) > _LARGEST_CERTIFICATE
                or "PRIVATE KEY" in text
                or not ssl.create_default_context(cafile=str(tried)).cert_store_stats()["x509"]
            ):
                raise ConfigError("no certificate of an authority")
        path = directory / layers.FOLDER / AUTHORITY
        layers.write_whole(path, text)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ConfigError(f"{type(error).__name__}") from error
    return str(path)


def examine(settings: Settings, strings: Strings) -> e.DoctorTold:
    """Ask the doctor, who answers in the language of the catalogue. The devices must be free.

    A camera that a supervisor must answer for keeps self-service shut: whoever sets the kiosk up hears it here, not from the first
    retiree. The store is this process's own: asked in the usual way, camera and reader would be told to be in use by a kiosk.
    """
    from kiosk.doctor import checks
    from kiosk.doctor.finding import told

    free = {"camera": checks.look_through_camera, "reader": checks.ask_reader}
    found = checks.examine(settings, PARTS, {**checks.CHECKS, **free})
    return e.DoctorTold(tuple(DoctorLine(one.part, one.state, told(one.what, strings), told(one.remedy, strings)) for one in found))


def values_of(settings: Settings) -> dict[str, Value]:
    """Return every setting that may be set by touch, as it is in force."""
    told = settings.model_dump(mode="json")
    return {key: _at(told, key) for key in sorted(layers.BY_TOUCH)}


def checked(settings: Settings, values: Mapping[str, Value]) -> Settings:
    """Return the settings with some changed. Raises ConfigError where they cannot be."""
    if url := values.get("sync.bureau_url"):
        client.check_url(str(url))
    return config.changed(settings, values)


def directory_of(settings: Settings) -> Path:
    """Return the store's folder, below which the station's own settings lie."""
    return resolve(settings.store.directory)


def _at(told: Mapping[str, Any], key: str) -> Value:
    section, name = key.split(".")
    value = told[section][name]
    return value if isinstance(value, str | int | float) else str(value)


def _plain(values: Mapping[str, Value]) -> list[str]:
    """Return values as the journal may hold them: the station's own, no person's."""
    return [str(values[key])[:120] for key in sorted(values)]
