"""`kiosk doctor [--security] [--json] [PART …]`: look at every part of this kiosk and say what to do. Changes nothing."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

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
    parser.add_argument("--config", type=Path, help="configuration file (default: $KIOSK_CONFIG, else config/kiosk.toml)")
    options = parser.parse_args(argv)
    checks = doctor_security.CHECKS if options.security else doctor.CHECKS
    unknown = [part for part in options.part if part not in checks]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)} (choose from {', '.join(checks)})")

    findings = doctor.examine(config.load(options.config), tuple(options.part), checks)
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        for finding in findings:
            print(f"{_MARKS[finding.state]} {finding.part:<9} {finding.what}")
            if finding.remedy and finding.state != "ok":
                print(f"  {'':<9} → {finding.remedy}")
    return 1 if any(finding.state == "bad" for finding in findings) else 0
