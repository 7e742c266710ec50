"""Papers photographed with the kiosk's camera. The camera is emulated by rendered sheets in its mailbox; the rest is real."""

from __future__ import annotations

import hashlib
import json
import sqlite3

import pytest
from PySide6.QtWidgets import QLabel

from kiosk.camera.frame import Frame
from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk_backend import media
from kiosk.domain import documents
from kiosk.domain.person import Person
from kiosk.domain.record import Channel
from kiosk.emulators.paper_picture import draw_page, lay
from kiosk.idcard_reader.events import CardRead
from kiosk.ocr import paper, recogniser
from kiosk.ocr.lines import TextLine
from kiosk.removable.files import Medium
from kiosk.store import records
from kiosk.store.desk import paper_pages
from kiosk.store.opening import open_store
from kiosk.ui.desk.paper_camera import Picture
from tests.desk import samples as d
from tests.desk.test_touches import Counting, read_card
from tests.store import made

LI = Person("李建国", "440305194810010111")
AGENT = read_card(LI.id_number)


@pytest.fixture(scope="module")
def frames():
    sheet = draw_page()
    return {
        "good": lay(sheet, roll_deg=5, pitch=0.1),
        "blurred": lay(sheet, blur=3.0),
        "none": lay(sheet, share=0.1),
        "other": lay(draw_page("健在证明")),
    }


class Camera:
    """What the camera sees, put into the desk's mailbox as its thread would."""

    def __init__(self, live, frames) -> None:
        self.live, self.frames, self.seq = live, frames, 0

    def sees(self, name: str) -> None:
        """Show a frame until the desk holds nothing else."""
        for _ in range(8):
            self.seq += 1
            self.live.desk.camera._mirror.put(Frame(self.frames[name], float(self.seq), self.seq))
            self.live.desk.camera._show_frame()


@pytest.fixture
def proxy(live):
    """The form of a proxy, the agent's card laid."""
    live.sign_in()
    live.type("home-number", made.NUMBER, enter=True)
    live.until_page("person")
    live.touch("assist-family-proxy")
    live.until_page("assist")
    live.desk.on_card(CardRead(AGENT))
    return live


def shoot(live, *, flaws=()) -> None:
    """Take the page that lies there, and wait for what is said of it."""
    before = len(live.desk.state.page.documents)
    live.touch("paper-shoot")
    live.until(lambda: not live.desk.state.page.camera.busy)
    assert live.desk.state.page.camera.flaws == flaws
    assert len(live.desk.state.page.documents) == before + (not flaws)


def kept(live) -> list[bytes]:
    return live.ask(lambda store: [bytes(row[0]) for row in store.db.execute("SELECT content FROM paper_pages").fetchall()])


def evidence(live):
    return live.ask(lambda store: store.db.execute("SELECT media_type, content, consent_id FROM outbox_evidence").fetchall())


def test_a_proxy_with_two_papers_takes_twelve_touches_at_most(live, frames):
    camera = Camera(live, frames)
    live.sign_in()
    hands = Counting(live)
    hands.count += 1
    live.type("home-number", made.NUMBER, enter=True)  # a scanner: one act
    live.until_page("person")
    hands.touch("assist-family-proxy")
    live.until_page("assist")
    hands.lay(AGENT)
    hands.touch("review-consent")
    hands.touch("paper-photograph")
    for name in ("good", "other"):
        camera.sees(name)
        hands.count += 1
        shoot(live)
    assert live.desk.state.page.seen == ("agent-id", "principal-id-copy", "principal-proof")
    hands.touch("back")
    hands.sign("sign-person")
    hands.sign("sign-staff")
    hands.touch("assist-save")
    live.until_page("done")
    assert hands.count <= 12
    (record,) = live.ask(lambda store: records.of_person(store, "p-1"))
    assert record.record.channel is Channel.FAMILY_PROXY
    rows = evidence(live)
    assert [row[0] for row in rows] == ["image/jpeg"] * 2
    documents = json.loads(record.record.notes)["documents"]
    assert [one["sha256"] for one in documents] == [hashlib.sha256(bytes(row[1])).hexdigest() for row in rows]
    assert all(len(row[1]) <= paper.MAX_PAGE for row in rows)
    consents = live.ask(lambda store: store.db.execute("SELECT consent_id, kind, witness FROM consents").fetchall())
    assert [(one[1], one[2]) for one in consents if one[0] == rows[0][2]] == [("human-review", "1001")]
    assert kept(live) == [], "what the record took is no draft any more"


def test_nothing_is_photographed_without_the_consent(proxy, frames):
    assert not proxy.find("paper-photograph").isEnabled()
    proxy.desk.feed(e.PaperCameraTouched("principal-proof"))
    assert (proxy.desk.state.page.camera, proxy.desk.state.page.problem) == (None, "review-first")


