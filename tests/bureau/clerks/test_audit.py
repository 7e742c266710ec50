"""The audit log: appended in order, changed by nobody, and a change that was made all the same is found."""

from __future__ import annotations

import csv
import io
import json
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kiosk.__main__ import main
from kiosk.bureau.clerks import audit
from kiosk.bureau.clerks.audit import Actor
from kiosk.bureau.context import BureauSettings, open_context, prepare
from tests.bureau.clerks.made import Browser

WHO = Actor("zhang", "clerk", "10.0.0.1")


@pytest.fixture
def log(context):
    for number in range(6):
        audit.note(context, WHO, "saw-record", f"r{number}", n=number)
    audit.keep_head(context)
    return context


def without_triggers(context, *statements):
    """As somebody who owns the database."""
    with context.engine.begin() as connection:
        for name in ("audit_no_update", "audit_no_delete"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        for statement in statements:
            connection.execute(text(statement))


def test_it_is_whole_and_says_who_did_what(log, capsys):
    assert audit.verify(log).fault == ""
    first = next(audit.lines(log))
    assert (first["seq"], first["before"], first["actor"], first["action"]) == (1, audit.START, "zhang", "saw-record")
    assert json.loads(first["detail"]) == {"n": 0, "source": "10.0.0.1"}
    assert main(["bureau", "audit", "verify", "--data", log.settings.data]) == 0
    assert capsys.readouterr().out.startswith("✓ 6 lines, head ")


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET actor = 'x' WHERE seq = 2", "DELETE FROM audit WHERE seq = 6", "DELETE FROM audit"]
)
def test_the_database_refuses_changing_and_deleting(log, statement):
    with pytest.raises(DBAPIError, match="append-only"), log.engine.begin() as connection:
        connection.execute(text(statement))
    assert audit.verify(log).lines == 6


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE audit SET actor = 'li' WHERE seq = 3", "line 3: was changed"),
        ("UPDATE audit SET detail = '{}' WHERE seq = 1", "line 1: was changed"),
        ("DELETE FROM audit WHERE seq = 2", "line 2: missing"),
        ("DELETE FROM audit WHERE seq = 1", "line 1: missing"),
        ("DELETE FROM audit WHERE seq >= 5", "line 6: was there and is gone; the log ends at 4"),
        ("DELETE FROM audit", "line 6: was there and is gone; the log ends at 0"),
        ("UPDATE audit SET before = digest WHERE seq = 4", "line 4: does not follow"),
    ],
)
def test_what_somebody_with_the_database_changed_is_found(log, capsys, statement, told):
    without_triggers(log, statement)
    assert told in audit.verify(log).fault
    assert main(["bureau", "audit", "verify", "--data", log.settings.data]) == 1
    assert capsys.readouterr().out.startswith("✗ ")


def rewrite(context):
    """Change a line and make every digest behind it anew, as somebody would who knows how it is made."""
    lines = list(audit.lines(context))
    lines[2]["actor"] = "li"
    before = audit.START
    statements = []
    for line in lines:
        line["before"] = before
        before = line["digest"] = audit.digest_of(line)
        values = f"actor = '{line['actor']}', before = '{line['before']}', digest = '{before}'"
        statements.append(f"UPDATE audit SET {values} WHERE seq = {line['seq']}")
    without_triggers(context, *statements)


def test_a_rewritten_chain_is_found_by_the_head_and_by_an_export(log, tmp_path, capsys):
    assert main(["bureau", "audit", "export", "--data", log.settings.data]) == 0
    export = tmp_path / "audit.jsonl"
    export.write_text(capsys.readouterr().out, encoding="utf-8")
    rewrite(log)
    assert "the log was rewritten" in audit.verify(log).fault
    (Path(log.settings.data) / "audit-head").unlink()  # whoever has the folder too
    assert audit.verify(log).fault == "", "alone it cannot know"
    assert "line 6: is another than it was" in audit.verify(log, export).fault
    assert main(["bureau", "audit", "verify", "--data", log.settings.data, "--against", str(export)]) == 1


def test_an_export_that_was_changed_says_so(log, tmp_path):
    lines = list(audit.as_jsonl(log))
    export = tmp_path / "audit.jsonl"
    for changed, told in (
        ([*lines[:2], lines[2].replace("zhang", "wang"), *lines[3:]], "line 3: was changed"),
        ([*lines[:2], "no json\n"], "line 3: missing"),
        ([*lines[:2], '{"seq": 3}\n'], "line 3: not a line"),
    ):
        export.write_text("".join(changed), encoding="utf-8")
        assert audit.verify(log, export).fault.startswith(f"the export itself: {told}")
    export.write_text("".join(lines[:4]), encoding="utf-8")
    assert audit.verify(log, export).fault == "", "an older one is a beginning of today's"


def test_the_head_never_goes_back(log):
    head = Path(log.settings.data) / "audit-head"
    seq, digest = head.read_text().split()
    assert seq == "6"
    without_triggers(log, "DELETE FROM audit WHERE seq > 3")
    audit.keep_head(log)
    assert head.read_text().split() == [seq, digest]


def test_csv_holds_no_formula(log):
    audit.note(log, WHO, "searched", "=HYPERLINK(1)")
    rows = list(csv.reader(io.StringIO("".join(audit.as_csv(log)))))
    assert rows[0] == list(audit.FIELDS)
    assert rows[-1][5] == "'=HYPERLINK(1)"
    assert len(rows) == 8


def test_lines_are_given_page_by_page(log, monkeypatch):
    monkeypatch.setattr(audit, "_PAGE", 2)
    assert [one["seq"] for one in audit.lines(log)] == [1, 2, 3, 4, 5, 6]
    assert [one["seq"] for one in audit.lines(log, after=3)] == [4, 5, 6]


def test_an_administrator_reads_searches_and_exports_it(log):
    browser = Browser(log).enter("boss")
    page = browser.text("/audit?actor=zhang&subject=r3")
    assert page.count("<tr>") == 2  # the head and one line
    answer = browser.get("/audit/export?form=csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    assert browser.get("/audit/export").text.splitlines()[-1].count("audit-exported") == 1, "taking it is logged first"


def test_two_workers_append_one_after_the_other_on_postgresql(postgres, tmp_path):
    settings = BureauSettings(data=str(tmp_path), db=postgres.create())
    prepare(settings)
    contexts = [open_context(settings) for _ in range(2)]
    gate = threading.Barrier(4)

    def write(context):
        gate.wait()
        for number in range(15):
            audit.note(context, WHO, "saw-record", f"r{number}")

    threads = [threading.Thread(target=write, args=(context,)) for context in contexts * 2]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    found = audit.verify(contexts[0])
    assert (found.lines, found.fault) == (60, "")
    for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(DBAPIError, match="append-only"), contexts[0].engine.begin() as connection:
            connection.execute(text(statement))
    for context in contexts:
        context.engine.dispose()
