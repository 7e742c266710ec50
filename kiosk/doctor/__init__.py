"""Checks of a station, one line each with what to do; for `kiosk doctor`, the desk and the self-test."""
