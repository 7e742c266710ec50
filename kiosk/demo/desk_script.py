"""What a script of the demonstration's attendant is made of, and who they are. For the player (`desk_person`) and the scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from PySide6.QtWidgets import QWidget

Until = Callable[[], bool]  # asked again and again until it is true
Script = Iterator[Until]
W = TypeVar("W", bound=QWidget)

# staff number, name, PIN
ATTENDANT, SUPERVISOR = ("1001", "刘站员", "270518"), ("9001", "黄主管", "360914")
