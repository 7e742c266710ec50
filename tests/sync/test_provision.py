"""Becoming known to the bureau: the code, the pins, the key files; TLS with certificates made on the spot."""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import json
import os
import shlex
import socket
import sqlite3
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kiosk.bureau.context import ENROL_FAILURES_PER_HOUR
from kiosk.bureau.process import BureauProcess
from kiosk.errors import ConfigError, SealError, SyncUnavailable
from kiosk.store.opening import open_store
from kiosk.sync import keys, seal
from kiosk.sync.client import Client, Failure, check_url
from kiosk.sync.provision import ProvisionRefused, provision
from kiosk.sync.schedule import Trouble
from tests.suite import SUITE
from tests.sync.made import STATION, Kiosk, record, settings


def test_the_code_registers_once_and_pins_the_bureau(bureau, tmp_path):
    chosen = settings(tmp_path, bureau.url)
    code = bureau.enrolment_code(STATION)
    identity = provision(chosen, bureau.url, code.lower().replace("-", " "))
    assert keys.load_identity(chosen.sync).pins == identity.pins
    assert provision(chosen, bureau.url, code).pins == identity.pins, "again, after an answer was lost"
    with pytest.raises(ProvisionRefused, match="code-used"):
        provision(settings(tmp_path / "second", bureau.url), bureau.url, code)
    for path in (tmp_path / "kiosk.json", tmp_path / "kiosk.pins.json"):
        assert os.stat(path).st_mode & 0o777 == 0o600
    assert '"d"' not in (tmp_path / "kiosk.pins.json").read_text()


def parts(code):
    """Return what stands before the secret of a code, and the fingerprint behind it."""
    whole = code.replace("-", "")
    return whole[:-26], whole[-16:]


def test_wrong_codes(bureau, tmp_path):
    chosen = settings(tmp_path, bureau.url)
    code = bureau.enrolment_code("SZ-ELSEWHERE")
    with pytest.raises(ProvisionRefused, match="other-station"):
        provision(chosen, bureau.url, code)
    start, fingerprint = parts(code)
    with pytest.raises(ProvisionRefused, match="code-unknown"):
        provision(chosen, bureau.url, start + "AAAAAAAAAA" + fingerprint)
    for bad in ("", "ABC", "1" * 26, code + "A"):
        with pytest.raises(ConfigError, match="26"):
            provision(chosen, bureau.url, bad)
    with pytest.raises(SealError, match="not the bureau"):
        provision(chosen, bureau.url, bureau.enrolment_code(STATION)[:-19] + "AAAA-AAAA-AAAA-AAAA")
    assert not (tmp_path / "kiosk.pins.json").exists()


def test_guessing_codes_is_stopped_for_that_station_and_source_and_nobody_else(tmp_path):
    with BureauProcess(data=tmp_path / "bureau") as bureau:
        chosen = settings(tmp_path / "kiosk", bureau.url)
        start, fingerprint = parts(bureau.enrolment_code(STATION))
        mark = hashlib.sha256(f"{STATION}\n127.0.0.1".encode()).hexdigest()[:16]
        hour = f"enrol-{datetime.now(UTC):%Y%m%d%H}-{mark}"
        with contextlib.closing(sqlite3.connect(tmp_path / "bureau" / "bureau.db", isolation_level=None)) as database:
            database.execute("INSERT INTO counters VALUES (?, ?)", (hour, ENROL_FAILURES_PER_HOUR - 2))  # each try costs a scrypt
        why = ""
        for number in range(5):
            with pytest.raises(ProvisionRefused) as refused:
                provision(chosen, bureau.url, f"{start}AAAAAAAA{chr(65 + number // 20)}{chr(65 + number % 20)}" + fingerprint)
            why = refused.value.why
            if why == "too-many-tries":
                break
        assert (why, number) == ("too-many-tries", 2)
        other = settings(tmp_path / "other", bureau.url, "SZ-TEST-0002")
        assert provision(other, bureau.url, bureau.enrolment_code("SZ-TEST-0002")).pins.station_id == "SZ-TEST-0002"


def test_no_bureau_there(tmp_path):
    with pytest.raises(SyncUnavailable):
        provision(settings(tmp_path), "http://127.0.0.1:1", "A" * 26)


