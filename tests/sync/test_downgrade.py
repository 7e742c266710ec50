"""Nothing is accepted under another suite than the pinned one: every kind of document, both ways, also by the right hands.

A bureau that serves both suites is the hardest case: whoever signs under the other one is the genuine bureau, or a genuine kiosk.
"""

from __future__ import annotations

import dataclasses
import json
import uuid
from datetime import UTC, datetime

import httpx
import pytest

from kiosk.bureau import removable_media as bureau_media
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.canonical import canonical
from kiosk.errors import ConfigError, SealError
from kiosk.removable import files
from kiosk.sync import client, courier, home_visits, protocol, roster_file, seal, suites
from kiosk.sync import keys as keyfiles
from kiosk.sync.client import Client, Failure
from kiosk.sync.keys import Identity, Keys
from kiosk.sync.protocol import DOCUMENTS
from kiosk.sync.provision import ProvisionRefused, provision
from kiosk.sync.schedule import Trouble
from tests.suite import bureau_keys
from tests.sync.made import make_kiosk, record, settings

NOW = datetime.now(UTC)
ZEROS = "0" * 64
BOTH = [pytest.param(suites.STD_1, suites.GM_1, id="std-1"), pytest.param(suites.GM_1, suites.STD_1, id="gm-1")]
STATION = "SZ-SUITE-0001"


def samples(pinned, kiosk_id="kiosk-a", bureau_id="bureau-a"):
    """A document of each kind, good under the suite `pinned`."""
    keys = Keys(*seal.new_keys(pinned)).public
    two, up = {"bureau_id": bureau_id, "kiosk_id": kiosk_id}, {"kiosk_id": kiosk_id}
    loan = {"loan_id": str(uuid.uuid4()), "from_kiosk": kiosk_id, "to_kiosk": "kiosk-b", "created_at": NOW}
    file_key = "A" * (43 if pinned is suites.STD_1 else 22)
    chunk = protocol.RosterChunk(digest=ZEROS, size=1, plain_size=1, lines=0, file_key=file_key)
    person = protocol.LoanedPerson(person_id="P", line="{}", booked_at=NOW, booked_by="1")
    clock = protocol.SendClock(sent_at_utc=NOW, monotonic_s=1.0, boot_id="b")
    made = (
        protocol.Batch(batch_id="b", seq=1, created_at=NOW, clock=clock, records=(), **up),
        protocol.Receipt(batch_id="b", batch_digest=ZEROS, received_at=NOW, verdicts=(), **two),
        protocol.Question(question_id="q", record_ids=("r",), **up),
        protocol.Answer(question_id="q", answered_at=NOW, known=(), unknown=(), **two),
        protocol.Decisions(after=0, decisions=(), **two),
        protocol.RosterManifest(version=1, created_at=NOW, digest=ZEROS, size=1, plain_size=1, lines=1, file_key=file_key, **two),
        protocol.RosterChunks(version=1, created_at=NOW, people=0, chunks=(chunk,), **two),
        protocol.Bundle(version=1, created_at=NOW, **two),
        protocol.Evidence(evidence_id="e", record_id="r", consent_id="c", media_type="image/png", content="", **up),
        protocol.EvidenceReceipt(evidence_id="e", digest=ZEROS, verdict="accepted", **two),
        protocol.TimeAnswer(bureau_id=bureau_id, nonce="n", now=NOW),
        protocol.Standing(at=NOW, state="good", **two),
        protocol.Problem(about=ZEROS, reason="revoked", at=NOW, **two),
        protocol.Token(method="GET", path="/v1/standing", at=NOW, **up),
        protocol.Enrolment(secret="A" * 10, station_id=STATION, name="", keys=keys),
        protocol.Enrolled(keys=keys, kiosk_keys=keys, at=NOW, **two),
        protocol.Succession(bureau_id=bureau_id, successor_id="bureau-b", keys=keys, at=NOW),
        protocol.HomeLoan(until=NOW, roster_version=1, people=(person,), **loan),
        protocol.HomeReturn(return_id="r", records=(), **loan),
        protocol.Resolve(question_id="q", code="opaque", at=NOW, **up),
        protocol.Resolved(question_id="q", **two),
        protocol.LookUp(question_id="q", name="张某某", id_number="1", at=NOW, **up),
        protocol.LookedUp(question_id="q", **two),
        protocol.StationReport(at=NOW, **up),
        protocol.ReportReceipt(digest=ZEROS, received_at=NOW, **two),
        protocol.StationSettings(version=1, created_at=NOW, values={}, **two),
        protocol.HomeNews(news_id="n", **loan),
        protocol.Reminders(version=1, made_on=NOW.date(), **two),
    )
    assert {type(one) for one in made} == set(DOCUMENTS), "a new kind of document needs its sample here"
    return made


