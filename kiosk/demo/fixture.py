"""The fixture of a demonstration: a bureau process, a reader on a pseudo-terminal, a puppet before the camera, a provisioned kiosk.

Everything lies in one folder that is thrown away. Only the hardware is emulated: the kiosk in it is the real one.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from kiosk import config
from kiosk.bureau.process import BureauProcess
from kiosk.camera import source as camera_source
from kiosk.camera import sysfs
from kiosk.camera.frame import FrameSource
from kiosk.config import ROOT, Settings
from kiosk.demo import people
from kiosk.demo.portraits import draw_portrait, pose_of
from kiosk.demo.scenarios import Scenario
from kiosk.demo.station import Station
from kiosk.domain.person import RosterEntry
from kiosk.domain.reasons import Action
from kiosk.domain.take_view import TakeView
from kiosk.emulators import usb_tree
from kiosk.errors import ConfigError
from kiosk.microphone import source as sound_source
from kiosk.microphone.recogniser import ProcessRecogniser

Say = Callable[[str], None]


class EmulatedReader:
    """`kiosk emulate-reader` as a process of its own: the driver meets it over a real port."""

    def __init__(self, link: Path, cards: Path = people.CARDS, *options: str) -> None:
        self.link = link
        self._child = subprocess.Popen(  # noqa: S603  our own interpreter
            [sys.executable, "-m", "kiosk", "emulate-reader", "--link", str(link), "--cards", str(cards), "--until-eof", *options],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )

    def tell(self, command: str) -> None:
        """Say one of the emulator's commands, e.g. "lay chen"."""
        if self._child.stdin is not None and self._child.poll() is None:
            self._child.stdin.write(command + "\n")
            self._child.stdin.flush()

    def stop(self) -> None:
        """End the process; the port vanishes."""
        self.tell("quit")
        try:
            self._child.wait(3)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdin is not None:
            self._child.stdin.close()


