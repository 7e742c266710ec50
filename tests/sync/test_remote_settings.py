"""Settings from afar at the kiosk: what may be set, the second signature, the trial of an hour, and the way back."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root

from kiosk import config, layers, owner_agreement, settings_trial
from kiosk.bureau import removable_media, station_settings, tables
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.commands import release as command
from kiosk.layers import Source
from kiosk.removable import files
from kiosk.store.engine import journal
from kiosk.support import health
from kiosk.sync import courier, protocol, remote_settings, seal

NOW = datetime.now(UTC)
BOTH_SUITES = True
LATE = NOW + timedelta(minutes=61)


@pytest.fixture(scope="module")
def context(bureau):
    opened = open_context(BureauSettings(data=str(bureau.data)))
    yield opened
    opened.engine.dispose()


@pytest.fixture(autouse=True)
def clean(kiosk):
    """The kiosk of the module has set nothing yet."""
    for name in (settings_trial.NAME, "bureau.json", owner_agreement.NAME):
        (kiosk.store.folder / layers.FOLDER / name).unlink(missing_ok=True)


def told(kiosk, version: int, values: dict, second: tuple = ()) -> protocol.StationSettings:
    pins = kiosk.identity.pins
    return protocol.StationSettings(
        bureau_id=pins.bureau_id, kiosk_id=pins.kiosk_id, version=version, created_at=NOW, values=values, second=second
    )


def take(kiosk, version: int, values: dict, second: tuple = (), now: datetime = NOW) -> bool:
    return remote_settings.take(kiosk.store, told(kiosk, version, values, second), kiosk.identity.pins.station_id, now)


def set_here(kiosk) -> dict:
    return dict(layers.read(kiosk.store.folder, Source.BUREAU).values)


def state(kiosk) -> str:
    return settings_trial.read(kiosk.store.folder).state


def kinds(kiosk) -> list[str]:
    return [one.kind for one in journal.entries_since(kiosk.store, 0, 500) if one.kind.startswith("settings-")]


def test_from_the_bureau_through_a_start_to_kept(kiosk, context):
    """Issued, fetched over the wire, in force with the next start, kept when the bureau has a report of that start."""
    station_settings.issue(context, "all", {"voice.volume": 0.5, "ui.theme": "contrast"}, ())
    station_settings.issue(context, f"station:{kiosk.identity.pins.station_id}", {"voice.volume": 0.7}, ())
    assert [one for one in kiosk.feed() if one.startswith("settings")] != []
    assert set_here(kiosk) == {"voice.volume": 0.7, "ui.theme": "contrast"}, "the nearer goes before"
    assert (state(kiosk), settings_trial.read(kiosk.store.folder).started) == ("trial", False)
    gather = health.gatherer()
    kiosk.round(gather=gather)
    assert state(kiosk) == "trial", "a kiosk that has not started with them says nothing of them"
    settings_trial.started(kiosk.store.folder, datetime.now(UTC))
    kiosk.round(gather=gather)
    assert state(kiosk) == "kept", "the start is told at once, and confirmed"
    assert not settings_trial.undo_when_late(kiosk.store.folder, LATE)
    assert kiosk.feed() == [], "nothing newer"
    assert kinds(kiosk)[-2:] == ["settings-taken", "settings-kept"]


def on_stick(kiosk, context, medium, document=None) -> str:
    """Carry: export, bureau, import; returns what became of the settings there. document: put there instead of the bureau's."""
    gather = health.gatherer()
    courier.export(kiosk.run, kiosk.identity, medium, gather=gather)
    removable_media.serve(context, medium)
    down = medium / files.ROOT_NAME / kiosk.identity.pins.kiosk_id / "down"
    if document is not None:
        for path in down.glob("settings-*"):
            path.unlink()
        with context.session.begin() as session:
            row = session.get_one(tables.Kiosk, kiosk.identity.pins.kiosk_id)
        sealed = context.under(kiosk.identity.suite).seal_to(row, document)
        (down / files.named("settings-new", sealed, "jwe")).write_bytes(sealed)
    taken = courier.import_from(kiosk.run, kiosk.identity, medium)
    return next((one.outcome for one in taken if one.name.startswith("settings-")), "not there")


