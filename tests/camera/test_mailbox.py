"""The mailbox: the newest wins, takers wake, nothing is left for the next person."""

import threading

from kiosk.camera.mailbox import Mailbox


def test_the_newest_wins_and_the_old_are_counted():
    box: Mailbox[int] = Mailbox()
    for number in range(5):
        box.put(number)
    assert box.take() == 4
    assert box.take() is None
    assert box.dropped == 4


def test_a_waiting_taker_wakes_at_once():
    box: Mailbox[str] = Mailbox()
    taken: list[str | None] = []
    taker = threading.Thread(target=lambda: taken.append(box.take(30)))
    taker.start()
    box.put("frame")
    taker.join(10)
    assert taken == ["frame"]


def test_closing_wakes_everybody_and_empties_it():
    box: Mailbox[str] = Mailbox()
    taken: list[str | None] = []
    takers = [threading.Thread(target=lambda: taken.append(box.take(30))) for _ in range(3)]
    for taker in takers:
        taker.start()
    box.close()
    for taker in takers:
        taker.join(10)
    assert taken == [None] * 3
    box.put("late")
    assert box.take() is None
    assert box.closed


def test_clear_leaves_nothing_of_the_last_person():
    box: Mailbox[str] = Mailbox()
    box.put("frame")
    box.clear()
    assert box.take() is None


def test_many_writers_and_one_reader_lose_nothing_but_the_old():
    box: Mailbox[int] = Mailbox()

    def write(base: int) -> None:
        for number in range(500):
            box.put(base + number)

    writers = [threading.Thread(target=write, args=(base,)) for base in (0, 1000, 2000)]
    for writer in writers:
        writer.start()
    seen = 0
    while any(writer.is_alive() for writer in writers):
        seen += box.take(0.001) is not None
    seen += box.take() is not None
    assert seen + box.dropped == 1500
