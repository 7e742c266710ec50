"""What a thief or a tamperer would find open on this machine: one finding a part. Called by `kiosk doctor --security`.

Run it as the kiosk's own user with the kiosk's own configuration; it looks, and changes nothing.
"""

from __future__ import annotations

import importlib.metadata
import os
import stat
import sys
from pathlib import Path

from kiosk import config
from kiosk.doctor.finding import Check, Finding, Phrase
from kiosk.errors import ConfigError
from kiosk.sync import keys

# Versions from which a package calls home (reasons: requirements/kiosk.in); the kiosk may speak to its bureau alone.
CALLS_HOME_FROM = {"mediapipe": (0, 10, 35), "onnxruntime": (1, 30)}
ACCEPT_AT_LEAST = 0.37  # measured: one false match in a thousand (LFW, 4.7 million impostor pairs)
ENFORCED = tuple(name for name, mode in config.Checks() if mode == "enforce")  # what the project ships with
_LIMITS = Path("/proc/self/limits")
_WHERE = {
    "command": Phrase("where [sync] key_command takes them from"),
    "file": Phrase("in a file"),
    "sealed": Phrase("sealed to this machine"),
}
_SUITES = {"std-1": "Ed25519, X25519, AES-256-GCM, SHA-256", "gm-1": "SM2, SM3, SM4: 国密"}


def check_user(_settings: config.Settings) -> Finding:
    """The kiosk needs no rights but to its devices and its folder."""
    if sys.platform == "win32":
        return Finding("user", "idle", Phrase("not to be told on this system"))
    if os.geteuid() == 0:
        return Finding(
            "user",
            "bad",
            Phrase("runs as root"),
            Phrase("make a user of its own for the kiosk (assets/deploy/pension-kiosk.service)"),
        )
    return Finding("user", "ok", Phrase("runs as user {user}, not root", user=os.geteuid()))


def check_files(settings: config.Settings) -> Finding:
    """Nobody else may read the database, the journal, the logs or the keys; nothing there may be a link to elsewhere."""
    folder = config.resolve(settings.store.directory)
    if not folder.exists():
        return Finding("files", "idle", Phrase("none yet in {folder}", folder=folder))
    if sys.platform == "win32":
        return Finding(
            "files",
            "idle",
            Phrase("set the folder's access list by hand"),
            Phrase("only the kiosk's user on {folder}", folder=folder),
        )
    key_files = [config.resolve(settings.store.key_file), config.resolve(settings.sync.key_file)]
    closed = not folder.stat().st_mode & 0o077
    open_to_others, links = [], []
    for path in (folder, *sorted(folder.rglob("*")), *(key for key in key_files if key.exists())):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            links.append(path.name)
        elif mode & 0o077 and (path in (folder, *key_files) or not closed):  # in a closed folder a file's own mode matters little
            open_to_others.append(path.name)
    if open_to_others:
        return Finding(
            "files",
            "bad",
            Phrase("others may read {names}", names=", ".join(dict.fromkeys(open_to_others))[:300]),
            Phrase("chmod 700 {folder}, chmod 600 the keys", folder=folder),
        )
    if links:
        return Finding(
            "files",
            "bad",
            Phrase("links to elsewhere: {names}", names=", ".join(links)[:300]),
            Phrase("put the files themselves there"),
        )
    return Finding("files", "ok", Phrase("{folder} and the keys are the kiosk's own", folder=folder))


def check_keys(settings: config.Settings) -> Finding:
    """A key in a file beside the data protects against nobody who takes the disk."""
    beside = [
        name
        for name, elsewhere, file in (
            (Phrase("the database's"), settings.store.key_command, settings.store.key_file),
            (Phrase("the delivery's"), settings.sync.key_module or settings.sync.key_command, settings.sync.key_file),
        )
        if not elsewhere and (config.resolve(file).exists() or config.credential(Path(file).name) is None)
    ]
    if beside:
        return Finding(
            "keys",
            "bad",
            Phrase("the keys lie in files on the same disk: {keys}", keys=Phrase.joined(beside)),
            Phrase("seal them to this machine (assets/deploy/seal-keys), or set [store] and [sync] key_command"),
        )
    if settings.sync.key_module:
        return Finding(
            "keys", "ok", Phrase("the database's key is sealed or comes from a command, the delivery's stay in their device")
        )
    return Finding("keys", "ok", Phrase("both keys are sealed, or come from a command"))


