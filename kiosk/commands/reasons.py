"""`kiosk reasons`: every reason code with what the retiree reads and what the attendant does, from the catalogue."""

from __future__ import annotations

import argparse


def main(argv: list[str]) -> int:
    """Print the table; `--markdown` as in docs/reasons.md."""
    parser = argparse.ArgumentParser(prog="kiosk reasons", description=__doc__)
    parser.add_argument("code", nargs="*", help="only these codes")
    parser.add_argument("--language", default="zh_CN", choices=("zh_CN", "en"))
    parser.add_argument("--markdown", action="store_true", help="as a Markdown table")
    options = parser.parse_args(argv)
    rows = table(options.language)
    if options.markdown:
        print(markdown(rows), end="")
        return 0
    for code, title, now, attendant in rows:
        if not options.code or code in options.code:
            print(f"{code}\n    {title}\n    {now}\n    {attendant}")
    return 0


def table(language: str = "zh_CN") -> list[tuple[str, str, str, str]]:
    """Return (code, title, what the retiree does now, what the attendant does) for every reason."""
    from kiosk.domain.reasons import Reason
    from kiosk.texts.strings import Strings

    strings = Strings.load(language)

    def text(code: Reason, part: str) -> str:
        return strings.text(f"reason.{code.value}.{part}")

    return [
        (code.value, text(code, "title"), text(code, "now"), text(code, "attendant")) for code in Reason if code is not Reason.OK
    ]


def markdown(rows: list[tuple[str, str, str, str]]) -> str:
    """Return the table as Markdown."""
    lines = [
        "# Reason codes",
        "",
        "Made by `./run kiosk reasons --markdown` from the catalogue; a test holds it to it.",
        "",
        "| code | 屏幕标题 | 现在怎么办 | 工作人员 |",
        "|---|---|---|---|",
    ]
    lines += [
        "| " + " | ".join(f"`{part}`" if index == 0 else part.replace("|", "/") for index, part in enumerate(row)) + " |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"
