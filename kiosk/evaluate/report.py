"""What an evaluation found, as a table for the terminal, as JSON, and as one self-contained HTML page. Used by `evaluate`."""

from __future__ import annotations

import base64
import html
import io
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_STYLE = (
    "body{font:16px/1.45 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1e2b2a}"
    "table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{border:1px solid #ccc;padding:.25rem .6rem;"
    "text-align:left;vertical-align:top}th{background:#f0ece2}img{max-width:100%}"
    ".note{color:#555}.scroll{overflow:auto;max-height:28rem}"
)


@dataclass(slots=True)
class Table:
    """One table of a report."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    in_terminal: bool = True

    def text(self) -> str:
        """Return the table in columns."""
        rows = [self.head, *self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(len(self.head))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([self.title, *lines])


@dataclass(slots=True)
class Report:
    """Everything an evaluation has to say. `data` goes to JSON; `plots`: title and a function that draws on matplotlib axes."""

    name: str
    data: dict[str, Any]
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    plots: list[tuple[str, Callable[[Any], None]]] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)  # row, what was wrong with it

    def print(self) -> None:
        """Print tables, notes and row errors."""
        for table in self.tables:
            if table.in_terminal and table.rows:
                print(table.text() + "\n")
        for note in self.notes:
            print(note)
        for row, problem in self.errors:
            print(f"row skipped: {row}: {problem}")

    def write_json(self, path: Path) -> None:
        """Write `data` and the row errors; NaN becomes null."""
        content = {
            "evaluation": self.name,
            **self.data,
            "notes": self.notes,
            "row_errors": [{"row": row, "problem": problem} for row, problem in self.errors],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(_clean(content), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def write_html(self, path: Path) -> None:
        """Write one page with all tables and plots, nothing loaded from elsewhere."""
        parts = [f"<h1>kiosk evaluate {html.escape(self.name)}</h1>"]
        parts += [f'<p class="note">{html.escape(note)}</p>' for note in self.notes]
        parts += [_table_html(table) for table in self.tables if table.rows]
        parts += [_plot_html(title, draw) for title, draw in self.plots]
        if self.errors:
            parts.append(_table_html(Table("Rows skipped", ("row", "problem"), list(self.errors))))
        page = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>evaluate {html.escape(self.name)}</title>'
            f"<style>{_STYLE}</style>{''.join(parts)}</html>\n"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")


def per_minute(count: int, minutes: float) -> float:
    """Return a rate a minute; NaN for no time."""
    return count / minutes if minutes > 0 else math.nan


def number(value: float | None, digits: int = 3) -> str:
    """Return a number for a table, a dash for none."""
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def _table_html(table: Table) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in table.head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f'<h2>{html.escape(table.title)}</h2><div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def _plot_html(title: str, draw: Callable[[Any], None]) -> str:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.2), layout="constrained")
    draw(figure.add_subplot())
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    picture = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<h2>{html.escape(title)}</h2><img alt="{html.escape(title)}" src="data:image/png;base64,{picture}">'


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, str | bool | int) or value is None:
        return value
    if isinstance(value, Sequence):
        return [_clean(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return None if not math.isfinite(value) else round(value, 6)
    return str(value) if not isinstance(value, int | bool) else value
