"""The tools that keep the house: each finds what it is there to find."""

import os
import pathlib
import re
import sys

import check_layers
import exits
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


def test_a_bug_that_a_program_of_the_product_plants_is_found(tree):
    put, src = tree
    put("core/planted.h", "inline thread_local Bug planted_bug = Bug::none;\n")
    put("sim/planted_world.h", "core::planted_bug = bug;\n")
    put("core/verdict_test.cc", "planted_bug = Bug::none;\n")
    assert check_layers.check_plants(src) == []
    put("core/verdict.cc", "planted_bug = Bug::none;\n")
    put("sim/scene.cc", "core::planted_bug = bug;\n")
    assert check_layers.check_plants(src) == [
        f"src/{file}: only src/sim/planted_world.h may set planted_bug" for file in ("core/verdict.cc", "sim/scene.cc")
    ]


@pytest.mark.parametrize("symbol", ["clock_gettime", "socket", "pthread_create", "_ZNSt6chrono3_V212system_clock3nowEv"])
def test_a_core_that_links_against_the_world_is_found(tmp_path, symbol):
    (tmp_path / "a.s").write_text(f".text\n.quad {symbol}\n")
    exits.run("as", "-o", "a.o", "a.s", cwd=tmp_path)
    exits.run("ar", "rc", "libfarshore_core.a", "a.o", cwd=tmp_path)
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


def run_pytest(folder, plugin="skips", **environment):
    return exits.run(
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", plugin, folder, status=exits.ANY, quotes=True, cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT / "tools")} | environment,
    )


def test_an_unexpected_skip_fails_the_run(tmp_path):
    def run(reason):
        (tmp_path / "test_it.py").write_text(f"import pytest\n\ndef test_it():\n    pytest.skip({reason!r})\n")
        return run_pytest(tmp_path)

    unexpected = run("no time today")
    assert unexpected.returncode == 1 and "UNEXPECTED SKIP test_it.py::test_it: Skipped: no time today" in unexpected.stdout
    allowed = run("cannot mount a small file system here: no rights")
    assert allowed.returncode == 0, allowed.stdout


def test_a_module_that_is_skipped_as_a_whole_counts(tmp_path):
    (tmp_path / "test_it.py").write_text("import pytest\n\npytest.importorskip('no_such_module')\n\n\ndef test_it():\n    pass\n")
    (tmp_path / "test_other.py").write_text("def test_other():\n    pass\n")
    done = run_pytest(tmp_path)
    assert done.returncode == 1 and "UNEXPECTED SKIP test_it.py" in done.stdout, done.stdout


BAD_ENDS = '''
import exits
import pytest

SLEEP = ("sh", "-c", "trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done")


def ready(process):
    assert process.stdout.readline() == "ready\\n"
    return process


@pytest.mark.parametrize("script", ["kill -SEGV $$", "exit 3", "echo x.cc:1:2: runtime error: overflow", "echo ERROR: AddressSanitizer: x; exit 86"])
def test_bad_by_itself(processes, script):
    processes("sh", "-c", script).wait()


@pytest.mark.parametrize("script", ["kill -ABRT $$", "exit 86", "echo a: assertion failed: b"])
def test_bad_whatever_the_status(script):
    exits.run("sh", "-c", script, status=exits.ANY)


def test_bad_that_does_not_end(processes, monkeypatch):
    ready(processes("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.01; done"))
    monkeypatch.setattr(exits, "PATIENCE", 0.001)
    processes.end()


def test_bad_that_another_kills(processes):
    process = ready(processes(*SLEEP))
    import os, signal
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_bad_that_a_sanitizer_wrote_a_report(processes):
    processes("sh", "-c", "echo data race >$FARSHORE_SANITIZER_REPORTS.1").wait()


def test_good_that_the_test_kills(processes):
    ready(processes(*SLEEP)).kill()


def test_good_that_ends_as_told(processes):
    processes("sh", "-c", "exit 69", status=69).wait()
    processes("true").wait()
    assert exits.run("sh", "-c", "exit 7", status=exits.ANY).returncode == 7


def test_good_that_ends_when_asked(processes):
    ready(processes(*SLEEP))
'''


def test_a_process_that_ends_badly_fails_its_test(tmp_path):
    (tmp_path / "test_it.py").write_text(BAD_ENDS)
    done = run_pytest(tmp_path, "exits", FARSHORE_SANITIZER_REPORTS=str(tmp_path / "report"))
    failed = {line.split("::")[1].split("[")[0].split(" ")[0] for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))}
    assert len([line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]) == 10, done.stdout
    assert failed == {f"test_bad_{name}" for name in (
        "by_itself", "whatever_the_status", "that_does_not_end", "that_another_kills", "that_a_sanitizer_wrote_a_report")}, done.stdout
    for words in ("killed by signal 11 (SEGV)", "exit status 3", "did not end in time", "killed by signal 9 (KILL)", "data race"):
        assert words in done.stdout, words


def test_a_process_that_nobody_awaits_fails_the_run(tmp_path):
    (tmp_path / "test_it.py").write_text("import exits\n\ndef test_it():\n    exits.Process(['sleep', '1000'])\n")
    done = run_pytest(tmp_path, "exits")
    assert done.returncode == 1 and "NOT AWAITED sleep 1000" in done.stdout, done.stdout


PAST_IT = re.compile(r"subprocess\.(run|Popen|call|check_call|check_output|getoutput)\(|os\.(system|popen|fork|spawn\w+|posix_spawn)\(|pty\.(fork|spawn)\(|multiprocessing")


def test_no_test_starts_a_process_past_the_one_place():
    files = [*(ROOT / "e2e").rglob("*.py"), *(ROOT / "test").rglob("*.py"), *(ROOT / "tools").glob("test_*.py"), ROOT / "tools" / "contract_tests.py"]
    assert len(files) > 20
    found = [f"{file.relative_to(ROOT)}:{number}" for file in files for number, line in enumerate(file.read_text().splitlines(), 1)
             if PAST_IT.search(line) and "PAST_IT = " not in line]
    assert found == [], "exits.run and exits.Processes start processes for tests"
