"""What nothing in kiosk/ or tests/ uses: `python -m tests.dead_code`, part of the lint of `./run test`.

vulture's findings without fields and constants (a wire document or an enumeration names more than the code reads) and without what
frameworks call: overridden methods of Qt, handlers behind a decorator. What else stays has its reason in ALLOWED.
"""

from __future__ import annotations

import sys
from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).resolve().parent.parent
KINDS = {"function", "method", "class", "property", "import", "unreachable_code"}
# Called by Qt, http.server and SQLAlchemy by name; _on_PAGE: by page, for the demo's person; *Page: by state, for the window.
FRAMEWORKS = (
    "*Event sizeHint minimumSizeHint heightForWidth hasHeightForWidth eventFilter event initStyleOption rowCount"
    " columnCount headerData do_GET do_POST log_message process_bind_param process_result_value _on_* *Page"
).split()
# Handlers are found by their decorators.
DECORATORS = (
    "@router.* @web.* @pages.* @app.* @*.get @*.post @*.exception_handler @field_validator @model_validator @model_serializer"
).split()
# name -> why it stays although nothing here calls it by its name
ALLOWED = {
    "create_from_environment": "uvicorn's factory, named as a string",
    "clock_off": "kiosk/bureau/clerks/templates/stations.html",
    "percent": "kiosk/bureau/clerks/templates/stations.html",
}


def found() -> list[str]:
    """Return one line for each thing that nothing uses."""
    search = Vulture(ignore_names=FRAMEWORKS, ignore_decorators=DECORATORS)
    search.scavenge([str(ROOT / "kiosk"), str(ROOT / "tests")])
    return [
        f"{item.filename.relative_to(ROOT)}:{item.first_lineno}: unused {item.typ} {item.name}"
        for item in search.get_unused_code(min_confidence=60)
        if item.typ in KINDS and item.name not in ALLOWED and item.filename.is_relative_to(ROOT / "kiosk")
    ]


if __name__ == "__main__":
    lines = found()
    print("\n".join(lines))
    sys.exit(1 if lines else 0)
