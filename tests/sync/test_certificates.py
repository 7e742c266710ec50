"""Certificates of the bureau's signing key, made with openssl: SM2 with SM3 (GB/T 20518), and Ed25519."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from kiosk.bureau.context import enrol, make_code
from kiosk.commands import provision as command
from kiosk.errors import ConfigError
from kiosk.sync import certificates, seal, suites
from kiosk.sync import keys as keyfiles
from kiosk.sync import provision as provisioning
from kiosk.sync.keys import Keys
from kiosk.sync.provision import provision
from tests.bureau import made as made_bureau
from tests.sync.made import settings
from tests.sync.suites import made

ID = "distid:1234567812345678"
BOTH_SUITES = True


def openssl(folder, *arguments):
    done = made.openssl(*arguments, where=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def private_der(key, suite):
    if suite is suites.GM_1:
        return made.private_der(key)
    return bytes.fromhex("302e020100300506032b657004220420") + key.private_key.private_bytes_raw()


def certified(folder: Path, suite, key, *, days="30", usage="digitalSignature", name="cert") -> Path:
    """A certificate of `key` by the authority in the folder."""
    (folder / f"{name}.der").write_bytes(private_der(key, suite))
    gm = ["-sm3", "-sigopt", ID] if suite is suites.GM_1 else []
    openssl(folder, "req", "-new", "-keyform", "DER", "-key", f"{name}.der", *gm, "-subj", "/CN=bureau", "-out", f"{name}.csr")
    (folder / "ext").write_text(f"keyUsage=critical,{usage}\n")
    verify = ["-vfyopt", ID] if suite is suites.GM_1 else []
    given = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", days, "-extfile", "ext"]
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", *given, *verify, *gm, "-out", f"{name}.pem")
    return folder / f"{name}.pem"


def authority(folder: Path, suite, name="ca") -> None:
    algorithm = "SM2" if suite is suites.GM_1 else "ED25519"
    gm = ["-sm3", "-sigopt", ID] if suite is suites.GM_1 else []
    openssl(folder, "genpkey", "-algorithm", algorithm, "-out", f"{name}.key")
    openssl(
        folder, "req", "-new", "-x509", "-key", f"{name}.key", *gm, "-days", "30", "-subj", f"/CN={name}", "-out", f"{name}.pem"
    )


@pytest.fixture
def folder(suite, tmp_path):
    authority(tmp_path, suite)
    return tmp_path


def test_a_certificate_of_the_bureaus_key(suite, folder):
    keys = Keys(*seal.new_keys(suite))
    told = certificates.check(certified(folder, suite, keys.sign), folder / "ca.pem", keys.public)
    assert "bureau" in told.subject
    assert told.serial
    assert "GMT" in told.ends


def test_what_does_not_hold_is_said(suite, folder):
    keys, other = Keys(*seal.new_keys(suite)), Keys(*seal.new_keys(suite))
    good = certified(folder, suite, keys.sign)
    box = certified(folder, suite, keys.sign, usage="keyEncipherment", name="box")
    authority(folder, suite, "stranger")
    tries = {
        "not of this authority": (good, folder / "stranger.pem", keys.public),
        "for another key": (good, folder / "ca.pem", other.public),
        "not of this authority: certificate has expired": (
            certified(folder, suite, keys.sign, days="-1", name="old"),
            folder / "ca.pem",
            keys.public,
        ),
        "not for signatures": (box, folder / "ca.pem", keys.public),
        "no certificate": (folder / "missing.pem", folder / "ca.pem", keys.public),
    }
    for why, given in tries.items():
        with pytest.raises(ConfigError, match=why):
            certificates.check(*given)
    broken = folder / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(ConfigError, match="not of this authority"):
        certificates.check(broken, folder / "ca.pem", keys.public)


def test_without_openssl_it_says_what_to_do(suite, folder, monkeypatch):
    keys = Keys(*seal.new_keys(suite))
    good = certified(folder, suite, keys.sign)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(ConfigError, match="install it, or leave --certificate out"):
        certificates.check(good, folder / "ca.pem", keys.public)


def test_provisioning_looks_at_it_before_anything_is_pinned(suite, folder, monkeypatch):
    context = made_bureau.opened(folder / "bureau", suites=(suite.name,))

    def exchange(*_, content, **__):
        return 200, httpx.Headers(), context.sign(enrol(context, content.decode())).encode()

    monkeypatch.setattr(provisioning, "exchange", exchange)
    chosen = settings(folder / "kiosk", "http://127.0.0.1:1", "SZ-CERT-0001")
    stranger = certified(folder, suite, Keys(*seal.new_keys(suite)).sign, name="stranger")
    code = make_code(context, "SZ-CERT-0001")
    with pytest.raises(ConfigError, match="for another key"):
        provision(chosen, "http://127.0.0.1:1", code, certificate=(stranger, folder / "ca.pem"))
    assert not keyfiles.pins_path(chosen.sync).exists()
    assert Path(chosen.sync.key_file).exists(), "the same keys ask again with the same code"
    good = certified(folder, suite, context.keys.sign, name="good")
    assert provision(chosen, "http://127.0.0.1:1", code, certificate=(good, folder / "ca.pem")).suite is suite
    context.engine.dispose()


def test_the_command_asks_for_both_files(capsys):
    with pytest.raises(SystemExit):
        command.main(["--bureau", "http://127.0.0.1:1", "--certificate", "cert.pem"])
    assert "go together" in capsys.readouterr().err
