"""Runs an SDF library (GM/T 0018). Started by `sdf.py` as a process of its own; standard library only, imports no kiosk module.

Standard input: JSON lines. The first has library, index, pin and decrypt; then {"do": "public" | "sign" | "decrypt", …} in hex.
Standard output: a JSON line each, {"failed": why} when the library says no. What the library itself prints goes nowhere.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from typing import Any

SIDE = 64  # ECCref_MAX_LEN: numbers of 32 bytes stand at its end
SM2_ENCRYPTION = 0x00020800  # SGD_SM2_3
LONGEST = 256  # bytes of a secret


class PublicKey(ctypes.Structure):
    """ECCrefPublicKey."""

    _fields_ = [("bits", ctypes.c_uint), ("x", ctypes.c_ubyte * SIDE), ("y", ctypes.c_ubyte * SIDE)]  # noqa: RUF012


class SignatureValue(ctypes.Structure):
    """ECCSignature."""

    _fields_ = [("r", ctypes.c_ubyte * SIDE), ("s", ctypes.c_ubyte * SIDE)]  # noqa: RUF012


class CipherText(ctypes.Structure):
    """ECCCipher; the standard's C[1] stands for as many bytes as L says."""

    _fields_ = [  # noqa: RUF012
        ("x", ctypes.c_ubyte * SIDE),
        ("y", ctypes.c_ubyte * SIDE),
        ("M", ctypes.c_ubyte * 32),
        ("L", ctypes.c_uint),
        ("C", ctypes.c_ubyte * LONGEST),
    ]


class Failed(Exception):
    """The library said no."""


class Library:
    """An open session."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.sdf = ctypes.CDLL(told["library"])
        self.index, self.decrypt_form = int(told["index"]), told["decrypt"]
        device, self.session = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("SDF_OpenDevice", ctypes.byref(device))
        self.call("SDF_OpenSession", device, ctypes.byref(self.session))
        if told["pin"]:
            pin = told["pin"].encode()
            self.call("SDF_GetPrivateKeyAccessRight", self.session, ctypes.c_uint(self.index), pin, ctypes.c_uint(len(pin)))

    def call(self, name: str, *given: Any) -> None:
        """Call a function; 0 is success."""
        function = getattr(self.sdf, name)
        function.restype = ctypes.c_uint
        code = function(*given)
        if code != 0:
            raise Failed(f"{name}: 0x{code:08x}")

    def public(self) -> dict[str, str]:
        """Return both public keys."""
        out = {}
        for name, function in (("sign", "SDF_ExportSignPublicKey_ECC"), ("seal", "SDF_ExportEncPublicKey_ECC")):
            key = PublicKey()
            self.call(function, self.session, ctypes.c_uint(self.index), ctypes.byref(key))
            out[name] = (bytes(key.x)[-32:] + bytes(key.y)[-32:]).hex()
        return out

    def sign(self, digest: bytes) -> dict[str, str]:
        """Sign a digest that holds the signer's id already."""
        made = SignatureValue()
        self.call("SDF_InternalSign_ECC", self.session, ctypes.c_uint(self.index), digest, ctypes.c_uint(32), ctypes.byref(made))
        return {"r": bytes(made.r)[-32:].hex(), "s": bytes(made.s)[-32:].hex()}

    def decrypt(self, x: bytes, y: bytes, c3: bytes, c2: bytes) -> dict[str, Any]:
        """Decrypt. The standard of 2012 has no such function; every machine has one, in one of two forms."""
        if not 0 < len(c2) <= LONGEST or len(c3) != 32:
            return {"refused": True}
        given, plain, length = CipherText(), ctypes.create_string_buffer(LONGEST), ctypes.c_uint(LONGEST)
        for field, value in ((given.x, x), (given.y, y)):
            ctypes.memmove(ctypes.byref(field, SIDE - 32), value.rjust(32, b"\0")[-32:], 32)
        ctypes.memmove(given.M, c3, 32)
        ctypes.memmove(given.C, c2, len(c2))
        given.L = len(c2)
        form = (ctypes.c_uint(SM2_ENCRYPTION),) if self.decrypt_form == "with-algorithm" else ()
        try:
            self.call(
                "SDF_InternalDecrypt_ECC",
                self.session,
                ctypes.c_uint(self.index),
                *form,
                ctypes.byref(given),
                plain,
                ctypes.byref(length),
            )
        except Failed:
            return {"refused": True}
        return {"plain": plain.raw[: min(length.value, LONGEST)].hex()}


def answer(library: Library, asked: dict[str, str]) -> dict[str, Any]:
    """Do what is asked."""
    if asked["do"] == "public":
        return dict(library.public())
    if asked["do"] == "sign":
        return dict(library.sign(bytes.fromhex(asked["digest"])))
    return library.decrypt(*(bytes.fromhex(asked[name]) for name in ("x", "y", "hash", "text")))


def main() -> int:
    """Serve until the pipe ends."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # libraries print
    library: Library | None = None
    for line in sys.stdin:
        try:
            asked = json.loads(line)
            if library is None:
                library = Library(asked)
                told: dict[str, Any] = {"ready": True}
            else:
                told = answer(library, asked)
        except (Failed, OSError, AttributeError, KeyError, ValueError) as error:
            told = {"failed": str(error)[:200] or type(error).__name__}
        out.write(json.dumps(told) + "\n")
        out.flush()
    os._exit(0)  # without the library's own clean-up, which crashes in some builds


if __name__ == "__main__":
    sys.exit(main())
