"""What a hostile bureau, or somebody in its place, can do to a kiosk: end its request, and nothing else."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest
import zstandard

from kiosk.errors import KioskError, SyncUnavailable
from kiosk.sync import client, limits, protocol, seal
from kiosk.sync.keys import Identity, Keys, Pins
from kiosk.sync.provision import provision
from kiosk.sync.schedule import Trouble
from tests.sync.made import settings

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/jose\r\n"


class Hostile:
    """Answers every connection by a function of the test; counts what it could send."""

    def __init__(self, answer):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._answer, self.sent, self._stop = answer, 0, False
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._serve, daemon=True)]

    def __enter__(self):
        self._threads[0].start()
        return self

    def __exit__(self, *_):
        self._stop = True
        with contextlib.suppress(OSError), socket.create_connection(self._listener.getsockname(), 1):
            pass
        for one in self._threads:
            one.join(30)
        self._listener.close()

    def _serve(self):
        while not self._stop:
            made, _ = self._listener.accept()
            one = threading.Thread(target=self._speak, args=(made,), daemon=True)
            self._threads.append(one)
            one.start()

    def _speak(self, made):
        with made, contextlib.suppress(OSError):
            made.settimeout(5)
            made.recv(65536)
            for block in self._answer():
                if self._stop:
                    return
                made.sendall(block)
                self.sent += len(block)


def endless():
    yield HEAD + b"\r\n"
    while True:
        yield b"x" * 65536


def announced():
    yield HEAD + b"Content-Length: 99999999999\r\n\r\n"
    while True:
        yield b"x" * 65536


def dribbled_head():
    for byte in HEAD * 50:
        yield bytes([byte])
        time.sleep(0.05)


def dribbled_body():
    yield HEAD + b"Content-Length: 100000\r\n\r\n"
    while True:
        yield b"x"
        time.sleep(0.05)


def encoded(name):
    bomb = zstandard.ZstdCompressor(level=19).compress(bytes(200_000_000))
    return lambda: iter([HEAD + f"Content-Encoding: {name}\r\nContent-Length: {len(bomb)}\r\n\r\n".encode() + bomb])


@pytest.fixture
def kiosk(tmp_path):
    ours, theirs = Keys(*seal.new_keys()), Keys(*seal.new_keys())
    pins = Pins(kiosk_id="k", station_id="S", bureau_id="b", bureau=theirs.public)
    opened = []

    def speak(url):
        chosen = settings(tmp_path, url, timeout_s=0.25)
        opened.append(client.Client(chosen.sync, Identity(ours, pins)))
        return opened[-1]

    yield speak
    for one in opened:
        one.close()


@pytest.mark.parametrize("answer", [endless, announced])
def test_an_answer_without_end_is_cut_off_at_the_limit(kiosk, answer):
    with Hostile(answer) as bureau:
        with pytest.raises(client.Failure) as failed:
            kiosk(bureau.url).time()
        assert (failed.value.trouble, failed.value.why) == (Trouble.FORGED, "too-large")
        assert bureau.sent < limits.MAX_SEALED + 8 * 1024 * 1024, "what the system had taken already"


@pytest.mark.parametrize("answer", [dribbled_head, dribbled_body])
def test_a_byte_now_and_then_does_not_go_on_for_ever(kiosk, answer):
    with Hostile(answer) as bureau:
        with pytest.raises(client.Failure) as failed:
            kiosk(bureau.url).time()
        assert (failed.value.trouble, failed.value.why) == (Trouble.UNKNOWN, "ReadTimeout")


def test_somebody_who_never_reads_does_not_keep_us_sending(kiosk):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        speaker = kiosk(f"http://127.0.0.1:{deaf.getsockname()[1]}")
        with pytest.raises(client.Failure) as failed:
            speaker.send("/v1/batches", b"x" * limits.MAX_SEALED * 8, protocol.Receipt)
        assert failed.value.trouble is Trouble.UNKNOWN


@pytest.mark.parametrize("name", ["zstd", "gzip", "br", "deflate", "gzip, zstd", "x"])
def test_no_encoding_is_taken_that_nobody_asked_for(kiosk, name):
    with Hostile(encoded(name)) as bureau:
        with pytest.raises(client.Failure) as failed:
            kiosk(bureau.url).time()
        assert (failed.value.trouble, failed.value.why) == (Trouble.FORGED, "content-encoding")


def test_no_encoding_is_asked_for(kiosk):
    asked = []
    with Hostile(lambda: iter([b"HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n"])) as bureau:
        speaker = kiosk(bureau.url)
        speaker._http.event_hooks["request"].append(lambda request: asked.append(request.headers["accept-encoding"]))
        with pytest.raises(client.Failure):
            speaker.time()
    assert asked == ["identity"]


@pytest.mark.parametrize("answer", [endless, dribbled_head, dribbled_body, encoded("zstd")])
def test_provisioning_is_bounded_too(tmp_path, answer):
    with Hostile(answer) as bureau, pytest.raises(SyncUnavailable):
        provision(settings(tmp_path, bureau.url, timeout_s=0.25), bureau.url, "A" * 26)


def test_a_roster_file_that_dribbles_is_given_up_and_resumed_later(kiosk, tmp_path, monkeypatch):
    monkeypatch.setattr(client, "FILE_LEAST_S", 0.5)
    speaker = None
    with Hostile(dribbled_body) as bureau:
        speaker = kiosk(bureau.url)
        speaker.offset = client.timedelta()
        target = tmp_path / "x.fetching"
        with pytest.raises(client.Failure) as failed:
            list(speaker.fetch("/v1/roster/files/x", target, 1000))
        assert failed.value.why == "ReadTimeout"
        assert target.exists(), "what arrived stays for the next try"


@pytest.mark.parametrize("body", [b"[" * 50_000, b'{"reason": NaN}', b'{"reason": "\\ud800"}', b"\xff\xfe", b"[]"])
def test_odd_problems_are_only_broken_answers(kiosk, body):
    with Hostile(lambda: iter([b"HTTP/1.1 400 x\r\nContent-Length: %d\r\n\r\n" % len(body) + body])) as bureau:
        with pytest.raises(KioskError) as failed:
            kiosk(bureau.url).time()
        assert failed.value.trouble is Trouble.BROKEN
