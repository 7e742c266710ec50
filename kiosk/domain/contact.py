"""Addresses and telephone numbers as a screen that others see may show them. Standard library only; pure."""

from __future__ import annotations

import re

TAIL = 4  # digits of the number that are shown and said


def phone_tail(phone: str) -> str:
    """Return the last digits of a telephone number; "" where the bureau gave none that is one."""
    digits = re.sub(r"\D", "", phone)
    return digits[-TAIL:] if len(digits) > TAIL else ""


def masked_address(address: str) -> str:
    """Return an address whose numbers cannot be read: it stands on a screen that others see."""
    return re.sub(r"\d+", "*", address)
