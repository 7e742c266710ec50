"""Slips of paper: what stands on them, as bytes, to a printer."""