def check_suite(settings: config.Settings) -> Finding:
    """Under which suite this kiosk speaks, and where its keys lie: what an assessment (密评) asks first."""
    module = settings.sync.key_module
    lying = keys.where_keys_lie(settings.sync)
    where = Phrase("in the device behind {module}", module=module) if lying == "module" else _WHERE[lying]
    try:
        pins = keys.load_pins(settings.sync)
    except ConfigError:
        return Finding("suite", "idle", Phrase("not registered yet; keys will lie {where}", where=where), Phrase("kiosk provision"))
    try:
        keys.load_identity(settings.sync)
    except ConfigError as error:
        return Finding(
            "suite",
            "bad",
            Phrase("{suite}, and the keys do not fit or cannot be had: {error}", suite=pins.suite, error=error),
            Phrase("kiosk provision"),
        )
    return Finding(
        "suite",
        "ok",
        Phrase(
            "{suite} ({algorithms}); its keys lie {where}", suite=pins.suite, algorithms=_SUITES.get(pins.suite, "?"), where=where
        ),
    )


def check_program(_settings: config.Settings) -> Finding:
    """Who takes over the running kiosk must not be able to change the program for the next day."""
    if sys.platform != "win32" and os.geteuid() == 0:
        return Finding("program", "idle", Phrase("root may change everything"), Phrase("run this as the kiosk's user"))
    chosen = Path(os.environ.get("KIOSK_CONFIG", config.CONFIG / "kiosk.toml"))
    writable = [
        str(path.relative_to(config.ROOT) if path.is_relative_to(config.ROOT) else path)
        for path in (config.ROOT / "kiosk", config.ROOT / "config", config.ASSETS, chosen, Path(sys.prefix))
        if os.access(path, os.W_OK)
    ]
    if writable:
        return Finding(
            "program",
            "bad",
            Phrase("the kiosk's user may change {names}", names=", ".join(writable)),
            Phrase("let them belong to root"),
        )
    return Finding("program", "ok", Phrase("the kiosk's user may not change program and configuration"))


def check_camera(settings: config.Settings) -> Finding:
    """A camera that is a program shows whatever somebody wants it to show."""
    if not settings.camera.source.startswith("device:"):
        return Finding(
            "camera",
            "bad",
            Phrase("[camera] source is {kind}:, no device", kind=settings.camera.source.partition(":")[0]),
            Phrase("set it to device:…"),
        )
    if not settings.camera.refuse_names:
        return Finding("camera", "bad", Phrase("[camera] refuse_names is empty"), Phrase("list the names of virtual cameras"))
    loaded = Path("/proc/modules")
    if loaded.exists() and "v4l2loopback" in loaded.read_text(encoding="ascii", errors="replace"):
        return Finding(
            "camera",
            "bad",
            Phrase("the module v4l2loopback is loaded: programs can play a camera"),
            Phrase("remove the package v4l2loopback"),
        )
    return Finding("camera", "ok", Phrase("a device; virtual names are refused"))


def check_liveness(settings: config.Settings) -> Finding:
    """The attack checks that decide must be on."""
    checks = settings.liveness.checks.model_dump()
    weak = [
        Phrase("liveness.checks.{name} is {mode}", name=name, mode=checks[name]) for name in ENFORCED if checks[name] != "enforce"
    ]
    if settings.liveness.actions < 2:
        weak.append(Phrase("only one action is asked for"))
    if not settings.liveness.require_turn:
        weak.append(Phrase("no turn of the head is required"))
    if settings.match.accept < ACCEPT_AT_LEAST:
        weak.append(Phrase("match.accept is {accept:g}", accept=settings.match.accept))
    if weak:
        return Finding("liveness", "bad", Phrase.joined(weak), Phrase("go back to the values of config/kiosk.toml"))
    return Finding(
        "liveness",
        "ok",
        Phrase("{names} enforced, match from {accept:g}", names=", ".join(ENFORCED), accept=settings.match.accept),
    )


