"""Tries the changes of sources in one process: `python -m tests.mutation_loop WHICH SOURCE,SOURCE TEST ...`. By `tests.mutants`.

mutmut makes the changes, and chooses one by its trampoline; modules are imported in their changed form, so nothing is copied. The
tests are collected once, and run once without a change, traced, to see which of them meet which line, by themselves or in a fixture
that they share; then each change is tried in a fork: the tests that meet its line, in the order that killed most in a second so far
(in the same function first), until one fails.
Prints a line of JSON for each change.
"""

from __future__ import annotations

import ast
import difflib
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType, ModuleType

import coverage
import pytest
from _pytest.runner import runtestprotocol
from hypothesis import HealthCheck, Phase, settings
from mutmut.mutation import trampoline
from mutmut.mutation.file_mutation import mutate_file_contents

ROOT = Path(__file__).resolve().parent.parent
Function = ast.FunctionDef | ast.AsyncFunctionDef
FIXTURE = "fixture "
LEAST_S, TIMES = 1.0, 8.0  # of processor time: a change with which a test takes so many times as long has made a loop


class Changed(importlib.machinery.SourceFileLoader):
    """Loads a module with all of its changes in it."""

    def __init__(self, name: str, path: str, code: str) -> None:
        super().__init__(name, path)
        self.changed = code

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.changed, self.path, "exec", dont_inherit=True)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the changed modules before their files."""

    def __init__(self, sources: Sequence[Path]) -> None:
        self.loaders: dict[str, Changed] = {}
        self.names: list[str] = []
        self.functions: dict[str, dict[str, Function]] = {}
        for path in sources:
            parts = path.relative_to(ROOT).with_suffix("").parts
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            made = mutate_file_contents(str(path), path.read_text(encoding="utf-8"))
            self.loaders[module] = Changed(module, str(path), made.code)
            self.names += [f"{module}.{name}" for name in made.mutant_names]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        loader = self.loaders.get(fullname)
        if loader is None:
            return None
        folders = [str(Path(loader.path).parent)] if loader.path.endswith("__init__.py") else None
        return importlib.util.spec_from_file_location(fullname, loader.path, loader=loader, submodule_search_locations=folders)

    def both(self, name: str) -> tuple[Function, Function]:
        """Return a function before and after a change."""
        module, _, changed = name.rpartition(".")
        if module not in self.functions:
            nodes = ast.walk(ast.parse(self.loaders[module].changed))
            self.functions[module] = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        functions = self.functions[module]
        return functions[changed.rpartition("__mutmut_")[0] + "__mutmut_orig"], functions[changed]

    def difference(self, name: str) -> str:
        """Return what a change changes."""
        before, after = ([ast.unparse(node.args), *ast.unparse(node).splitlines()[1:]] for node in self.both(name))
        lines = difflib.unified_diff(before, after, lineterm="", n=0)
        return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))

    def lines(self, name: str) -> tuple[str, set[int]]:
        """Return the file of a change, and the lines of it that a test must meet to notice; all of the function's when in doubt."""
        before, after = self.both(name)
        path = self.loaders[name.rpartition(".")[0]].path
        if ast.dump(before.args) != ast.dump(after.args):
            return path, _all(before)
        return path, _apart(before.body, after.body) or _all(before)


def _all(node: Function) -> set[int]:
    return set(range(node.body[0].lineno, (node.end_lineno or 0) + 1))


def _apart(before: Sequence[ast.AST], after: Sequence[ast.AST]) -> set[int]:
    """Return the lines of the first statement that differs, without what is in its blocks; none when that can not be said."""
    if len(before) != len(after):
        return set()
    for one, other in zip(before, after, strict=True):
        if ast.dump(one) == ast.dump(other):
            continue
        if type(one) is not type(other) or not isinstance(one, ast.stmt) or isinstance(one, ast.Match):
            return set()
        first, last = one.lineno, one.end_lineno or one.lineno
        for field, value in ast.iter_fields(one):
            beside = getattr(other, field)
            if not isinstance(value, list) or not value or not isinstance(value[0], ast.stmt):
                if _dump(value) != _dump(beside):
                    return set(range(first, max(first, min(last, _body(one) - 1)) + 1))
            elif _dump(value) != _dump(beside):
                return _apart(value, beside)
    return set()


def _body(node: ast.stmt) -> int:
    """Return the line at which the blocks of a statement begin; far away when it has none."""
    body = getattr(node, "body", None)
    return body[0].lineno if isinstance(body, list) and body else sys.maxsize


def _dump(value: object) -> str:
    if isinstance(value, list):
        return "".join(_dump(one) for one in value)
    return ast.dump(value) if isinstance(value, ast.AST) else repr(value)