def test_what_cannot_be_read_is_said_and_kept_only_when_the_attendant_says_so(proxy, frames):
    camera = Camera(proxy, frames)
    proxy.touch("review-consent")
    proxy.touch("paper-photograph")
    camera.sees("none")
    shoot(proxy, flaws=("no-paper",))
    assert "没看到整张纸" in proxy.find("camera-verdict").text()
    proxy.desk.feed(e.UseAnywayTouched())  # there is no page: nobody can say it is one
    camera.sees("blurred")
    shoot(proxy, flaws=("blurred",))
    assert "看不清" in proxy.find("camera-verdict").text()
    assert not proxy.find("paper-taken", Picture).empty, "the page itself is shown"
    assert kept(proxy) == []
    camera.sees("good")
    shoot(proxy)
    assert "清楚" in proxy.find("camera-verdict").text()
    camera.sees("blurred")
    shoot(proxy, flaws=("blurred",))
    proxy.touch("paper-anyway")
    proxy.until(lambda: len(proxy.desk.state.page.documents) == 2)
    assert [one.flawed for one in proxy.desk.state.page.documents] == [False, True]
    proxy.touch("back")
    assert "看不太清" in proxy.find("scans").text()


def test_a_page_lies_encrypted_at_once_and_a_wrong_one_is_erased(proxy, frames):
    camera = Camera(proxy, frames)
    proxy.touch("review-consent")
    proxy.touch("paper-photograph")
    camera.sees("good")
    shoot(proxy)
    (page,) = kept(proxy)
    assert page[:3] == b"\xff\xd8\xff"
    folder = proxy.ask(lambda store: store.folder)
    assert not [path for path in folder.rglob("*") if path.is_file() and page[2000:2100] in path.read_bytes()]
    with pytest.raises(sqlite3.DatabaseError):  # without the key there is no table at all
        sqlite3.connect(folder / "kiosk.db").execute("SELECT content FROM paper_pages").fetchall()
    proxy.touch("paper-drop")
    proxy.until(lambda: kept(proxy) == [])
    assert proxy.desk.state.page.documents == ()


@pytest.mark.parametrize("way", ["back", "sign-out", "withdrawn"])
def test_pages_that_no_record_took_are_erased(proxy, frames, way):
    camera = Camera(proxy, frames)
    proxy.touch("review-consent")
    proxy.touch("paper-photograph")
    camera.sees("good")
    shoot(proxy)
    assert len(kept(proxy)) == 1
    if way == "back":
        proxy.desk.feed(e.BackTouched())
        assert isinstance(proxy.desk.state.page, s.Assisting)
        assert proxy.desk.state.page.camera is None
        proxy.touch("back")
        proxy.touch("leave-go")
    elif way == "sign-out":
        proxy.touch("desk-close")
        proxy.touch("leave-go")
    else:
        proxy.touch("back")
        proxy.touch("review-consent")
        assert proxy.desk.state.page.documents == ()
    proxy.until(lambda: kept(proxy) == [])
    assert evidence(proxy) == []


def test_a_page_that_was_left_behind_is_erased_at_the_next_start(tmp_path):
    settings = made.settings(tmp_path)
    with open_store(settings, now=made.NOW) as store:
        paper_pages.keep(store, b"the power went")
    with open_store(settings, now=made.NOW) as store:
        assert store.db.execute("SELECT count(*) FROM paper_pages").fetchone() == (0,)


def test_the_camera_is_let_go_and_its_pictures_with_it(proxy, frames):
    wanted = []
    proxy.desk.camera.camera_wanted.connect(wanted.append)
    camera = Camera(proxy, frames)
    proxy.touch("review-consent")
    proxy.touch("paper-photograph")
    camera.sees("good")
    live = proxy.find("paper-live", Picture)
    proxy.until(lambda: len(live.quad) == 4)
    assert not live.empty
    proxy.touch("back")
    assert live.empty
    assert live.quad == ()
    assert wanted == [True, False]
    camera.sees("good")  # what still comes is looked at by nobody
    assert live.empty


def test_a_page_that_is_gone_saves_nothing_and_says_so(proxy, frames):
    camera = Camera(proxy, frames)
    proxy.touch("review-consent")
    proxy.touch("paper-photograph")
    camera.sees("good")
    shoot(proxy)
    proxy.touch("back")
    proxy.touch("paper-principal-proof")
    for pad in ("sign-person", "sign-staff"):
        proxy.sign(pad)
    proxy.ask(paper_pages.clear)
    proxy.touch("assist-save")
    proxy.until(lambda: proxy.desk.state.page.problem == "page-gone")
    assert proxy.ask(lambda store: records.of_person(store, "p-1")) == []
    assert evidence(proxy) == []


