"""The papers of a proxy, a declaration or a unit list, photographed page by page; a proxy's may come from a stick. Pure.

No page is taken before a consent of its own; a page that cannot be read is kept only after the attendant said so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.values import Document, Place
from kiosk.domain.desk_rules import DECLARATION_PAPERS, PROXY_PAPERS, UNIT_PAPERS

Papered = s.Assisting | s.TakingDeclaration | s.Board
_Form = TypeVar("_Form", s.Assisting, s.TakingDeclaration, s.Board)
MOST = 8  # papers of one form, pages and files together
_PAPERS = {s.Assisting: PROXY_PAPERS, s.TakingDeclaration: DECLARATION_PAPERS, s.Board: UNIT_PAPERS}


def papered(page: s.Page) -> Papered | None:
    """Return a page that papers are photographed on, None for any other."""
    if isinstance(page, s.Assisting | s.TakingDeclaration):
        return page
    return page if isinstance(page, s.Board) and page.place is Place.UNIT_LIST else None


def papers_of(page: Papered) -> tuple[str, ...]:
    """Return which papers a form may have."""
    return _PAPERS[type(page)]


def on_papers(session: s.Session, page: _Form, event: e.Event) -> tuple[_Form, tuple[c.Command, ...]] | None:
    """Return the form after an event of its papers and what is to be done; None: the event is none of theirs."""
    match event:
        case e.ReviewConsented(on):
            return _consented(session, page, on)
        case e.PaperCameraTouched(paper) if paper in papers_of(page):
            if not page.review:
                return replace(page, problem="review-first"), ()
            opened = page.camera or s.Photographing(paper)
            watch = () if page.camera else (c.WatchPapers(session, True),)
            return replace(page, camera=replace(opened, paper=paper), problem=""), watch
        case e.PageDropTouched(page_id) if any(one.page_id == page_id for one in page.documents):
            left = tuple(one for one in page.documents if one.page_id != page_id)
            return replace(page, documents=left), (c.DropPages(session, (page_id,)),)
        case e.PageKept(_, shot, document) if document is not None and (page.camera is None or page.camera.shot != shot):
            return page, (c.DropPages(session, (document.page_id,)),)  # the camera was put away meanwhile
    if page.camera is not None:
        return _photographing(session, page, page.camera, event)
    return None


def on_scans(session: s.Session, page: s.Assisting, event: e.Event) -> tuple[s.Assisting, tuple[c.Command, ...]] | None:
    """Return the form of a proxy after an event of files on a stick; None: the event is none of theirs."""
    match event:
        case e.ScanListTouched():
            return replace(page, files=(), listed=True, problem=""), (c.LookForMedia(session),)
        case e.MediaSeen(_, _, _, papers) if page.listed:
            return replace(page, files=papers), ()
        case e.ScanChosen(file) if not page.scanning:
            if len(page.documents) >= MOST:
                return replace(page, problem="papers-enough"), ()
            return replace(page, scanning=file.path, scan_bad=False), (c.RegisterScan(session, file.path),)
        case e.ScanRegistered(_, path, document) if path == page.scanning:
            more = () if document is None else (document,)
            return replace(page, scanning="", scan_bad=document is None, documents=(*page.documents, *more)), ()
        case e.PassportRead(_, mrz):
            return replace(page, mrz=mrz), ()
    return None


def pages_of(page: Papered) -> tuple[str, ...]:
    """Return the ids of the form's photographed pages."""
    return tuple(one.page_id for one in page.documents if one.page_id)


def _consented(session: s.Session, page: _Form, on: bool) -> tuple[_Form, tuple[c.Command, ...]]:
    """Without the consent the pictures go at once; files on a stick stay there, recorded by name and digest as before."""
    taken = pages_of(page)
    if on or not (taken or page.camera):
        return replace(page, review=on, problem=""), ()
    drop: tuple[c.Command, ...] = (c.DropPages(session, taken),) if taken else ()
    watch: tuple[c.Command, ...] = (c.WatchPapers(session, False),) if page.camera else ()
    left = tuple(one for one in page.documents if not one.page_id)
    return replace(page, review=False, documents=left, camera=None), (*watch, *drop)


def _photographing(
    session: s.Session, page: _Form, camera: s.Photographing, event: e.Event
) -> tuple[_Form, tuple[c.Command, ...]] | None:
    match event:
        case e.PaperCameraClosed() | e.BackTouched():
            return replace(page, camera=None), (c.WatchPapers(session, False),)
        case e.ShootTouched() if not camera.busy:
            if len(page.documents) >= MOST:
                return replace(page, camera=replace(camera, problem="papers-enough", flaws=())), ()
            shot = camera.shot + 1
            after = replace(camera, shot=shot, busy=True, flaws=(), problem="")
            return replace(page, camera=after), (c.ShootPage(session, shot, camera.paper),)
        case e.PageSeen(_, shot, flaws) if camera.busy and shot == camera.shot:
            return replace(page, camera=replace(camera, busy=False, flaws=flaws)), ()
        case e.UseAnywayTouched() if camera.flaws and usable(camera.flaws) and not camera.busy:
            after = replace(camera, busy=True)
            return replace(page, camera=after), (c.KeepPage(session, camera.shot, camera.paper),)
        case e.PageKept(_, shot, document) if camera.busy and shot == camera.shot:
            if document is None:
                return replace(page, camera=replace(camera, busy=False, problem="page-not-kept")), ()
            return _kept(page, camera, document), ()
        case e.AssistSubmitted() | e.AssistChosen() | e.AgentTyped() | e.DeclareSubmitted() | e.UnitListChosen():
            return page, ()  # the form lies behind the camera
    return None


def usable(flaws: tuple[str, ...]) -> bool:
    """True when there is a page at all: without the outline of a sheet nothing is kept, whoever says so."""
    return "no-paper" not in flaws


def _kept(page: _Form, camera: s.Photographing, document: Document) -> _Form:
    """A page more; the camera goes on to the next paper that was not seen yet."""
    kept = replace(document, flawed=bool(camera.flaws))
    seen = (*page.seen, camera.paper) if camera.paper not in page.seen else page.seen
    following = next((paper for paper in papers_of(page) if paper not in seen), camera.paper)
    after = replace(camera, paper=following, busy=False, flaws=(), problem="", last=kept.page_id)
    return replace(page, documents=(*page.documents, kept), seen=seen, camera=after)
