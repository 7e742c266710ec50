"""The windows of tests/ui: spoken mode is tried on the same ones."""

from tests.ui.conftest import no_text_is_missing, settings, window

__all__ = ["no_text_is_missing", "settings", "window"]
