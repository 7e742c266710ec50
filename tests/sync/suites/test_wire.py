"""docs/wire.md and its vectors: current, and enough to write the other end without a line of the kiosk (`other_end.py`)."""

from __future__ import annotations

import ast
import base64
import json
import sys
from pathlib import Path

import pytest
import zstandard

from kiosk.config import ROOT
from kiosk.sync import suites
from kiosk.sync.protocol import DOCUMENTS
from tests.sync.suites import other_end, vectors

KEPT = vectors.read()
BY_NAME = {one["suite"]: one for one in KEPT["suites"]}
PAPER = (ROOT / "docs" / "wire.md").read_text(encoding="utf-8")


def test_the_vectors_are_current():
    """Made anew, with what is random kept where it still holds, they are the file byte for byte."""
    assert vectors.text(vectors.made(KEPT)) == vectors.PATH.read_text(encoding="utf-8"), "python -m tests.sync.suites.vectors"


def test_vectors_that_do_not_hold_are_made_anew():
    spoilt = json.loads(json.dumps(KEPT))
    for one in spoilt["suites"]:
        one["token"]["compact"] = one["token"]["compact"][:-4] + "AAAA"
        one["sealed_question"]["compact"] = one["sealed_question"]["compact"][:-4] + "AAAA"
        one["roster"]["digest"] = "0" * 64
    again = vectors.made(spoilt)
    assert [one["kiosk"] for one in again["suites"]] == [one["kiosk"] for one in KEPT["suites"]]
    for name in ("sealed_question", "roster"):
        assert all(a[name] != b[name] for a, b in zip(again["suites"], spoilt["suites"], strict=True))


def test_the_other_end_uses_json_base64_and_openssl_alone():
    names = set()
    for node in ast.walk(ast.parse(Path(other_end.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    assert names == {"__future__", "base64", "json", "pathlib", "subprocess", "tempfile"}
    assert names <= {*sys.stdlib_module_names, "__future__"}


@pytest.mark.parametrize("name", suites.NAMES)
class TestOtherEnd:
    def test_digests_and_fingerprints(self, name):
        one = BY_NAME[name]
        assert [other_end.digest(name, told["of"].encode()) for told in one["digest"]] == [told["is"] for told in one["digest"]]
        assert one["kiosk"]["id"] == "kiosk-" + other_end.fingerprint(name, one["kiosk"]["public"]).lower()
        assert one["bureau"]["id"] == "bureau-" + other_end.fingerprint(name, one["bureau"]["public"])

    def test_signed_documents(self, name):
        one = BY_NAME[name]
        for kind, who in (("token", "kiosk"), ("time", "bureau"), ("question", "kiosk"), ("succession", "successor")):
            compact, keys, signer = one[kind]["compact"], one[who]["public"], one[who]["id"]
            document = other_end.verify(name, compact, keys, signer, kind)
            assert document == json.loads(one[kind]["payload"])
            other = next(key for key in BY_NAME if key != name)
            head, payload, signature = compact.split(".")
            altered = base64.urlsafe_b64encode(one[kind]["payload"].replace("2", "3").encode()).rstrip(b"=").decode()
            for wrong in (
                (name, f"{head}.{altered}.{signature}", keys, signer, kind),
                (name, compact, one["bureau" if who == "kiosk" else "kiosk"]["public"], signer, kind),
                (name, compact, keys, "kiosk-other", kind),
                (name, compact, keys, signer, "receipt"),
                (other, compact, keys, signer, kind),
            ):
                with pytest.raises(other_end.Wrong):
                    other_end.verify(*wrong)

    def test_sealed_documents(self, name):
        one = BY_NAME[name]
        sealed, key, me = one["sealed_question"]["compact"], one["bureau"]["private"]["seal"], one["bureau"]["id"]
        assert other_end.open_sealed(name, sealed, key, me) == one["question"]["compact"]
        parts = sealed.split(".")
        for place in (3, 4):
            altered = ("B" if parts[place][0] == "A" else "A") + parts[place][1:]
            with pytest.raises(other_end.Wrong):
                other_end.open_sealed(name, ".".join([*parts[:place], altered, *parts[place + 1 :]]), key, me)
        with pytest.raises(other_end.Wrong):
            other_end.open_sealed(name, sealed, key, "bureau-other")

    def test_roster_files(self, name):
        one = BY_NAME[name]["roster"]
        data = other_end.b64(one["file"])
        assert other_end.digest(name, data) == one["digest"]
        plain = zstandard.ZstdDecompressor().decompressobj().decompress(other_end.roster_plain(name, data, one["file_key"]))
        assert plain.decode() == "".join(line + "\n" for line in one["lines"])


def test_the_paper_names_every_kind_and_every_algorithm():
    for model in DOCUMENTS:
        assert f"`kiosk-{model.model_fields['kind'].default}`" in PAPER, model.__name__
    for one in (suites.STD_1, suites.GM_1):
        for said in (one.name, one.signature.alg, one.agreement.alg, one.content.enc):
            assert f"`{said}`" in PAPER
    for said in ("1234567812345678", "PKROSTR1", "PKROSTRG", "tests/vectors/wire.json", "RFC 8785"):
        assert said in PAPER
