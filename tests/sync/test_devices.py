"""Keys in a device: PKCS #11 against SoftHSM (std-1), SDF against a library made up here in C (gm-1). What goes wrong is told."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pkcs11
import pytest
from joserfc.jwk import OKPKey
from pkcs11.util.ec import encode_named_curve_parameters

from kiosk.errors import ConfigError, KeyAway
from kiosk.store.engine import journal
from kiosk.store.opening import open_store
from kiosk.sync import devices, seal, suites
from kiosk.sync import keys as keyfiles
from kiosk.sync.client import Client
from kiosk.sync.devices import sdf, token
from kiosk.sync.keys import JournalSigner, check_public, journal_signer, load_keys
from kiosk.sync.provision import provision
from kiosk.sync.suites import sm2
from tests.sync.made import Kiosk, bureau_record, record, settings
from tests.sync.suites import made

PIN = "87654321"
PLACES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
STATION = "SZ-DEVICE-0001"


def pin_file(folder: Path) -> str:
    path = folder / "pin"
    keyfiles.write_private(path, PIN + "\n")
    return str(path)


# --- a token


@pytest.fixture(scope="module")
def softhsm(tmp_path_factory):
    """A token of SoftHSM with the two keys, and the settings that name it."""
    library = next((path for path in PLACES if Path(path).is_file()), "")
    assert library, "SoftHSM is needed (the project's set-up installs softhsm2)"
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    for label in ("kiosk", "empty"):
        given = ["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", PIN]
        subprocess.run(["softhsm2-util", *given], check=True, capture_output=True)
    pkcs11.lib(library).reinitialize()  # another test may have had it read another configuration
    with pkcs11.lib(library).get_token(token_label="kiosk").open(rw=True, user_pin=PIN) as session:
        for label, curve, may in (
            ("kiosk-sign", "1.3.101.112", pkcs11.MechanismFlag.SIGN | pkcs11.MechanismFlag.VERIFY),
            ("kiosk-seal", "1.3.101.110", pkcs11.MechanismFlag.DERIVE),
        ):
            named = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}
            domain = session.create_domain_parameters(pkcs11.KeyType.EC_EDWARDS, named, local=True)
            domain.generate_keypair(mechanism=pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label=label, capabilities=may)
    yield {"key_module": library, "key_pin_file": pin_file(folder)}
    token._sessions.clear()
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture
def chosen(softhsm, tmp_path):
    yield settings(tmp_path / "kiosk", station=STATION, **softhsm)
    token._forget(settings(tmp_path, **softhsm).sync)


def test_a_kiosk_whose_keys_never_leave_their_token(of_both, chosen):
    """Registered, batches sent, bundles opened, the journal signed: nothing of the private keys lies in a file."""
    bureau = of_both
    identity = provision(chosen, bureau.url, bureau.enrolment_code(STATION, "std-1"))
    assert not Path(chosen.sync.key_file).exists()
    kiosk = Kiosk(chosen, identity, open_store(chosen, signer=journal_signer(chosen)), Client(chosen.sync, identity), [])
    kiosk.point_at(bureau.url)
    try:
        assert kiosk.store.signer.key_id.startswith("ed25519:")
        saved = kiosk.save(record(station=STATION))
        assert kiosk.round().failure is None
        assert bureau_record(bureau, saved[0])["verdict"] == "accepted"
        bureau.message("x", STATION)
        kiosk.feed()
        assert journal.verify(kiosk.store, JournalSigner(load_keys(chosen.sync)).check, check_public).ok
        with pytest.raises(ConfigError, match="key_module gives the keys"):
            provision(chosen, bureau.url, bureau.enrolment_code(STATION, "std-1"), new_keys=True)
    finally:
        kiosk.close()


def test_the_token_computes_what_a_file_would(chosen):
    keys = load_keys(chosen.sync)
    assert suites.of(keys.sign) is suites.STD_1
    signed = suites.STD_1.sign({"kid": "a", "typ": "t", "cty": "json"}, b"payload", keys.sign)
    assert suites.STD_1.verify(signed, seal.verify_key(keys.public))[1] == b"payload"
    for text in (b"", b"x" * 5000):
        assert suites.STD_1.decrypt(suites.STD_1.encrypt({"kid": "a"}, text, seal.recipient_key(keys.public)), keys.seal) == text
    other = OKPKey.generate_key("X25519")
    with pytest.raises(suites.NotWhole):
        suites.STD_1.decrypt(suites.STD_1.encrypt({"kid": "a"}, b"x", other), keys.seal)
    for key in (keys.sign, keys.seal):
        private = key.private_key
        with pytest.raises(ValueError, match="stays in its token"):
            private.private_bytes_raw()
        assert copy.copy(private) is private
        assert copy.deepcopy(private) is private
        assert "d" not in key.as_dict(private=True)


def test_a_token_that_was_pulled_and_is_back(chosen, monkeypatch):
    keys, real, tries = load_keys(chosen.sync), token._session, []

    def dead_once(given):
        tries.append(1)
        if len(tries) == 1:
            raise pkcs11.exceptions.SessionHandleInvalid
        return real(given)

    monkeypatch.setattr(token, "_session", dead_once)
    keys.sign.private_key.public_key().verify(keys.sign.private_key.sign(b"x"), b"x")
    assert len(tries) == 2

    def gone(_):
        raise pkcs11.exceptions.TokenNotPresent

    monkeypatch.setattr(token, "_session", gone)
    with pytest.raises(KeyAway, match="kiosk-sign: the token does not answer"):
        keys.sign.private_key.sign(b"x")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"key_module": "/no/such.so"}, r"/no/such\.so: no such library"),
        ({"key_module": __file__}, r"key_module .*test_devices\.py: "),
        ({"key_token": "nobody"}, "key_token nobody: no such token, is it plugged in"),
        ({"key_token": "empty"}, "no keys kiosk-sign and kiosk-seal on it"),
        ({"key_pin_file": "/no/such/pin"}, r"/no/such/pin: No such file"),
    ],
)
def test_what_is_missing_is_said(chosen, changes, told):
    with pytest.raises(ConfigError, match=told):
        devices.pair(chosen.sync.model_copy(update=changes))


def test_a_wrong_pin_is_tried_once(chosen, tmp_path, monkeypatch):
    wrong = tmp_path / "wrong"
    keyfiles.write_private(wrong, "00000000")
    with pytest.raises(ConfigError, match="does not take this PIN"):
        devices.pair(chosen.sync.model_copy(update={"key_pin_file": str(wrong)}))
    wrong.chmod(0o644)
    with pytest.raises(ConfigError, match="others can read it"):
        devices.pair(chosen.sync.model_copy(update={"key_pin_file": str(wrong)}))


def test_without_the_package_it_says_what_to_do(monkeypatch, tmp_path):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(token.importlib, "import_module", missing)
    with pytest.raises(ConfigError, match="needs the package python-pkcs11: install it, or use key_command or key_file"):
        devices.pair(settings(tmp_path, key_module="/usr/lib/any.so").sync)


# --- a cryptographic machine


def library(folder: Path, *defines: str) -> Path:
    compiler = shutil.which("gcc") or shutil.which("cc")
    assert compiler, "a C compiler is needed (the project's set-up installs gcc)"
    source, built = Path(made.__file__).with_name("sdf_library.c"), folder / "libsdf.so"
    given = ["-shared", "-fPIC", f'-DFOLDER="{folder}"', *defines, "-o", str(built), str(source)]
    subprocess.run([compiler, *given], check=True, capture_output=True)
    for name in ("sign", "seal"):
        key = sm2.generate()
        (folder / f"{name}.der").write_bytes(made.private_der(key))
        (folder / f"{name}.pub").write_bytes(key.point)
    return built


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return library(tmp_path_factory.mktemp("sdf"))


@pytest.fixture
def machine(built, tmp_path):
    """Settings that name the library; its moods are put away afterwards."""
    yield settings(
        tmp_path / "kiosk", station=STATION, key_module=str(built), key_module_kind="sdf", key_pin_file=pin_file(tmp_path)
    )
    for mood in ("crash", "hang", "no"):
        (built.parent / mood).unlink(missing_ok=True)
    for one in sdf._machines.values():
        one.close()
    sdf._machines.clear()


def test_a_machine_signs_and_opens(machine):
    keys = load_keys(machine.sync)
    assert suites.of(keys.sign) is suites.GM_1
    signed = suites.GM_1.sign({"kid": "a", "typ": "t", "cty": "json"}, b"payload", keys.sign)
    assert suites.GM_1.verify(signed, seal.verify_key(keys.public))[1] == b"payload"
    for _ in range(4):  # coordinates and hashes of every shape
        assert (
            suites.GM_1.decrypt(suites.GM_1.encrypt({"kid": "a"}, b"text", seal.recipient_key(keys.public)), keys.seal) == b"text"
        )
    with pytest.raises(suites.NotWhole):
        suites.GM_1.decrypt(suites.GM_1.encrypt({"kid": "a"}, b"text", sm2.generate()), keys.seal)
    with pytest.raises(ValueError, match="stays in its machine"):
        keyfiles.dump_keys(keys)


def test_a_kiosk_whose_keys_never_leave_their_machine(of_both, machine):
    bureau = of_both
    identity = provision(machine, bureau.url, bureau.enrolment_code(STATION, "gm-1"))
    kiosk = Kiosk(machine, identity, open_store(machine, signer=journal_signer(machine)), Client(machine.sync, identity), [])
    kiosk.point_at(bureau.url)
    try:
        saved = kiosk.save(record(station=STATION))
        assert kiosk.round().failure is None
        assert bureau_record(bureau, saved[0])["verdict"] == "accepted"
        assert journal.verify(kiosk.store, JournalSigner(load_keys(machine.sync)).check, check_public).ok
    finally:
        kiosk.close()


@pytest.mark.parametrize(("mood", "told"), [("crash", "does not answer"), ("hang", "does not answer"), ("no", "says SDF_Open")])
def test_a_library_that_crashes_hangs_or_says_no(machine, built, monkeypatch, mood, told):
    """The kiosk goes on; as soon as the machine answers again, so do the keys."""
    monkeypatch.setattr(sdf, "ANSWER_S", 5.0 if mood != "hang" else 0.5)
    keys = load_keys(machine.sync)
    (built.parent / mood).touch()
    with pytest.raises(KeyAway):
        suites.GM_1.signature.sign(b"x", keys.sign)
    with pytest.raises(KeyAway, match=told if mood != "no" else "says SDF_"):
        suites.GM_1.signature.sign(b"x", keys.sign)
    sdf._machines.clear()
    with pytest.raises(ConfigError, match=r"libsdf\.so"):
        load_keys(machine.sync)
    (built.parent / mood).unlink()
    assert suites.GM_1.signature.verify(b"x", suites.GM_1.signature.sign(b"x", keys.sign), keys.sign)


def test_what_is_missing_of_a_machine_is_said(machine, built, tmp_path):
    for changes, told in (
        ({"key_module": "/no/such.so"}, r"/no/such\.so: no such library"),
        ({"key_module": __file__}, "the SDF library says"),
        ({"key_index": 2}, r"SDF_GetPrivateKeyAccessRight: 0x0100000e"),
        ({"key_pin_file": ""}, ""),
    ):
        changed = machine.sync.model_copy(update=changes)
        if told:
            with pytest.raises(ConfigError, match=told):
                devices.pair(changed)
        else:
            assert devices.pair(changed)[0].is_private, "a machine that needs no PIN is asked without one"
    other = tmp_path / "other"
    other.mkdir()
    swapped = library(other)
    (other / "sign.pub").write_bytes((other / "seal.pub").read_bytes())
    with pytest.raises(ConfigError, match="does not fit its public key"):
        devices.pair(machine.sync.model_copy(update={"key_module": str(swapped)}))


def test_the_other_form_of_decrypting(machine, tmp_path):
    folder = tmp_path / "with"
    folder.mkdir()
    changed = {"key_module": str(library(folder, "-DWITH_ALGORITHM")), "key_decrypt": "with-algorithm"}
    keys = keyfiles.Keys(*devices.pair(machine.sync.model_copy(update=changed)))
    sealed = suites.GM_1.encrypt({"kid": "a"}, b"text", seal.recipient_key(keys.public))
    assert suites.GM_1.decrypt(sealed, keys.seal) == b"text"


# --- a save stands although the device is away


class Away:
    """A signer whose device was pulled."""

    key_id, public = "sm2:AAAA", ""

    def sign(self, data: bytes) -> str:
        raise KeyAway("pulled")


def test_a_save_stands_although_the_device_is_away(tmp_path):
    chosen = settings(tmp_path)
    with open_store(chosen, signer=Away()) as store:
        began = time.monotonic()
        kiosk = Kiosk(chosen, None, store, None, [])
        kiosk.save(record())
        assert time.monotonic() - began < 60
        rows = store.db.execute("SELECT key_id, digest FROM journal").fetchall()
        assert rows
        assert {key_id for key_id, _ in rows} == {"device-sm3"}, "the database's own key vouches for it"
        assert journal.verify(store).ok
        assert store.db.execute("SELECT count(*) FROM outbox").fetchone() == (1,)
        journal.note(store, "kiosk-started", {"version": "1"}, datetime.now(UTC))
        assert journal.verify(store).ok


def test_parts_of_a_ciphertext():
    standard = made.standard_key()
    for _ in range(8):
        der = sm2.encrypt(standard, bytes(16))
        x, y, c3, c2 = sm2.ciphertext_parts(der)
        assert made.ciphertext(int.from_bytes(x, "big"), int.from_bytes(y, "big"), c3, c2) == der
    long = sm2.encrypt(standard, bytes(200))
    assert len(sm2.ciphertext_parts(long)[3]) == 200
    for bad in (b"", b"\x30", der[:-1], der + b"\0", b"\x31" + der[1:], der[:2] + b"\x04" + der[3:], b"\x30\x82\x00\x79" + der[2:]):
        with pytest.raises(ValueError, match="not a ciphertext"):
            sm2.ciphertext_parts(bad)
