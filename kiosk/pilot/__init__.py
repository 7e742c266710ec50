"""A station measures itself: protocol, numbers, instruments' sheets, report. Called by `kiosk pilot` alone."""
