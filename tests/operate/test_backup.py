"""A backup restored is the same bureau, row by row; a wrong key, damage and a full place are refused and leave nothing behind."""

from __future__ import annotations

import secrets
import threading

import pytest
from sqlalchemy import text

from kiosk.__main__ import main
from kiosk.bureau import database, rosters
from kiosk.bureau.context import open_context, utcnow
from kiosk.bureau.operate import backup, vault
from kiosk.bureau.operate.backup import RestoreRefused
from kiosk.bureau.operate.vault import VaultRefused
from tests.bureau.made import opened, record, register

LINE = (
    '{"person_id":"P1","name":"张某某","id_number":"440305195001010010","status":"active","benefits":[{"benefit_id":"b","kind":"k",'
    '"policy_id":"p"}]}'
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def working(request, tmp_path_factory):
    """A bureau with a roster, records and journal lines; and where to restore to."""
    folder = tmp_path_factory.mktemp("operated")
    new = lambda: request.getfixturevalue("postgres").create() if request.param == "postgresql" else ""  # noqa: E731
    context = opened(folder / "bureau", db=new(), auto_confirm=True)
    kiosk = register(context)
    (folder / "roster").write_text(LINE + "\n", encoding="utf-8")
    rosters.issue(context, folder / "roster")
    kiosk.send(*(record(person_id=f"P{n}") for n in range(30)))
    key = secrets.token_bytes(32)
    yield context, kiosk, key, folder, new
    context.engine.dispose()


def where(url, data):
    return url or f"sqlite:///{data / 'bureau.db'}"


def test_a_restored_bureau_is_the_same_row_by_row_and_goes_on(working, tmp_path):
    context, kiosk, key, folder, new = working
    about = backup.backup(context, tmp_path / "b", key)
    before = backup.rows_of(context.settings.url)
    url, data = new(), tmp_path / "there"
    told = backup.restore(tmp_path / "b", key, data, url)
    assert told == about
    assert backup.rows_of(where(url, data)) == before
    assert len(before) > 15
    assert sorted(path.name for path in (data / "rosters").iterdir()) == sorted(path.name for path in context.rosters.iterdir())
    assert (data / "keys.json").stat().st_mode & 0o077 == 0
    again = open_context(context.settings.model_copy(update={"data": str(data), "db": url}))
    assert again.bureau_id == context.bureau_id
    kiosk.context = again
    assert {one.verdict for one in kiosk.send(record(person_id="P-new")).verdicts} == {"accepted"}
    kiosk.context = context
    again.engine.dispose()


def test_a_backup_made_while_batches_come_holds_whole_batches(working, tmp_path):
    context, kiosk, key, folder, new = working
    stop = threading.Event()

    def go():
        while not stop.is_set():
            kiosk.send(*(record() for _ in range(5)))

    sending = threading.Thread(target=go)
    sending.start()
    try:
        for number in range(3):
            backup.backup(context, tmp_path / f"b{number}", key)
    finally:
        stop.set()
        sending.join()
    url, data = new(), tmp_path / "there"
    backup.restore(tmp_path / "b2", key, data, url)
    engine = database.open_engine(where(url, data))
    with engine.connect() as connection:
        said = connection.scalar(text("SELECT sum(records) FROM batches"))
        assert said == connection.scalar(text("SELECT count(*) FROM records"))
        assert said == connection.scalar(text("SELECT sum(value) FROM counts WHERE name LIKE 'record:%'"))
    engine.dispose()


def nothing_left(url, data):
    if url:
        backup._must_be_empty(url)
    return not data.exists() or not any(data.iterdir())


def test_a_wrong_key_damage_and_another_file_are_refused(working, tmp_path):
    context, _, key, folder, new = working
    backup.backup(context, tmp_path / "b", key)
    good = (tmp_path / "b").read_bytes()
    assert b"scrypt" not in good
    assert "张某某".encode() not in good
    assert context.admin_password.encode() not in good
    url, data = new(), tmp_path / "there"
    for change, why in (
        (good, "wrong-key"),
        (good[:60] + bytes([good[60] ^ 1]) + good[61:], "wrong-key"),
        (good[:-1], "wrong-key" if len(good) < vault.CHUNK else "damaged"),
        (b"x" * 100, "not-a-backup"),
        (b"", "not-a-backup"),
    ):
        (tmp_path / "c").write_bytes(change)
        with pytest.raises(VaultRefused) as refused:
            backup.restore(tmp_path / "c", secrets.token_bytes(32) if change == good else key, data, url)
        assert refused.value.why == why
        assert nothing_left(url, data)


def test_nothing_is_written_over(working, tmp_path):
    context, _, key, folder, new = working
    backup.backup(context, tmp_path / "b", key)
    full = tmp_path / "full"
    full.mkdir()
    (full / "x").touch()
    with pytest.raises(RestoreRefused, match="not-empty"):
        backup.restore(tmp_path / "b", key, full, "")
    assert [path.name for path in full.iterdir()] == ["x"]
    if context.settings.db:
        with pytest.raises(RestoreRefused, match="not-empty"):
            backup.restore(tmp_path / "b", key, tmp_path / "there", context.settings.db)
        with pytest.raises(RestoreRefused, match="other-database"):
            backup.restore(tmp_path / "b", key, tmp_path / "there", "")
        assert not any((tmp_path / "there").iterdir())


@pytest.mark.parametrize("cipher", vault.CIPHERS)
def test_chunks_swapped_repeated_and_missing_are_noticed(tmp_path, cipher):
    key, plain = secrets.token_bytes(32), secrets.token_bytes(3 * vault.CHUNK)
    with (tmp_path / "v").open("wb") as file:
        sealer = vault.Sealer(file, key, cipher)
        sealer.write(plain)
        sealer.close()
    whole = (tmp_path / "v").read_bytes()
    head, size = 40, vault.CHUNK + 16
    parts = [whole[head + n * size : head + (n + 1) * size] for n in range(4)]

    def opened_(*chosen):
        (tmp_path / "w").write_bytes(whole[:head] + b"".join(chosen))
        with (tmp_path / "w").open("rb") as file:
            return vault.Opener(file, key).read()

    assert opened_(*parts) == plain
    other = {b"PKBACKU1": b"PKBACKUG", b"PKBACKUG": b"PKBACKU1"}[whole[:8]]
    (tmp_path / "x").write_bytes(other + whole[8:])
    with (tmp_path / "x").open("rb") as file, pytest.raises(VaultRefused, match="wrong-key"):
        vault.Opener(file, key).read()
    for chosen in ((parts[1], parts[0], *parts[2:]), (parts[0], parts[0], *parts[1:]), parts[:3], (parts[0], *parts[2:])):
        with pytest.raises(VaultRefused) as refused:
            opened_(*chosen)
        assert refused.value.why in ("wrong-key", "damaged")


def test_by_commands(tmp_path, capsys):
    context = opened(tmp_path / "bureau")
    register(context).send(record())
    context.engine.dispose()
    key, there = tmp_path / "key", tmp_path / "there"
    made = ["--key-file", str(key), "--data", str(tmp_path / "bureau"), "--to", str(tmp_path / "b"), "--cipher", "sm4"]
    assert main(["bureau", "backup", *made, "--new-key"]) == 0
    assert key.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        main(["bureau", "backup", *made, "--new-key"])
    asked = ["bureau", "restore", "--from", str(tmp_path / "b"), "--data", str(there)]
    vault.new_key(tmp_path / "other")
    assert main([*asked, "--key-file", str(tmp_path / "other")]) == 1
    assert "[wrong-key]" in capsys.readouterr().err
    assert main([*asked, "--key-file", str(key)]) == 0
    assert main(["bureau", "work", "--once", "--data", str(there)]) == 0
    assert backup.rows_of(f"sqlite:///{there / 'bureau.db'}") == backup.rows_of(f"sqlite:///{tmp_path / 'bureau' / 'bureau.db'}")
    assert utcnow()
