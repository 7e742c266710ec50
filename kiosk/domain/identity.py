"""Identity documents: kinds, number rules (GB 11643) and masking. Standard library only."""

from __future__ import annotations

from enum import StrEnum


class DocumentKind(StrEnum):
    """Kinds of identity document that the programme accepts."""

    RESIDENT = "resident"                      # 居民身份证
    HMT_RESIDENCE = "hmt-residence"            # 港澳台居民居住证 (card type J)
    PERMANENT_RESIDENCE = "permanent-residence"  # 外国人永久居留身份证 (I 2017, Y 2023)
    PASSPORT = "passport"
    HM_PERMIT = "hm-permit"                    # 港澳居民来往内地通行证
    TW_PERMIT = "tw-permit"                    # 台湾居民来往大陆通行证
    SOCIAL_SECURITY_CARD = "social-security-card"


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


def check_digit(first17: str) -> str:
    """Return the GB 11643 check character of the first 17 digits. Raises ValueError on anything but 17 digits."""
    if len(first17) != 17 or not first17.isascii() or not first17.isdigit():
        raise ValueError("17 digits expected")
    return _CHECK[sum(w * int(c) for w, c in zip(_WEIGHTS, first17, strict=True)) % 11]


def mask_name(name: str) -> str:
    """Return a name fit for the screen: first and last character, the middle hidden (陈小芳 -> 陈 * 芳, 王芳 -> * 芳)."""
    name = name.strip()
    if len(name) <= 1:
        return "*"
    if len(name) == 2:
        return f"* {name[1]}"
    return f"{name[0]} * {name[-1]}"


def last_four(id_number: str) -> str:
    """Return the last four characters of a document number, for confirmation on the screen."""
    return id_number[-4:]
