"""Tries the changes of sources in one process: `python -m tests.mutation_loop EVERY SOURCE,SOURCE TEST ...`. By `tests.mutants`.

mutmut makes the changes, and chooses one by its trampoline; modules are imported in their changed form, so nothing is copied. The
tests are collected once, and run once without a change to see which of them meet which function; then each change is tried in a
fork: its tests in the order that killed most in a second so far, until one fails. Prints a line of JSON for each change.
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
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import HealthCheck, Phase, settings
from mutmut.mutation import trampoline
from mutmut.mutation.file_mutation import mutate_file_contents

ROOT = Path(__file__).resolve().parent.parent
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

    def difference(self, name: str) -> str:
        """Return what a change changes."""
        module, _, changed = name.rpartition(".")
        wanted = {changed: "", changed.rpartition("__mutmut_")[0] + "__mutmut_orig": ""}
        for node in ast.walk(ast.parse(self.loaders[module].changed)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in wanted:
                wanted[node.name] = ast.unparse(node).partition("\n")[2]
        after, before = wanted.values()
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
        return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


class Loop:
    """The pytest plugin."""

    def __init__(self, finder: Finder, every: int) -> None:
        self.finder, self.every = finder, every
        self.met: set[str] = set()  # functions that the running test met

    def pytest_configure(self) -> None:
        # What fails is not made small, and nothing is remembered: another change is tried next.
        settings.register_profile(
            "mutants", database=None, deadline=None, phases=(Phase.explicit, Phase.generate), derandomize=True, max_examples=30,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        settings.load_profile("mutants")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        trampoline.record_trampoline_hit = lambda name, caller=None: self.met.add(name)  # type: ignore[assignment]
        trampoline.set_mutant_under_test("stats")
        tests: dict[str, list[pytest.Item]] = {}
        took: dict[pytest.Item, float] = {}
        for number, item in enumerate(session.items):
            self.met = set()
            began = time.process_time()
            following = session.items[number + 1] if number + 1 < len(session.items) else None
            reports = runtestprotocol(item, nextitem=following, log=False)
            if any(report.failed for report in reports):
                print(json.dumps({"error": f"fails without a change: {item.nodeid}", "told": str(reports[-1].longrepr)[-1500:]}))
                return True
            took[item] = time.process_time() - began
            for name in self.met:
                tests.setdefault(name, []).append(item)
        kills, tries = dict.fromkeys(session.items, 0.5), dict.fromkeys(session.items, 1.0)
        gc.collect()
        gc.freeze()  # what is there is shared by all forks, and looked through by none
        for name in self.finder.names[:: self.every]:
            wanted = tests.get(name.rpartition("__mutmut_")[0], [])
            wanted = sorted(wanted, key=lambda item: -kills[item] / tries[item] / max(took[item], 1e-4))  # the most kills a second
            verdict, killer = self._try(name, wanted, took)
            for item in wanted if killer is None else wanted[: killer + 1]:
                tries[item] += 1
            if killer is not None:
                kills[wanted[killer]] += 1
            told = {} if verdict in ("killed", "timeout") else {"shown": self.finder.difference(name)}
            print(json.dumps({"name": name, "verdict": verdict, **told}), flush=True)
        return True

    def _try(self, name: str, tests: list[pytest.Item], took: dict[pytest.Item, float]) -> tuple[str, int | None]:
        if not tests:
            return "no tests", None
        get, put = os.pipe()
        child = os.fork()
        if child == 0:
            trampoline.set_mutant_under_test(name)
            for number, item in enumerate(tests):
                limit_s = max(LEAST_S, TIMES * took[item])
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


def main(every: str, sources: str, *tests: str) -> int:
    """Try all changes, or every so many-th, of files, or of folders' files."""
    paths = [ROOT / source for source in sources.split(",")]
    finder = Finder([file for path in paths for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])])
    sys.meta_path.insert(0, finder)
    options = ["-q", "-p", "no:xdist", "-p", "no:cov", "-p", "no:cacheprovider", "-o", "timeout=0", "--capture=no"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    return int(pytest.main([*options, *tests], plugins=[Loop(finder, int(every))]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
