"""The error tree: faults of devices, models, the store and the network. Outcomes (not live, not due) are values, not errors.

May be imported by everything; imports nothing. Text for people is never `str(error)`: it is looked up by `reason`.
"""

from __future__ import annotations


class KioskError(Exception):
    """A fault this program knows. `reason` is a stable code of `kiosk.domain.reasons.Reason`, used to look up texts."""

    reason: str = "internal-error"

    def __init__(self, message: str = "", *, reason: str | None = None) -> None:
        super().__init__(message or (reason or self.reason))
        if reason is not None:
            self.reason = reason


class ConfigError(KioskError):
    """A configuration file is missing, malformed, or holds an unknown key."""

    reason = "config-error"


class DeviceError(KioskError):
    """A camera, reader or printer does not answer as it should."""

    reason = "device-error"


class ReaderTimeout(DeviceError, TimeoutError):
    """The card reader did not answer within its deadline."""

    reason = "reader-silent"


class ReaderProtocolError(DeviceError):
    """The card reader sent bytes that are no frame of its protocol."""

    reason = "reader-garbled"


class ReaderUnavailable(DeviceError):
    """The reader's port is gone or cannot be opened."""

    reason = "reader-unplugged"


class ReaderDenied(ReaderUnavailable):
    """The reader's port is there, and this user may not open it."""

    reason = "reader-denied"


class ReaderBusy(ReaderUnavailable):
    """The reader's port is there, and another program holds it."""

    reason = "reader-busy"


class CameraUnavailable(DeviceError):
    """The camera cannot be opened, or stopped delivering frames."""

    reason = "camera-unplugged"


class ModelError(KioskError):
    """Model weights are missing, altered, or give impossible outputs."""

    reason = "model-error"


class StoreError(KioskError):
    """The encrypted database cannot be opened, read or written."""

    reason = "store-error"


class SyncUnavailable(KioskError):
    """The bureau cannot be reached now; the outbox keeps everything."""

    reason = "bureau-unreachable"


class KeyAway(SyncUnavailable):
    """The device that holds the kiosk's private keys does not answer now: nothing can be signed or opened, nothing is lost."""


class SealError(KioskError):
    """A sealed batch, receipt or roster is forged, altered, replayed, or meant for somebody else."""

    reason = "seal-invalid"
