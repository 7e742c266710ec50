"""The reference bureau: its own process, for pilots and for every sync test. Imports `sync.protocol` and `sync.seal`, nothing else
of the kiosk; imported by `commands.bureau`, the demo and tests alone."""
