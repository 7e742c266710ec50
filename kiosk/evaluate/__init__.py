"""Measurements on labelled files: gestures, takes (attacks), stills (guidance), match. Used by `kiosk evaluate` alone."""
