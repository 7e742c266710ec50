"""Command line: `python -m kiosk COMMAND`. Each command lives in `kiosk/commands/`, imported only when it is called.

Keep this file free of heavy imports: the first page must not wait for them.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys

from kiosk import terminal

# command -> (module in kiosk.commands, what it does). A module offers `main(argv: list[str]) -> int`.
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "the kiosk itself"),
    "demo": ("demo", "a whole visit with emulated hardware"),
    "doctor": ("doctor", "check camera, reader, models, voice, fonts, database, clock, disk, bureau"),
    "camera": ("camera", "which camera is believed, and what is measured of it at set-up"),
    "pilot": ("pilot", "a station measures itself: protocol by touch, attack sheets, report; with consent"),
    "support-bundle": ("support_bundle", "one file for whoever helps from afar: no name, no number, no key"),
    "models": ("models", "fetch, verify or import the model weights"),
    "watch": ("watch", "print what the vision sees in a camera or a clip"),
    "read-card": ("read_card", "read ID cards from a reader and print them"),
    "emulate-reader": ("emulate_reader", "a card reader on a pseudo-terminal"),
    "evaluate": ("evaluate", "measure gestures, attacks, guidance and match on labelled files"),
    "bench": ("bench", "measure speed as ratios"),
    "bureau": ("bureau", "the reference bureau"),
    "roster": ("roster", "import, inspect and search the roster"),
    "policy": ("policy", "explain what a policy says on a day"),
    "staff": ("staff", "attendants, supervisors and their PINs"),
    "provision": ("provision", "make this kiosk's keys and register them with the bureau"),
    "sync": ("sync", "deliver now, or show what waits"),
    "home-visits": ("home_visits", "home-visit lists to and from a portable kiosk, by USB stick"),
    "courier": ("courier", "carry sealed batches on a USB stick"),
    "journal": ("journal", "verify the hash-chained journal"),
    "reasons": ("reasons", "every reason code, and what to do about it"),
    "licences": ("licences", "licences of every package and model"),
    "voice": ("voice", "prompts to record, what is missing, and rendering them"),
    "texts": ("texts", "make the traditional characters from the simplified"),
    "gallery": ("gallery", "render every page into pictures"),
    "handbook": ("handbook", "make leaflet, manual, wall sheet and guides as HTML and PDF"),
    "update": ("update", "take a signed update of the program, or end a broken-off one (root)"),
    "self-test": ("self_test", "this version proves itself, for an update"),
    "release": ("release", "the signed repository of updates: for the owner and the bureau"),
    "package": ("package", "make the Debian packages"),
}
# These need bench, demo, emulators, evaluate, gallery or packaging, which an installed kiosk leaves out (pyproject.toml).
FROM_THE_SOURCE_TREE = frozenset({"demo", "watch", "emulate-reader", "evaluate", "bench", "gallery", "handbook", "package"})


def main(argv: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    terminal.fit_streams()
    args = list(sys.argv[1:] if argv is None else argv)
    if not args or args[0] in ("-h", "--help", "help"):
        width = max(map(len, COMMANDS))
        print("usage: kiosk COMMAND [options]\n")
        left_out = frozenset() if _is_source_tree() else FROM_THE_SOURCE_TREE
        for name, (_, text) in COMMANDS.items():
            if name in left_out:
                continue
            print(f"  {name:<{width}}  {text}")
        return 0
    if args[0] in ("-V", "--version"):
        from kiosk import __version__

        print(__version__)
        return 0
    if args[0] not in COMMANDS:
        print(f"kiosk: unknown command {args[0]!r}; see kiosk --help", file=sys.stderr)
        return 2
    if args[0] in FROM_THE_SOURCE_TREE and not _is_source_tree():
        print(f"kiosk {args[0]}: left out of the installed kiosk; run it from the source tree", file=sys.stderr)
        return 2
    from kiosk.errors import KioskError

    module = importlib.import_module(f"kiosk.commands.{COMMANDS[args[0]][0]}")
    try:
        status: int = module.main(args[1:])
    except KioskError as error:
        print(f"kiosk {args[0]}: {error} [{error.reason}]", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _is_source_tree() -> bool:
    return importlib.util.find_spec("kiosk.bench") is not None


if __name__ == "__main__":
    sys.exit(main())
