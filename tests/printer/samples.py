"""A slip of an invented person."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from kiosk.domain.record import RecordStatus
from kiosk.printer.slip import Slip, make_slip
from kiosk.texts.strings import Strings

RECORD = "6f0e9d52-3f7c-4a46-9e1a-2f6f5c0f4c11"
NAME, NUMBER = "陈小芳", "440305195603150028"


def slip(language: str = "zh_CN", **changes: Any) -> Slip:
    values: dict[str, Any] = {
        "name": NAME,
        "stage": RecordStatus.SAVED,
        "record_id": RECORD,
        "station": "示范社区工作站",
        "hotline": "12333",
        "printed_at": datetime(2026, 11, 21, 18, 30),
        "next_from": date(2027, 12, 1),
        "next_to": date(2028, 11, 30),
    }
    return make_slip(Strings.load(language), **(values | changes))
