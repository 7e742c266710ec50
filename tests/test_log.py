"""Nothing personal passes the log's formatter, whatever way it comes."""

from __future__ import annotations

import json
import logging

import pytest

from kiosk.domain.reasons import Reason
from kiosk.log import AllowListFormatter

MARKER = "陈标记芳"


def line(**fields: object) -> dict[str, object]:
    record = logging.LogRecord(
        "kiosk.test", logging.INFO, __file__, 1, fields.pop("msg", "hello"), fields.pop("args", None), fields.pop("exc_info", None)
    )  # type: ignore[arg-type]
    record.__dict__.update(fields)
    parsed: dict[str, object] = json.loads(AllowListFormatter().format(record))
    return parsed


@pytest.mark.parametrize(
    "fields",
    [
        {"msg": "read %s", "args": (MARKER,)},
        {"msg": "read %(name)s", "args": ({"name": MARKER},)},
        {"msg": ValueError(MARKER)},
        {"msg": "read", "name_of_person": MARKER},
        {"msg": "broken %d", "args": (MARKER,)},
    ],
)
def test_personal_text_is_dropped(fields):
    assert MARKER not in json.dumps(line(**fields), ensure_ascii=False)


def test_an_exception_is_named_without_its_text():
    try:
        raise ValueError(MARKER)
    except ValueError as error:
        made = line(msg="failed", exc_info=(type(error), error, error.__traceback__))
    assert MARKER not in json.dumps(made, ensure_ascii=False)
    assert "ValueError" in str(made["error"])
    assert "test_log.py" in str(made["error"])


def test_ids_codes_and_numbers_are_written():
    made = line(msg="saved %d of %s", args=(2, Reason.OK), visit_id="v1", code="ok")
    assert made["msg"] == "saved 2 of ok"
    assert (made["visit_id"], made["code"]) == ("v1", "ok")
