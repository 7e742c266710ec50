"""What every kind of file becomes first: sheets of rows of texts. Pure; known by all of `unit_list`."""

from __future__ import annotations

from dataclasses import dataclass, field

from kiosk.errors import KioskError

MAX_ROWS = 5000  # ours: rows with something in them; the largest units have some thousand retirees
MAX_CELLS = 400_000  # ours: 5000 rows of 80 columns


class ListUnreadable(KioskError):
    """The file is no list that can be read whole. `code`: key of the desk's problems; `detail`: a line or a sheet, no person."""

    reason = "list-unreadable"

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail = code, detail


@dataclass(slots=True)
class ListRow:
    """A row with something in it. cells: text by column, counted from 0. cut: columns whose number the spreadsheet shortened."""

    line: int
    cells: dict[int, str] = field(repr=False)
    hidden: bool = False
    cut: frozenset[int] = frozenset()
    inherited: frozenset[int] = frozenset()  # columns whose text is that of a merged cell above


@dataclass(slots=True)
class Sheet:
    """The rows of a sheet that hold something, in their order; columns that are hidden count as not there."""

    name: str
    rows: list[ListRow]
    hidden: bool = False
    hidden_columns: frozenset[int] = frozenset()
