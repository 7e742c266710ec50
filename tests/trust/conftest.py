"""A real bureau and a registered kiosk, as the sync's tests have them."""

from tests.sync.conftest import bureau, kiosk, pytest_generate_tests, registered, suite  # noqa: F401