@pytest.fixture(scope="module")
def rings():
    return {one.name: Keys(*seal.new_keys(one)) for one in (suites.STD_1, suites.GM_1)}


every_kind = pytest.mark.parametrize("number", range(len(DOCUMENTS)), ids=[one.__name__ for one in DOCUMENTS])


@every_kind
@pytest.mark.parametrize(("pinned", "other"), BOTH)
def test_every_kind_is_taken_under_its_own(rings, pinned, other, number):
    document, ours = samples(pinned)[number], rings[pinned.name]
    signed = seal.sign(document, ours.sign, "signer")
    sealed = seal.encrypt(signed, seal.recipient_key(ours.public), "me")
    opened = seal.verify(seal.decrypt(sealed, ours.seal, "me"), ours.sign, "signer", type(document))
    assert opened.suite == pinned.name


@every_kind
@pytest.mark.parametrize(("pinned", "other"), BOTH)
def test_every_kind_is_refused_under_the_other(rings, pinned, other, number):
    document, ours, theirs = samples(pinned)[number], rings[pinned.name], rings[other.name]
    model, kind = type(document), document.model_dump()["kind"]
    signed_by_other = seal.sign(document, theirs.sign, "signer")
    plain = json.loads(json.dumps(document.model_dump(mode="json")))
    forged = [signed_by_other]
    # Signed by the right key, saying that it is of the other suite; or, under gm-1, saying nothing, as std-1 once did.
    forged.append(seal.sign_plain(canonical({**plain, "suite": other.name}), kind, ours.sign, "signer"))
    if pinned is suites.GM_1:
        plain.pop("suite", None)
        forged.append(seal.sign_plain(canonical(plain), kind, ours.sign, "signer"))
    for text in forged:
        with pytest.raises(seal.Refused) as refused:
            seal.verify(text, ours.sign, "signer", model)
        assert refused.value.why == "other-suite"
    # Sealed under the other one; and sealed under ours with the other's signature inside.
    with pytest.raises(seal.Refused, match="other-suite"):
        seal.decrypt(seal.encrypt(signed_by_other, seal.recipient_key(theirs.public), "me"), ours.seal, "me")
    inside = seal.decrypt(seal.encrypt(signed_by_other, seal.recipient_key(ours.public), "me"), ours.seal, "me")
    with pytest.raises(seal.Refused, match="other-suite"):
        seal.verify(inside, ours.sign, "signer", model)


# --- a bureau that serves both, and a kiosk of each


@pytest.fixture(scope="module")
def large(of_both):
    return of_both


@pytest.fixture(scope="module")
def context(large):
    return open_context(BureauSettings(data=str(large.data), suites=suites.NAMES))


@pytest.fixture(scope="module")
def kiosks(large, tmp_path_factory):
    made = {name: make_kiosk(large, tmp_path_factory.mktemp(name), STATION, suite=name) for name in suites.NAMES}
    yield made
    for one in made.values():
        one.close()


FROM_THE_BUREAU = (
    protocol.Receipt,
    protocol.Answer,
    protocol.Decisions,
    protocol.EvidenceReceipt,
    protocol.TimeAnswer,
    protocol.Standing,
    protocol.Problem,
    protocol.Enrolled,
    protocol.RosterManifest,
    protocol.RosterChunks,
    protocol.Bundle,
    protocol.StationSettings,
    protocol.Reminders,
)


@pytest.mark.parametrize(("pinned", "other"), BOTH)
def test_the_genuine_bureau_is_not_believed_under_the_other_suite(large, kiosks, pinned, other):
    identity, theirs = kiosks[pinned.name].identity, bureau_keys(large.data, other)
    of_kind = {type(one): one for one in samples(pinned, identity.pins.kiosk_id, identity.pins.bureau_id)}
    for model in FROM_THE_BUREAU:
        text = seal.sign(of_kind[model], theirs.sign, identity.pins.bureau_id)
        with pytest.raises(Failure) as refused:
            client.verified(identity, text.encode(), model)
        assert (refused.value.trouble, refused.value.why) == (Trouble.FORGED, "other-suite")
        box = kiosks[other.name].identity.keys.public  # sealed as for a kiosk of the other suite, under this one's name
        with pytest.raises(Failure, match="other-suite"):
            client.open_sealed(identity, seal.encrypt(text, seal.recipient_key(box), identity.pins.kiosk_id), model)


