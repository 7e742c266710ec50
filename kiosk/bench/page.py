"""One self-contained HTML page of bench results: tables, and bars for ratios against their bounds. For `kiosk bench --html`."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

_STYLE = """
body { font: 16px/1.5 sans-serif; margin: 2rem auto; max-width: 60rem; color: #1E2B2A; background: #FBF6EC; }
table { border-collapse: collapse; width: 100%; background: #fff; margin-bottom: 2rem; }
td, th { border: 1px solid #E6DCC8; padding: .4rem .6rem; text-align: left; vertical-align: top; }
.bar { background: #E6DCC8; height: 1.1rem; position: relative; } .bar i { background: #0B5A53; display: block; height: 100%; }
.bar b { position: absolute; top: 0; bottom: 0; width: 3px; background: #8A1C14; } .missed { color: #8A1C14; font-weight: bold; }
"""


def write_page(path: Path, results: dict[str, Any]) -> None:
    """Write the page. A figure called like `ratio` is drawn against `bound`."""
    parts = [f"<!doctype html><meta charset='utf-8'><title>kiosk bench</title><style>{_STYLE}</style><h1>kiosk bench</h1>"]
    for name, figures in results.items():
        missed = isinstance(figures, dict) and figures.get("within_bounds") is False
        parts.append(f"<h2{' class=missed' if missed else ''}>{html.escape(name)}{' – bound missed' if missed else ''}</h2><table>")
        for key, value in figures.items() if isinstance(figures, dict) else (("value", figures),):
            parts.append(f"<tr><th>{html.escape(str(key))}</th><td>{_cell(key, value, figures)}</td></tr>")
        parts.append("</table>")
    path.write_text("\n".join(parts), encoding="utf-8")


def _cell(key: str, value: Any, figures: Any) -> str:
    shown = f"{value:.4g}" if isinstance(value, float) else html.escape(str(value))
    bound = figures.get("bound") if isinstance(figures, dict) else None
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and isinstance(bound, int | float)
        and bound > 0
        and ("ratio" in key or "share" in key or "growth" in key)
    ):
        top = max(value, bound) * 1.2
        shown += (
            f"<div class=bar><i style='width:{max(0.0, 100 * value / top):.1f}%'></i>"
            f"<b style='left:{100 * bound / top:.1f}%' title='bound {bound}'></b></div>"
        )
    return shown