def test_a_file_is_chosen_from_a_list_and_no_path_is_typed(proxy):
    (proxy.medium / "委托书.jpg").write_bytes(b"\xff\xd8\xff scan")
    (proxy.medium / "list.csv").write_text("x")
    (proxy.medium / ".hidden.jpg").write_bytes(b"\xff\xd8\xff")
    (proxy.medium / "link.pdf").symlink_to("/etc/passwd")
    proxy.touch("paper-from-stick")
    proxy.until(lambda: proxy.desk.state.page.files)
    assert [one.name for one in proxy.desk.state.page.files] == ["委托书.jpg"]
    proxy.touch("scan-file-0")
    proxy.until(lambda: proxy.desk.state.page.documents)
    assert "委托书.jpg" in proxy.find("scans").text()


def test_scans_and_lists_are_offered_each_in_its_place(tmp_path):
    for name in ("a.JPG", "b.jpeg", "c.png", "d.PDF", "e.csv", "f.xlsx", "g.exe"):
        (tmp_path / name).write_bytes(b"x")
    found = media.look([Medium(tmp_path, writable=True)])
    assert [one.name for one in found.papers] == ["a.JPG", "b.jpeg", "c.png", "d.PDF"]
    assert [one.name for one in found.lists] == ["e.csv", "f.xlsx"]


def test_a_passport_is_typed_for_an_agent_and_the_record_says_so(proxy):
    proxy.touch("agent-document-passport")
    proxy.type("agent-number", "E12")
    proxy.find("agent-name").setText("安娜")
    proxy.touch("agent-take")
    proxy.until(lambda: "再按一次" in proxy.find("agent-problem").text())  # said where it was typed
    proxy.touch("agent-take")
    proxy.until(lambda: proxy.desk.state.page.agent is not None)
    assert proxy.desk.state.page.agent.id_number == "E12"
    assert not proxy.view.findChild(QLabel, "agent-problem").isVisible()
    for paper_ in d.PAPERS:
        proxy.touch(f"paper-{paper_}")
    proxy.sign("sign-person")
    proxy.sign("sign-staff")
    proxy.touch("assist-save")
    proxy.until_page("done")
    (record,) = proxy.ask(lambda store: records.of_person(store, "p-1"))
    notes = json.loads(record.record.notes)
    assert (notes["agent_document"], notes["agent_number_odd"]) == ("passport", True)
    assert record.record.helper_id_number == "E12"


def test_a_photographed_passport_fills_number_and_term(proxy, frames, monkeypatch):
    mrz = "L898902C36UTO7408122F3204154ZE184226B<<<<<14"
    seen = []

    class Text:
        def lines(self, page_bgr):
            seen.append(page_bgr.shape)
            return [TextLine(one, (0, 0, 1, 1), 0.9) for one in ("P<UT0ERIKSS0N<<ANNA", mrz.replace("UTO", "UT0"))]

    monkeypatch.setattr(recogniser, "RapidRecogniser", Text)
    monkeypatch.setattr(documents, "mrz_of", lambda lines, today: mrz if "UT0" in lines[1] else "")
    camera = Camera(proxy, frames)
    proxy.touch("review-consent")
    proxy.desk.feed(e.PaperCameraTouched("agent-id"))
    camera.sees("good")
    shoot(proxy)
    proxy.until(lambda: proxy.desk.state.page.mrz)
    assert len(seen) == 1
    proxy.touch("back")
    proxy.until(lambda: proxy.find("agent-number").text() == mrz)
    assert "护照" in proxy.find("agent-who").text() or proxy.desk.state.page.agent is not None
    proxy.find("agent-number").setText("typed over")
    proxy.desk.feed(e.PageDropTouched(proxy.desk.state.page.documents[0].page_id))
    assert proxy.find("agent-number").text() == "typed over", "filled in once"


def test_todays_records_wait_for_approval_too(live):
    live.sign_in()
    before = live.desk.state.page.data.unapproved_days
    live.type("home-number", made.NUMBER, enter=True)
    live.until_page("person")
    live.touch("assist-face-to-face")
    live.until_page("assist")
    live.touch("why-no-face-wanted")
    for box in ("saw-person", "saw-card"):
        live.touch(box)
    for pad in ("sign-person", "sign-staff"):
        live.sign(pad)
    live.touch("assist-save")
    live.until_page("done")
    live.touch("finish")
    live.until_page("home")
    live.loaded()
    assert live.desk.state.page.data.unapproved_days == before + 1
