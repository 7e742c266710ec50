"""A bureau whose keys never leave a device: a token (std-1, SoftHSM) or a machine (gm-1, the tests' own SDF library)."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

import httpx
import pkcs11
import pytest
from pkcs11.util.ec import encode_named_curve_parameters

from kiosk.bureau import app
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.bureau.rings import key_path
from kiosk.commands import bureau as command
from kiosk.errors import ConfigError
from kiosk.sync import keys as keyfiles
from kiosk.sync import protocol
from kiosk.sync.devices import sdf, token
from tests.bureau.made import opened, record, register
from tests.sync.test_devices import PIN, PLACES, library


@pytest.fixture
def pin(tmp_path):
    keyfiles.write_private(tmp_path / "pin", PIN + "\n")
    return tmp_path / "pin"


@pytest.fixture
def softhsm(tmp_path, monkeypatch):
    folder = tmp_path / "softhsm"
    (folder / "tokens").mkdir(parents=True)
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    monkeypatch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
    module = next(path for path in PLACES if Path(path).is_file())
    given = ["--init-token", "--free", "--label", "bureau", "--pin", PIN, "--so-pin", PIN]
    subprocess.run(["softhsm2-util", *given], check=True, capture_output=True)
    pkcs11.lib(module).reinitialize()
    with pkcs11.lib(module).get_token(token_label="bureau").open(rw=True, user_pin=PIN) as session:
        for ending, curve, may in (
            ("sign", "1.3.101.112", pkcs11.MechanismFlag.SIGN | pkcs11.MechanismFlag.VERIFY),
            ("seal", "1.3.101.110", pkcs11.MechanismFlag.DERIVE),
        ):
            named = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}
            domain = session.create_domain_parameters(pkcs11.KeyType.EC_EDWARDS, named, local=True)
            mechanism = pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN
            domain.generate_keypair(mechanism=mechanism, store=True, label=f"bureau-2027-{ending}", capabilities=may)
    yield ["--device-module", module, "--device-label", "bureau-2027"]
    token._sessions.clear()


@pytest.fixture
def machine(tmp_path):
    (tmp_path / "sdf").mkdir()
    yield ["--device-module", str(library(tmp_path / "sdf"))]
    for one in sdf._machines.values():
        one.close()
    sdf._machines.clear()


def taken_up(tmp_path, suite, given, pin):
    """A bureau takes a device's keys into use as it does with any others; returns it, and one of its kiosks."""
    data = tmp_path / "bureau"
    context = opened(data, suites=(suite,))
    context.engine.dispose()
    for step in (["announce", *given, "--device-pin-file", str(pin)], ["switch"], ["retire"]):
        assert command.main(["keys", *step, "--data", str(data), "--suite", suite]) == 0
    text = key_path(data, suite).read_text()
    assert '"device"' in text
    assert '"d"' not in text
    assert os.stat(key_path(data, suite)).st_mode & 0o077 == 0
    context = open_context(BureauSettings(data=str(data), suites=(suite,)))
    return context, register(context)


def goes_round(context, kiosk):
    """A batch is opened and its receipt signed, both by the device."""
    assert kiosk.send(record()).verdicts[0].verdict == "accepted"


def test_a_token(tmp_path, softhsm, pin, capsys):
    context, kiosk = taken_up(tmp_path, "std-1", softhsm, pin)
    goes_round(context, kiosk)
    command.main(["keys", "show", "--data", context.settings.data])
    assert f"std-1 in force: {context.bureau_id}, device {softhsm[1]} (pkcs11)" in capsys.readouterr().out
    with pytest.raises(ValueError, match="stays in its token"):
        context.keys.seal.private_key.private_bytes_raw()
    context.engine.dispose()


def test_a_machine_and_what_is_told_while_it_does_not_answer(tmp_path, machine, pin):
    context, kiosk = taken_up(tmp_path, "gm-1", machine, pin)
    goes_round(context, kiosk)
    (tmp_path / "sdf" / "no").touch()
    sealed = kiosk.sealed([record()])
    served = app.create(context)

    def ask(method, path, body=b""):
        async def one():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://127.0.0.1") as client:
                return await client.request(method, path, content=body, headers={"Content-Type": protocol.MEDIA_TYPE})

        return asyncio.run(one())

    answer = ask("GET", "/v1/time?nonce=n&suite=gm-1")
    assert (answer.status_code, answer.json()["reason"], answer.headers["retry-after"]) == (503, "keys-away", "10")
    assert ask("POST", "/v1/batches", sealed).json()["reason"] == "keys-away"
    (tmp_path / "sdf" / "no").unlink()
    assert ask("POST", "/v1/batches", sealed).status_code == 200, "the same bytes, a moment later"
    context.engine.dispose()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--device-module", "lib.so"], "an absolute path"),
        (["--device-module", "/no/such.so"], "no such library"),
        (["--device-module", "/no/such.so", "--device-index", "0"], "the device: "),
    ],
)
def test_a_device_that_is_not_there_is_not_announced(tmp_path, given, told):
    context = opened(tmp_path / "bureau", suites=("gm-1",))
    with pytest.raises(ConfigError, match=told):
        command.main(["keys", "announce", *given, "--data", context.settings.data, "--suite", "gm-1"])
    assert not key_path(Path(context.settings.data), "gm-1", "next").exists()
    context.engine.dispose()


def test_keys_of_another_suite_and_files_that_are_neither_are_refused(tmp_path, machine, pin):
    context = opened(tmp_path / "bureau", suites=("std-1",))
    data = Path(context.settings.data)
    given = ["--device-kind", "sdf", "--device-pin-file", str(pin)]
    with pytest.raises(ConfigError, match="has keys of gm-1"):
        command.main(["keys", "announce", *machine, *given, "--data", str(data)])
    for text in ('{"device": {}}', "[]", '{"device": {"module": "/x", "kind": "other"}}'):
        keyfiles.write_private(key_path(data, "std-1"), text)
        with pytest.raises(ConfigError):
            open_context(BureauSettings(data=str(data)))
        assert context.fresh().bureau_id == context.bureau_id, "a bureau that runs goes on with what it has loaded"
    context.engine.dispose()