@pytest.mark.parametrize("url", ["http://bureau.example", "ftp://127.0.0.1", "", "bureau.example", "http://127.0.0.1.evil.example"])
def test_only_https_unless_on_this_machine(url):
    with pytest.raises(ConfigError, match="https"):
        check_url(url)


def test_keys_that_others_can_read_or_that_are_no_keys_are_refused(tmp_path):
    chosen = settings(tmp_path).sync
    with pytest.raises(ConfigError, match=r"kiosk\.json"):
        keys.load_keys(chosen)
    path = tmp_path / "kiosk.json"
    keys.write_private(path, keys.dump_keys(keys.Keys(*seal.new_keys(SUITE))))
    assert keys.load_keys(chosen).public
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="others can read it"):
        keys.load_keys(chosen)
    path.chmod(0o600)
    sign, _ = seal.new_keys(SUITE)
    public_only = json.dumps({"sign": sign.as_dict(private=False), "seal": sign.as_dict(private=False)})
    for text in ("", "{}", "[]", public_only, '{"sign": {"kty": "oct", "k": "AAAA"}, "seal": {}}'):
        path.write_text(text)
        with pytest.raises(ConfigError, match="not a pair of private keys"):
            keys.load_keys(chosen)


def test_keys_from_a_command(bureau, tmp_path):
    """As from a TPM or a systemd credential: no private key lies in the kiosk's folder."""
    kept = tmp_path / "credential"
    kept.write_text(keys.dump_keys(keys.Keys(*seal.new_keys(SUITE))))
    printer = shlex.join([sys.executable, "-c", f"print(open({str(kept)!r}).read())"])
    chosen = settings(tmp_path / "kiosk", bureau.url, key_command=printer)
    identity = provision(chosen, bureau.url, bureau.enrolment_code(STATION))
    assert keys.load_identity(chosen.sync).keys.public == identity.keys.public
    assert not (tmp_path / "kiosk" / "kiosk.json").exists()
    for failing in ("/bin/false", "/no/such/command", shlex.join([sys.executable, "-c", "print('{}')"])):
        with pytest.raises(ConfigError, match="key_command"):
            keys.load_keys(settings(tmp_path, key_command=failing).sync)


def test_the_journal_signer(tmp_path):
    signer = keys.JournalSigner(keys.Keys(*seal.new_keys(SUITE)))
    signature = signer.sign(b"entry")
    assert signer.check(signer.key_id, b"entry", signature) is True
    assert signer.check(signer.key_id, b"other", signature) is False
    assert signer.check(signer.key_id, b"entry", "A") is False
    assert signer.check("ed25519:other", b"entry", signature) is None


# --- TLS


def certificates(folder, ahead_days=0):
    """A CA of our own, a server certificate of it for 127.0.0.1, and a stranger's CA; valid for two days around `ahead_days`."""

    def write(name, *parts):
        (folder / name).write_bytes(b"".join(parts))
        return folder / name

    def issue(name, issuer=None, issuer_key=None, *, ca=False):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC) + timedelta(days=ahead_days)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key((issuer_key or key).public_key()), False)
            .add_extension(x509.KeyUsage(True, False, False, False, False, ca, ca, False, False), critical=True)
        )
        if not ca:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        return builder.sign(issuer_key or key, hashes.SHA256()), key

    pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    ca, ca_key = issue("Pension CA", ca=True)
    server, server_key = issue("bureau", ca.subject, ca_key)
    stranger, _ = issue("Pension CA", ca=True)
    return (
        write("ca.pem", ca.public_bytes(pem)),
        write("server.pem", server.public_bytes(pem)),
        write("server.key", server_key.private_bytes(pem, private, serialization.NoEncryption())),
        write("stranger.pem", stranger.public_bytes(pem)),
    )


