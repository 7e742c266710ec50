"""One module a command, each with `main(argv) -> int`; called by `kiosk/__main__.py` alone."""
