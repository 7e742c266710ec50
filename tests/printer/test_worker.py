"""Printing behind Qt: one answer for each slip, whatever the printer does."""

from __future__ import annotations

import os

import pytest

from kiosk.config import Printer
from kiosk.domain.reasons import Reason
from kiosk.printer.worker import PrintDone, PrintWorker
from tests.printer.escpos_reader import read
from tests.printer.samples import slip


def test_prints_in_a_thread_of_its_own(qtbot, tmp_path):
    target = tmp_path / "lp0"
    worker = PrintWorker(Printer(kind="file", target=str(target)))
    assert worker.available
    with qtbot.waitSignal(worker.done, timeout=20_000) as told:
        worker.print_slip("visit-1", slip())
    assert told.args == [PrintDone("visit-1", Reason.OK)]
    assert read(target.read_bytes()).pictures


def test_an_absent_printer_is_an_answer(qtbot):
    worker = PrintWorker(Printer(kind="serial", target="no-such-port"))
    with qtbot.waitSignal(worker.done, timeout=20_000) as told:
        worker.print_slip("visit-1", slip())
    assert told.args == [PrintDone("visit-1", Reason.PRINTER_UNAVAILABLE)]


def test_no_printer_configured_is_an_answer_too(qtbot):
    worker = PrintWorker(Printer())
    assert not worker.available
    with qtbot.waitSignal(worker.done, timeout=1000) as told:
        worker.print_slip("visit-1", slip())
    assert told.args == [PrintDone("visit-1", Reason.PRINTER_UNAVAILABLE)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_printer_that_hangs_holds_up_nobody(qtbot, tmp_path):
    target = tmp_path / "lp0"
    os.mkfifo(target)  # opening blocks until somebody reads: a printer that is switched off
    worker = PrintWorker(Printer(kind="file", target=str(target), timeout_s=0.1))
    told = []
    worker.done.connect(told.append)
    with qtbot.waitSignal(worker.done, timeout=20_000):
        worker.print_slip("visit-1", slip())
    with qtbot.waitSignal(worker.done, timeout=1000):
        worker.print_slip("visit-2", slip())  # while the first still hangs
    assert [(one.visit_id, one.reason) for one in told] == [
        ("visit-1", Reason.PRINTER_UNAVAILABLE),
        ("visit-2", Reason.PRINTER_UNAVAILABLE),
    ]
    busy = worker._busy
    with target.open("rb") as reader:  # switched on again: the thread ends, and says nothing more
        while reader.read(65536):
            pass
    busy.join(20)
    assert not busy.is_alive()
    assert len(told) == 2
