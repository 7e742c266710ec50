"""Database and mirror both emptied: the kiosk does not begin anew by itself, and a supervisor's word stands in the journal."""

from __future__ import annotations

import json

import pytest

from kiosk import __main__ as program
from kiosk.store import outbox, records
from kiosk.store.emptied import StoreEmptied
from kiosk.store.engine import journal, key_check
from kiosk.store.opening import open_store
from tests.store import made
from tests.store.test_keys import config, files, reopen, save  # noqa: F401  `config` is a fixture


@pytest.fixture
def lost(folder):
    """A store of three visits whose files were all cut to nothing."""
    with reopen(folder) as store:
        made.give_roster(store, made.entry())
        save(store, "v-1", "v-2", "v-3")
    for path in (folder / "kiosk.db", *(folder / "journal").glob("*.journal")):
        path.write_bytes(b"")
    return folder


@pytest.mark.parametrize("how", ["as it is", "without the note", "files gone"])
def test_an_emptied_store_is_refused_and_nothing_is_touched(lost, how):
    if how == "without the note":
        (lost / key_check.NOTE).unlink()
    if how == "files gone":
        for path in (lost / "kiosk.db", *(lost / "journal").glob("*.journal")):
            path.unlink()
    before = files(lost)
    for _ in range(2):
        with pytest.raises(StoreEmptied, match="kiosk journal begin-anew"):
            reopen(lost)
    assert files(lost) == before


def test_an_empty_database_alone_is_filled_from_its_mirror(folder):
    with reopen(folder) as store:
        made.give_roster(store, made.entry())
        save(store, "v-1", "v-2")
    (folder / "kiosk.db").write_bytes(b"")
    with reopen(folder) as store:
        assert outbox.counts(store.db)["waiting"] == 2
        assert store.recovered is not None
        assert (store.recovered.why, store.recovered.records) == ("missing", 2)


def test_with_a_supervisors_word_it_begins_anew_and_says_so(lost, config, capsys):  # noqa: F811
    assert program.main(["sync", "status"]) == 1
    assert "begin-anew" in capsys.readouterr().err
    assert program.main(["journal", "begin-anew", "--by", "1001", "--why", "the disk was replaced"]) == 0
    with reopen(lost) as store:
        told = [json.loads(one.body) for one in journal.entries_since(store, 0, 100)]
        assert [one["data"] for one in told if one["kind"] == "store-begun-anew"] == [
            {"by": "1001", "why": "the disk was replaced"}
        ]
        (recovered,) = [one["data"] for one in told if one["kind"] == "store-recovered"]
        assert (recovered["why"], recovered["records"]) == ("emptied", 0)
        assert len(recovered["quarantined"]) >= 2
        assert records.of_person(store, "p-1") == []
    assert program.main(["journal", "begin-anew", "--by", "1001", "--why", "again"]) == 1, "it holds once"
    with open_store(made.settings(lost), now=made.NOW) as store:
        assert store.recovered is None
