"""Home visits at the desk: the list with who is out, and lists between this kiosk and a portable one by stick. No Qt.

`board` runs in the store's thread; `carry` outside it, because a stick is slow. Called by `boards` and `desk_controller`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk import config
from kiosk.desk import boards_data as b
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk.values import Place
from kiosk.desk_backend.moment import Moment
from kiosk.domain.identity import last_four, mask_name
from kiosk.errors import ConfigError
from kiosk.removable import files
from kiosk.store import outbox
from kiosk.store.engine.database import Store
from kiosk.store.home_visits import changes, exported
from kiosk.store.home_visits import visits as home
from kiosk.sync.batches import RunInStore

if TYPE_CHECKING:
    from kiosk.sync.home_visits import FileOutcome

# Refusals that have words of their own (desk.problem.*); of several the first of these is told. The others: visits-refused.
TOLD = ("revoked", "unknown-peer", "unknown-loan", "loan-expired", "replayed", "nobody-to-export")
# These say something about an old file; beside a good one they are no news.
OLD = ("loan-expired", "replayed")


def board(store: Store, at: Moment) -> b.HomeVisitsData:
    """Return the booked list, and the station's other kiosks."""
    from kiosk.sync import home_visits, keys, roster_feed

    rows = tuple(
        b.HomeVisitRow(
            one.entry.id_number,
            f"{mask_name(one.entry.name)} {last_four(one.entry.id_number)}",
            one.note,
            one.booked_by,
            tuple(item.benefit_kind for item in one.due),
            min((item.due for item in one.due if item.due), default=None),
            one.entry.person_id,
            one.lender,
            one.out.kiosk_name if one.out else "",
            one.out.since if one.out else None,
            one.cancelled,
            one.on_day,
        )
        for one in home.booked(store, at.today, at.now)
    )
    try:
        own = home_visits.short(keys.load_pins(store.settings.sync).kiosk_id)
    except ConfigError:
        own = ""
    peers = tuple(b.PeerRow(one.kiosk_id, home_visits.label(one)) for one in roster_feed.peers(store))
    return b.HomeVisitsData(
        rows, (), peers, own, home_visits.has_to_return(store), exported.any_exported(store), _has_news(store, at)
    )


def _has_news(store: Store, at: Moment) -> bool:
    """Whether something changed about somebody who is out since the list was made, or the bureau signed for what came back."""
    out = exported.out(store, at.now)
    lists = (one for one in exported.every(store) if one.until > at.now)
    return any(one.at > out[one.person_id].since for one in changes.about(store, out)) or any(
        changes.receipts_about(store, one.people, one.created_at, 1) for one in lists
    )


def change(store: Store, command: c.ChangeVisit, at: Moment) -> e.Event:
    """Cancel a visit, take it up again, or note the agreed day."""
    told = changes.Change(command.person_id, at.now, command.cancelled, command.on_day)
    changes.change(store, told, command.by.staff_id)
    return e.Acted(command.by.session_id, Place.HOME_VISITS, "visit-changed")


def carry(
    command: c.ExportHomeVisits | c.CarryHomeVisits,
    settings: config.Sync,
    run_in_store: RunInStore,
    at: Moment,
    on_moved: Callable[[outbox.Moved], None] | None = None,
) -> e.Event:
    """Export, import, return or merge. Not in the store's thread."""
    from kiosk.sync import home_news, home_visits, keys, seal

    by, folder = command.by, Path(command.folder)
    try:
        identity = keys.load_identity(settings)
        match command:
            case c.ExportHomeVisits(_, kiosk_id, _, person_ids):
                done = home_visits.export_list(run_in_store, identity, folder, kiosk_id, person_ids, by.staff_id, at.now)
                home_news.write(run_in_store, identity, folder, at.now)
                return _acted(by.session_id, "visits-exported", f"{done.people} · {home_visits.label(done.peer)}")
            case c.CarryHomeVisits(_, "import"):
                told = home_visits.import_lists(run_in_store, identity, folder, by.staff_id, at.now)
                news = home_news.take(run_in_store, identity, folder, at.now, on_moved)
                if any(one.outcome == "applied" for one in told) or not news:
                    return _answer(by.session_id, told, "visits-imported")
                return _answer(by.session_id, news, "visits-news-taken")
            case c.CarryHomeVisits(_, "return"):
                told = home_visits.return_results(run_in_store, identity, folder, by.staff_id, at.now)
                return _answer(by.session_id, told, "visits-returned", nothing="nothing-to-return")
            case c.CarryHomeVisits(_, "news"):
                told = home_news.write(run_in_store, identity, folder, at.now)
                return _answer(by.session_id, told, "visits-news-written", nothing="no-news")
            case _:
                told = home_visits.merge_results(run_in_store, identity, folder, by.staff_id, at.now)
                home_news.write(run_in_store, identity, folder, at.now)  # the stick goes back there
                return _answer(by.session_id, told, "visits-merged")
    except ConfigError:
        return _refused(by.session_id, "not-provisioned")
    except (files.RemovableError, home_visits.HomeLoanError, seal.Refused) as error:
        return _refused(by.session_id, error.why)


def _answer(session_id: int, told: Sequence[FileOutcome], notice: str, nothing: str = "nothing-for-us") -> e.Event:
    """One word about all files: what is wrong comes first, unless it is only about an old one."""
    good = [one for one in told if one.outcome == "applied"]
    wrong = [one.why for one in told if one.outcome == "refused" and not (one.why in OLD and len(good) > 0)]
    if wrong:
        return _refused(session_id, next((why for why in TOLD if why in wrong), wrong[0]))
    if not told:
        return _refused(session_id, nothing)
    if not good:
        return _acted(session_id, "visits-nothing-new")
    return _acted(session_id, notice, str(sum(one.count for one in good)))


def _acted(session_id: int, notice: str, detail: str = "") -> e.Event:
    return e.Acted(session_id, Place.HOME_VISITS, notice, detail=detail)


def _refused(session_id: int, why: str) -> e.Event:
    known = (
        *TOLD,
        "not-provisioned",
        "nothing-for-us",
        "nothing-to-return",
        "no-news",
        "medium-missing",
        "medium-full",
        "medium-unwritable",
    )
    if why in known:
        return e.Acted(session_id, Place.HOME_VISITS, problem=why)
    return e.Acted(session_id, Place.HOME_VISITS, problem="visits-refused", detail=why)
