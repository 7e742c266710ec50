"""Frames to a verdict whether a living person stands there: challenges, gestures, guidance, passive checks."""