def test_by_stick_the_same_document_and_the_report_that_is_carried_back_keeps_them(kiosk, context, tmp_path):
    station_settings.issue(context, f"station:{kiosk.identity.pins.station_id}", {"voice.volume": 0.6}, ())
    assert on_stick(kiosk, context, tmp_path) == "applied"
    assert (set_here(kiosk)["voice.volume"], state(kiosk)) == (0.6, "trial")
    assert on_stick(kiosk, context, tmp_path) == "nothing-new"
    assert state(kiosk) == "trial", "the report of a kiosk that has not started with them keeps nothing"
    assert len(list(tmp_path.rglob("settings-new-*"))) == 1, "an older one does not stay"
    settings_trial.started(kiosk.store.folder, datetime.now(UTC))
    courier.export(kiosk.run, kiosk.identity, tmp_path, gather=health.gatherer())
    assert state(kiosk) == "kept"
    assert kinds(kiosk)[-2:] == ["settings-taken", "settings-kept"]


def test_by_stick_nothing_else_may_be_set_than_by_network(kiosk, context, tmp_path):
    wished = told(kiosk, 5000, {"sync.bureau_url": "https://evil.example"})
    assert on_stick(kiosk, context, tmp_path, wished) == "nothing-new"
    assert (set_here(kiosk), state(kiosk)) == ({}, "refused")
    assert kinds(kiosk)[-1] == "settings-refused"
    other = told(kiosk, 5001, {"voice.volume": 0.2}).model_copy(update={"kiosk_id": "kiosk-other"})
    assert on_stick(kiosk, context, tmp_path, other) == "refused", "another kiosk's"
    assert set_here(kiosk) == {}


def test_undone_when_no_report_came_within_an_hour(kiosk):
    layers.replace(kiosk.store.folder, Source.BUREAU, {"voice.volume": 0.9})
    assert take(kiosk, 1000, {"voice.volume": 0.1})
    settings_trial.started(kiosk.store.folder, NOW + timedelta(minutes=5))
    assert not settings_trial.undo_when_late(kiosk.store.folder, NOW + timedelta(minutes=59))
    assert set_here(kiosk) == {"voice.volume": 0.1}
    assert settings_trial.undo_when_late(kiosk.store.folder, LATE)
    assert (set_here(kiosk), state(kiosk)) == ({"voice.volume": 0.9}, "undone")
    remote_settings.tell_journal(kiosk.store, LATE)
    remote_settings.tell_journal(kiosk.store, LATE)
    assert kinds(kiosk)[-1] == "settings-undone"
    assert kinds(kiosk).count("settings-undone") == 1
    assert not take(kiosk, 1000, {"voice.volume": 0.1}), "the same is not taken again"
    facts = health.facts(kiosk.store, NOW, health.Live())
    assert (facts["settings_version"], facts["settings_state"], facts["settings_why"]) == (1000, "undone", "not-reported")


def test_a_kiosk_that_does_not_come_up_is_brought_back_by_its_next_start(kiosk):
    take(kiosk, 1000, {"voice.volume": 0.1})
    settings_trial.started(kiosk.store.folder, LATE)
    assert (set_here(kiosk), state(kiosk)) == ({}, "undone")


def test_a_clock_that_went_back_does_not_keep_them_for_ever(kiosk):
    take(kiosk, 1000, {"voice.volume": 0.1})
    assert settings_trial.undo_when_late(kiosk.store.folder, NOW - timedelta(days=1))


