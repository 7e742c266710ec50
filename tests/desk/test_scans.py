"""Scans on their way to human review: what fits the wire, and nothing else."""

from __future__ import annotations

import hashlib
import os

import pytest

from kiosk.desk.values import Document
from kiosk.desk_backend.scans import MAX_REVIEW, ScanUnfit, for_review
from kiosk.sync import protocol

JPEG, PNG, PDF = b"\xff\xd8\xff\xe0 a", b"\x89PNG\r\n\x1a\n b", b"%PDF-1.7 c"


def document(path, content):
    return Document(path.name, hashlib.sha256(content).hexdigest(), str(path))


@pytest.mark.parametrize(
    ("content", "kind"),
    [(JPEG, "image/jpeg"), (PNG, "image/png"), (PDF, "application/pdf"), (PDF + b"x" * (MAX_REVIEW - len(PDF)), "application/pdf")],
)
def test_pictures_and_pdf_are_taken_by_their_content(tmp_path, content, kind):
    path = tmp_path / "any.name"
    path.write_bytes(content)
    assert for_review([document(path, content)]) == [(kind, content)]


def test_the_largest_fits_the_wire():
    field = protocol.Evidence.model_fields["content"]
    assert any(getattr(rule, "max_length", 0) >= (MAX_REVIEW + 2) // 3 * 4 for rule in field.metadata)


@pytest.mark.parametrize("content", [b"", b"MZ program", b"<html>", PDF + b"x" * MAX_REVIEW])
def test_what_is_no_scan_is_refused(tmp_path, content):
    path = tmp_path / "scan.pdf"
    path.write_bytes(content)
    with pytest.raises(ScanUnfit):
        for_review([document(path, content)])


def test_gone_changed_or_no_file_is_refused(tmp_path):
    path = tmp_path / "scan.pdf"
    registered = document(path, PDF)
    with pytest.raises(ScanUnfit):
        for_review([registered])
    path.write_bytes(PDF + b"changed")
    with pytest.raises(ScanUnfit):
        for_review([registered])
    path.unlink()
    path.mkdir()
    with pytest.raises(ScanUnfit):
        for_review([registered])
    path.rmdir()
    os.mkfifo(path)  # does not hang either
    with pytest.raises(ScanUnfit):
        for_review([registered])
