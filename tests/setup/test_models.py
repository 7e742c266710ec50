"""Fetching model weights: what is right stays, what is missing or altered is named, and nothing wrong is ever put in place."""

import hashlib
import io
import tarfile
import tomllib
import zipfile

import pytest

from kiosk import models, packages
from kiosk.commands import models as command
from kiosk.errors import ConfigError, ModelError

GOOD, OTHER = b"weights of a model", b"a portrait"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "stick" / "made_up-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("made_up/model.bin", GOOD)
    return path


@pytest.fixture
def sdist(tmp_path):
    path = tmp_path / "stick" / "faces-1.0.tar.gz"
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("faces-1.0/face.jpg")
        info.size = len(OTHER)
        archive.addfile(info, io.BytesIO(OTHER))
    return path


@pytest.fixture
def listed(tmp_path, wheel, sdist):
    text = f"""
    [distribution.made-up]
    requirement = "made-up==1.0"
    file = "{wheel.name}"
    sha256 = "{packages.file_digest(wheel)}"
    megabytes = 1
    [distribution.faces]
    requirement = "faces==1.0"
    file = "{sdist.name}"
    sha256 = "{packages.file_digest(sdist)}"
    megabytes = 1
    sdist = true
    [file.net]
    kind = "model"
    path = "assets/models/net.bin"
    sha256 = "{sha(GOOD)}"
    licence = "MIT"
    origin = "a test"
    distribution = "made-up"
    member = "made_up/model.bin"
    [file.face]
    kind = "demo-face"
    path = "assets/demo-faces/face.jpg"
    sha256 = "{sha(OTHER)}"
    licence = "MIT"
    origin = "a test"
    distribution = "faces"
    member = "faces-1.0/face.jpg"
    """
    manifest = tmp_path / "models.toml"
    manifest.write_text(text, encoding="utf-8")
    return models.read_manifest(manifest, tmp_path / "root")


def downloads(monkeypatch, *archives):
    """Let pip bring these archives; return the list of commands it was called with."""
    commands = []

    def run(command, **_):
        commands.append(command)
        folder = models.Path(command[command.index("--dest") + 1])
        wish = models.Path(command[command.index("-r") + 1]).read_text(encoding="utf-8")
        assert "--hash=sha256:" in wish
        for archive in archives:
            (folder / archive.name).write_bytes(archive.read_bytes())
        return models.subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(models.subprocess, "run", run)
    return commands


def test_fetch_brings_what_is_missing_and_then_leaves_it_alone(listed, wheel, sdist, monkeypatch):
    commands = downloads(monkeypatch, wheel, sdist)
    said: list[str] = []
    models.fetch(listed, said.append)
    assert [file.state() for file in listed.files] == ["ok", "ok"]
    assert listed.find("net").path.read_bytes() == GOOD
    assert len(commands) == 2
    assert all("--require-hashes" in command and "--no-deps" in command for command in commands)
    said.clear()
    models.fetch(listed, said.append)
    assert len(commands) == 2, "a second fetch must download nothing"
    assert all("already there" in line for line in said)


def test_fetch_repairs_an_altered_file(listed, wheel, monkeypatch):
    downloads(monkeypatch, wheel)
    models.fetch(listed, lambda _: None, names=["net"])
    listed.find("net").path.write_bytes(b"something else")
    assert listed.find("net").state() == "altered"
    models.fetch(listed, lambda _: None, names=["net"])
    assert listed.find("net").path.read_bytes() == GOOD


def test_a_member_with_another_digest_is_never_put_in_place(listed, wheel, monkeypatch):
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("made_up/model.bin", b"forged")
    downloads(monkeypatch, wheel)
    old = listed.find("net").path
    old.parent.mkdir(parents=True)
    old.write_bytes(b"what was there before")
    with pytest.raises(ModelError, match="another SHA-256"):
        models.fetch(listed, lambda _: None, names=["net"])
    assert old.read_bytes() == b"what was there before"
    assert list(old.parent.iterdir()) == [old], "no half-written file may stay behind"


def test_no_network_is_said_with_what_to_do(listed, monkeypatch):
    failed = models.subprocess.CompletedProcess([], 1, "", "ERROR: Could not find a version")
    monkeypatch.setattr(models.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(ModelError, match="models import DIR"):
        models.fetch(listed, lambda _: None)


def test_import_takes_files_by_digest_whatever_their_name(listed, tmp_path):
    folder = tmp_path / "usb"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "renamed.dat").write_bytes(GOOD)
    (folder / "face.jpg").write_bytes(b"not the face that is meant")
    left = models.import_from(listed, folder, lambda _: None)
    assert listed.find("net").state() == "ok"
    assert [file.name for file in left] == ["face"]
    assert listed.find("face").state() == "missing"


def test_import_opens_distributions(listed, wheel):
    assert models.import_from(listed, wheel.parent, lambda _: None) == []
    assert {file.state() for file in listed.files} == {"ok"}


def test_missing_and_altered_models_are_errors_that_name_the_command(listed, monkeypatch):
    monkeypatch.setattr(models, "manifest", lambda: listed)
    with pytest.raises(ModelError, match=r"net\.bin is missing.*models fetch"):
        models.path("net")
    with pytest.raises(ModelError, match=r"net\.bin is missing"):
        models.require()
    listed.find("net").path.parent.mkdir(parents=True)
    listed.find("net").path.write_bytes(GOOD[:-1])
    with pytest.raises(ModelError, match=r"net\.bin is altered"):
        models.require("net")
    listed.find("net").path.write_bytes(GOOD)
    models.require()  # the demo face is no model: a station without it works
    assert models.path("net") == models.path("net.bin") == listed.find("net").path


def test_the_command_says_what_is_wrong(listed, monkeypatch, capsys):
    monkeypatch.setattr(models, "manifest", lambda: listed)
    assert command.main(["verify"]) == 1
    out = capsys.readouterr().out
    assert "✗ net.bin: missing" in out
    assert "models fetch" in out


def test_a_malformed_manifest_is_a_config_error(tmp_path):
    manifest = tmp_path / "models.toml"
    manifest.write_text('[distribution.a]\nrequirement = "a==1"\n[file.b]\n', encoding="utf-8")
    with pytest.raises(ConfigError):
        models.read_manifest(manifest, tmp_path)


def test_the_projects_own_manifest():
    """Everything pinned, every licence named, nothing but package names as a source."""
    listed = models.read_manifest(models.MANIFEST, models.ROOT)
    for file in listed.files:
        assert len(file.sha256) == 64
        assert file.licence
        assert file.path.is_relative_to(models.ROOT / "assets")
    for source in listed.distributions.values():
        assert "==" in source.requirement
        assert len(source.sha256) == 64
    text = models.MANIFEST.read_text(encoding="utf-8")
    assert "://" not in text
    assert {file["path"].split("/")[1] for file in tomllib.loads(text)["file"].values()} == {"models", "demo-faces"}