@pytest.mark.parametrize(("pinned", "other"), BOTH)
def test_the_bureau_takes_nothing_of_a_kiosk_under_the_other_suite(large, kiosks, pinned, other):
    """Whoever has another kiosk's keys of the other suite, or made some, is not this kiosk."""
    identity, theirs = kiosks[pinned.name].identity, kiosks[other.name].identity
    of_kind = {type(one): one for one in samples(pinned, identity.pins.kiosk_id)}
    for model, path in ((protocol.Batch, "batches"), (protocol.Question, "reconcile"), (protocol.Evidence, "evidence")):
        for keys in (theirs.keys, Keys(*seal.new_keys(other))):
            text = seal.sign(of_kind[model], keys.sign, identity.pins.kiosk_id)
            for to in (theirs, identity):  # sealed to the bureau's key of either suite
                body = seal.encrypt(text, to.bureau_seal, to.pins.bureau_id)
                answer = post(large, path, body)
                assert (answer.status_code, answer.json()["reason"]) == (400, "other-suite")
                # The refusal itself comes under the suite that the body claims, and says so to nobody else.
                problem = seal.verify(answer.json()["signed"], to.bureau_verify, to.pins.bureau_id, protocol.Problem)
                assert problem.about == to.suite.digest(body)
        # Signed by the kiosk itself, sealed under the other suite.
        text = seal.sign(of_kind[model], identity.keys.sign, identity.pins.kiosk_id)
        assert post(large, path, seal.encrypt(text, theirs.bureau_seal, theirs.pins.bureau_id)).json()["reason"] == "other-suite"
        lied = {**of_kind[model].model_dump(mode="json"), "suite": other.name}
        kind = of_kind[model].model_dump()["kind"]
        text = seal.sign_plain(canonical(lied), kind, identity.keys.sign, identity.pins.kiosk_id)
        assert (
            post(large, path, seal.encrypt(text, identity.bureau_seal, identity.pins.bureau_id)).json()["reason"] == "other-suite"
        )
    token = seal.sign(of_kind[protocol.Token], theirs.keys.sign, identity.pins.kiosk_id)
    answer = httpx.get(f"{large.url}/v1/standing", headers={"Authorization": f"Kiosk {token}"}, trust_env=False)
    assert (answer.status_code, answer.json()["reason"]) == (401, "other-suite")


def post(bureau, path, body):
    headers = {"Content-Type": protocol.MEDIA_TYPE}
    return httpx.post(f"{bureau.url}/v1/{path}", content=body, headers=headers, trust_env=False)


@pytest.mark.parametrize(("pinned", "other"), BOTH)
def test_a_kiosk_of_the_other_suite_in_the_bureaus_table_stays_what_it_is(large, kiosks, context, pinned, other):
    """The table says one suite and the keys another: somebody changed it, and nothing is taken either way."""
    from kiosk.bureau import tables

    identity = kiosks[pinned.name].identity
    try:
        with context.session.begin() as session:
            session.get(tables.Kiosk, identity.pins.kiosk_id).suite = other.name
        done = kiosks[pinned.name].round()
        assert done.failure is None or done.failure.why == "other-suite"
        kiosks[pinned.name].save(record(station=STATION))
        assert kiosks[pinned.name].round().failure.why == "other-suite"
    finally:
        with context.session.begin() as session:
            session.get(tables.Kiosk, identity.pins.kiosk_id).suite = pinned.name
    assert kiosks[pinned.name].round().failure is None


def test_the_time_is_asked_under_the_pinned_suite(large, kiosks):
    for name, one in kiosks.items():
        told = httpx.get(f"{large.url}/v1/time?nonce=n&suite={name}", trust_env=False).content
        assert client.verified(one.identity, told, protocol.TimeAnswer)[0].suite == name
        one.client.time()
    nobody = httpx.get(f"{large.url}/v1/time?nonce=n", trust_env=False).content
    assert client.verified(kiosks["std-1"].identity, nobody, protocol.TimeAnswer)[0].suite == "std-1"
    with pytest.raises(Failure, match="other-suite"):
        client.verified(kiosks["gm-1"].identity, nobody, protocol.TimeAnswer)
    assert httpx.get(f"{large.url}/v1/time?nonce=n&suite=none-1", trust_env=False).status_code == 422


