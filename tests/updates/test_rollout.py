"""A version goes out ring after ring by what stations tell, and stops by itself: decisions, the signed list, the bureau's pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kiosk.bureau import reports, tables
from kiosk.commands import release as command
from kiosk.sync import protocol, seal
from kiosk.updates import plan, rollout
from kiosk.updates.rollout import RINGS, Step, Tally
from tests.bureau.made import opened, register
from tests.updates import made

NOW = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)
GOOD, NONE = Tally(800, 4, 796), Tally()


def offer(ring: int = 0, hours_ago: float = 100.0, stopped: str = "") -> dict:
    since = (NOW - timedelta(hours=hours_ago)).isoformat()
    share = RINGS[ring].share
    return {"version": "0.2.0", "share": share, "canaries": ["A"], "plan": {"ring": ring, "since": since, "stopped": stopped}}


@pytest.mark.parametrize(
    ("given", "new", "step"),
    [
        (offer(0, 23), Tally(3, 0, 3), Step("wait", 0, "hours")),
        (offer(0, 25), Tally(3, 0, 3), Step("go-on", 1)),
        (offer(0, 25), NONE, Step("wait", 0, "0 of 1 well")),
        (offer(1, 49), Tally(3, 0, 3), Step("wait", 1, "3 of 41 well")),
        (offer(2, 49), Tally(300, 0, 274), Step("wait", 2, "274 of 275 well")),
        (offer(2, 49), Tally(300, 0, 275), Step("go-on", 3)),
        (offer(1, 47), Tally(80, 0, 80), Step("wait", 1, "hours")),
        (offer(1, 49), Tally(80, 1, 79), Step("go-on", 2)),
        (offer(2, 1), Tally(400, 40, 360), Step("stop", 2, "40 of 400 failed, before 4 of 800")),
        (offer(0, 1), Tally(3, 2, 1), Step("stop", 0, "2 of 3 failed, before 4 of 800")),
        (offer(3, 999), Tally(800, 4, 796), Step("wait", 3, "all")),
        (offer(3, 999), Tally(800, 90, 710), Step("stop", 3, "90 of 800 failed, before 4 of 800")),
        (offer(2, 999, "2026-11-29: worse"), Tally(400, 0, 400), Step("wait", 2, "stopped")),
    ],
)
def test_a_ring_waits_goes_on_or_stops(given, new, step):
    assert rollout.next_step(given, new, GOOD, NOW) == step


@pytest.mark.parametrize(
    ("named", "well", "ring", "stations", "wanted"),
    [
        (1, 50, 0, 800, 1),
        (5, 50, 0, 800, 3),
        (5, 100, 0, 800, 5),
        (5, 1, 0, 0, 1),
        (5, 50, 1, 800, 40),
        (5, 50, 1, 3, 3),
        (5, 50, 2, 801, 201),
    ],
)
def test_a_share_of_the_ring_must_run_it_well_before_the_next_one_opens(named, well, ring, stations, wanted):
    staged = {"canaries": [f"C-{one}" for one in range(named)], "plan": rollout.begun(NOW, well)}
    assert rollout.enough(staged, ring, stations) == wanted


def test_a_stopped_version_is_open_to_nobody_and_one_that_goes_on_to_the_next_share():
    stopped = rollout.stepped(offer(2), Step("stop", 2, "worse"), NOW)
    assert (stopped["share"], stopped["canaries"], stopped["plan"]["stopped"]) == (0, [], "2026-11-30 02:00Z: worse")
    assert not rollout.is_open("A", stopped)
    on = rollout.stepped(offer(0), Step("go-on", 1), NOW)
    assert (on["share"], on["canaries"], on["plan"]["ring"], on["plan"]["since"]) == (10, ["A"], 1, NOW.isoformat())


def test_a_stations_ring_is_the_first_that_it_is_open_in():
    for number in range(60):
        name = f"SZ-{number}"
        ring = rollout.ring_of(name, {"version": "0.2.0", "canaries": ["A"]})
        shares = {one.name: one.share for one in RINGS}
        assert plan.in_ring(name, "0.2.0", shares[ring])
        assert ring == "10" or not plan.in_ring(name, "0.2.0", shares[ring] // 2 if ring == "all" else 10)
    assert rollout.ring_of("A", {"version": "0.2.0", "canaries": ["A"]}) == "canary"


# ---- with a bureau: reports in, the signed list out


def tell(
    context, kiosk, version: str, *, falls: int = 0, update: tuple[str, str] | None = None, at: datetime | None = None
) -> None:
    at = at or datetime.now(UTC)
    told = protocol.UpdateResult(version=update[0], state=update[1], at=at) if update else None
    document = protocol.StationReport(
        suite=context.suite.name, kiosk_id=kiosk.kiosk_id, at=at, software=version, falls=falls, update=told
    )
    signed = seal.sign(document, kiosk.keys.sign, kiosk.kiosk_id)
    body = seal.encrypt(signed, seal.recipient_key(context.keys.public), context.bureau_id)
    receipt = seal.verify(
        reports.take(context, body), seal.verify_key(context.keys.public), context.bureau_id, protocol.ReportReceipt
    )
    assert receipt.digest == context.suite.digest(body)


@pytest.fixture
def world(tmp_path):
    """A bureau with six stations on 0.1.0, a repository below it, and 0.2.0 staged by rings."""
    context = opened(tmp_path / "bureau")
    release, keys, _ = made.released(tmp_path)
    release.add(made.version_tree(tmp_path, "0.2.0", 2), "0.2.0", keys, made.NOW)
    release.stage("0.2.0", 0, ["S-0"], keys, made.NOW, rings=True)
    (tmp_path / "bureau" / "updates").symlink_to(release.folder)
    kiosks = [register(context, n, f"S-{n}") for n in range(6)]
    for one in kiosks:
        tell(context, one, "0.1.0")
    return context, release, keys, kiosks


def watch(world, hours: float, monkeypatch, capsys) -> str:
    """`kiosk release watch`, so many hours later."""
    context, release, keys, _ = world
    monkeypatch.setattr(command, "_passphrase", lambda file: "")
    monkeypatch.setattr("kiosk.release.keys.load", lambda folder, role, phrase: keys[role])

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(hours=hours)

    monkeypatch.setattr(command, "datetime", Later)
    asked = ["--repository", str(release.folder), "--keys", str(release.folder), "watch", "--data", context.settings.data]
    assert command.main(asked) == 0
    return capsys.readouterr().out


def test_a_good_version_goes_to_everybody_by_itself(world, monkeypatch, capsys):
    context, release, _, kiosks = world
    assert "wait" in watch(world, 1, monkeypatch, capsys)
    tell(context, kiosks[0], "0.2.0", update=("0.2.0", "ok"))
    shares = []
    for hours in (25, 26, 74, 123, 124, 200):
        if hours == 124:
            tell(context, kiosks[1], "0.2.0", update=("0.2.0", "ok"))
        said = watch(world, hours, monkeypatch, capsys)
        shares.append(release.offers()["0.2.0"]["share"])
        assert hours != 123 or "wait 1 of 2 well" in said
    assert shares == [10, 10, 50, 50, 100, 100], "of half the stations half must run it well: one is not enough"


def test_a_version_whose_updates_go_back_stops_by_itself_and_the_page_says_so(world, monkeypatch, capsys):
    from kiosk.bureau.clerks import stations

    context, release, _, kiosks = world
    tell(context, kiosks[0], "0.2.0", update=("0.2.0", "ok"))
    tell(context, kiosks[1], "0.1.0", update=("0.2.0", "went-back"))
    tell(context, kiosks[2], "0.1.0", update=("0.2.0", "self-test"))
    assert "stop 2 of 3 failed, before 0 of 6" in watch(world, 2, monkeypatch, capsys)
    assert release.offers()["0.2.0"]["share"] == 0
    assert "stopped" in watch(world, 30, monkeypatch, capsys)
    (shown,) = stations.rollouts(context)
    assert (shown.version, shown.tally.failures, "2 of 3" in shown.stopped) == ("0.2.0", 2, True)
    found = {one.station_id: one for one in stations.find(context, "all", "", 24.0, None)[0]}
    assert (found["S-0"].ring, found["S-0"].software, found["S-1"].report.update.state) == ("canary", "0.2.0", "went-back")


def test_a_version_that_falls_more_than_twice_a_day_stops_by_itself(world, monkeypatch, capsys):
    context, release, _, kiosks = world
    for one in kiosks[:3]:
        tell(context, one, "0.2.0", falls=3, update=("0.2.0", "ok"))
        tell(context, one, "0.2.0", falls=0, update=("0.2.0", "ok"))  # the day after: what was is not forgotten
    assert "stop 3 of 3 failed" in watch(world, 1, monkeypatch, capsys)


def test_a_revoked_station_and_a_report_that_comes_late_count_for_nothing(world):
    context, _, _, kiosks = world
    tell(context, kiosks[0], "0.2.0", falls=9)
    tell(context, kiosks[1], "0.2.0", at=datetime.now(UTC) - timedelta(days=2), falls=9)  # a stick, after the network
    with context.session.begin() as session:
        session.get(tables.Kiosk, kiosks[0].kiosk_id).revoked_at = datetime.now(UTC)
        assert reports.tallies(session, datetime.now(UTC)) == {"0.1.0": Tally(5, 0, 5)}


def test_the_lists_are_signed_anew_within_their_days(world, monkeypatch, capsys):
    _, release, _, _ = world
    watch(world, 1, monkeypatch, capsys)
    assert datetime.now(UTC) - release.signed_at() < timedelta(hours=1), "just signed: left"
    watch(world, 30, monkeypatch, capsys)
    assert release.signed_at() > datetime.now(UTC) + timedelta(hours=29)