class Loop:
    """The pytest plugin."""

    def __init__(self, finder: Finder, names: Sequence[str]) -> None:
        self.finder, self.names = finder, names
        self.traced: coverage.Coverage | None = None
        self.present = ""  # the test that is traced, or the fixture
        self.made: dict[str, float] = {}  # seconds that a shared fixture takes: whichever test comes first, makes it

    def pytest_configure(self) -> None:
        # What fails is not made small, and nothing is remembered: another change is tried next.
        settings.register_profile(
            "mutants", database=None, deadline=None, phases=(Phase.explicit, Phase.generate), derandomize=True, max_examples=30,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        settings.load_profile("mutants")

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Iterator[None]:
        """What several tests share is made in the first one's time, and met by all of them."""
        if self.traced is None or fixturedef.scope == "function":
            return (yield)
        before = self.present
        self._trace(f"{FIXTURE}{fixturedef.argname}")
        began = time.process_time()
        try:
            return (yield)
        finally:
            self.made[fixturedef.argname] = time.process_time() - began
            self._trace(before)

    def _trace(self, present: str) -> None:
        self.present = present
        if self.traced is not None:
            self.traced.switch_context(present)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        trampoline.set_mutant_under_test("stats")
        trampoline.record_trampoline_hit = lambda name, caller=None: None  # type: ignore[assignment]
        took: dict[pytest.Item, float] = {}
        traced = coverage.Coverage(
            data_file=None, config_file=False, include=[loader.path for loader in self.finder.loaders.values()]
        )
        traced.start()
        self.traced = traced
        for number, item in enumerate(session.items):
            self._trace(str(number))
            began = time.process_time()
            following = session.items[number + 1] if number + 1 < len(session.items) else None
            reports = runtestprotocol(item, nextitem=following, log=False)
            if any(report.failed for report in reports):
                print(json.dumps({"error": f"fails without a change: {item.nodeid}", "told": str(reports[-1].longrepr)[-1500:]}))
                return True
            took[item] = time.process_time() - began
        traced.stop()
        self.traced = None
        limits = dict(took)
        sharing = {str(number): {number} for number in range(len(session.items))}
        for number, item in enumerate(session.items):
            for fixture in item.fixturenames if isinstance(item, pytest.Function) else ():
                sharing.setdefault(f"{FIXTURE}{fixture}", set()).add(number)
                limits[item] += self.made.get(fixture, 0.0)
        contexts = {loader.path: traced.get_data().contexts_by_lineno(loader.path) for loader in self.finder.loaders.values()}
        kills, tries = Counter[object](), Counter[object]()

        def worth(item: pytest.Item, function: str) -> float:
            """Return how many kills a second are to be expected."""
            rate = (kills[item] + 0.5) / (tries[item] + 1)
            return (kills[item, function] + rate) / (tries[item, function] + 1) / max(took[item], 1e-4)

        gc.collect()
        gc.freeze()  # what is there is shared by all forks, and looked through by none
        for name in self.names:
            function = name.rpartition("__mutmut_")[0]
            path, lines = self.finder.lines(name)
            meeting = {number for line in lines for one in contexts[path].get(line, ()) for number in sharing.get(one, ())}
            wanted = sorted((session.items[number] for number in sorted(meeting)), key=lambda item: -worth(item, function))
            verdict, killer = self._try(name, wanted, limits)
            for item in wanted if killer is None else wanted[: killer + 1]:
                tries.update((item, (item, function)))
            if killer is not None:
                kills.update((wanted[killer], (wanted[killer], function)))
            told = {} if verdict in ("killed", "timeout") else {"shown": self.finder.difference(name)}
            print(json.dumps({"name": name, "verdict": verdict, **told}), flush=True)
        return True

    def _try(self, name: str, tests: list[pytest.Item], limits: dict[pytest.Item, float]) -> tuple[str, int | None]:
        if not tests:
            return "no tests", None
        get, put = os.pipe()
        child = os.fork()
        if child == 0:
            trampoline.set_mutant_under_test(name)
            for number, item in enumerate(tests):
                limit_s = max(LEAST_S, TIMES * limits[item])
                signal.setitimer(signal.ITIMER_PROF, limit_s)  # ends the child: the parent sees the signal
                signal.setitimer(signal.ITIMER_REAL, 100 * limit_s)  # … also one that waits for what never comes
                following = tests[number + 1] if number + 1 < len(tests) else None
                if any(report.failed for report in runtestprotocol(item, nextitem=following, log=False)):
                    os.write(put, str(number).encode())
                    os._exit(1)
            os._exit(0)
        os.close(put)
        _, status = os.waitpid(child, 0)
        killer = os.read(get, 16).decode()
        os.close(get)
        if os.WIFSIGNALED(status):
            return "timeout", None
        return ("killed", int(killer)) if killer else ("killed" if os.WEXITSTATUS(status) else "survived", None)


def main(which: str, sources: str, *tests: str) -> int:
    """Try changes of files, or of folders' files: every so many-th, or those that are named, with commas between."""
    paths = [ROOT / source for source in sources.split(",")]
    finder = Finder([file for path in paths for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])])
    names = finder.names[:: int(which)] if which.isdigit() else which.split(",")
    sys.meta_path.insert(0, finder)
    # No plug-ins and no conftest needed here: to load Qt and the bureau's libraries costs more.
    options = ["-q", "--capture=no", "--assert=plain", "-c", os.devnull, f"--rootdir={ROOT}", "-p", "no:cacheprovider"]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    options.append("--noconftest")
    return int(pytest.main([*options, *tests], plugins=[Loop(finder, names)]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
