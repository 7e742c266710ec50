"""`kiosk camera show|measure`: which camera is believed, and what is measured of it at set-up, with the kiosk stopped.

To measure, hold a sheet of white paper near the lens in the light of the day (about a minute). Measured are the control that
answers and its delay, which every take then asks for, and the pattern of the sensor. Of another camera none of it holds.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiosk import config
    from kiosk.store.engine.database import Store


def main(argv: list[str]) -> int:
    """Run the command; 1 when the camera is not believed, 2 when it cannot be measured."""
    parser = argparse.ArgumentParser(prog="kiosk camera", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    tasks.add_parser("show", help="the camera on record, the one that was seen last, and what was measured")
    measure = tasks.add_parser("measure", help="measure how the camera answers, and its sensor's pattern")
    measure.add_argument("--no-pattern", action="store_true", help="only how it answers")
    options = parser.parse_args(argv)

    from kiosk import config
    from kiosk.commands.store_access import open_signed
    from kiosk.errors import KioskError

    settings = config.load()
    try:
        with open_signed(settings) as store:
            return _show(store) if options.task == "show" else _measure(store, settings, pattern=not options.no_pattern)
    except KioskError as error:
        print(f"kiosk camera: {error}", file=sys.stderr)
        return 2


def _show(store: Store) -> int:
    from kiosk.store import camera_pin

    state = camera_pin.state(store)
    for name, camera in (("on record", state.pinned), ("seen last", state.seen)):
        if camera is None:
            print(f"{name}: none")
            continue
        print(
            f"{name}: {camera.vendor}:{camera.product} serial {camera.serial or '-'} at {camera.usb_path or '-'}, {camera.driver}"
        )
        for other in camera.others:
            print(f"  beside it: {other}")
    print("believed" if state.believed else f"not believed: {', '.join(state.why)}")
    facts = state.facts
    if facts is None:
        print("not measured: a take asks nothing of the camera itself (kiosk camera measure)")
    elif not facts.control:
        print("measured: no control answers, so that it cannot be steered")
    else:
        print(f"measured: {facts.control} answers after {1000 * facts.delay_s:.0f} ms with {100 * facts.response:.1f} %")
    if facts is not None:
        print("the sensor's pattern is taken" if facts.pattern else "no pattern of the sensor")
    return 0 if state.believed else 1


def _measure(store: Store, settings: config.Settings, *, pattern: bool) -> int:
    from kiosk.camera.source import DeviceSource, open_source
    from kiosk.liveness.camera_proof.measure import measure
    from kiosk.store import camera_pin

    now = datetime.now(UTC)
    source = open_source(settings.camera.source, settings.camera)
    if not isinstance(source, DeviceSource):
        print(f"kiosk camera: {settings.camera.source} is no camera that can be measured", file=sys.stderr)
        return 2
    source.open()
    try:
        state = camera_pin.see(store, source.identity(), now)
        if not state.believed or state.pinned is None:
            why = ", ".join(state.why) or "this system does not tell which camera it is"
            print(f"kiosk camera: not believed ({why}); a supervisor confirms it at the desk first", file=sys.stderr)
            return 1
        facts = measure(source, print, pattern=pattern)
    finally:
        source.close()
    camera_pin.keep_facts(store, facts, now)
    print(f"kept: {facts.control or 'no control answers'}{', with its pattern' if facts.pattern else ''}")
    return 0
