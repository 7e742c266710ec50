"""What docs/operating.md deploys: nginx takes its file, units name commands that exist, alarms name measures that there are."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kiosk.bureau.operate import command, measures
from kiosk.config import ROOT
from tests.bureau.made import opened

DEPLOY = ROOT / "assets" / "deploy" / "bureau"


def certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bureau.example")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    signed = made.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    (folder / "chain.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*form))


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_takes_its_configuration(tmp_path):
    certificate(tmp_path)
    text = (DEPLOY / "nginx.conf").read_text().replace("/etc/ssl/bureau", str(tmp_path)).replace("/var/log/nginx", str(tmp_path))
    (tmp_path / "site.conf").write_text(text)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}} http {{ include {tmp_path}/site.conf; }}"
    )
    done = subprocess.run(
        ["nginx", "-t", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_nginx_limits_are_the_bureaus():
    from kiosk.sync import limits

    text = (DEPLOY / "nginx.conf").read_text()
    assert limits.MAX_SEALED == 4 * 1024**2
    assert "client_max_body_size 4m;" in text
    assert "$request_uri" not in re.search(r"log_format.*", text)[0]
    for path in ("/health/", "/metrics"):
        assert re.search(rf"location {path} {{ return 404; }}", text)


@pytest.mark.parametrize("name", ["pension-bureau.service", "pension-bureau-work.service"])
def test_units_name_commands_and_options_that_exist(name, capsys):
    from kiosk.__main__ import main

    (line,) = re.findall(r"^ExecStart=(.*)$", (DEPLOY / name).read_text(), re.MULTILINE)
    words = line.split()
    assert words[1:4] == ["-P", "-m", "kiosk"]
    with pytest.raises(SystemExit) as ended:
        main([*words[4:], "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert {word for word in words if word.startswith("--")} <= set(re.findall(r"--[a-z-]+", told))
    assert set(command.TASKS) >= {"work"}


def test_alarms_name_measures_that_there_are(tmp_path):
    context = opened(tmp_path / "bureau")
    there = set(measures.stock(context)) | {"bureau_requests_total", "bureau_request_seconds_bucket"}
    context.engine.dispose()
    named = set(re.findall(r"\bbureau_[a-z_]+", (DEPLOY / "alarms.yml").read_text()))
    assert named
    assert named <= there
