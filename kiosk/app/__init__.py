"""The kiosk put together: composition, the controllers of visit and desk, startup, watchdog. For `commands`, `demo`, `bench`."""