@pytest.mark.parametrize(("pinned", "other"), BOTH)
def test_a_roster_file_under_the_other_suite(kiosks, tmp_path, pinned, other):
    """A manifest that the bureau signed under the pinned suite, about a file that is encrypted under the other."""
    kiosk = kiosks[pinned.name]
    path, facts = roster_file.write([b"{}"], tmp_path, other)
    manifest = protocol.RosterManifest(
        bureau_id=kiosk.identity.pins.bureau_id,
        kiosk_id=kiosk.identity.pins.kiosk_id,
        version=9999,
        created_at=NOW,
        digest=facts.digest,
        size=facts.size,
        plain_size=facts.plain_size,
        lines=facts.lines,
        file_key=facts.key,
    )
    assert list(roster_file.read(path, manifest)) == [b"{}"]
    with pytest.raises(seal.Refused, match="other-suite"):
        roster_file.must_be(manifest, pinned)
    kiosk.client.get_sealed = lambda path, model: manifest if model is protocol.RosterManifest else None
    try:
        with pytest.raises(Failure, match="other-suite"):
            kiosk.feed()
    finally:
        del kiosk.client.get_sealed


@pytest.mark.parametrize(("pinned", "other"), BOTH)
def test_on_a_removable_medium(large, context, kiosks, tmp_path, pinned, other):
    ours, theirs = kiosks[pinned.name], kiosks[other.name]
    ours.save(record(station=STATION))
    exported = courier.export(ours.run, ours.identity, tmp_path)
    down = exported.folder.parent / "down"
    bureau_media.serve(context, tmp_path)
    of_kind = {type(one): one for one in samples(pinned, ours.identity.pins.kiosk_id, ours.identity.pins.bureau_id)}
    for name, model in {"receipt": protocol.Receipt, "decisions": protocol.Decisions, "standing": protocol.Standing}.items():
        text = seal.sign(of_kind[model], bureau_keys(large.data, other).sign, ours.identity.pins.bureau_id).encode()
        files.write_file(down / files.named(f"{name}-forged", text, "jws"), text)
    for name, model in {"bundle": protocol.Bundle, "roster": protocol.RosterManifest}.items():
        text = seal.sign(of_kind[model], bureau_keys(large.data, other).sign, ours.identity.pins.bureau_id)
        body = seal.encrypt(text, seal.recipient_key(theirs.identity.keys.public), ours.identity.pins.kiosk_id)
        files.write_file(down / files.named(f"{name}-forged", body, "jwe"), body)
    told = courier.import_from(ours.run, ours.identity, tmp_path)
    assert [one.why for one in told if "forged" in one.name] == ["other-suite"] * 5
    assert "received" in ours.counts()


def test_peers_are_those_of_the_suite(large, kiosks, tmp_path):
    """Lists travel between kiosks of one suite: the bureau names no others, and a document of another is refused."""
    for one in kiosks.values():
        one.feed()
        with pytest.raises(home_visits.HomeLoanError, match="unknown-peer"):
            home_visits.export_list(one.run, one.identity, tmp_path, kiosks[other_of(one)].identity.pins.kiosk_id, ["P"], "1", NOW)


def other_of(kiosk):
    return next(name for name in suites.NAMES if name != kiosk.identity.suite.name)


# --- agreed at provisioning


def test_the_code_carries_the_suite_and_none_can_be_made_of_the_other(large, tmp_path):
    code = large.enrolment_code(STATION, "gm-1")
    assert code.startswith("GM-")
    assert len(code.replace("-", "")) == 28
    stripped = settings(tmp_path / "stripped", large.url, STATION)
    # Without its mark the code asks for std-1: the bureau has no such code, and its keys have another fingerprint.
    with pytest.raises(ProvisionRefused, match="code-unknown"):
        provision(stripped, large.url, code.removeprefix("GM-"))
    plain = large.enrolment_code(STATION, "std-1")
    assert not plain.startswith("GM-")
    with pytest.raises(ProvisionRefused, match="code-unknown"):
        provision(settings(tmp_path / "marked", large.url, STATION), large.url, "GM-" + plain)
    assert provision(settings(tmp_path / "good", large.url, STATION), large.url, code).suite is suites.GM_1


