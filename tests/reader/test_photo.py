"""The vendor's photo decoder: a small library with the vendors' signatures and their bad habits, built here."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from kiosk.config import Reader, WltDecoder
from kiosk.emulators.reader import ReaderEmulator
from kiosk.errors import DeviceError
from kiosk.idcard_reader import photo
from kiosk.idcard_reader.client import ReaderClient
from kiosk.idcard_reader.events import CardRead
from tests.reader.sim import CARDS

SOURCE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define W 102
#define H 126

static int busy;   /* not re-entrant */

/* A picture that tells where each byte went: red = row from the top, green = column, blue = first byte of the card's photo. */
static void paint(const unsigned char *wlt, unsigned char *out, int row_bytes, int bgr)
{
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            unsigned char *p = out + (H - 1 - y) * row_bytes + 3 * x;   /* bottom-up */
            p[bgr ? 2 : 0] = y; p[1] = x; p[bgr ? 0 : 2] = wlt[0];
        }
}

static void litter(void)
{
    FILE *f = fopen("zp.bmp", "wb");              /* writes into the current folder, as flag 311 does */
    if (f) { fputs("litter", f); fclose(f); }
    puts("decoder v1.0 (c)");                      /* and prints */
    fflush(stdout);
}

int unpack(char *wlt, char *out, int flag)
{
    if (busy++) return -9;
    litter();
    if (flag == 13) *(volatile int *)0 = 1;        /* crashes */
    if (flag == 14) for (;;) sleep(1);             /* hangs */
    if (flag == 15) exit(0);                       /* ends the process, satisfied */
    if (flag == 16) return 0;                      /* says no */
    if (flag == 311) {                             /* the BMP file's bytes instead of raw rows */
        memset(out, 0, 54 + 308 * H);
        memcpy(out, "BM", 2); out[10] = 54;
        paint((unsigned char *)wlt, (unsigned char *)out + 54, 308, 1);
        return 1;
    }
    paint((unsigned char *)wlt, (unsigned char *)out, W * 3, 0);
    memset(out + W * H * 3, 0x55, 4096);           /* and writes on behind the end */
    return 1;
}

int GetBmp(char *path, int interface)
{
    char name[4096];
    unsigned char wlt[1024], bmp[54 + 308 * H];
    FILE *f = fopen("license.dat", "rb");
    if (!f) return -5;
    fclose(f);
    if (interface != 1) return 0;
    size_t n = strlen(path);
    if (n < 4 || strcmp(path + n - 4, ".wlt")) return -2;
    f = fopen(path, "rb");
    if (!f) return -3;
    if (fread(wlt, 1, sizeof wlt, f) < 10) return -4;
    fclose(f);
    memset(bmp, 0, sizeof bmp);
    memcpy(bmp, "BM", 2); bmp[10] = 54;
    paint(wlt, bmp + 54, 308, 1);
    strcpy(name, path); strcpy(name + n - 4, ".bmp");
    f = fopen(name, "wb");
    fwrite(bmp, 1, sizeof bmp, f); fclose(f);
    litter();
    return 1;
}
"""
WLT = CARDS["chen"].photo


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.fail("a C compiler is needed to build the decoder of this test (the project's set-up installs gcc)")
    folder = tmp_path_factory.mktemp("decoder")
    (folder / "decoder.c").write_text(SOURCE)
    subprocess.run([compiler, "-shared", "-fPIC", "-w", "-o", folder / "libwlt.so", folder / "decoder.c"], check=True)
    return folder / "libwlt.so"


def decoder(library: Path, **options) -> WltDecoder:
    return WltDecoder(library=str(library), **options)


def check(rgb: bytes) -> None:
    assert len(rgb) == 102 * 126 * 3
    for row, column in ((0, 0), (0, 101), (125, 0), (125, 101), (60, 50)):
        at = (row * 102 + column) * 3
        assert tuple(rgb[at : at + 3]) == (row, column, WLT[0])


def test_unpack_raw_rgb_bottom_up(library, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    check(photo.decode(WLT, decoder(library)))
    assert os.listdir(tmp_path) == []  # its litter went elsewhere
    assert capfd.readouterr() == ("", "")  # and so did its talk


def test_unpack_that_answers_with_a_bmp_file(library):
    check(photo.decode(WLT, decoder(library, flag=311, channel_order="bgr")))


def test_unpack_top_down_would_stand_on_its_head(library):
    rgb = photo.decode(WLT, decoder(library, row_order="top-down"))
    assert rgb[0] == 125


def test_getbmp_with_its_licence(library):
    settings = decoder(library, function="GetBmp", signature="getbmp", channel_order="bgr")
    (library.parent / "license.dat").unlink(missing_ok=True)
    with pytest.raises(DeviceError, match="status 4"):
        photo.decode(WLT, settings)
    (library.parent / "license.dat").write_text("licence")
    check(photo.decode(WLT, settings))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"flag": 13}, "status -11"),
        ({"flag": 14, "timeout_s": 0.5}, "more than 0.5"),
        ({"flag": 15}, "0 bytes"),
        ({"flag": 16}, "status 4"),
        ({"function": "absent"}, "status 3"),
    ],
)
def test_bad_habits_are_device_errors(library, options, message):
    with pytest.raises(DeviceError, match=message):
        photo.decode(WLT, decoder(library, **options))


def test_a_missing_library(tmp_path):
    with pytest.raises(DeviceError, match="not found"):
        photo.decode(WLT, decoder(tmp_path / "libwlt.so"))
    with pytest.raises(DeviceError, match="status 3"):
        photo.decode(WLT, WltDecoder(library="libno-such-decoder-anywhere.so"))


@pytest.mark.parametrize(("flag", "decoded"), [(0, True), (13, False), (16, False)])
def test_a_failing_decoder_never_fails_the_read(library, tmp_path, flag, decoded):
    emulator = ReaderEmulator(CARDS, tmp_path / "reader")
    emulator.start()
    emulator.lay("chen")
    try:
        settings = Reader(port=str(emulator.link), wlt=decoder(library, flag=flag))
        stop = threading.Event()
        for event in ReaderClient(settings).events(stop):
            if isinstance(event, CardRead):
                break
        assert event.card.photo_wlt == WLT
        assert bool(event.card.photo_rgb) is decoded
        if decoded:
            check(event.card.photo_rgb)
    finally:
        emulator.stop()
