"""The bureau beside the virtual machine: the real one, on this machine, by TLS, under the address that QEMU shows it at."""

from __future__ import annotations

import ipaddress
import sqlite3
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kiosk.bureau.process import BureauProcess
from kiosk.demo import people
from kiosk.store.roster.line import to_line

SEEN_AT = "10.0.2.2"  # this machine, as the guest of QEMU's user network sees it
STATION = "SZ-VM-0001"
DUE = ("li", "zhuang", "lin80", "hongkong")  # people of the demo who may certify today, with their faces


class Town:
    """The bureau, its certificate, the people of its roster, and sticks."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.certificate, key = _certificate(folder)
        self.bureau = BureauProcess(data=folder / "bureau", tls=(self.certificate, key), ca=self.certificate, auto_confirm=True)

    def open(self) -> None:
        """Start the bureau and issue the roster, once."""
        port = self.folder / "port"
        if port.exists():
            self.bureau.port = int(port.read_text())
        self.bureau.start(120.0)
        port.write_text(str(self.bureau.port), encoding="ascii")
        if (self.folder / "issued").exists():
            return
        entries = people.roster(datetime.now(ZoneInfo("Asia/Shanghai")).date(), only=DUE)
        lines = self.folder / "roster.jsonl"
        lines.write_bytes(b"".join(to_line(entry) + b"\n" for entry in entries))
        self.bureau.issue_roster(lines)
        (self.folder / "issued").touch()

    def told_of(self, version: str) -> str:
        """Return what the bureau has heard of a version's update at the station: ok, went-back …; "" for nothing yet."""
        with sqlite3.connect(f"file:{self.folder / 'bureau' / 'bureau.db'}?mode=ro", uri=True) as database:
            found = database.execute("SELECT result FROM station_versions WHERE version = ?", (version,)).fetchone()
        return str(found[0]) if found else ""

    @property
    def url(self) -> str:
        """Where the kiosk in the machine finds it."""
        return f"https://{SEEN_AT}:{self.bureau.port}"

    def stick(self, name: str, files: dict[str, Path], megabytes: int = 64) -> Path:
        """Return the image of a FAT stick with these files and folders on it."""
        image = self.folder / f"{name}.img"
        image.unlink(missing_ok=True)
        with image.open("wb") as file:
            file.truncate(megabytes * 1024 * 1024)
        subprocess.run(["mkfs.vfat", "-n", name.upper()[:11], str(image)], check=True, stdout=subprocess.DEVNULL)
        for target, source in files.items():
            subprocess.run(["mcopy", "-s", "-i", str(image), str(source), f"::{target}"], check=True, stdout=subprocess.DEVNULL)
        return image


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Return a certificate that signs itself, and its key."""
    certificate, key_file = folder / "bureau.pem", folder / "bureau.key"
    if certificate.exists():
        return certificate, key_file
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bureau of the trial")])
    addresses = [x509.IPAddress(ipaddress.ip_address(one)) for one in (SEEN_AT, "127.0.0.1")]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.KeyUsage(True, False, False, False, False, True, True, False, False), critical=True)
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem, plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key_file.write_bytes(key.private_bytes(pem, plain, serialization.NoEncryption()))
    return certificate, key_file
