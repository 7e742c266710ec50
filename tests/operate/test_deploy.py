"""What docs/operating.md deploys: nginx takes its file, units name commands that exist, alarms name measures that there are."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kiosk.bureau.operate import command, measures
from kiosk.bureau.process import BureauProcess
from kiosk.config import ROOT
from kiosk.sync import protocol
from tests.bureau.made import opened
from tests.programs import program
from tests.sync.made import make_kiosk

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


def test_nginx_takes_its_configuration(tmp_path):
    nginx = program("nginx", "nginx")
    certificate(tmp_path)
    text = (DEPLOY / "nginx.conf").read_text().replace("/etc/ssl/bureau", str(tmp_path)).replace("/var/log/nginx", str(tmp_path))
    (tmp_path / "site.conf").write_text(text)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}} http {{ include {tmp_path}/site.conf; }}"
    )
    done = subprocess.run(
        [nginx, "-t", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


@pytest.fixture(scope="module")
def behind_nginx(tmp_path_factory):
    """The file as deployed before a real bureau with the unit's own --accel, on ports of its own: (bureau, port, folder, accel)."""
    nginx = program("nginx", "nginx")
    folder = tmp_path_factory.mktemp("nginx")
    for part in (folder, *list(folder.parents)[:2]):
        part.chmod(0o755)
    certificate(folder)
    accel = re.search(r"--accel (\S+)", (DEPLOY / "pension-bureau.service").read_text())[1]
    with BureauProcess(data=folder / "bureau", extra=("--accel", accel)) as bureau:
        secure, plain = free_port(), free_port()
        text = (DEPLOY / "nginx.conf").read_text()
        for there, here in {
            "/etc/ssl/bureau": str(folder),
            "/var/log/nginx": str(folder),
            "/var/lib/pension-bureau": str(bureau.data),
            "127.0.0.1:8440": bureau.url.removeprefix("http://"),
            "listen 443": f"listen 127.0.0.1:{secure}",
            "listen 80": f"listen 127.0.0.1:{plain}",
        }.items():
            assert there in text
            text = text.replace(there, here)
        root = "user root;" if os.geteuid() == 0 else ""
        main = f"{root} daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}} http {{ {text} }}"
        (folder / "nginx.conf").write_text(main)
        server = subprocess.Popen([nginx, "-c", str(folder / "nginx.conf"), "-p", str(folder)])
        try:
            until = time.monotonic() + 20
            while not _opens(secure) and time.monotonic() < until:
                time.sleep(0.05)
            yield bureau, secure, folder, accel
        finally:
            server.terminate()
            server.wait(10)


def asked(port, method, path, host="bureau.example", **more):
    """One request through nginx, as a client that was given the bureau's name."""
    headers = {"Host": f"{host}:{port}", **more.pop("headers", {})}
    return httpx.request(method, f"https://127.0.0.1:{port}{path}", headers=headers, verify=False, trust_env=False, **more)  # noqa: S501


def test_roster_files_come_from_nginx_to_who_has_a_token(behind_nginx, tmp_path):
    """Ranges are nginx's, and nobody else gets any."""
    bureau, port, folder, accel = behind_nginx
    kiosk = make_kiosk(bureau, tmp_path / "kiosk", "SZ-NGINX-0001")
    try:
        benefit = {"benefit_id": "b", "kind": "k", "policy_id": "p"}
        line = {"person_id": "P1", "name": "张", "id_number": "440305195001010007", "benefits": [benefit]}
        (tmp_path / "roster").write_text(json.dumps(line) + "\n")
        bureau.issue_roster(tmp_path / "roster")
        kiosk.client.time()
        manifest = kiosk.client.get_sealed("/v1/roster?have=0", protocol.RosterManifest)
        path = f"/v1/roster/files/{manifest.digest}"
        token = kiosk.client._token(path)
        whole = asked(port, "GET", path, headers=token)
        part = asked(port, "GET", path, headers={**token, "Range": "bytes=10-"})
        assert (whole.status_code, len(whole.content)) == (200, manifest.size)
        assert (part.status_code, part.content) == (206, whole.content[10:])
        assert asked(port, "GET", path).status_code in (401, 422)
        assert asked(port, "GET", f"{accel}/{manifest.digest}.roster", headers=token).status_code == 404
        assert manifest.digest not in (folder / "bureau.log").read_text()
    finally:
        kiosk.close()


def test_a_bureau_on_another_port_knows_its_own_forms(behind_nginx):
    """A form's origin names the port where it is not 443: the bureau must be told it, or refuses everybody."""
    _, port, _, _ = behind_nginx
    assert asked(port, "GET", "/rosters").headers["location"] == "/sign-in"
    form = {"name": "nobody", "password": "wrong"}  # noqa: S106
    own = asked(port, "POST", "/sign-in", data=form, headers={"Origin": f"https://bureau.example:{port}"})
    assert own.status_code != 403, own.text
    for other in ("https://bureau.example", f"http://bureau.example:{port}", "https://evil.example", "null"):
        assert asked(port, "POST", "/sign-in", data=form, headers={"Origin": other}).status_code == 403, other
    assert asked(port, "GET", "/rosters", host="evil.example").status_code == 421, "a name that is not the bureau's"


def test_somebody_who_works_quickly_is_not_turned_away_and_who_guesses_passwords_is(behind_nginx):
    """A page is three requests; an office has one address. Signing in is bounded by address, and told apart from a fault."""
    _, port, _, _ = behind_nginx
    with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=False, trust_env=False) as browser:  # noqa: S501
        browser.headers["Host"] = f"bureau.example:{port}"
        pages = [
            browser.get(path).status_code for _ in range(60) for path in ("/records", "/static/clerks.css", "/static/clerks.js")
        ]
        guesses = [browser.get("/sign-in").status_code for _ in range(60)]
    assert set(pages) == {303, 200}, "to the sign-in, and what the page is made of"
    assert guesses[:5] == [200] * 5
    assert guesses[-1] == 429


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _opens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path):
    for path in [*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")]:
        (tmp_path / path.name).write_text(path.read_text().replace("/opt/pension-kiosk/.venv/bin/python", sys.executable))
    done = subprocess.run(
        [program("systemd-analyze", "systemd"), "verify", "--man=no", *map(str, tmp_path.iterdir())],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert [line for line in done.stderr.splitlines() if "pension-bureau" in line] == []


def test_nginx_limits_are_the_bureaus():
    from kiosk.sync import limits

    text = (DEPLOY / "nginx.conf").read_text()
    assert limits.MAX_SEALED == 4 * 1024**2
    assert "client_max_body_size 4m;" in text
    assert "proxy_request_buffering off;" in text.split("location")[0], "the bureau's time for a whole body is nobody's otherwise"
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
