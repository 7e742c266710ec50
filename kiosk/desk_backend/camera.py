"""The camera's board, and a supervisor's word for another camera. In the store's thread; called by `boards` and `commands`."""

from __future__ import annotations

from kiosk.desk import boards_data as b
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk.values import Place
from kiosk.desk_backend.moment import Moment
from kiosk.domain.camera_identity import CameraIdentity
from kiosk.store import camera_pin
from kiosk.store.engine.database import Store

_ROWS = ("driver", "usb_path", "model", "serial", "modes", "controls", "others")


def board(store: Store) -> b.CameraData:
    """The camera on record beside the one that was seen last."""
    state = camera_pin.state(store)
    known = [_rows(one) for one in (state.pinned, state.seen)]
    rows = tuple((what, known[0][what], known[1][what]) for what in _ROWS)
    return b.CameraData(state.believed, state.why, rows, state.pinned_by, state.pinned_at)


def _rows(camera: CameraIdentity | None) -> dict[str, str]:
    if camera is None:
        return dict.fromkeys(_ROWS, "")
    model = f"{camera.vendor}:{camera.product}" if camera.vendor else ""
    told = (camera.driver, camera.usb_path, model, camera.serial, str(len(camera.modes)), str(len(camera.controls)))
    return dict(zip(_ROWS, (*told, "\n".join(camera.others)), strict=True))


def confirm(store: Store, command: c.ConfirmCamera, at: Moment) -> e.Event:
    """A supervisor answers for the camera (`desk_backend.commands.in_store` has looked whether it is one)."""
    by = command.by
    camera_pin.confirm(store, by.staff_id, command.why, at.now)
    return e.Acted(by.session_id, Place.CAMERA, "camera-confirmed")
