"""Suites at the bureau: which are served, codes for either, each station's on the clerks' page."""

from __future__ import annotations

import re

import pytest

from kiosk.bureau.clerks.roles import Role
from kiosk.commands import bureau as command
from kiosk.sync import protocol, seal, suites
from tests.bureau import made
from tests.bureau.clerks.made import Browser, account


@pytest.fixture
def context(tmp_path):
    opened = made.opened(tmp_path / "bureau", suites=suites.NAMES)
    yield opened
    opened.engine.dispose()


def test_the_clerks_see_each_stations_suite_and_give_out_codes_for_either(context):
    made.register(context, 1, "SZ-0001")
    made.register(context.under(suites.GM_1), 2, "SZ-0002")
    account(context, "clerk", Role.SUPERVISOR)
    browser = Browser(context).enter("clerk")
    rows = re.findall(r"<tr><td>.*?</tr>", browser.text("/stations"), re.DOTALL)
    told = {station: row for station in ("SZ-0001", "SZ-0002") for row in rows if station in row}
    assert "std-1" in told["SZ-0001"]
    assert "gm-1 国密" in told["SZ-0002"]
    for suite, code in (
        ("std-1", r"[A-Z2-7]{5}-[A-Z2-7]{5}(?:-[A-Z2-7]{4}){4}"),
        ("gm-1", r"GM-[A-Z2-7]{5}-[A-Z2-7]{5}(?:-[A-Z2-7]{4}){4}"),
    ):
        browser.post("/stations/code", {"station_id": "SZ-0003", "suite": suite})
        shown = re.search(r"[:：]\s*((?:GM-)?[A-Z2-7]{5}-[A-Z2-7-]+)", browser.text("/stations"))
        assert shown is not None
        assert re.fullmatch(code, shown[1]), suite
    assert browser.post("/stations/code", {"station_id": "SZ-0003", "suite": "des-1"}).status_code == 422


def test_codes_by_the_command(tmp_path, capsys):
    folder = str(tmp_path / "bureau")
    for suite, start in (("gm-1", "GM-"), ("std-1", "")):
        assert command.main(["--data", folder, "--init", "--suite", suite, "--code-for", "SZ-0001"]) == 0
        code = capsys.readouterr().out.strip()
        assert code.startswith(start)
        assert len(code.replace("-", "")) == 26 + len(start.rstrip("-"))
    with pytest.raises(SystemExit):
        command.main(["--data", folder, "--suite", "des-1", "--code-for", "SZ-0001"])


def test_an_upgraded_bureau_serves_what_it_has_keys_for(tmp_path):
    """A bureau of before has keys.json alone: it goes on with std-1, and gm-1 comes with the next --init."""
    before = made.opened(tmp_path / "bureau", suites=("std-1",))
    settings = before.settings.model_copy(update={"suites": suites.NAMES})
    again = made.open_context(settings)
    assert (list(again.rings), again.bureau_id) == (["std-1"], before.bureau_id)
    with pytest.raises(seal.Refused, match="gm-1 is not served here"):
        again.under(suites.GM_1)
    made.prepare(settings)
    both = made.open_context(settings)
    assert (list(both.rings), both.bureau_id) == (["std-1", "gm-1"], before.bureau_id)
    for one in (before, again, both):
        one.engine.dispose()


def test_who_names_no_suite_is_answered_under_std_1_whichever_is_first(tmp_path):
    """As every kiosk of before asks the time."""
    context = made.opened(tmp_path / "bureau", suites=("gm-1", "std-1"))
    assert context.suite is suites.GM_1
    browser = Browser(context)
    for query, suite in (("", suites.STD_1), ("&suite=gm-1", suites.GM_1), ("&suite=std-1", suites.STD_1)):
        under = context.under(suite)
        told = browser.get(f"/v1/time?nonce=n{query}").text
        assert seal.verify(told, seal.verify_key(under.keys.public), under.bureau_id, protocol.TimeAnswer).nonce == "n"
    context.engine.dispose()
