"""config/kiosk.toml is the operator's reference: it lists every key, with its default and a word about it."""

import re
import tomllib

import pytest
from pydantic import BaseModel

from kiosk import config
from kiosk.errors import ConfigError

FILE = config.CONFIG / "kiosk.toml"


def leaves(section: BaseModel, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], object]:
    found: dict[tuple[str, ...], object] = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            found |= leaves(value, (*path, name))
        else:
            found[*path, name] = value
    return found


def plain(value: object) -> object:
    return [plain(item) for item in value] if isinstance(value, tuple | list) else value


def test_every_key_is_listed_with_its_default():
    written = tomllib.loads(FILE.read_text(encoding="utf-8"))
    for path, default in leaves(config.Settings()).items():
        here: object = written
        for part in path:
            assert isinstance(here, dict), f"{'.'.join(path)} is not in {FILE.name}"
            assert part in here, f"{'.'.join(path)} is not in {FILE.name}"
            here = here[part]
        assert here == plain(default), f"{'.'.join(path)}: the file says {here!r}, the code {default!r}"


def test_every_section_and_nearly_every_key_has_a_comment():
    lines = [line for line in FILE.read_text(encoding="utf-8").splitlines() if re.match(r"[a-z_]+ = ", line)]
    bare = [line for line in lines if "#" not in line]
    # Bare is fine only where the line above or the name itself says it (width and height, from and to).
    assert len(bare) <= len(lines) // 7, bare


def test_the_file_loads_and_is_the_default():
    assert config.load(FILE) == config.Settings()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[camera]\nsorce = 'device:0'\n", "camera.sorce"),
        ("[sync]\ninterval_s = -1\n", "sync.interval_s"),
        ("[nonsense]\n", "nonsense"),
    ],
)
def test_a_wrong_key_is_an_error_that_names_it(tmp_path, text, named):
    file = tmp_path / "wrong.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(named)):
        config.load(file)
