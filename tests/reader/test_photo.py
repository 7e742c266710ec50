"""The vendor's photo decoder: a small library with the vendors' signatures and their bad habits, built here."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
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

/* A picture that tells where each byte went: red = 100 + row from the top, green = column, blue = first byte of the photo. */

static void paint(const unsigned char *wlt, unsigned char *out, int row_bytes, int bgr)
{
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            unsigned char *p = out + (H - 1 - y) * row_bytes + 3 * x;   /* bottom-up */
            p[bgr ? 2 : 0] = 100 + y; p[1] = x; p[bgr ? 0 : 2] = wlt[0];
        }
}

static void head(unsigned char *bmp)              /* 24 bits, bottom-up */
{
    memcpy(bmp, "BM", 2); bmp[10] = 54; bmp[14] = 40; bmp[18] = W; bmp[22] = H; bmp[26] = 1; bmp[28] = 24;
}

static void litter(void)
{
    FILE *f = fopen("zp.bmp", "wb");              /* writes into the current folder, as flag 311 does */
    if (f) { fputs("litter", f); fclose(f); }
    puts("decoder v1.0 (c)");                      /* and prints */
    fflush(stdout);
}

static void f_write(const char *name, const char *junk, size_t size)
{
    FILE *f = fopen(name, "ab");
    if (f) { fwrite(junk, 1, size, f); fclose(f); }
}

int unpack(char *wlt, char *out, int flag)
{
    if (busy++) return -9;
    litter();
    if (flag == 13) *(volatile int *)0 = 1;        /* crashes */
    if (flag == 14) for (;;) sleep(1);             /* hangs */
    if (flag == 15) exit(0);                       /* ends the process, satisfied */
    if (flag == 16) return 0;                      /* says no */
    if (flag == 17) for (;;) {                     /* writes without end, wherever something is open */
        static char junk[65536];
        for (int fd = 1; fd < 64; fd++) write(fd, junk, sizeof junk);
    }
    if (flag == 18) for (;;) {                     /* fills the folder */
        static char junk[65536];
        f_write("big", junk, sizeof junk);
    }
    if (flag == 19 || flag == 20) {                /* starts something that outlives it */
        if (fork() == 0) { char *a[] = {"sleep", MARK, 0}; execvp("sleep", a); _exit(0); }
        if (flag == 20) for (;;) sleep(1);
    }
    if (flag == 21 && (getenv("CREDENTIALS_DIRECTORY") || getenv("KIOSK_CONFIG"))) return 0;
    if (flag == 22) { memset(out, 0x80, W * 3 * H); return 1; }   /* one colour */
    if (flag == 23) {                              /* raw rows, blue first */
        paint((unsigned char *)wlt, (unsigned char *)out, W * 3, 1);
        return 1;
    }
    if (flag == 311) {                             /* the BMP file's bytes instead of raw rows */
        memset(out, 0, 54 + 308 * H);
        head((unsigned char *)out);
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
    head(bmp);
    paint(wlt, bmp + 54, 308, 1);
    strcpy(name, path); strcpy(name + n - 4, ".bmp");
    f = fopen(name, "wb");
    fwrite(bmp, 1, sizeof bmp, f); fclose(f);
    litter();
    return 1;
}
"""
WLT = CARDS["chen"].photo
MARK = "7391.5"  # seconds that nothing else sleeps


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.fail("a C compiler is needed to build the decoder of this test (the project's set-up installs gcc)")
    folder = tmp_path_factory.mktemp("decoder")
    (folder / "decoder.c").write_text(SOURCE.replace("MARK", f'"{MARK}"'))
    subprocess.run([compiler, "-shared", "-fPIC", "-w", "-o", folder / "libwlt.so", folder / "decoder.c"], check=True)
    return folder / "libwlt.so"


def decoder(library: Path, **options) -> WltDecoder:
    return WltDecoder(library=str(library), **options)


def check(rgb: bytes) -> None:
    assert len(rgb) == 102 * 126 * 3
    for row, column in ((0, 0), (0, 101), (125, 0), (125, 101), (60, 50)):
        at = (row * 102 + column) * 3
        assert tuple(rgb[at : at + 3]) == (100 + row, column, WLT[0])


def test_unpack_raw_rgb_bottom_up(library, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    check(photo.decode(WLT, decoder(library)))
    assert os.listdir(tmp_path) == []  # its litter went elsewhere
    assert capfd.readouterr() == ("", "")  # and so did its talk


def test_unpack_that_answers_with_a_bmp_file(library):
    check(photo.decode(WLT, decoder(library, flag=311)))


def test_unpack_top_down_would_stand_on_its_head(library):
    rgb = photo.decode(WLT, decoder(library, row_order="top-down"))
    assert rgb[0] == 225


def test_getbmp_with_its_licence(library):
    settings = decoder(library, function="GetBmp", signature="getbmp")
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
        ({"flag": 17}, "writes without end|status -13"),
        ({"flag": 18}, "status -25"),  # SIGXFSZ
        ({"flag": 22}, "one colour"),
        ({"function": "absent"}, "status 3"),
    ],
)
def test_bad_habits_are_device_errors(library, options, message):
    with pytest.raises(DeviceError, match=message):
        photo.decode(WLT, decoder(library, **options))


def running() -> list[str]:
    lines = (path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
    return [line.decode() for line in lines if MARK.encode() in line]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks into /proc")
@pytest.mark.parametrize("flag", [19, 20])
def test_what_a_decoder_starts_ends_with_it(library, flag):
    """F10."""
    if flag == 19:
        check(photo.decode(WLT, decoder(library, flag=flag)))
    else:
        with pytest.raises(DeviceError, match="more than 0.7"):
            photo.decode(WLT, decoder(library, flag=flag, timeout_s=0.7))
    deadline = time.monotonic() + 10
    while running():  # killed, and gone a moment later
        assert time.monotonic() < deadline, running()
        time.sleep(0.01)


def test_a_decoder_sees_nothing_of_our_environment(library, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/pension-kiosk.service")
    monkeypatch.setenv("KIOSK_CONFIG", "/etc/pension-kiosk/kiosk.toml")
    check(photo.decode(WLT, decoder(library, flag=21)))


def test_raw_rows_with_blue_first_are_known_by_the_face(library):
    check(photo.decode(WLT, decoder(library, flag=23)))


def test_settings_of_the_first_versions_are_still_read():
    assert WltDecoder.model_validate({"channel_order": "bgr", "flag": 3}).flag == 3
    with pytest.raises(ValueError, match="chanel"):
        WltDecoder.model_validate({"chanel": "bgr"})


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