def test_tls_with_a_pinned_authority(tmp_path):
    ca, cert, key, stranger = certificates(tmp_path)
    with BureauProcess(data=tmp_path / "bureau", tls=(cert, key), ca=ca) as bureau:
        assert bureau.url.startswith("https://")
        chosen = settings(tmp_path / "kiosk", bureau.url, ca_file=str(ca))
        identity = provision(chosen, bureau.url, bureau.enrolment_code(STATION))
        kiosk = Kiosk(chosen, identity, open_store(chosen), Client(chosen.sync, identity), [])
        kiosk.save(record())
        assert kiosk.round().failure is None
        kiosk.save(record())
        kiosk.client.close()
        for other in (str(stranger), ""):  # a stranger's authority of the same name; the system's authorities
            kiosk.client = Client(chosen.sync.model_copy(update={"ca_file": other}), identity)
            failure = kiosk.round().failure
            assert (failure.trouble, failure.why) == (Trouble.UNREACHABLE, "certificate")
            assert kiosk.counts() == {"received": 1, "waiting": 1}
            kiosk.client.close()
        with pytest.raises(SyncUnavailable):
            provision(settings(tmp_path / "third", bureau.url), bureau.url, bureau.enrolment_code(STATION))
        plain = bureau.url.replace("https", "http")
        kiosk.point_at(plain)
        assert kiosk.round().failure.trouble in (Trouble.UNKNOWN, Trouble.BROKEN, Trouble.UNREACHABLE)
        kiosk.close()


def test_tls_with_a_clock_wrong_by_a_year(tmp_path):
    """To the kiosk the certificate is not valid yet. The bureau's signed time says whose clock is wrong: records go through."""
    ca, cert, key, stranger = certificates(tmp_path, ahead_days=365)
    plain = tmp_path / "plain"
    with BureauProcess(data=plain) as bureau:
        chosen = settings(tmp_path / "kiosk", bureau.url)
        identity = provision(chosen, bureau.url, bureau.enrolment_code(STATION))
    kiosk = Kiosk(chosen, identity, open_store(chosen), Client(chosen.sync, identity), [])
    year_s = 365 * 86400
    for ahead_s, authority, good in ((0, ca, False), (year_s, stranger, False), (year_s, ca, True)):
        bureau = BureauProcess(data=plain, tls=(cert, key), environment={"KIOSK_BUREAU_CLOCK_AHEAD_S": str(ahead_s)})
        bureau._answers = lambda b=bureau: listening(b)
        bureau.start()
        kiosk.client.close()
        kiosk.client = Client(chosen.sync.model_copy(update={"bureau_url": bureau.url, "ca_file": str(authority)}), identity)
        kiosk.save(record())
        failure = kiosk.round().failure
        assert (failure is None) is good
        if not good:
            assert (failure.trouble, failure.why) == (Trouble.UNREACHABLE, "certificate")
        bureau.stop()
    assert kiosk.counts() == {"received": 3}
    kiosk.close()


def listening(bureau):
    """Whether the process listens; its certificate is not looked at."""
    try:
        bureau.url = (bureau.data / "url").read_text().strip()
        with socket.create_connection(("127.0.0.1", int(bureau.url.rsplit(":", 1)[1])), 1):
            return True
    except (OSError, ValueError, IndexError):
        return False


def test_a_bad_authority_file_is_said(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    chosen = settings(tmp_path, "https://127.0.0.1:1", ca_file=str(tmp_path / "ca.pem"))
    with pytest.raises(ConfigError, match="ca_file"):
        provision(chosen, "https://127.0.0.1:1", "A" * 26)


def test_a_server_that_never_ends_its_answer_is_cut_off(bureau, kiosk):
    """Endless bytes, slowly or fast: bounded."""
    listener = socket.create_server(("127.0.0.1", 0))

    def pour():
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            block = b"10000\r\n" + b"x" * 65536 + b"\r\n"
            try:
                while True:
                    connection.sendall(block)
            except OSError:
                return

    thread = threading.Thread(target=pour)
    thread.start()
    kiosk.point_at(f"http://127.0.0.1:{listener.getsockname()[1]}")
    with pytest.raises(Failure) as refused:
        kiosk.client.time()
    assert (refused.value.trouble, refused.value.why) == (Trouble.FORGED, "too-large")
    kiosk.client.close()
    thread.join(10)
    listener.close()
    assert not thread.is_alive()


def test_proxies_of_the_environment_are_not_used(bureau, kiosk, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    kiosk.point_at(bureau.url)
    assert kiosk.client.time()
