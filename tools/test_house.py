"""The tools that keep the house: each finds what it is there to find."""

import os
import pathlib
import subprocess
import sys

import check_layers
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture
def tree(tmp_path):
    """A small source tree without findings."""

    def put(name, text):
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    put("base/ids.h", "#pragma once\n")
    put("adapters/net/http.h", "#pragma once\n")
    put("core/verdict.cc", '#include <vector>\n#include "base/ids.h"\n')
    put("core/verdict_test.cc", '#include "adapters/net/http.h"\n')
    assert check_layers.check_includes(tmp_path / "src") == []
    return put, tmp_path / "src"


@pytest.mark.parametrize(
    ("file", "line", "finding"),
    [
        ("core/a.cc", '#include "adapters/net/http.h"', "src/core/a.cc:1: core may not include adapters/net/http.h"),
        ("base/b.h", '#include "core/verdict.h"', "src/base/b.h:1: no such header below src: core/verdict.h"),
        ("core/c.cc", "#include <thread>", "src/core/c.cc:1: core stays free of #include <thread>"),
        ("core/d.cc", "#include <boost/asio.hpp>", "src/core/d.cc:1: core stays free of #include <boost/asio.hpp>"),
        ("extras/e.cc", "", "src/extras/e.cc: folder extras is not in the table of check_layers.py"),
    ],
)
def test_a_planted_include_is_found(tree, file, line, finding):
    put, src = tree
    put(file, line + "\n")
    assert check_layers.check_includes(src) == [finding]


@pytest.mark.parametrize("symbol", ["clock_gettime", "socket", "pthread_create", "_ZNSt6chrono3_V212system_clock3nowEv"])
def test_a_core_that_links_against_the_world_is_found(tmp_path, symbol):
    (tmp_path / "a.s").write_text(f".text\n.quad {symbol}\n")
    subprocess.run(["as", "-o", "a.o", "a.s"], cwd=tmp_path, check=True)
    subprocess.run(["ar", "rc", "libfarshore_core.a", "a.o"], cwd=tmp_path, check=True)
    (finding,) = check_layers.check_core_symbols(tmp_path)
    assert f"links against {symbol}" in finding


def test_the_column_of_the_map_is_compared():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    assert check_layers.check_column(text) == []
    wrong = text.replace("| base, core, ports |", "| base, core, ports, wire |")
    assert wrong != text
    (finding,) = check_layers.check_column(wrong)
    assert "src/runtime may include base, core, ports, wire, says the map" in finding
    row = next(line for line in text.splitlines() if line.startswith("| `src/sqlite` |"))
    assert check_layers.check_column(text.replace(row + "\n", ""))


def test_an_unexpected_skip_fails_the_run(tmp_path):
    def run(reason):
        (tmp_path / "test_it.py").write_text(f"import pytest\n\ndef test_it():\n    pytest.skip({reason!r})\n")
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "skips", str(tmp_path)],
            env=os.environ | {"PYTHONPATH": str(ROOT / "tools")}, cwd=tmp_path, capture_output=True, text=True, check=False,
        )

    unexpected = run("no time today")
    assert unexpected.returncode == 1 and "UNEXPECTED SKIP test_it.py::test_it: Skipped: no time today" in unexpected.stdout
    allowed = run("cannot mount a small file system here: no rights")
    assert allowed.returncode == 0, allowed.stdout


def test_a_module_that_is_skipped_as_a_whole_counts(tmp_path):
    (tmp_path / "test_it.py").write_text("import pytest\n\npytest.importorskip('no_such_module')\n\n\ndef test_it():\n    pass\n")
    (tmp_path / "test_other.py").write_text("def test_other():\n    pass\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "skips", str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "tools")}, cwd=tmp_path, capture_output=True, text=True, check=False,
    )
    assert done.returncode == 1 and "UNEXPECTED SKIP test_it.py" in done.stdout, done.stdout
