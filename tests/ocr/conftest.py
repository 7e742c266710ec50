"""The real text recogniser, loaded once for all tests of a process."""

from __future__ import annotations

import pytest

from kiosk.ocr.recogniser import RapidRecogniser


@pytest.fixture(scope="session")
def recogniser() -> RapidRecogniser:
    """One thread: beside another worker a second one only waits for the first, and costs more."""
    return RapidRecogniser(threads=1)
