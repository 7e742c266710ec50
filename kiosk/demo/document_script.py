"""The attendant of the demonstration types documents that no reader reads: each kind, each thing that may be odd about it."""

from __future__ import annotations

from datetime import UTC, date, datetime

from kiosk.demo.desk_parts import leave, number_of, sign_and_save, until_known
from kiosk.demo.desk_person import DeskPerson
from kiosk.demo.desk_script import Script
from kiosk.domain.identity import check_digit_pr

_NAME = "陈淑芳"
_PAPERS = ("principal-id-copy", "agent-id", "principal-proof")


def mrz(number: str, born: str, expires: str) -> str:
    """Return the second line of a passport's MRZ (days as yymmdd), all its check digits right."""
    line = f"{number:<9}".replace(" ", "<")
    line += check_digit_pr(line) + "CHN" + born + check_digit_pr(born) + "F" + expires + check_digit_pr(expires) + "<" * 15
    return line + check_digit_pr(line[0:10] + line[13:20] + line[21:43])


def odd_documents(p: DeskPerson) -> Script:
    """Whoever comes for somebody else has a document that must be typed: what is odd is asked about, and taken the second time."""
    this_year = datetime.now(UTC).year
    later, over = str(date(this_year + 4, 1, 31)), str(date(this_year - 4, 1, 31))
    line = mrz("E12345678", "800101", f"{(this_year + 4) % 100:02}0131")
    wrong = line[:9] + ("1" if line[9] != "1" else "2") + line[10:]
    yield p.on_page("idle")
    yield from p.sign_in()
    p.type("home-number", number_of(p), enter=True)
    yield p.on_desk("person")
    p.touch("assist-family-proxy")
    yield p.on_desk("assist")
    p.type("agent-name", _NAME)
    yield from _type(p, "hm-permit", "X1234", "", "agent-problem", "再按一次", "hm-permit-odd")
    yield from _type(p, "hm-permit", "H1234567890", over, "agent-problem", "过期", "hm-permit-expired")
    yield from _type(p, "hm-permit", "H1234567890", "31/1/30", "agent-problem", "有效期看不懂", "valid-to-unread")
    yield from _type(p, "hm-permit", "H1234567890", later, "agent-who", "7890", "hm-permit-taken")
    yield from _type(p, "tw-permit", "1234567", later, "agent-problem", "再按一次", "tw-permit-odd")
    yield from _type(p, "tw-permit", "12345678", later, "agent-who", "5678", "tw-permit-taken")
    yield from _type(p, "social-security-card", "A1234567", "", "agent-problem", "再按一次", "social-security-card-odd")
    yield from _type(p, "social-security-card", "A12345679", "", "agent-who", "5679", "social-security-card-taken")
    yield from _type(p, "passport", line, "", "agent-who", "5678", "passport-taken")
    yield from _type(p, "passport", wrong, "", "agent-problem", "再按一次", "passport-check-digit-wrong")
    # A number that no rule knows, on the screen's own keys; it stays odd, is asked about, and taken with its flag.
    p.touch("agent-document-passport")
    p.clear("agent-number")
    p.clear("agent-valid-to")
    yield from p.write("agent-number", "e12")
    p.keep_picture("passport-by-touch")
    p.touch("keyboard-hide")
    p.touch("agent-take")
    yield p.reads("agent-problem", "再按一次")
    yield p.pause(600)
    p.touch("agent-take")
    yield p.reads("agent-who", "E12")
    p.keep_picture("passport-odd-taken")
    for paper in _PAPERS:
        p.tick(f"paper-{paper}")
    yield from sign_and_save(p)
    yield from until_known(p)
    yield from leave(p)


def _type(p: DeskPerson, kind: str, number: str, valid_to: str, told: str, words: str, picture: str) -> Script:
    """Type one document, have it taken, and wait for what is told."""
    p.touch(f"agent-document-{kind}")
    p.clear("agent-number")
    p.type("agent-number", number)
    p.clear("agent-valid-to")
    p.type("agent-valid-to", valid_to)
    p.touch("agent-take")
    yield p.reads(told, words)
    yield p.pause(600)
    p.keep_picture(picture)
