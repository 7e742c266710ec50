"""Looks into what a kiosk sends: every field must be on a list, and no text, number or byte may hold a picture, a face vector or an
identity number. Written from the privacy notice, not from the code: a new field is refused until somebody adds it here on purpose.

`open_request` opens a request with the bureau's keys; `look` returns what is wrong with the document, as short codes with a place.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from pydantic import ValidationError

from kiosk.domain.identity import check_digit
from kiosk.sync import protocol, seal
from kiosk.sync.suites import Key

# --- what may travel: a place, and the names that it may hold

_HEAD = {"schema_version", "suite", "kind"}
FIELDS: dict[str, set[str]] = {
    "batch": _HEAD
    | {
        "batch_id",
        "kiosk_id",
        "seq",
        "created_at",
        "way",
        "clock",
        "backlog",
        "roster_version",
        "software",
        "believes",
        "journal_tail",
        "records",
    },
    "batch.clock": {"sent_at_utc", "monotonic_s", "boot_id", "bureau_offset_s"},
    "batch.journal_tail": {"seq", "kind", "digest", "body", "signature", "key_id"},
    "batch.journal_tail.body": {"at", "data", "kind", "previous", "seq"},
    "batch.records": {
        "record_id",
        "visit_id",
        "station_id",
        "person_id",
        "benefit_id",
        "policy_id",
        "policy_period",
        "channel",
        "outcome",
        "reason",
        "clock",
        "identified_by",
        "roster_version",
        "author",
        "consent_id",
        "actions",
        "checks",
        "model_digest",
        "valid_from",
        "valid_to",
        "helper_name",
        "helper_id_number",
        "notes",
        "answer_by",
    },
    "batch.records.clock": {"captured_at_utc", "monotonic_s", "boot_id", "high_water_utc", "suspect", "confirmed_by"},
    "batch.records.notes": {
        "why",
        "papers",
        "signatures",
        "documents",
        "cannot_sign",
        "note",
        "agent_document",
        "agent_number_odd",
        "kind",
        "date",
        "place",
        "relation",
        "witness",
        "unit",
    },
    "batch.records.notes.signatures": {"person", "agent", "staff"},
    "batch.records.notes.signatures.person": {"sha256", "strokes"},
    "batch.records.notes.signatures.agent": {"sha256", "strokes"},
    "batch.records.notes.signatures.staff": {"sha256", "strokes"},
    "batch.records.notes.documents": {"name", "sha256"},
    "question": _HEAD | {"question_id", "kiosk_id", "record_ids"},
    "resolve": _HEAD | {"kiosk_id", "question_id", "code", "at"},
    "look-up": _HEAD | {"kiosk_id", "question_id", "name", "id_number", "at"},
    "evidence": _HEAD | {"evidence_id", "kiosk_id", "record_id", "consent_id", "media_type", "content"},
    "token": _HEAD | {"kiosk_id", "method", "path", "at", "believes"},
    "enrolment": _HEAD | {"secret", "station_id", "name", "keys"},
    "enrolment.keys": {"sign", "seal"},
    "report": _HEAD
    | {
        "kiosk_id",
        "at",
        "software",
        "temperature_c",
        "disk_free_mb",
        "usb_resets",
        "camera",
        "camera_fps",
        "reader",
        "sam",
        "failures",
        "falls",
        "update",
        "settings_version",
        "settings_state",
        "settings_why",
    },
    "report.update": {"version", "state", "why", "at"},
    "have": {"decisions_after", "roster_version", "bundle_version", "reminders_version", "settings_version"},
}
# What the journal may say, by the kind of its line: ids, codes, counts.
JOURNAL: dict[str, set[str]] = {
    "roster-imported": {"people", "version", "issued_at"},
    "kiosk-started": {"settings", "policies", "version"},
    "visit-saved": {"reason", "count", "author", "visit", "channel", "outcome", "records"},
    "visit-refused": {"reason", "visit"},
    "looked-up-elsewhere": {"visit", "person", "area", "roster"},
    "unexpected-error": {"code"},
    "attendant-called": {"reason", "visit"},
    "staff-added": {"role", "staff", "by"},
    "staff-signed-in": {"role", "staff"},
    "staff-unlocked": {"staff", "how"},
    "staff-unlock-failed": {"staff", "failures"},
    "staff-short-pin-set": {"staff"},
    "staff-card-bound": {"staff", "by"},
    "staff-signed-out": {"staff", "automatic"},
    "staff-sign-in-failed": {"staff", "wait_s"},
    "template-enrolled": {"model", "person", "staff", "origin"},
    "template-replaced": {"person", "from"},
    "declared": {"kind", "person", "staff"},
    "home-visit-booked": {"person", "staff"},
    "home-visit-done": {"person", "staff"},
    "home-visit-changed": {"person", "cancelled", "on", "staff"},
    "home-changes-taken": {"by", "count"},
    "home-change-settled": {"person"},
    "unit-list": {"list", "staff", "rows", "saved"},
    "sync-paused": {"staff"},
    "sync-resumed": {"staff"},
    "journal-key": {"key_id", "public"},  # the public half of the key that signs the journal
    "numbers-reserved": {"batches"},
    "standing-changed": {"state", "why", "about"},
    "bundle-parts-refused": {"version", "software", "count", "parts"},
    "camera-pinned": {"camera"},  # digests of what the camera tells, and codes
    "settings-changed": {"staff", "keys", "before", "after"},
    "camera-changed": {"camera", "why"},
    "camera-back": {"camera"},
    "camera-measured": {"camera", "control"},
    "camera-confirmed": {"camera", "staff", "why"},
    "evidence-turned-away": {"evidence", "record", "why"},
    "suite-changed": {"suite", "digest"},
    "bureau-keys": {"version", "in_force", "following", "before"},  # ids of the bureau's own keys
    "bureau-keys-refused": {"version", "why"},
    "bureau-restored": {"batches", "since", "records"},
    "settings-taken": {"version", "keys", "digest"},
    "settings-kept": {"version"},
    "settings-undone": {"version"},
    "settings-refused": {"version", "why"},
    "reminders-taken": {"version", "count"},
    "reminder-called": {"person", "on", "staff"},
}
CHECKS = {
    "depth",
    "background",
    "bent-print",
    "screen",
    "cutout",
    "stillness",
    "repeated-frames",
    "loop",
    "same-face",
    "same-face-acting",
    "turn-confirmed",
    "camera",
    "sensor",
    "light-time",
    "light-shape",
    "light-room",
}
JSON_TEXTS = {"batch.journal_tail.body", "batch.records.notes"}
HEADERS = {"accept", "accept-encoding", "user-agent", "authorization", "content-type", "content-length", "range"}
JOSE_HEADERS = {"alg", "enc", "kid", "epk", "typ", "cty"}
PATHS = re.compile(
    r"/v1/(time\?nonce=[0-9a-f-]{36}(?:&suite=gm-1)?|standing|(decisions\?after|roster\?have|roster/chunks\?have|bundle\?have|settings\?have|reminders\?have)=\d{1,16}|roster/files/[0-9a-f]{64})"
)
POSTS: dict[str, type[protocol.Document]] = {
    "/v1/batches": protocol.Batch,
    "/v1/reconcile": protocol.Question,
    "/v1/evidence": protocol.Evidence,
    "/v1/report": protocol.StationReport,
    "/v1/enrol": protocol.Enrolment,
    "/v1/resolve": protocol.Resolve,
    "/v1/lookup": protocol.LookUp,
}

LONGEST_RUN = 100  # characters without a blank: a signature has 86, a digest 64
WINDOW = 16  # bytes of a known photo or vector that may be in nothing
NUMBERS = 64  # as many numbers in a row are a vector
DIGITS = 10  # of a known identity number


@dataclass(frozen=True, slots=True)
class Known:
    """What this run knows and the bureau may not: whole photos and vectors (float32, little-endian), and who came."""

    photos: tuple[bytes, ...] = field(default=(), repr=False)
    vectors: tuple[bytes, ...] = field(default=(), repr=False)
    numbers: tuple[str, ...] = field(default=(), repr=False)
    names: tuple[str, ...] = field(default=(), repr=False)  # and addresses
    consents: frozenset[str] = frozenset()  # to human review

    def windows(self) -> set[bytes]:
        """Every stretch of a photo or vector, the vectors in each form they could be packed in."""
        blobs = list(self.photos)
        for packed in self.vectors:
            one = np.frombuffer(packed, "<f4")
            blobs += [one.astype(kind).tobytes() for kind in ("<f4", ">f4", "<f2", ">f2", "<f8")]
            blobs.append(np.round(one * 127 / np.abs(one).max()).astype(np.int8).tobytes())
        found = {blob[at : at + WINDOW] for blob in blobs for at in range(len(blob) - WINDOW + 1)}
        return {one for one in found if len(set(one)) >= WINDOW // 2}  # a stretch of noughts is nobody's


# --- opening


class NotOpened(Exception):
    """A request that is none of those a kiosk makes. `args[0]`: a code as `look` gives them."""


def open_request(
    method: str,
    target: str,
    headers: dict[str, str],
    body: bytes,
    bureau_seal: Key,
    bureau_id: str,
    kiosk_sign: Key,
    kiosk_id: str,
) -> list[tuple[str, bytes]]:
    """Return (kind, JSON) of every document in a request. Raises NotOpened for what cannot be one of ours."""
    strange = {name.lower() for name in headers} - HEADERS
    if strange:
        raise NotOpened(f"header {min(strange)}")
    authorization = headers.get("Authorization", "")
    if any(len(value) > LONGEST_RUN for name, value in headers.items() if name != "Authorization"):
        raise NotOpened("header long")
    out = []
    if authorization:
        compact = authorization.removeprefix("Kiosk ")
        _jose_headers(compact.encode())
        out.append(("token", seal.verify_bytes(compact, kiosk_sign, kiosk_id, "token")))
    if method == "GET":
        if body or not PATHS.fullmatch(target):
            raise NotOpened("get")
        return out
    model = POSTS.get(target)
    if method != "POST" or model is None or urlsplit(target).query:
        raise NotOpened("path")
    kind = str(model.model_fields["kind"].default)
    if kind == "enrolment":
        _jose_headers(body)
        claimed = seal.signer_of(body.decode())
        return [*out, (kind, seal.verify_bytes(body.decode(), kiosk_sign, claimed, kind))]
    return [*out, (kind, open_sealed(body, bureau_seal, bureau_id, kiosk_sign, kiosk_id, kind))]


def open_sealed(body: bytes, bureau_seal: Key, bureau_id: str, kiosk_sign: Key, kiosk_id: str, kind: str) -> bytes:
    """Return the JSON of a sealed document, as it was signed."""
    _jose_headers(body)
    compact = seal.decrypt(body, bureau_seal, bureau_id)
    _jose_headers(compact.encode())
    return seal.verify_bytes(compact, kiosk_sign, kiosk_id, kind)


def _jose_headers(compact: bytes) -> None:
    head = compact.split(b".", 1)[0]
    told = json.loads(base64.urlsafe_b64decode(head + b"=" * (-len(head) % 4)))
    if set(told) - JOSE_HEADERS or len(head) > 400:
        raise NotOpened("jose-header")


# --- looking


def look(kind: str, plain: bytes, known: Known = Known(), windows: set[bytes] | None = None) -> list[str]:
    """Return what is wrong with one document: "code place", each once; nothing when it may travel.

    windows: `known.windows()`, when many documents are looked into.
    """
    try:
        document = json.loads(plain, object_pairs_hook=_no_doubles)
    except ValueError as error:
        return [f"not-json {error}"]
    found = {f"schema {place}" for place in _schema(kind, plain)}
    if kind == "evidence":
        content = document.pop("content", "")  # the one place where a picture may be
        if document.get("consent_id") not in known.consents:
            found.add("no-consent evidence")
        if not isinstance(content, str) or _base64(content) is None:
            found.add("not-base64 evidence.content")
    leaves = list(_leaves(document, kind, found))
    close = known.windows() if windows is None else windows
    numbers: list[float] = []
    for place, value in leaves:
        if isinstance(value, str):
            numbers += [float(one) for one in re.findall(r"-?\d\.\d{3,9}(?!\d)", value)]
            found |= {f"{code} {place}" for code in _text(place, value, known, close)}
        elif isinstance(value, float):
            numbers.append(value)
        elif isinstance(value, int) and abs(value) > 2**53:
            found.add(f"huge-number {place}")
    if _holds_vector(numbers, known):
        found.add(f"face-vector {kind}")
    return sorted(found)


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name twice")  # the second would hide the first from every reader but this one
    return dict(pairs)


def _schema(kind: str, plain: bytes) -> list[str]:
    if kind == "have":
        return []
    model = next(one for one in protocol.DOCUMENTS if one.model_fields["kind"].default == kind)
    try:
        model.model_validate_json(plain)
    except ValidationError as error:
        return sorted({".".join(str(part) for part in one["loc"]) or kind for one in error.errors()})
    return []


def _leaves(value: Any, place: str, found: set[str]) -> Iterator[tuple[str, Any]]:
    """Yield (place, value) of everything that is no container; names that may not be there go into `found`."""
    if isinstance(value, dict):
        allowed = FIELDS.get(place)
        if place == "batch.journal_tail.body.data":
            return  # looked at with its kind, below
        for name, inner in value.items():
            if allowed is None or name not in allowed:
                found.add(f"field {place}.{name[:40]}")
                yield f"{place}.*", name
                yield from _leaves(inner, f"{place}.*", found)
            else:
                yield from _leaves(inner, f"{place}.{name}", found)
        if place == "batch.journal_tail.body":
            yield from _journal(value, found)
    elif isinstance(value, list | tuple):
        if sum(isinstance(one, int | float) and not isinstance(one, bool) for one in value) >= NUMBERS:
            found.add(f"numbers {place}")
        for inner in value:
            if place == "batch.records.checks" and isinstance(inner, list) and inner and inner[0] not in CHECKS:
                found.add(f"check {str(inner[0])[:40]}")
            yield from _leaves(inner, place, found)
    elif isinstance(value, str) and place in JSON_TEXTS and value:
        try:
            nested = json.loads(value, object_pairs_hook=_no_doubles)
        except ValueError:
            nested = None
        if isinstance(nested, dict):
            yield from _leaves(nested, place, found)
        else:
            found.add(f"no-json-text {place}")
            yield place, value
    else:
        yield place, value


def _journal(body: dict[str, Any], found: set[str]) -> Iterator[tuple[str, Any]]:
    kind, data = str(body.get("kind")), body.get("data")
    allowed = JOURNAL.get(kind)
    if allowed is None or not isinstance(data, dict):
        found.add(f"journal-kind {kind[:40]}")
        allowed = set()
    for name, value in data.items() if isinstance(data, dict) else ():
        if name not in allowed:
            found.add(f"field journal.{kind[:40]}.{name[:40]}")
        yield from _leaves(value, f"journal.{kind}.{name}", found)


# --- content of one text


def _text(place: str, value: str, known: Known, windows: set[bytes]) -> Iterator[str]:
    if len(value) > (2000 if place.startswith(("batch.records.notes", "batch.journal_tail")) else 200):
        yield "long"
    if re.search(rf"[\x21-\x7e]{{{LONGEST_RUN},}}", value):
        yield "long-run"
    if place != "batch.records.helper_id_number":
        stretches = {value[at : at + DIGITS] for at in range(len(value) - DIGITS + 1)}
        like_one = re.findall(r"(?<![0-9A-Fa-f])\d{17}[\dXx](?![0-9A-Fa-f])", value)
        if any(one in number for one in stretches for number in known.numbers) or any(
            check_digit(one[:17]) == one[17].upper() for one in like_one
        ):
            yield "id-number"
    elif not re.fullmatch(r"|\d{17}[\dX]|[A-Z]{3}\d{12}|\d{15}", value):
        yield "no-id-number"
    if place != "batch.records.helper_name" and any(name in value for name in known.names):
        yield "name"
    for blob in _decoded(value):
        if _is_picture(blob):
            yield "picture"
        if _is_vector(blob):
            yield "vector"
        if any(blob[at : at + WINDOW] in windows for at in range(len(blob) - WINDOW + 1)):
            yield "known-bytes"


def _decoded(value: str) -> Iterator[bytes]:
    """Yield the bytes that a text could stand for."""
    yield value.encode()
    with contextlib.suppress(UnicodeEncodeError):
        yield value.encode("latin-1")
    for run in re.findall(r"[0-9A-Fa-f]{8,}", value):
        for start in (0, 1):
            yield bytes.fromhex(run[start : start + (len(run) - start) // 2 * 2])
    for run in re.findall(r"[A-Za-z0-9+/_-]{8,}", value):
        for start in range(4):
            rest = run[start:]
            blob = _base64(rest[: len(rest) - (len(rest) % 4 == 1)])
            if blob is not None:
                yield blob
    for run in re.findall(r"[A-Z2-7]{16,}", value):
        yield base64.b32decode(run[: len(run) // 8 * 8])
    for run in re.findall(r"[!-~]{20,}", value):
        for decode in (base64.b85decode, base64.a85decode):
            with contextlib.suppress(ValueError):
                yield decode(run)


def _base64(text: str) -> bytes | None:
    text = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


_MAGIC = re.compile(
    rb"\xff\xd8\xff[\xc0-\xfe]..(?:JFIF|Exif)|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....WEBP|WLf\x00|BM....\0\0\0\0[\x1a-\xff]\0\0\0"
    rb"|%PDF-1|ftyp(?:heic|avif)",
    re.DOTALL,
)


def _is_picture(blob: bytes) -> bool:
    # Three bytes alone would be found in noise sooner or later: at the beginning only.
    return blob.startswith(b"\xff\xd8\xff") or _MAGIC.search(blob) is not None


def _is_vector(blob: bytes) -> bool:
    """Whether the bytes are plausible as 64 numbers or more: all finite, none large, few of them nought. Noise is not."""
    for code, width in (("e", 2), ("f", 4), ("d", 8)):
        for order in "<>":
            for start in range(width):
                count = (len(blob) - start) // width
                if count < NUMBERS:
                    continue
                values = struct.unpack_from(f"{order}{count}{code}", blob, start)
                if all(-16.0 < one < 16.0 for one in values) and sum(abs(one) > 1e-5 for one in values) > 0.8 * count:
                    return True
    return False


def _holds_vector(numbers: list[float], known: Known, run: int = 8) -> bool:
    """Whether eight numbers in a row are those of a known vector, to three digits."""
    if len(numbers) < run:
        return False
    seen = np.lib.stride_tricks.sliding_window_view(np.asarray(numbers), run)
    for packed in known.vectors:
        wanted = np.lib.stride_tricks.sliding_window_view(np.frombuffer(packed, "<f4").astype(float), run)
        if (np.abs(seen[:, None, :] - wanted[None, :, :]).max(axis=2) < 6e-4).any():
            return True
    return False
