"""The demonstration: a whole visit with real parts and emulated hardware. Called by `kiosk demo`, the tests and the benches."""