def test_settings_that_follow_an_unconfirmed_trial_go_back_to_what_was_good(kiosk):
    layers.replace(kiosk.store.folder, Source.BUREAU, {"voice.volume": 0.9})
    take(kiosk, 1000, {"voice.volume": 0.1})
    take(kiosk, 1001, {"voice.volume": 0.2})
    settings_trial.undo_when_late(kiosk.store.folder, LATE)
    assert set_here(kiosk) == {"voice.volume": 0.9}
    assert not take(kiosk, 999, {"voice.volume": 0.3}), "an older version is nothing new"


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b'{"version": 1, "since": "never"}', b'{"strange": 1}'])
def test_a_damaged_trial_is_none(kiosk, broken):
    path = kiosk.store.folder / layers.FOLDER / settings_trial.NAME
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(broken)
    assert settings_trial.read(kiosk.store.folder) == settings_trial.Trial()
    settings_trial.started(kiosk.store.folder, NOW)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"store.key_file": "/tmp/x"}, "not-allowed"),
        ({"sync.key_command": "sh"}, "not-allowed"),
        ({"sync.bureau_url": "https://evil.example"}, "not-allowed"),
        ({"station.station_id": "SZ-2"}, "not-allowed"),
        ({"liveness.checks.depth": "record"}, "below-minimum"),
        ({"liveness.checks.stillness": "off"}, "below-minimum"),
        ({"liveness.checks.light": "nonsense"}, "malformed"),
        ({"liveness.actions": 1}, "below-minimum"),
        ({"liveness.actions": True}, "malformed"),
        ({"liveness.tries_per_visit": 4}, "below-minimum"),
        ({"liveness.tries_per_person_day": 50}, "below-minimum"),
        ({"liveness.action_timeout_s": 600.0}, "below-minimum"),
        ({"voice.volume": 7.0}, "malformed"),
        ({"ui.theme": "pink"}, "malformed"),
        ({"match.accept": 0.43}, "second-signature"),
        ({"match.accept": 0.05}, "malformed"),
        ({"match.reject": 0.6}, "malformed"),
    ],
)
def test_what_may_not_be_set_is_refused_as_a_whole_by_the_kiosk_itself(kiosk, values, why):
    """Signed by the genuine bureau: a bureau that was taken over can do no more."""
    layers.replace(kiosk.store.folder, Source.BUREAU, {"voice.volume": 0.9})
    assert not take(kiosk, 1000, {"ui.large_text": True, **values})
    held = settings_trial.read(kiosk.store.folder)
    assert (held.state, why in held.why) == ("refused", True), held.why
    assert set_here(kiosk) == {"voice.volume": 0.9}


def test_checks_may_be_made_stricter(kiosk):
    assert take(kiosk, 1000, {"liveness.checks.screen": "enforce", "liveness.actions": 3, "liveness.tries_per_visit": 2})
    assert state(kiosk) == "trial"
    assert set(layers.TWO_SIGNATURES) <= layers.FROM_AFAR


# ---- the second signature


@pytest.fixture
def owner(tmp_path, monkeypatch):
    """The owner's keys, as a station has them from the updates' root."""
    signers = [CryptoSigner.generate_ed25519() for _ in range(2)]
    root = Root()
    for one in signers:
        root.add_key(one.public_key, "targets")
    path = tmp_path / "update-root.json"
    path.write_bytes(Metadata(root).to_bytes())
    monkeypatch.setattr(owner_agreement, "OWNER_ROOTS", (tmp_path / "not here", path))
    return signers[0]


def agreed(signer, values, scope="all", until=None) -> protocol.SecondSignature:
    until = until or NOW.date() + timedelta(days=30)
    made = signer.sign(owner_agreement.signed_bytes(scope, until.isoformat(), values))
    return protocol.SecondSignature(scope=scope, until=until, values=values, key_id=made.keyid, signature=made.signature)


def test_match_limits_are_taken_with_the_owners_signature_over_just_these(kiosk, owner):
    station = f"station:{kiosk.identity.pins.station_id}"
    limits = {"match.accept": 0.45}
    assert take(kiosk, 1000, {**limits, "ui.large_text": True}, (agreed(owner, limits),))
    assert take(kiosk, 1001, {"match.accept": 0.46}, (agreed(owner, {"match.accept": 0.46}, station),))
    assert set_here(kiosk) == {"match.accept": 0.46}