class DemoFixture:
    """Prepares and clears away. The hands of the demonstration's person are here, because the props are."""

    def __init__(
        self,
        scenario: Scenario,
        folder: Path,
        seed: int = 0,
        overrides: dict[str, Any] | None = None,
        crowd: int = 0,
        fps: float = 30.0,
    ) -> None:
        """crowd: instead of the scenario's person, so many people come one after the other (all with the same face).

        fps: pictures a second of the puppet's camera.
        """
        from kiosk.emulators.card_holder import CardHolder
        from kiosk.emulators.emulated_camera import EmulatedCamera, Optics
        from kiosk.emulators.held_tablet import HeldTablet
        from kiosk.emulators.puppet import PuppetSource
        from kiosk.emulators.spoken_microphone import SpokenMicrophone

        self.scenario, self.folder, self.seed, self._crowd = scenario, folder, seed, crowd
        self._came = 0
        self.entries: tuple[RosterEntry, ...] = ()
        self.station: Station | None = None  # of the scenario `portable`
        self.slip_code = ""
        self.problems: list[str] = []  # what a script found wrong
        self.bureau = BureauProcess(data=folder / "bureau", auto_confirm=scenario.confirms)
        self.reader: EmulatedReader | None = None
        self.portrait = self.portrait_of(scenario)
        self.puppet = PuppetSource(self.portrait, seed=seed, mode=scenario.mode, fps=fps, patient=True)
        self._bus = folder / "sys"  # a made-up system's tree of devices: the puppet's camera has an identity, as a real one
        seen: FrameSource = EmulatedCamera(self.puppet, Optics(answers=False)) if scenario.injected else self.puppet
        if scenario.tablet:
            seen = HeldTablet(self.puppet)
        self.camera = CardHolder(seen, identify=lambda: sysfs.identify("0", self._bus))
        camera_source.register("puppet", lambda *_: self.camera)
        self.microphone = SpokenMicrophone(self.puppet.shown_s)
        sound_source.register("spoken", lambda _: self.microphone)
        self.settings = self._settings(overrides or {})

    def portrait_of(self, scenario: Scenario) -> str:
        """Return whose picture stands before the camera: a stranger's photograph, or the person of the card, drawn."""
        number = str(people.card(scenario.card)["id_number"])
        return scenario.portrait or str(draw_portrait(self.folder / "faces" / f"{scenario.card}.png", pose_of(number)))

    def _settings(self, overrides: dict[str, Any]) -> Settings:
        own: dict[str, Any] = {
            "camera": {"source": f"puppet:{self.portrait}"},
            "reader": {"port": str(self.folder / "reader"), "reopen_delay_s": 0.3},
            "store": {"directory": str(self.folder / "store"), "key_file": str(self.folder / "keys" / "database.key")},
            "sync": {"key_file": str(self.folder / "keys" / "kiosk.json"), "interval_s": 3.0, "backoff_max_s": 3.0},
            "station": {"station_id": "SZ-DEMO-0001"},
        }
        base = config.load().model_dump(mode="json")
        scenario = _placed(self.scenario.settings, self.folder)
        return Settings.model_validate(config.merged(config.merged(config.merged(base, own), scenario), overrides))

    def prepare(self, say: Say) -> None:
        """Start the props, provision the kiosk, bring the roster. Raises KioskError."""
        if self.settings.liveness.digits != "off" and not ProcessRecogniser().there():
            raise ConfigError("no recogniser: install requirements/digits.txt, then run: kiosk voice fetch --digits")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if sys.platform == "linux":  # elsewhere no system tells of its cameras
            usb_tree.plug(self._bus, usb_tree.WEBCAM)
        say("starting the bureau and the card reader")
        self.reader = EmulatedReader(self.folder / "reader", self._cards())
        starting = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bureau-start")
        started = starting.submit(self.bureau.start)
        say("enrolling the demonstration's people")
        today = datetime.now(ZoneInfo(self.settings.station.timezone)).date()
        entries = self.people(today)
        if self._crowd:
            entries += people.crowd(next(entry for entry in entries if entry.template is not None), self._crowd)
        started.result()  # a bureau that did not start is told as such
        starting.shutdown()
        say("provisioning the kiosk and bringing the roster")
        self.entries = tuple(entries)
        if self.scenario.roster:
            self._issue()
        self._provision()
        if self.scenario.injected:
            self._measure_camera()
        self.slip_code = self._make_slip_code() if self.scenario.habits.get("code") == "slip" else ""
        if self.scenario.trouble == "offline":
            self.bureau.stop()

    def people(self, today: date) -> list[RosterEntry]:
        """Return the roster's entries as of `today`."""
        return people.roster(today, only=(self.scenario.card, *self.scenario.also))

    def _issue(self) -> None:
        from kiosk.store.roster.line import to_line

        lines = self.folder / "roster.jsonl"
        lines.write_bytes(b"".join(to_line(entry) + b"\n" for entry in self.entries))
        self.bureau.issue_roster(lines)
        lines.unlink()

    def _cards(self) -> Path:
        if not self._crowd:
            return people.CARDS
        path = self.folder / "cards.toml"
        path.write_text(people.crowd_cards(self._crowd), encoding="utf-8")
        return path

    def _provision(self) -> None:
        from kiosk.sync.provision import provision

        code = self.bureau.enrolment_code(self.settings.station.station_id)
        provision(self.settings, self.bureau_url(), code)
        self.pull()

    def _measure_camera(self) -> None:
        """What `kiosk camera measure` kept at set-up, before anybody brought other pictures in."""
        from kiosk.domain.camera_facts import CameraFacts
        from kiosk.store import camera_pin
        from kiosk.store.opening import open_store

        now = datetime.now(ZoneInfo("UTC"))
        with open_store(self.settings) as store:
            if camera_pin.see(store, self.camera.identity(), now).pinned is not None:
                camera_pin.keep_facts(store, CameraFacts("gain", 100, 9, 0.13, 0.036, 0.001, (640, 480)), now)

    def pull(self) -> None:
        """Let the kiosk fetch what the bureau has for it. Before the kiosk is started only."""
        from kiosk.store.opening import open_store
        from kiosk.sync.client import Client
        from kiosk.sync.keys import load_identity
        from kiosk.sync.roster_feed import Feed

        client = Client(self.settings.sync, load_identity(self.settings.sync))
        try:
            with open_store(self.settings) as store:
                Feed(self.settings.sync, client, lambda work: work(store)).pull(threading.Event())
        finally:
            client.close()

    def bureau_url(self) -> str:
        """Return where the kiosk meets the bureau (a test's fixture puts a line in between)."""
        return self.bureau.url

    def clear(self) -> None:
        """Put everything away."""
        if self.reader is not None:
            self.reader.stop()
        self.bureau.stop()

    def bureau_state(self, record_id: str | None) -> str:
        """Return what the bureau itself says of a record: accepted, duplicate, rejected, "waiting" or "none"."""
        if record_id is None:
            return "none"
        import httpx

        try:
            return str(self.bureau.record(record_id)["verdict"])
        except (httpx.HTTPError, KeyError):
            return "waiting"

    # --- the person's hands

    def lay_card(self, whose: str) -> None:
        """Lay the scenario's card, or its helper's; of a crowd, the next one's."""
        card = self.scenario.helper if whose == "helper" else self.scenario.card
        if self._crowd:
            card = f"p{self._came % self._crowd}"
            self._came += 1
        if self.reader is not None:
            self.reader.tell(f"lay {card}")

    def lift_card(self) -> None:
        """Take the card away."""
        if self.reader is not None:
            self.reader.tell("lift")

    def hold_up(self, side: Literal["front", "back", ""]) -> None:
        """Hold one side of the card up to the camera, or put it away."""
        if side:
            self.camera.hold(people.card(self.scenario.card), side)
        else:
            self.camera.put_away()

    def show_code(self, kind: str) -> None:
        """Hold up a code: the slip of a pass a year ago, or what the national platform shows on a telephone."""
        from kiosk.emulators.code_picture import draw_code

        if kind == "slip":
            self.camera.lay(draw_code(self.slip_code))
            return
        code = f"ESSC{uuid.uuid4().hex}"
        card = people.card(self.scenario.card)
        if self.scenario.trouble != "offline":
            self.bureau.show_code(code, str(card["name"]), str(card["id_number"]))
        self.camera.lay(draw_code(code))

    def _make_slip_code(self) -> str:
        from kiosk.store.opening import open_store
        from kiosk.sync import slip_codes
        from kiosk.sync.keys import journal_signer

        last_year = (datetime.now(ZoneInfo(self.settings.station.timezone)) - timedelta(days=340)).date()
        with open_store(self.settings, signer=journal_signer(self.settings)) as store:
            return slip_codes.make(store, f"P-{self.scenario.card}", self.settings.station.station_id, last_year)

    def lay_paper(self, title: str) -> None:
        """Lay a printed sheet under the camera."""
        from kiosk.emulators.paper_picture import draw_page

        self.camera.lay(draw_page(title))

    def lay_photo(self) -> None:
        """Lay an old one-inch photo of the scenario's person under the camera."""
        from kiosk.emulators.paper_picture import draw_photo

        self.camera.lay(draw_photo(self.portrait))

    def act(self, action: Action) -> None:
        """Move before the camera."""
        self.puppet.perform(action)

    def read_aloud(self, digits: str, *, mouth: bool) -> None:
        """Let digits be heard, by the person before the camera or by somebody beside."""
        from kiosk.emulators import spoken_microphone as spoken

        sound = spoken.digits_sound(digits)
        self.microphone.say(sound)
        if mouth:
            self.puppet.speak(spoken.openings(sound), spoken.MOUTH_S)

    def shine(self, view: TakeView) -> None:
        """The screen lights whoever stands before it; what shows a picture of somebody it does not."""
        if not (self.scenario.tablet or self.scenario.injected):
            self.puppet.shine(view.light_pattern)

    def swap_camera(self) -> None:
        """Pull the camera's plug and put another camera in, of the same make."""
        self.puppet.unplug()
        usb_tree.unplug(self._bus, usb_tree.WEBCAM)
        usb_tree.plug(self._bus, usb_tree.SWAPPED)
        self.puppet.plug()

    def unplug(self, device: str) -> None:
        """Pull a cable."""
        if device == "camera":
            self.puppet.unplug()
        elif self.reader is not None:
            self.reader.tell("unplug")

    def plug(self, device: str) -> None:
        """Put it back."""
        if device == "camera":
            self.puppet.plug()
        elif self.reader is not None:
            self.reader.tell("plug")


def _placed(settings: Any, folder: Path) -> Any:
    """Return the settings with {folder} filled in."""
    if isinstance(settings, dict):
        return {key: _placed(value, folder) for key, value in settings.items()}
    return settings.replace("{folder}", str(folder)) if isinstance(settings, str) else settings
