"""The serial ID-card reader: bytes to cards.

From the wire upwards: `codec` (frames), `exchange` (one request and its answer), `asking` (questions, repeated where the wire
failed), `rules` (life with reader and cards), `session` (all of it as one sans-I/O machine), `transport` (ports), `client` (the
blocking driver), `worker` (the driver for Qt). Beside them: `card` and `nations` (what a card says), `status` (what a status byte
means), `sam` (the reader's number), `photo` (a vendor's decoder in a process of its own), `events` (what the kiosk hears).

Others import `events`, `card`, `worker`, and for commands `client`, `codec.Command` and `transport.candidates`.
"""
