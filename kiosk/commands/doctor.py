"""`kiosk doctor [--security] [--json] [--language LANGUAGE] [PART …]`: look at every part of this kiosk and say what to do.

Changes nothing. In Chinese each part is told in a sentence; what was found (for technicians) and what to do follow in Chinese too.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.texts.strings import WRITTEN, Strings, is_chinese

if TYPE_CHECKING:
    from kiosk.doctor.finding import Finding

_MARKS = {"ok": "✓", "bad": "✗", "idle": "–"}


def main(argv: list[str]) -> int:
    """Print one line a part; 0 when nothing is bad."""
    from kiosk import config
    from kiosk.doctor import checks as doctor
    from kiosk.doctor import security as doctor_security

    parser = argparse.ArgumentParser(prog="kiosk doctor", description=__doc__)
    parser.add_argument("part", nargs="*", metavar="PART", help="only these: " + ", ".join(doctor.CHECKS))
    parser.add_argument(
        "--security", action="store_true", help="what is open to thieves and tamperers: " + ", ".join(doctor_security.CHECKS)
    )
    parser.add_argument("--json", action="store_true", help="one JSON array of {part, state, what, remedy}")
    parser.add_argument("--language", choices=WRITTEN, help="of the answer (default: [ui] language of the configuration)")
    parser.add_argument("--config", type=Path, help="configuration file (default: $KIOSK_CONFIG, else config/kiosk.toml)")
    options = parser.parse_args(argv)
    checks = doctor_security.CHECKS if options.security else doctor.CHECKS
    unknown = [part for part in options.part if part not in checks]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)} (choose from {', '.join(checks)})")

    settings = config.load(options.config)
    findings = doctor.examine(settings, tuple(options.part), checks)
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        strings = Strings.load(options.language or settings.ui.language)
        for finding in findings:
            print("\n".join(lines(finding, strings, security=options.security)))
    return 1 if any(finding.state == "bad" for finding in findings) else 0


def lines(finding: Finding, strings: Strings, *, security: bool = False) -> list[str]:
    """Return a finding in the language of the catalogue. `security`: a check for thieves, which has no sentence of its own."""
    from kiosk.doctor.finding import told

    mark, remedy = _MARKS[finding.state], told(finding.remedy, strings) if finding.state != "ok" else ""
    if not is_chinese(strings.language):
        return [f"{mark} {finding.part:<9} {finding.what}", *([f"  {'':<9} → {remedy}"] if remedy else [])]
    name, what = strings.any_of(f"doctor.part.{finding.part}", f"doctor.{finding.part}.name"), told(finding.what, strings)
    sentence = f"doctor.{finding.part}.{finding.state}"
    if security or sentence not in strings:
        out = [f"{mark} {name}：{what}"]
    else:
        out = [f"{mark} {name}：{strings.text(sentence)}"]
        if what:
            out.append("    " + strings.text("doctor.detail", what=what))
    if remedy:
        out.append("    " + strings.text("doctor.remedy", remedy=remedy))
    return out
