"""Removable media: finding them, reading and writing files on them safely. Slow: never called from the store's thread."""
