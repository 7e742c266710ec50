"""Qt without a screen; must be set before the first Qt import."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("long", max_examples=20000, deadline=None)   # pytest --hypothesis-profile=long tests/reader

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
