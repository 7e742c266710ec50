"""Forged, altered, replayed, misled home-visit documents: each refused with its own reason, and nothing moves."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from datetime import timedelta

import pytest

from kiosk.canonical import canonical
from kiosk.removable import files
from kiosk.store import outbox
from kiosk.store.content import content_of
from kiosk.store.home_visits import exported, imported
from kiosk.store.roster import line as roster_format
from kiosk.sync import home_visits as home_loans
from kiosk.sync import protocol, roster_feed, seal
from tests.suite import bureau_keys
from tests.sync import visits as v
from tests.sync.made import make_kiosk, record


@pytest.fixture(scope="module")
def both(bureau, tmp_path_factory):
    made = v.make_pair(bureau, tmp_path_factory.mktemp("pair"), "SZ-TEST-0710")
    made.give_roster(*(v.person(n) for n in range(4)))
    yield made
    v.close(made)


def put(pair, kiosk, kind, sealed, until="20990101"):
    """Lay a sealed document on the stick for a kiosk, under a name as it should have."""
    folder = pair.medium / files.ROOT_NAME / kiosk.identity.pins.kiosk_id / home_loans.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / files.named(f"{kind}-{until}-{uuid.uuid4()}", sealed, "jwe")).write_bytes(sealed)


def sealed_by(kiosk, to, document, *, signer=None, sign_key=None, seal_key=None, recipient=None):
    signed = seal.sign(document, sign_key or kiosk.identity.keys.sign, signer or kiosk.identity.pins.kiosk_id)
    return seal.encrypt(signed, seal_key or seal.recipient_key(to.identity.keys.public), recipient or to.identity.pins.kiosk_id)


def loan_of(pair, **changes):
    document, _ = home_loans._prepare(
        pair.station.store, pair.station.identity, pair.portable.identity.pins.kiosk_id, ["P00000", "P00001"], v.ANN, v.now()
    )
    return document.model_copy(update=changes)


def with_line(loan, change):
    first = loan.people[0]
    data = json.loads(first.line)
    change(data)
    people = (first.model_copy(update={"line": json.dumps(data, ensure_ascii=False)}), *loan.people[1:])
    return loan.model_copy(update={"people": people})


def taken(pair):
    told = pair.import_lists()
    assert imported.everybody(pair.portable.store) == {}
    assert all(one.outcome == "refused" for one in told)
    return [one.why for one in told]


LOANS = {
    "loan-expired": lambda pair: loan_of(pair, created_at=v.now() - timedelta(days=9), until=v.now() - timedelta(seconds=1)),
    "wrong-signer": lambda pair: loan_of(pair, from_kiosk="kiosk-other"),
    "not-for-us": lambda pair: loan_of(pair, to_kiosk="kiosk-other"),
    "schema-unsupported": lambda pair: loan_of(pair, schema_version=1),
}
MALFORMED = {
    "too long": lambda pair: loan_of(pair, until=v.now() + timedelta(days=200)),
    "of next week": lambda pair: loan_of(pair, created_at=v.now() + timedelta(days=5)),
    "no people": lambda pair: loan_of(pair, people=()),
    "too many": lambda pair: loan_of(pair, people=loan_of(pair).people * 300),
    "a path for an id": lambda pair: loan_of(pair, loan_id="../../../../etc/passwd"),
    "a template inside": lambda pair: with_line(
        loan_of(pair), lambda data: data.update(template={"vector": "A" * 684, "model_digest": "d" * 64, "consent_id": "c"})
    ),
    "somebody else's line": lambda pair: with_line(loan_of(pair), lambda data: data.update(person_id="P00009")),
    "an id the bureau refuses": lambda pair: with_line(loan_of(pair), lambda data: data["benefits"][0].update(benefit_id="养老")),
    "no number": lambda pair: with_line(loan_of(pair), lambda data: data.pop("id_number")),
    "deep": lambda pair: loan_of(pair, people=(loan_of(pair).people[0].model_copy(update={"line": "[" * 7000}),)),
}


@pytest.mark.parametrize("why", LOANS)
def test_a_list_that_is_not_what_it_should_be(pair, why):
    put(pair, pair.portable, "loan", sealed_by(pair.station, pair.portable, LOANS[why](pair)))
    assert taken(pair) == [why]


@pytest.mark.parametrize("how", MALFORMED)
def test_a_malformed_list(pair, how):
    put(pair, pair.portable, "loan", sealed_by(pair.station, pair.portable, MALFORMED[how](pair)))
    assert taken(pair) == ["malformed"]


def test_signatures_and_seals_of_others(bureau, pair, tmp_path):
    loan = loan_of(pair)
    sign, box = seal.new_keys(pair.station.identity.suite)
    stranger = make_kiosk(bureau, tmp_path / "stranger", "SZ-TEST-0711")
    try:
        theirs = loan.model_copy(update={"from_kiosk": stranger.identity.pins.kiosk_id})
        tries = {
            sealed_by(pair.station, pair.portable, loan, sign_key=sign): "bad-signature",
            sealed_by(stranger, pair.portable, theirs): "unknown-peer",
            sealed_by(pair.station, pair.portable, loan, signer="kiosk-nobody"): "unknown-peer",
            sealed_by(pair.station, pair.portable, loan, signer=loan.to_kiosk): "unknown-peer",
            sealed_by(pair.station, pair.portable, loan, seal_key=box): "truncated",
            sealed_by(pair.station, pair.portable, loan, recipient=pair.station.identity.pins.kiosk_id): "not-for-us",
            b"noise": "truncated",
            b"": "truncated",
        }
        for sealed, why in tries.items():
            put(pair, pair.portable, "loan", sealed)
            assert taken(pair) == [why]
            shutil.rmtree(pair.medium / files.ROOT_NAME)
    finally:
        stranger.close()


def test_the_bureau_itself_lends_nobody(bureau, pair):
    """Its keys are pinned, but it is no peer."""
    context = bureau_keys(bureau.data)
    loan = loan_of(pair, from_kiosk=pair.portable.identity.pins.bureau_id)
    put(
        pair,
        pair.portable,
        "loan",
        sealed_by(pair.station, pair.portable, loan, sign_key=context.sign, signer=pair.portable.identity.pins.bureau_id),
    )
    assert taken(pair) == ["unknown-peer"]


def test_a_document_of_the_other_kind(pair):
    put(
        pair,
        pair.portable,
        "loan",
        sealed_by(
            pair.station,
            pair.portable,
            protocol.HomeReturn(
                return_id="r",
                loan_id=str(uuid.uuid4()),
                from_kiosk=pair.station.identity.pins.kiosk_id,
                to_kiosk=pair.portable.identity.pins.kiosk_id,
                created_at=v.now(),
                records=(),
            ),
        ),
    )
    assert taken(pair) == ["wrong-kind"]


def test_partial_copies_and_hostile_files(pair, tmp_path):
    path = pair.export_list().path
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    assert taken(pair) == ["truncated"]
    path.unlink()
    secret = tmp_path / "secret"
    secret.write_bytes(whole)
    path.symlink_to(secret)
    assert taken(pair) == ["wrong-name"]
    path.unlink()
    os.mkfifo(path)
    assert taken(pair) == ["wrong-name"]
    path.unlink()
    with path.open("wb") as file:
        file.truncate(10 * 1024**3)
    assert taken(pair) == ["too-large"]
    path.unlink()
    folder = path.parent
    folder.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / path.name).write_bytes(whole)
    folder.symlink_to(elsewhere)
    assert pair.import_lists() == [], "a linked folder is not entered"
    with pytest.raises(files.RemovableError):
        pair.export_list()
    assert [one.name for one in elsewhere.iterdir()] == [path.name]


def test_another_kiosk_finds_nothing_for_it(pair):
    path = pair.export_list().path
    put(pair, pair.station, "loan", path.read_bytes())
    told = home_loans.import_lists(pair.station.run, pair.station.identity, pair.medium, v.ANN, v.now())
    assert [(one.outcome, one.why) for one in told] == [("refused", "not-for-us")]


def test_nobody_is_lent_to_a_stranger_and_no_stranger_people(pair):
    for to, people, why in (
        ("kiosk-nobody", ["P00000"], "unknown-peer"),
        (pair.station.identity.pins.kiosk_id, ["P00000"], "unknown-peer"),
        (pair.portable.identity.pins.kiosk_id, ["P99999"], "nobody-to-export"),
    ):
        with pytest.raises(home_loans.HomeLoanError, match=why):
            home_loans.export_list(pair.station.run, pair.station.identity, pair.medium, to, people, v.ANN, v.now())
    pair.export_list("P00000")
    pair.import_lists()
    with pytest.raises(home_loans.HomeLoanError, match="nobody-to-export"):  # what is borrowed is not lent on
        home_loans.export_list(
            pair.portable.run, pair.portable.identity, pair.medium, pair.station.identity.pins.kiosk_id, ["P00000"], v.BEN, v.now()
        )


def test_a_list_is_kept_no_longer_than_this_kiosks_own_rules_say(pair):
    put(pair, pair.portable, "loan", sealed_by(pair.station, pair.portable, loan_of(pair, until=v.now() + timedelta(days=80))))
    assert [one.outcome for one in pair.import_lists()] == ["applied"]
    assert imported.newest(pair.portable.store).until <= v.now() + timedelta(days=14)


def test_a_revoked_kiosk_neither_lends_nor_is_lent_to(bureau, tmp_path):
    pair = v.make_pair(bureau, tmp_path, "SZ-TEST-0712")
    try:
        pair.give_roster(v.person(0))
        pair.export_list()
        pair.import_lists()
        pair.visit("P00000")
        pair.return_results()
        bureau.revoke(pair.portable.identity.pins.kiosk_id)
        pair.station.feed()
        assert [(one.outcome, one.why) for one in pair.merge_results()] == [("refused", "unknown-peer")]
        with pytest.raises(home_loans.HomeLoanError, match="unknown-peer"):
            pair.export_list()
        pair.portable.round()
        assert [(one.outcome, one.why) for one in pair.return_results()] == [("refused", "revoked")]
        assert pair.portable.counts() == {"waiting": 1}, "its record waits; it is not lost"
    finally:
        v.close(pair)


# --- what comes back


def back(pair, *contents, loan_id, **changes):
    document = protocol.HomeReturn(
        return_id=str(uuid.uuid4()),
        loan_id=loan_id,
        from_kiosk=pair.portable.identity.pins.kiosk_id,
        to_kiosk=pair.station.identity.pins.kiosk_id,
        created_at=v.now(),
        records=contents,
    ).model_copy(update=changes)
    put(pair, pair.station, "return", sealed_by(pair.portable, pair.station, document))
    told = pair.merge_results()
    shutil.rmtree(pair.medium / files.ROOT_NAME / pair.station.identity.pins.kiosk_id)
    return [(one.outcome, one.why or one.count) for one in told]


def test_records_that_are_none_or_not_ours(pair):
    loan = pair.export_list("P00000")
    station_id = pair.station.settings.station.station_id
    good = content_of(record(station=station_id, person="P00000"))
    data = json.loads(good)

    def changed(**changes):
        return canonical({**data, **changes}).decode()

    tries = {
        "malformed": [
            "{}",
            "[]",
            "",
            "x",
            good + " ",
            json.dumps(data, indent=1),
            changed(record_id="../x y"),
            changed(outcome="won"),
            "[" * 19_000,
        ],
        "conflict": [changed(extra=1)],  # a field of a newer version is no fault, but these are other bytes
        "wrong-station": [changed(station_id="SZ-OTHER-0001")],
        "unknown-record": [changed(person_id="P00002")],
    }
    for why, contents in tries.items():
        for content in contents:
            assert back(pair, good, content, loan_id=loan.loan_id) == [("refused", why)], content[:60]
            assert pair.station.counts() == {}, "one bad record, and nothing of the file is taken"
    assert back(pair, good, loan_id=loan.loan_id) == [("applied", 1)]
    other = changed(reason="face-mismatch", outcome="failed")
    assert back(pair, other, loan_id=loan.loan_id) == [("refused", "conflict")]
    assert json.loads(pair.station.store.db.execute("SELECT content FROM outbox").fetchone()[0])["outcome"] == "passed"


def test_a_return_of_an_unknown_list_or_by_another_kiosk(pair):
    loan = pair.export_list("P00000")
    good = content_of(record(station=pair.station.settings.station.station_id, person="P00000"))
    assert back(pair, good, loan_id=str(uuid.uuid4())) == [("refused", "unknown-loan")]
    pair.station.store.db.execute("UPDATE home_loans SET to_kiosk = 'kiosk-third'")
    assert back(pair, good, loan_id=loan.loan_id) == [("refused", "unknown-loan")]
    pair.station.store.db.execute("UPDATE home_loans SET to_kiosk = ?", (pair.portable.identity.pins.kiosk_id,))
    assert back(pair, good, loan_id=loan.loan_id, from_kiosk="kiosk-third") == [("refused", "wrong-signer")]
    assert back(pair, good, loan_id=loan.loan_id, to_kiosk="kiosk-third") == [("refused", "not-for-us")]
    assert pair.station.counts() == {}


def test_a_replayed_return_changes_nothing(pair):
    loan = pair.export_list("P00000", "P00001")
    pair.import_lists()
    pair.visit("P00000")
    pair.return_results()
    folder = pair.medium / files.ROOT_NAME / pair.station.identity.pins.kiosk_id / home_loans.FOLDER
    (old,) = folder.iterdir()
    kept = old.read_bytes()
    pair.visit("P00001")
    pair.return_results()
    assert not old.exists(), "the newer one holds all that was in it"
    assert [one.count for one in pair.merge_results()] == [2]
    old.write_bytes(kept)
    assert {(one.outcome, one.count) for one in pair.merge_results()} == {("nothing-new", 0)}
    assert pair.station.counts() == {"waiting": 2}
    assert exported.find(pair.station.store, loan.loan_id) is not None


def test_peers_are_the_bureaus_word_alone(pair):
    """Nothing but a verified bundle changes them, and an older one does not."""
    store = pair.portable.store
    before = roster_feed.peers(store)
    version = int(outbox.get(store.db, "bundle_version"))
    pins = pair.portable.identity.pins
    old = protocol.Bundle(
        bureau_id=pins.bureau_id,
        kiosk_id=pins.kiosk_id,
        version=version,
        created_at=v.now(),
        peers=(protocol.Peer(kiosk_id="kiosk-evil", name="", keys=pair.station.identity.keys.public),),
    )
    assert roster_feed.take_bundle(store, old, v.now()) is False
    assert roster_feed.peers(store) == before
    assert [one.kiosk_id for one in before] == [pair.station.identity.pins.kiosk_id]


def test_the_schema_names_both_documents():
    schema = protocol.json_schema()
    assert {"HomeLoan", "HomeReturn", "Peer"} <= set(schema["$defs"])


def test_sendable_ids_are_those_of_the_wire():
    from pydantic import TypeAdapter, ValidationError

    wire = TypeAdapter(protocol.Id)

    def sent(text):
        try:
            wire.validate_python(text)
        except ValidationError:
            return False
        return True

    for text in ("P1", "a" * 128, "a" * 129, "-a", "a b", "养老", "a/b+c=d@e:f._-", "", "a\n", "\n", "é", "A\x00"):
        data = {"person_id": text, "benefits": [{"benefit_id": "b", "policy_id": "p"}]}
        assert (roster_format.unsendable(data) == "") == sent(text), repr(text)
