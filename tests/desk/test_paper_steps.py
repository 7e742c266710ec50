"""The papers of the desk step by step, without Qt: each event of the camera and of a stick on each form that has papers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kiosk.desk import boards_data as b
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.papers import MOST, on_papers, on_scans, pages_of, papers_of, usable
from kiosk.desk.values import Document, ListFile, Place
from kiosk.domain.identity import DocumentKind
from kiosk.domain.record import Channel
from tests.desk import samples as d
from tests.desk.test_machine import signed_in, walk
from tests.visit import samples as x

SUE = s.Session(1, d.SUE.staff_id, d.SUE.name, d.SUE.role, 0.0)
SCAN = Document("a.pdf", "b" * 64)
SECOND = Document("second.jpg", "e" * 64, page_id="page-2")
FULL = tuple(Document(f"{n}.jpg", "a" * 64, page_id=f"page-{n}") for n in range(MOST))
FORMS: dict[str, s.Assisting | s.TakingDeclaration | s.Board] = {
    "proxy": s.Assisting(d.found(), Channel.AGENT, x.LI),
    "declaration": s.TakingDeclaration(d.found(), x.LI),
    "unit list": s.Board(Place.UNIT_LIST, b.UnitListData(), clerk=x.LI),
}
ON, OFF = c.WatchPapers(SUE, True), c.WatchPapers(SUE, False)
SAID = {"problem": "store-error"}  # what was said last


def looking(paper: str, **more) -> s.Photographing:
    """The camera on a paper, after three shots, with something wrong."""
    return s.Photographing(paper, 3, problem="papers-enough", last="page-9", **more)


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


@pytest.fixture
def first(form):
    return papers_of(form)[0]


@pytest.fixture
def second(form):
    return papers_of(form)[1]


def test_what_papers_a_form_may_have():
    assert [papers_of(one) for one in FORMS.values()] == [
        ("principal-id-copy", "agent-id", "principal-proof"),
        ("declarant-id", "declaration-proof"),
        ("clerk-id", "sealed-list", "hukou-copies-sealed", "unit-certificate"),
    ]
    assert pages_of(replace(FORMS["proxy"], documents=(SCAN, d.PAGE, SECOND))) == ("page-1", "page-2")


def test_the_camera_of_papers_opens_after_the_consent_and_goes_to_the_paper_that_is_touched(form, first, second):
    touched = e.PaperCameraTouched(first)
    assert on_papers(SUE, form, touched) == (replace(form, problem="review-first"), ())
    allowed = replace(form, review=True, **SAID)
    opened = replace(form, review=True, camera=s.Photographing(first))
    assert on_papers(SUE, allowed, touched) == (opened, (ON,))
    there = replace(allowed, camera=looking(second, busy=True))
    assert on_papers(SUE, there, touched) == (
        replace(there, problem="", camera=replace(looking(second, busy=True), paper=first)),
        (),
    )
    for page in (allowed, there):
        assert on_papers(SUE, page, e.PaperCameraTouched("anything")) is None


def test_a_page_that_is_dropped_goes_alone(form):
    page = replace(form, documents=(d.PAGE, SCAN, SECOND), **SAID)
    assert on_papers(SUE, page, e.PageDropTouched("page-1")) == (
        replace(page, documents=(SCAN, SECOND)), (c.DropPages(SUE, ("page-1",)),)
    )  # fmt: skip
    assert on_papers(SUE, page, e.PageDropTouched("page-9")) is None


def test_a_page_of_another_shot_is_erased_and_counted_nowhere(form, first):
    dropped = (c.DropPages(SUE, ("page-1",)),)
    for page in (form, replace(form, camera=looking(first, busy=True))):
        assert on_papers(SUE, page, e.PageKept(1, 2, d.PAGE)) == (page, dropped)
        assert on_papers(SUE, page, e.PageKept(1, 2, None)) is None


@pytest.mark.parametrize(
    ("documents", "camera", "left", "commands"),
    [
        ((SCAN, d.PAGE, SECOND), False, (SCAN,), (c.DropPages(SUE, ("page-1", "page-2")),)),
        ((SCAN,), True, (SCAN,), (OFF,)),
        ((d.PAGE,), True, (), (OFF, c.DropPages(SUE, ("page-1",)))),
    ],
)
def test_with_the_consent_the_pictures_go_and_files_stay(form, first, documents, camera, left, commands):
    page = replace(form, review=True, documents=documents, camera=looking(first) if camera else None)
    gone = replace(form, review=False, documents=left, camera=None)
    assert on_papers(SUE, page, e.ReviewConsented(False)) == (gone, commands)
    assert on_papers(SUE, replace(page, **SAID), e.ReviewConsented(True)) == (page, ())


def test_a_consent_that_nothing_hangs_on_is_only_noted(form):
    page = replace(form, documents=(SCAN,), **SAID)
    for on in (True, False):
        assert on_papers(SUE, page, e.ReviewConsented(on)) == (replace(form, documents=(SCAN,), review=on), ())


def test_the_camera_is_put_away(form, first):
    page = replace(form, review=True, camera=looking(first, busy=True))
    for event in (e.PaperCameraClosed(), e.BackTouched()):
        assert on_papers(SUE, page, event) == (replace(form, review=True), (OFF,))
        assert on_papers(SUE, form, event) is None
    assert on_papers(SUE, page, e.EnrolConsented()) is None


def test_a_shot_is_numbered_and_waited_for(form, first):
    idle = replace(form, review=True, documents=FULL[1:], camera=looking(first, flaws=("blurred",)))
    waiting = replace(idle, camera=s.Photographing(first, 4, busy=True, last="page-9"))
    assert on_papers(SUE, idle, e.ShootTouched()) == (waiting, (c.ShootPage(SUE, 4, first),))
    assert on_papers(SUE, waiting, e.ShootTouched()) is None
    full = replace(idle, documents=FULL, camera=replace(idle.camera, problem=""))
    assert on_papers(SUE, full, e.ShootTouched()) == (replace(full, camera=looking(first)), ())
    assert MOST == 8


def test_what_is_said_of_a_shot_is_said_of_that_one(form, first):
    waiting = replace(form, review=True, camera=s.Photographing(first, 4, busy=True))
    told = replace(waiting, camera=s.Photographing(first, 4, flaws=("blurred",)))
    assert on_papers(SUE, waiting, e.PageSeen(1, 4, ("blurred",))) == (told, ())
    assert on_papers(SUE, waiting, e.PageSeen(1, 3, ("blurred",))) is None
    assert on_papers(SUE, told, e.PageSeen(1, 4, ())) is None


def test_a_page_with_flaws_is_kept_when_somebody_says_so_and_never_one_without_a_sheet(form, first):
    told = replace(form, review=True, camera=s.Photographing(first, 4, flaws=("blurred",)))
    keeping = replace(told, camera=replace(told.camera, busy=True))
    assert on_papers(SUE, told, e.UseAnywayTouched()) == (keeping, (c.KeepPage(SUE, 4, first),))
    assert on_papers(SUE, keeping, e.UseAnywayTouched()) is None
    for flaws in ((), ("no-paper",), ("blurred", "no-paper")):
        assert on_papers(SUE, replace(told, camera=replace(told.camera, flaws=flaws)), e.UseAnywayTouched()) is None
    assert (usable(("blurred",)), usable(("blurred", "no-paper"))) == (True, False)


@pytest.mark.parametrize("flaws", [(), ("blurred",)])
def test_a_page_that_was_kept_leads_to_the_next_paper_that_was_not_seen(form, first, second, flaws):
    waiting = replace(form, review=True, documents=(SCAN,), camera=looking(first, busy=True, flaws=flaws))
    kept = replace(d.PAGE, flawed=bool(flaws))
    after = replace(waiting, documents=(SCAN, kept), seen=(first,), camera=s.Photographing(second, 3, last="page-1"))
    assert on_papers(SUE, waiting, e.PageKept(1, 3, d.PAGE)) == (after, ())
    again = replace(waiting, seen=(second, first))  # a second page of a paper that is there
    following = next((one for one in papers_of(form)[2:]), first)
    after = replace(again, documents=(SCAN, kept), camera=s.Photographing(following, 3, last="page-1"))
    assert on_papers(SUE, again, e.PageKept(1, 3, d.PAGE)) == (after, ())
    idle = replace(waiting, camera=replace(waiting.camera, busy=False))
    assert on_papers(SUE, idle, e.PageKept(1, 3, d.PAGE)) is None


def test_a_page_that_was_not_kept_is_told_with_its_flaws(form, first):
    waiting = replace(form, review=True, camera=looking(first, busy=True, flaws=("blurred",)))
    told = replace(waiting, camera=replace(waiting.camera, busy=False, problem="page-not-kept"))
    assert on_papers(SUE, waiting, e.PageKept(1, 3, None)) == (told, ())


def test_files_on_a_stick_are_listed_chosen_and_read_one_at_a_time():
    file, form = ListFile("stick/x.jpg", "x.jpg", "stick"), replace(FORMS["proxy"], documents=(d.PAGE,))
    before = replace(form, files=(d.LIST,), scan_bad=True, **SAID)
    listed = replace(before, files=(), listed=True, problem="")
    assert on_scans(SUE, before, e.ScanListTouched()) == (listed, (c.LookForMedia(SUE),))
    seen = e.MediaSeen(1, ("stick",), (), (file,))
    assert on_scans(SUE, listed, seen) == (replace(listed, files=(file,)), ())
    assert on_scans(SUE, before, seen) is None
    reading = replace(before, scanning="stick/x.jpg", scan_bad=False)
    assert on_scans(SUE, before, e.ScanChosen(file)) == (reading, (c.RegisterScan(SUE, "stick/x.jpg"),))
    assert on_scans(SUE, reading, e.ScanChosen(file)) is None
    full = replace(form, documents=FULL)
    assert on_scans(SUE, full, e.ScanChosen(file)) == (replace(full, problem="papers-enough"), ())
    taken = replace(reading, scanning="", documents=(d.PAGE, SCAN))
    assert on_scans(SUE, reading, e.ScanRegistered(1, "stick/x.jpg", SCAN)) == (taken, ())
    bad = replace(reading, scanning="", scan_bad=True)
    assert on_scans(SUE, reading, e.ScanRegistered(1, "stick/x.jpg", None)) == (bad, ())
    assert on_scans(SUE, reading, e.ScanRegistered(1, "stick/y.jpg", SCAN)) is None
    assert on_scans(SUE, form, e.PassportRead(1, "MRZ")) == (replace(form, mrz="MRZ"), ())


# --- the same through the machine


def opened(**page):
    state, _ = signed_in(d.ANN, e.TakeOverTouched(), e.PersonFound(1, d.found()), e.AssistChosen(Channel.AGENT))
    return s.Open(state.session, replace(state.page, **page))


def test_a_page_that_arrives_after_the_camera_was_put_away_is_dropped():
    state = opened(review=True, camera=s.Photographing("principal-proof", 2, busy=True))
    state, _ = walk(e.PaperCameraClosed(), state=state)
    state, done = walk(e.PageKept(1, 2, d.PAGE), state=state)
    assert done == [c.DropPages(state.session, ("page-1",))]
    assert state.page.documents == ()
    state, _ = walk(e.BackTouched(), state=state)
    _, done = walk(e.PageKept(1, 2, d.PAGE), state=state)
    assert done == [c.DropPages(state.session, ("page-1",))]


def test_eight_papers_are_enough():
    full = tuple(Document(f"{n}.jpg", "a" * 64, page_id=f"page-{n}") for n in range(MOST))
    state = opened(review=True, documents=full, camera=s.Photographing("principal-proof"))
    state, done = walk(e.ShootTouched(), state=state)
    assert (state.page.camera.problem, done) == ("papers-enough", [])
    state, done = walk(e.ScanChosen(ListFile("stick/x.jpg", "x.jpg", "stick")), state=state)
    assert (state.page.problem, done) == ("papers-enough", [])


def test_the_camera_goes_on_to_the_next_paper_that_was_not_seen():
    state = opened(review=True, seen=("agent-id",))
    state, done = walk(e.PaperCameraTouched("principal-id-copy"), e.ShootTouched(), state=state)
    assert [type(one) for one in done] == [c.WatchPapers, c.ShootPage]
    state, _ = walk(e.PageKept(1, 1, replace(d.PAGE, name="principal-id-copy.jpg")), state=state)
    assert (state.page.camera.paper, state.page.seen) == ("principal-proof", ("agent-id", "principal-id-copy"))


def test_a_page_that_cannot_be_kept_is_told_and_not_counted():
    state = opened(review=True, camera=s.Photographing("principal-proof", 2, busy=True))
    state, done = walk(e.PageKept(1, 2, None), state=state)
    assert (state.page.camera.problem, state.page.camera.busy) == ("page-not-kept", False)
    assert (state.page.documents, done) == ((), [])


def test_the_form_behind_the_camera_is_not_touched():
    state = opened(review=True, camera=s.Photographing("principal-proof"))
    for event in (e.AssistChosen(Channel.FAMILY_PROXY), e.AgentTyped("安娜", "E1", DocumentKind.PASSPORT)):
        after, done = walk(event, state=state)
        assert (after.page, done) == (state.page, [])


def test_signing_out_lets_go_of_camera_and_pages():
    state = opened(review=True, documents=(d.PAGE,), camera=s.Photographing("principal-proof"))
    _, done = walk(e.TimePassed(), state=state, now_s=1000.0)
    assert c.WatchPapers(state.session, False) in done
    assert c.DropPages(state.session, ("page-1",)) in done


# --- an agent's document that the reader cannot read


def test_an_odd_number_is_asked_for_once_more_and_then_taken_with_a_flag():
    state = opened()
    odd = e.AgentTyped("安娜", "E1", DocumentKind.PASSPORT)
    state, _ = walk(odd, state=state)
    assert (state.page.problem, state.page.agent) == ("number-odd-again", None)
    other, _ = walk(e.AgentTyped("安娜", "E2", DocumentKind.PASSPORT), state=state)
    assert (other.page.problem, other.page.agent) == ("number-odd-again", None), "another odd number is asked about anew"
    state, _ = walk(odd, state=state)
    assert (state.page.problem, state.page.agent.id_number, state.page.agent.document_kind) == ("", "E1", DocumentKind.PASSPORT)
    form = replace(d.PROXY, papers=d.PAPERS, documents=())
    _, (save,) = walk(e.AssistSubmitted(form), state=state)
    assert save.agent_odd
    state, _ = walk(e.CardRead(x.LI), state=state)
    _, (save,) = walk(e.AssistSubmitted(form), state=state)
    assert not save.agent_odd


def test_an_expired_passport_is_refused_and_a_scanned_one_fills_number_and_term():
    state = opened()
    expired, _ = walk(e.AgentTyped("安娜", "E12345678", DocumentKind.PASSPORT, "2026-11-01"), state=state)
    assert expired.page.problem == "document-expired"
    unread, _ = walk(e.AgentTyped("安娜", "E12345678", DocumentKind.PASSPORT, "next year"), state=state)
    assert unread.page.problem == "day-unread"
    good, _ = walk(e.AgentTyped("安娜", "E12345678", DocumentKind.PASSPORT, "2030.01.31"), state=state)
    assert (good.page.problem, good.page.agent.document_valid_to) == ("", date(2030, 1, 31))
    for typed in ("20300131", "2030-1-31", "2030年1月31日", "２０３０．０１．３１", " 2030/01/31 "):
        good, _ = walk(e.AgentTyped("安娜", "ｅ１２３４ ５６７８", DocumentKind.PASSPORT, typed), state=state)
        assert (good.page.agent.document_valid_to, good.page.agent.id_number) == (date(2030, 1, 31), "E12345678")
    for typed in ("2030-02-30", "2030131", "30.01.2030"):
        unread, _ = walk(e.AgentTyped("安娜", "E12345678", DocumentKind.PASSPORT, typed), state=state)
        assert unread.page.problem == "day-unread"
    scanned, _ = walk(e.AgentTyped("安娜", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"), state=state)
    assert scanned.page.problem == "document-expired", "the specimen's term, 2012, is in its MRZ"


def test_an_odd_number_of_a_declarant_and_of_a_units_clerk_is_flagged_too():
    odd, form = e.AgentTyped("安娜", "440305194806170017"), d.Declaring(d.Declared.DEATH, d.TODAY, relation="child")
    session = s.Session(1, d.ANN.staff_id, d.ANN.name, d.ANN.role, 0.0)
    state = s.Open(session, s.TakingDeclaration(d.found()))
    state, _ = walk(odd, state=state)
    assert (state.page.problem, state.page.declarant) == ("number-odd-again", None)
    state, _ = walk(odd, state=state)
    _, (save,) = walk(e.DeclareSubmitted(form), state=state)
    assert save.declarant_odd
    state, _ = walk(e.CardRead(x.LI), state=state)
    _, (save,) = walk(e.DeclareSubmitted(form), state=state)
    assert not save.declarant_odd
    listed = s.Open(session, s.Board(Place.UNIT_LIST, b.UnitListData()))
    chosen = e.UnitListChosen(d.LIST, "示范厂", ("clerk-id", "sealed-list"))
    listed, _ = walk(odd, odd, state=listed)
    _, (take,) = walk(chosen, state=listed)
    assert take.clerk_odd
    listed, _ = walk(e.CardRead(x.LI), state=listed)
    _, (take,) = walk(chosen, state=listed)
    assert not take.clerk_odd
