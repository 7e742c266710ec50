"""Light to frames: cameras, the mailbox of the newest frame, motion detection."""