@pytest.mark.parametrize("case", ["other value", "other station", "group", "over", "stranger", "altered"])
def test_a_signature_for_something_else_is_none(kiosk, owner, case):
    limits = {"match.accept": 0.45}
    second = {
        "other value": agreed(owner, {"match.accept": 0.44}),
        "other station": agreed(owner, limits, "station:SZ-OTHER"),
        "group": agreed(owner, limits, "group:east"),
        "over": agreed(owner, limits, until=date(2020, 1, 1)),
        "stranger": agreed(CryptoSigner.generate_ed25519(), limits),
        "altered": agreed(owner, {"match.accept": 0.44}).model_copy(update={"values": limits}),
    }[case]
    assert not take(kiosk, 1000, limits, (second,))
    assert settings_trial.read(kiosk.store.folder).why == "match.accept: second-signature"


def test_what_the_owners_command_prints_is_what_the_kiosk_takes(kiosk, owner, monkeypatch, capsys):
    monkeypatch.setattr(command, "_passphrase", lambda file: "")
    monkeypatch.setattr("kiosk.release.keys.load", lambda folder, role, phrase: [owner])
    until = (NOW.date() + timedelta(days=9)).isoformat()
    asked = ["--repository", "r", "--keys", "k", "sign-settings", "match.accept=0.45", "match.reject=0.31", "--until", until]
    assert command.main(asked) == 0
    second = station_settings.parse_second(capsys.readouterr().out)
    assert take(kiosk, 1000, {"match.accept": 0.45, "match.reject": 0.31}, second)
    with pytest.raises(config.ConfigError, match="only match"):
        command.main([*asked[:5], "voice.volume=1", "--until", until])
    for text in ("{", "[1]", json.dumps({"scope": "all"})):
        with pytest.raises(ValueError, match="signature|Expecting"):
            station_settings.parse_second(text)


def test_settings_for_another_kiosk_or_by_another_hand_are_refused(kiosk, context):
    from kiosk.sync.client import Failure, open_sealed

    document = told(kiosk, 5, {"voice.volume": 0.1}).model_copy(update={"suite": kiosk.identity.suite.name})
    stranger, _ = seal.new_keys(kiosk.identity.suite)
    for signed in (
        seal.sign(document, stranger, kiosk.identity.pins.bureau_id),
        context.under(kiosk.identity.suite).sign(document.model_copy(update={"kiosk_id": "kiosk-other"})),
    ):
        sealed = seal.encrypt(signed, seal.recipient_key(kiosk.identity.keys.public), kiosk.identity.pins.kiosk_id)
        with pytest.raises(Failure, match="forged"):
            open_sealed(kiosk.identity, sealed, protocol.StationSettings)


def test_a_planted_layer_lowers_nothing(kiosk, owner):
    """Whoever writes the file, without the bureau and the owner: at every start what is there is looked at again."""
    path = layers.path_of(kiosk.store.folder, Source.BUREAU)
    path.parent.mkdir(exist_ok=True)
    planted = {"match.accept": 0.21, "liveness.checks.depth": "off", "liveness.actions": 1, "voice.volume": 0.4}
    path.write_text(json.dumps(planted), encoding="utf-8")
    assert set_here(kiosk) == {"voice.volume": 0.4}
    forged = agreed(CryptoSigner.generate_ed25519(), {"match.accept": 0.21}).model_dump(mode="json")
    (path.parent / owner_agreement.NAME).write_text(json.dumps([forged, 7, {"values": 3}]), encoding="utf-8")
    assert set_here(kiosk) == {"voice.volume": 0.4}


def test_the_minimum_is_what_is_shipped():
    shipped = config.Settings().liveness
    assert layers.LEAST_MODE == {f"liveness.checks.{name}": mode for name, mode in shipped.checks.model_dump().items()}
    assert layers.LEAST == {"liveness.actions": shipped.actions}
    assert layers.MOST["liveness.tries_per_visit"] == shipped.tries_per_visit
    assert layers.MOST["liveness.tries_per_person_day"] == shipped.tries_per_person_day
