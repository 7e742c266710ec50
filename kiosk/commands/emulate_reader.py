"""`kiosk emulate-reader`: an ID-card reader on a pseudo-terminal or a TCP port, driven by a script and by typing."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from kiosk.config import CONFIG
from kiosk.errors import ConfigError, KioskError

_HELP = """Commands, one a line, typed or in the --script file (there `sleep SECONDS` too):
  lay NAME       lay a card (in place of the one that lies there)
  lift           take it away
  unplug, plug [LINK]
  fault [NAME[=VALUE][@COMMAND][*COUNT] ...]   replace the faults in force; none clears them
  sticky on|off
  cards          list the cards
  quit
"""


def main(argv: list[str]) -> int:
    """Run until `quit`, end of input with --script at its end, or an interrupt."""
    from kiosk.emulators.reader import ReaderEmulator
    from kiosk.emulators.reader_cards import load_cards
    from kiosk.emulators.reader_faults import FAULTS

    faults = "Faults:\n" + "\n".join(
        f"  {name}{'=' + default if default else '':<{24 - len(name)}} {text}" for name, (default, text) in FAULTS.items()
    )
    parser = argparse.ArgumentParser(
        prog="kiosk emulate-reader",
        description=__doc__,
        epilog=_HELP + "\n" + faults,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--link", type=Path, help="name of the port to make")
    where.add_argument("--listen", metavar="HOST:PORT", help="a TCP port instead")
    parser.add_argument("--cards", type=Path, default=CONFIG / "demo" / "cards.toml")
    parser.add_argument("--lay", metavar="NAME", help="lay this card at the start")
    parser.add_argument("--sticky", action="store_true", help="after a read, find fails until the card is lifted")
    parser.add_argument("--baud", type=int, default=115200, choices=[115200, 57600, 38400, 19200, 9600])
    parser.add_argument("--fault", action="extend", nargs="+", default=[], metavar="NAME", help="one or more; see below")
    parser.add_argument("--out-of-order", choices=["34", "81", "41"], help="status of a card command out of order")
    parser.add_argument("--until-eof", action="store_true", help="end with standard input, that is, with whoever started it")
    parser.add_argument("--script", type=Path, help="commands to play")
    options = parser.parse_args(argv)

    listen = None
    if options.listen:
        host, _, port = options.listen.rpartition(":")
        if not port.isdigit():
            raise ConfigError("--listen: HOST:PORT expected")
        listen = (host or "127.0.0.1", int(port))
    reader = ReaderEmulator(
        load_cards(options.cards),
        options.link or "",
        listen=listen,
        baud=options.baud,
        sticky=options.sticky,
        faults=options.fault,
        out_of_order=int(options.out_of_order, 16) if options.out_of_order else None,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the link must not stay behind
    reader.start()
    place = f"socket://{reader.address[0]}:{reader.address[1]}" if listen else str(options.link)
    print(f"reader on {place}; cards: {', '.join(reader.cards)}", flush=True)
    try:
        if options.lay:
            _obey(reader, f"lay {options.lay}")
        if options.script:
            for line in options.script.read_text(encoding="utf-8").splitlines():
                if not _obey(reader, line):
                    return 0
        for line in sys.stdin:
            if not _obey(reader, line):
                return 0
        if options.until_eof:
            return 0
        threading.Event().wait()  # standard input is closed (a service): go on until a signal
    except KeyboardInterrupt:
        return 0
    finally:
        reader.stop()
    return 0


def _obey(reader: object, line: str) -> bool:
    """Carry out one command; False ends the programme. Mistakes are printed, never raised."""
    from kiosk.emulators.reader import ReaderEmulator

    if not isinstance(reader, ReaderEmulator):
        raise TypeError("a ReaderEmulator expected")
    words = line.split("#", 1)[0].split()
    if not words:
        return True
    try:
        match words:
            case ["quit"]:
                return False
            case ["lay", key]:
                reader.lay(key)
            case ["lift"]:
                reader.lift()
            case ["unplug"]:
                reader.unplug()
            case ["plug"]:
                reader.plug()
            case ["plug", link]:
                reader.plug(link)
            case ["fault", *names]:
                reader.set_faults(*names)
            case ["sticky", "on" | "off" as state]:
                reader.set_sticky(state == "on")
            case ["cards"]:
                print(", ".join(reader.cards), flush=True)
                return True
            case ["sleep", seconds]:
                threading.Event().wait(float(seconds))
            case _:
                print(f"? {line.strip()}\n{_HELP}", flush=True)
                return True
    except KeyError as error:
        print(f"no such card: {error}", flush=True)
    except (KioskError, ValueError) as error:
        print(str(error), flush=True)
    else:
        print(f"ok {' '.join(words)}", flush=True)
    return True
