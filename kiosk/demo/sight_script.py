"""Somebody who cannot turn the head, and the attendant who sees them: one touch, and the turn is left out. For `desk_scripts`."""

from __future__ import annotations

from kiosk.demo.desk_parts import self_service
from kiosk.demo.desk_person import DeskPerson
from kiosk.demo.desk_script import Script
from kiosk.domain.reasons import Action

_TURNS = ("turn-left", "turn-right")
_AGAIN = 18  # looks: somebody who sees that nothing came of it does it once more


def cannot_turn(p: DeskPerson) -> Script:
    """Comes to the camera, is helped there, and says 做不到 where a turn is asked for."""
    yield from self_service(p)
    for page, button in (("confirm", "yes"), ("consent", "agree"), ("instructions", "begin")):
        yield p.on_page(page)
        p.touch(button)
    yield p.on_page("camera")
    yield p.pause(1500)
    yield from p.sign_in()
    yield p.sees("in-sight")
    p.photograph()
    p.touch("in-sight")
    yield p.on_page("camera")
    done, looks = "", 0
    while p.window.page_name in ("camera", "checking"):
        asked, looks = p.asked(), looks + 1
        if asked in _TURNS and asked != done:
            p.photograph()
            p.touch("swap")
        elif asked and asked not in _TURNS and (asked != done or looks >= _AGAIN):
            yield p.pause(500)
            p.fixture.act(Action(asked))
            looks = 0
        done = asked
        yield p.pause(200)
    yield p.until_status("received", "confirmed")
    p.photograph()
    p.touch("done")
    yield p.on_page("take-card")
    p.lift()
    yield p.on_page("idle")
