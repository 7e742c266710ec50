"""The policies in force at this station: files of `config/policies`, and what the bureau's last bundle put in their place.

A policy id that the bureau sends replaces all versions of that id from the files.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from kiosk import config
from kiosk.domain.policy import Policy, PolicyBook, load_policy
from kiosk.errors import ConfigError
from kiosk.plain_text import is_leftover, read_text
from kiosk.store.engine import journal, meta
from kiosk.store.engine.database import Store, store_errors


def _create(db: Database) -> None:
    db.execute("CREATE TABLE policies (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT")


MIGRATIONS = (_create,)


def of_files(folder: str = "config/policies") -> list[Policy]:
    """Return the policies of all files of a folder. Raises ConfigError naming the file."""
    found = []
    for path in _files(folder):
        try:
            found.append(load_policy(tomllib.loads(read_text(path))))
        except ValueError as error:
            raise ConfigError(f"{path.name}: {error}") from error
    if not found:
        raise ConfigError(f"{folder}: no policies")
    return found


def book_of_files(folder: str, default_policy: str) -> PolicyBook:
    """Return the book of a folder's files. Raises ConfigError when they contradict each other, or lack the default policy."""
    try:
        book = PolicyBook(of_files(folder))
    except ValueError as error:
        raise ConfigError(f"{folder}: {error}") from error
    if default_policy not in book:
        raise ConfigError(f"{folder}: the default policy {default_policy!r} is missing")
    return book


def _files(folder: str) -> list[Path]:
    return sorted(path for path in config.resolve(folder).glob("*.toml") if not is_leftover(path.name))


def files_digest(folder: str = "config/policies") -> str:
    """Return a digest of the files of a folder, for the journal: rules that somebody changed here show as another one."""
    total = hashlib.sha256()
    for path in _files(folder):
        total.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


def book(store: Store) -> PolicyBook:
    """Return all policies. Read once; `take_bundle` makes it read again."""
    if store.policy_book is None:
        with store_errors():
            sent = [load_policy(tomllib.loads(text)) for (text,) in store.db.execute("SELECT text FROM policies ORDER BY name")]
        ids = {policy.policy_id for policy in sent}
        files = [policy for policy in of_files(store.settings.rules.policies) if policy.policy_id not in ids]
        try:
            store.policy_book = PolicyBook([*files, *sent])
        except ValueError as error:
            raise ConfigError(f"policies: {error}") from error
    return store.policy_book


def cycles(store: Store) -> set[int]:
    """Return about how many months apart passes lie, under the policies in force."""
    return {policy.cycle_months or round(policy.cycle_days / 30.4) or policy.valid_months for policy in book(store).all()}


def take_bundle(
    store: Store, policies: Mapping[str, str], version: int, now: datetime, keep: Iterable[str] = (), *, again: bool = False
) -> bool:
    """Put the policies of a verified bundle in force (name -> TOML text). Returns False for an old bundle.

    keep: ids of policies whose new text this version does not understand: what the bureau sent of them before stays in force.
    again: the same version may be taken once more. Raises ConfigError when one of them is no policy; then nothing changes.
    """
    policies = {**_sent_of(store, set(keep)), **policies}
    try:
        parsed = [load_policy(tomllib.loads(text)) for text in policies.values()]
        PolicyBook(parsed)
    except ValueError as error:
        raise ConfigError(f"policies of the bureau: {error}") from error
    with store.transaction() as db:
        if version < int(meta.get(db, "policies_version", "0")) + (not again):
            return False
        db.execute("DELETE FROM policies")
        db.conn.executemany("INSERT INTO policies VALUES (?, ?)", list(policies.items()))
        meta.put(db, "policies_version", str(version))
        digest = hashlib.sha256("\n".join(f"{k}={v}" for k, v in sorted(policies.items())).encode()).hexdigest()
        journal.append(
            store,
            "policies-changed",
            {"version": version, "ids": sorted({p.policy_id for p in parsed})[:20], "digest": digest},
            now,
        )
    store.policy_book = None
    return True


def _sent_of(store: Store, ids: set[str]) -> dict[str, str]:
    if not ids:
        return {}
    with store_errors():
        rows = store.db.execute("SELECT name, text FROM policies").fetchall()
    return {name: text for name, text in rows if load_policy(tomllib.loads(text)).policy_id in ids}
