"""What `kiosk evaluate` measures, on labelled files or on drawn ones: one module a measurement, listed in `commands/evaluate.py`.

Never on a station. What came out: docs/measurements.md.
"""
