"""The benchmarks do what they say; how fast anything is, is not asked here."""

import contextlib
import json
import os
import pathlib

import exits
import pytest
from conftest import BUILD, until

PROGRAM = BUILD / "bin" / "farshore-bench-controller"


def farshored_with_agents(directory):
    """The process id of the farshored that runs in it, once three agents are connected; None: not yet."""
    connected = sum(log.read_text().count("agent connected") for log in directory.glob("*/farshored.log"))
    for entry in pathlib.Path("/proc").glob("[0-9]*") if connected >= 3 else ():
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if words[0].endswith("/farshored") and str(directory) in " ".join(words):
                return int(entry.name)
    return None


def test_a_swarm_of_three_goes_through_every_phase(tmp_path):
    done = exits.run(PROGRAM, "--agents", "3", "--seconds", "1", "--json", env={**os.environ, "TMPDIR": str(tmp_path)})
    document = json.loads(done.stdout)
    assert document["agents"] == 3
    rows = {(row["phase"], row["what"]): row for row in document["rows"]}
    assert rows["enrol", "connect to hello"]["count"] >= 3
    assert rows["quiet", "a report's answer"]["count"] > 0
    for verb, orders in {"switchover": ("hold", "drain", "fence", "route", "verify"), "failover": ("fence", "route", "verify")}.items():
        assert rows[verb, "outcome"]["words"].startswith("done"), rows[verb, "outcome"]
        for order in orders:
            assert rows[verb, f"{order}: to the ack's answer"]["count"] == 3, order
        assert ("failover", "hold: to the ack") not in rows
        assert rows[verb, "refused"]["value"] == 0
    assert rows["storm", "streams lost"]["value"] >= 3
    assert rows["storm", "connect to hello"]["count"] >= 3
    assert not list(tmp_path.iterdir()), "it leaves nothing behind"


def test_a_controller_that_ends_by_itself_ends_the_measurement(tmp_path, processes):
    bench = processes(PROGRAM, "--agents", "3", "--keep", status=1, env={**os.environ, "TMPDIR": str(tmp_path)}, stderr=-1)
    exits.kill_on_purpose(until(lambda: farshored_with_agents(tmp_path), 30, "three agents are connected"))
    out, err = bench.communicate()
    assert bench.returncode == 1
    assert "farshored ended by itself, wait status 9" in err
    (kept,) = tmp_path.iterdir()
    assert (kept / "farshored.log").exists()


@pytest.mark.parametrize("words", [("--agents", "1"), ("--agents", "many"), ("--seconds", "0"), ("--nothing",), ("more",)])
def test_a_wrong_flag_gives_the_usage_and_exit_64(words):
    refused = exits.run(PROGRAM, *words, status=64)
    assert refused.stdout == ""
    assert "--agents" in refused.stderr
    assert "Usage:" in refused.stderr
