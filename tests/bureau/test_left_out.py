"""What a kiosk is told of others: people who are on the roster no more, and a record that another kiosk was sooner with."""

from __future__ import annotations

import json

import pytest

from kiosk.bureau import ingest, rosters
from kiosk.canonical import canonical
from kiosk.sync import protocol, roster_file, seal
from tests.bureau.made import opened, record, register


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    one = opened(tmp_path_factory.mktemp("bureau"))
    yield one
    one.engine.dispose()


def people(count: int) -> list[bytes]:
    made = ({"person_id": f"P{n}", "name": f"测试{n}", "id_number": f"4403051956031{n:05d}"} for n in range(count))
    return [json.dumps({**one, "status": "active", "benefits": []}, ensure_ascii=False).encode() for one in made]


def test_a_delta_names_the_people_who_are_on_the_roster_no_more(context, tmp_path):
    kiosk, whole, fewer = register(context), tmp_path / "whole", tmp_path / "fewer"
    lines = people(12)
    whole.write_bytes(b"\n".join(lines) + b"\n")
    fewer.write_bytes(b"\n".join(lines[:-1]) + b"\n")
    first = rosters.issue(context, whole)
    rosters.issue(context, fewer)
    offered = rosters.offer(context, kiosk.kiosk_id, first)
    assert offered is not None
    manifest = offered[1]
    assert manifest.base_version == first
    told = [json.loads(one) for one in roster_file.read(context.rosters / f"{manifest.digest}.roster", manifest)]
    assert told == [{"person_id": json.loads(lines[-1])["person_id"], "removed": True}]


def test_whoever_asks_again_about_a_second_pass_hears_that_it_is_one(context):
    """The answer to a question says what the lost receipt said: a duplicate is not told to be accepted."""
    sooner, later = register(context), register(context)
    mine, second = record(), record()
    assert [one.verdict for one in sooner.send(mine).verdicts] == ["accepted"]
    assert [one.verdict for one in later.send(second).verdicts] == ["duplicate-pass"]
    question = protocol.Question(
        question_id="q-1", kiosk_id=later.kiosk_id, record_ids=(second["record_id"], mine["record_id"], "never-sent")
    )
    sealed = later.sealed_plain(canonical(question.model_dump(mode="json")), "question")
    signed = ingest.answer(context, sealed)
    answer = seal.verify(signed, seal.verify_key(context.keys.public), context.bureau_id, protocol.Answer)
    told = {one.record_id: one.verdict for one in answer.known}
    assert told == {second["record_id"]: "duplicate-pass", mine["record_id"]: "accepted"}
    assert answer.unknown == ("never-sent",)
