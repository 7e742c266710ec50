"""One module a bench, each with `run(**options) -> dict` of figures; a `within_bounds` False fails `kiosk bench`."""
