"""Coverage-guided fuzzing of the reader's codec, payload and session. A bench, not a test: atheris is in no requirements file.

    pip install atheris
    python tests/fuzz/fuzz_reader.py codec -runs=1000000 [corpus folder]
    python tests/fuzz/fuzz_reader.py session -max_total_time=300

codec: any bytes in any split give the same frames and damages, never an exception, in bounded memory; the next good frame
after them is found; a reply that parses gives a card. session: any bytes at any time never raise, never end the story in
disorder, and always leave a time to wake at.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

try:
    import atheris
except ImportError:
    sys.exit("atheris is not installed: pip install atheris")

with atheris.instrument_imports(include=["kiosk.idcard_reader"]):
    from kiosk.config import Reader
    from kiosk.errors import ReaderProtocolError
    from kiosk.idcard_reader.asking import Lost, Memory
    from kiosk.idcard_reader.card import parse_card, parse_payload
    from kiosk.idcard_reader.codec import HEADER_SIZE, MAX_LENGTH, PREAMBLE, Decoder, Reply
    from kiosk.idcard_reader.events import CardArrived, CardRead, CardRemoved, CardTrouble
    from kiosk.idcard_reader.session import BAUDS, Send, Session

GOOD = bytes.fromhex("AAAAAA9669000800009F0000000097")
SETTINGS = Reader()
RUNS = [0]


def frame(body: bytes) -> bytes:
    """Close a body with its checksum, or the fuzzer would only ever see damages."""
    check = 0
    framed = (len(body) + 1).to_bytes(2, "big") + body
    for byte in framed:
        check ^= byte
    return PREAMBLE + framed + bytes([check])


def stream(provider: atheris.FuzzedDataProvider) -> bytes:
    """Noise, false beginnings and whole frames in a row."""
    out = b""
    for _ in range(provider.ConsumeIntInRange(0, 6)):
        match provider.ConsumeIntInRange(0, 5):
            case 0:
                out += provider.ConsumeBytes(provider.ConsumeIntInRange(0, 40))
            case 1:
                out += PREAMBLE[: provider.ConsumeIntInRange(0, 5)]
            case 2:
                out += PREAMBLE + provider.ConsumeBytes(2)
            case 3:
                out += frame(provider.ConsumeBytes(provider.ConsumeIntInRange(0, 60)))
            case 4:
                out += frame(
                    b"\0\0"
                    + bytes([provider.PickValueInList([0x90, 0x9F, 0x80, 0x91, 0x41, 0x10, 0x60, 0x21])])
                    + bytes(provider.PickValueInList([0, 0, 4, 8, 16, 70]))
                )
            case 5:
                size = provider.PickValueInList([0, 1, 9, 512])
                text = provider.ConsumeBytes(60).ljust(256, b" ")
                out += frame(b"\0\0\x90" + len(text).to_bytes(2, "big") + size.to_bytes(2, "big") + text + bytes(size))
    return out


def codec(data: bytes) -> None:
    """One input."""
    RUNS[0] += 1
    provider = atheris.FuzzedDataProvider(data)
    raw = stream(provider)
    whole, split = Decoder(), Decoder()
    expected, found, at = whole.feed(raw), [], 0
    while at < len(raw):
        step = provider.ConsumeIntInRange(1, 64)
        found += split.feed(raw[at : at + step])
        at += step
        if split.pending >= HEADER_SIZE + MAX_LENGTH:
            raise RuntimeError("the buffer grows")
    if found != expected or split.silence() != whole.silence():
        raise RuntimeError("another split, other frames")
    if split.feed(GOOD) != [Reply(0x9F, bytes(4))]:
        raise RuntimeError("the next good frame is not found")
    for item in expected:
        if isinstance(item, Reply):
            for with_fingerprint in (False, True):
                try:
                    parse_card(parse_payload(item.data, with_fingerprint=with_fingerprint)).to_json()
                except ReaderProtocolError:
                    continue


def session(data: bytes) -> None:
    """One input."""
    RUNS[0] += 1
    provider = atheris.FuzzedDataProvider(data)
    made = Session(SETTINGS, Memory(), bauds=BAUDS, everything=provider.ConsumeBool())
    now, lying, arrived, received = 0.0, False, False, b""
    for _ in range(60):
        for output in made.advance(now, received):
            if isinstance(output, Lost):
                return
            if isinstance(output, Send) and not output.data.startswith(PREAMBLE):
                raise RuntimeError("not a request")
            if isinstance(output, CardArrived):
                if lying:
                    raise RuntimeError("a second card arrived")
                arrived = True
            elif isinstance(output, CardRead):
                if not arrived:
                    raise RuntimeError("read before it arrived")
                lying, arrived = True, False
            elif isinstance(output, CardTrouble | CardRemoved):
                lying = arrived = False
        if made.wake_at > now + 60:
            raise RuntimeError("asleep for ever")
        if provider.ConsumeBool():
            received, now = stream(provider), now + provider.ConsumeIntInRange(0, 400) / 1000
        else:
            received, now = b"", max(now, made.wake_at)


if __name__ == "__main__":
    targets = {"codec": codec, "session": session}
    if len(sys.argv) < 2 or sys.argv[1] not in targets:
        sys.exit(__doc__)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], targets[sys.argv[1]])
    atheris.Fuzz()