def check_bureau(settings: config.Settings) -> Finding:
    """The way to the bureau: encrypted, and to nobody else."""
    if not settings.sync.bureau_url:
        return Finding("bureau", "idle", Phrase("no network: sealed batches are carried by hand"))
    if not settings.sync.bureau_url.startswith("https://"):
        return Finding(
            "bureau", "bad", Phrase("[sync] bureau_url is not https"), Phrase("batches are sealed anyway, but use https")
        )
    if not settings.sync.ca_file:
        return Finding(
            "bureau",
            "idle",
            Phrase("https; any authority that this system trusts is believed"),
            Phrase("set [sync] ca_file to the bureau's own"),
        )
    return Finding("bureau", "ok", Phrase("https, the bureau's own authority alone"))


def check_ways_out(settings: config.Settings) -> Finding:
    """Every way by which a byte may leave this machine, besides the bureau: each is named here, and stands in docs/privacy.md."""
    ways = []
    if settings.printer.kind == "network":
        ways.append(Phrase("slips go to {target} in the clear (masked name, benefits, dates)", target=settings.printer.target))
    if settings.reader.port.startswith(("socket://", "rfc2217://")):
        ways.append(Phrase("cards are read over {port} in the clear (name, number, address, picture)", port=settings.reader.port))
    if ways:
        return Finding("ways-out", "bad", Phrase.joined(ways), Phrase("attach them by cable, or give them a network of their own"))
    return Finding("ways-out", "ok", Phrase("no printer or reader over a network: the bureau and sealed sticks alone"))


def check_memory(_settings: config.Settings) -> Finding:
    """Pictures and keys live in memory: it must not be written to a disk."""
    if sys.platform == "win32":
        return Finding("memory", "idle", Phrase("switch crash dumps off and encrypt the disk (BitLocker)"))
    ways = []
    if _LIMITS.exists():  # by /proc, not by the module resource, which not every system has
        soft = next(
            (line.split()[4] for line in _LIMITS.read_text(encoding="ascii").splitlines() if line.startswith("Max core file size")),
            "0",
        )
        if soft != "0":
            ways.append(Phrase("core dumps are on"))
    swaps = Path("/proc/swaps")
    plain = [line.split()[0] for line in swaps.read_text(encoding="utf-8").splitlines()[1:]] if swaps.exists() else []
    plain = [name for name in plain if not name.startswith(("/dev/zram", "/dev/dm-"))]
    if plain:
        ways.append(Phrase("swap on {names}", names=", ".join(plain)))
    if ways:
        return Finding(
            "memory",
            "bad",
            Phrase.joined(ways),
            Phrase("LimitCORE=0 and MemorySwapMax=0 in the service, or ulimit -c 0 and swapoff"),
        )
    return Finding("memory", "ok", Phrase("no core dumps, no plain swap"))


def check_packages(_settings: config.Settings) -> Finding:
    """No package that calls home, no fault injection left armed."""
    if os.environ.get("KIOSK_FAILPOINTS"):
        return Finding(
            "packages",
            "bad",
            Phrase("KIOSK_FAILPOINTS is set: faults are injected"),
            Phrase("remove it from the service's environment"),
        )
    homesick = [
        f"{name} {version}"
        for name, first in CALLS_HOME_FROM.items()
        if _numbers(version := importlib.metadata.version(name)) >= first
    ]
    if homesick:
        return Finding(
            "packages",
            "bad",
            Phrase("calls home: {names}", names=", ".join(homesick)),
            Phrase("install what requirements/kiosk.txt pins: delete .venv and start ./run"),
        )
    return Finding("packages", "ok", Phrase("no version that is known to call home"))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


CHECKS: dict[str, Check] = {
    "user": check_user,
    "files": check_files,
    "keys": check_keys,
    "suite": check_suite,
    "program": check_program,
    "camera": check_camera,
    "liveness": check_liveness,
    "bureau": check_bureau,
    "ways-out": check_ways_out,
    "memory": check_memory,
    "packages": check_packages,
}
