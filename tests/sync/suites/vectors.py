"""Test vectors of the wire for whoever writes the other end: `python -m tests.sync.suites.vectors`, into tests/vectors/wire.json.

What is random (keys, nonces, SM2's k) is kept from the file while it still holds; what follows from it is computed anew. So a
second run changes nothing, and the test notices when the code has gone on.
"""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kiosk.canonical import canonical
from kiosk.sync import protocol, roster_file, seal, suites
from kiosk.sync.keys import Keys
from kiosk.sync.suites.suite import padless, unpadded

PATH = Path(__file__).resolve().parents[2] / "vectors" / "wire.json"
AT = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
DIGESTED = ("", "abc", "养老金")
LINES = ['{"person_id":"P1"}', '{"person_id":"P2"}']


def keys_of(kept: dict[str, Any], suite: suites.Suite) -> Keys:
    try:
        keys = Keys(*suites.private_pair(kept["sign"], kept["seal"]))
        return keys if suites.of(keys.sign) is suite else Keys(*seal.new_keys(suite))
    except (KeyError, ValueError):
        return Keys(*seal.new_keys(suite))


def jwks(keys: Keys) -> dict[str, Any]:
    return {"sign": keys.sign.as_dict(private=True), "seal": keys.seal.as_dict(private=True)}


def signed(kept: dict[str, Any], document: protocol.Document, keys: Keys, signer: str) -> dict[str, Any]:
    """A signed document; the kept one while it says the same under a right signature."""
    fresh = seal.sign(document, keys.sign, signer)
    old = str(kept.get("compact", ""))
    if old.rsplit(".", 1)[0] == fresh.rsplit(".", 1)[0]:
        try:
            suites.of(keys.sign).verify(old, keys.sign)
            fresh = old
        except ValueError:
            pass
    header, payload, _ = fresh.split(".")
    return {
        "header": json.loads(unpadded(header.encode())),
        "payload": unpadded(payload.encode()).decode(),
        "compact": fresh,
    }


def sealed(kept: dict[str, Any], inside: str, keys: Keys, recipient: str) -> dict[str, Any]:
    """The same sealed to one recipient; the kept one while it opens to that."""
    fresh = seal.encrypt(inside, seal.recipient_key(keys.public), recipient).decode()
    old = str(kept.get("compact", ""))
    try:
        fresh = old if seal.decrypt(old.encode(), keys.seal, recipient) == inside else fresh
    except seal.Refused:
        pass
    return {"header": json.loads(unpadded(fresh.split(".")[0].encode())), "compact": fresh}


def roster(kept: dict[str, Any], suite: suites.Suite) -> dict[str, Any]:
    """A roster file with two lines, as it is fetched, and what its manifest says."""
    with tempfile.TemporaryDirectory() as name:
        path, facts = roster_file.write([line.encode() for line in LINES], Path(name), suite)
        data = path.read_bytes()
        try:
            old = unpadded(str(kept["file"]).encode())
            named = {"digest": kept["digest"], "size": len(old), "file_key": kept["file_key"]}
            manifest = protocol.RosterManifest(
                bureau_id="b", kiosk_id="k", version=1, created_at=AT, plain_size=facts.plain_size, lines=len(LINES), **named
            )
            (Path(name) / "old").write_bytes(old)
            if [one.decode() for one in roster_file.read(Path(name) / "old", manifest)] == LINES:
                return {"lines": LINES, "file": padless(old).decode(), "digest": manifest.digest, "file_key": manifest.file_key}
        except (KeyError, ValueError, seal.Refused):
            pass
    return {"lines": LINES, "file": padless(data).decode(), "digest": facts.digest, "file_key": facts.key}


def of_suite(kept: dict[str, Any], suite: suites.Suite) -> dict[str, Any]:
    kiosk, bureau = (keys_of(kept.get(name, {}).get("private", {}), suite) for name in ("kiosk", "bureau"))
    kiosk_id = "kiosk-" + seal.fingerprint(kiosk.public).lower()
    bureau_id = "bureau-" + seal.fingerprint(bureau.public)
    successor = keys_of(kept.get("successor", {}).get("private", {}), suite)
    successor_id = "bureau-" + seal.fingerprint(successor.public)
    follows = protocol.Succession(bureau_id=bureau_id, successor_id=successor_id, keys=successor.public, at=AT)
    token = protocol.Token(kiosk_id=kiosk_id, method="GET", path="/v1/standing", at=AT, believes=bureau_id)
    question = protocol.Question(question_id="q-1", kiosk_id=kiosk_id, record_ids=("r-1", "r-2"))
    time = protocol.TimeAnswer(bureau_id=bureau_id, nonce="n-1", now=AT)
    asked = signed(kept.get("question", {}), question, kiosk, kiosk_id)
    return {
        "suite": suite.name,
        "digest": [{"of": text, "is": suite.digest(text.encode())} for text in DIGESTED],
        "hmac": {"key": "6b6579", "of": "abc", "is": suite.mac(b"key", b"abc").hex()},
        "kiosk": {"id": kiosk_id, "public": kiosk.public.model_dump(), "private": jwks(kiosk)},
        "bureau": {"id": bureau_id, "public": bureau.public.model_dump(), "private": jwks(bureau)},
        "successor": {"id": successor_id, "public": successor.public.model_dump(), "private": jwks(successor)},
        "token": signed(kept.get("token", {}), token, kiosk, kiosk_id),
        "time": signed(kept.get("time", {}), time, bureau, bureau_id),
        "succession": signed(kept.get("succession", {}), follows, successor, successor_id),
        "question": asked,
        "sealed_question": sealed(kept.get("sealed_question", {}), asked["compact"], bureau, bureau_id),
        "roster": roster(kept.get("roster", {}), suite),
    }


def made(kept: dict[str, Any]) -> dict[str, Any]:
    """Return all vectors, keeping of `kept` what is random and still holds."""
    plain = {"b": [1.0, 2.5, True, None], "a": "养老"}
    return {
        "schema_version": protocol.SCHEMA_VERSION,
        "canonical": {"of": plain, "is": canonical(plain).decode()},
        "suites": [of_suite(_kept(kept, name), suites.by_name(name)) for name in suites.NAMES],
    }


def _kept(kept: dict[str, Any], name: str) -> dict[str, Any]:
    return next((one for one in kept.get("suites", []) if one["suite"] == name), {})


def text(vectors: dict[str, Any]) -> str:
    return json.dumps(vectors, ensure_ascii=False, indent=1) + "\n"


def read() -> dict[str, Any]:
    return dict(json.loads(PATH.read_text(encoding="utf-8"))) if PATH.exists() else {}


if __name__ == "__main__":
    PATH.write_text(text(made(read())), encoding="utf-8")
