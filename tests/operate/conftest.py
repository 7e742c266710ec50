from __future__ import annotations

from tests.bureau.conftest import postgres  # noqa: F401  the same cluster