def test_an_answer_of_the_other_suite_ends_the_provisioning(large, tmp_path, monkeypatch):
    """In between sits somebody who has the bureau's genuine keys of std-1: the answer is not believed by a kiosk of gm-1."""
    from kiosk.sync import provision as module

    code = large.enrolment_code(STATION, "gm-1")
    std = bureau_keys(large.data, suites.STD_1)
    chosen = settings(tmp_path, large.url, STATION)

    def answer(*_, content, **__):
        asked = protocol.Enrolment.model_validate(json.loads(suites.GM_1.verify(content.decode(), key_of(content))[1]))
        signer = "bureau-" + seal.fingerprint(std.public)
        told = protocol.Enrolled(bureau_id=signer, kiosk_id="kiosk-a", keys=std.public, kiosk_keys=asked.keys, at=NOW)
        return 200, httpx.Headers(), seal.sign(told, std.sign, signer).encode()

    monkeypatch.setattr(module, "exchange", answer)
    with pytest.raises(SealError, match="not the bureau that made the code"):
        provision(chosen, large.url, code)
    assert not keyfiles.pins_path(chosen.sync).exists()


def key_of(content):
    from kiosk.sync.suites.suite import unpadded

    payload = json.loads(unpadded(content.split(b".")[1]))
    return suites.GM_1.signature.from_public(payload["keys"]["sign"])


def test_a_bureau_of_one_suite_answers_no_other(large, tmp_path):
    alone = open_context(BureauSettings(data=str(large.data), suites=("gm-1",)))
    assert (alone.suite.name, list(alone.rings)) == ("gm-1", ["gm-1"])
    with pytest.raises(seal.Refused, match="other-suite"):
        alone.under(suites.STD_1)
    swapped = tmp_path / "swapped"
    swapped.mkdir()
    for name, source in (("keys.json", "keys-gm-1.json"), ("admin-password", "admin-password")):
        keyfiles.write_private(swapped / name, (large.data / source).read_text())
    with pytest.raises(ConfigError, match="keys of gm-1"):
        open_context(BureauSettings(data=str(swapped)))


def test_keys_and_pins_of_two_suites_do_not_start(kiosks, tmp_path):
    gm, std = kiosks["gm-1"], kiosks["std-1"]
    mixed = settings(tmp_path)
    keyfiles.write_private(tmp_path / "kiosk.json", keyfiles.dump_keys(std.identity.keys))
    keyfiles.write_private(keyfiles.pins_path(mixed.sync), gm.identity.pins.model_dump_json())
    with pytest.raises(ConfigError, match=r"of std-1.*under gm-1"):
        keyfiles.load_identity(mixed.sync)
    # A pin file that somebody turned back to std-1, beside the keys of gm-1.
    keyfiles.write_private(tmp_path / "kiosk.json", keyfiles.dump_keys(gm.identity.keys))
    turned = gm.identity.pins.model_copy(update={"suite": "std-1"})
    keyfiles.write_private(keyfiles.pins_path(mixed.sync), turned.model_dump_json())
    with pytest.raises(ConfigError, match=r"of gm-1.*under std-1"):
        keyfiles.load_identity(mixed.sync)


def test_public_keys_of_two_suites_are_no_pair():
    std, gm = (Keys(*seal.new_keys(one)).public for one in (suites.STD_1, suites.GM_1))
    mixed = protocol.PublicKeys(sign=std.sign, seal=gm.seal)
    for ask in (seal.suite_of, seal.verify_key, seal.recipient_key, seal.fingerprint):
        with pytest.raises(seal.Refused, match="malformed"):
            ask(mixed)
    off = protocol.PublicKeys(sign="A" * 86, seal="A" * 86)
    for ask in (seal.verify_key, seal.recipient_key):
        with pytest.raises(seal.Refused, match="malformed"):
            ask(off)


def test_a_kiosk_that_takes_the_other_suites_bureau_hears_nothing(large, kiosks):
    """Pins of the one suite, the bureau's keys of the other under its name: what comes is refused, nothing can be sent."""
    gm, std = kiosks["gm-1"].identity, kiosks["std-1"].identity
    crossed = Identity(gm.keys, dataclasses.replace(std).pins)
    other = Client(kiosks["gm-1"].settings.sync, crossed)
    try:
        with pytest.raises(Failure, match="wrong-signer|other-suite"):
            other.time()
    finally:
        other.close()
