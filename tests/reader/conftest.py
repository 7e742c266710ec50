"""A longer Hypothesis run for the reader: `pytest --hypothesis-profile=long tests/reader`."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("long", max_examples=3000, deadline=None)
