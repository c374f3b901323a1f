"""A policy in simulated worlds, as an operator asks for it: nothing but a configuration is needed."""

import json
import re
import signal
import subprocess

import exits
from conftest import BIN, ROOT, farshore, until

EXAMPLE = (ROOT / "examples" / "farshore.yaml").read_text()
BLIPS = ("--weather", "data_blip", "region_blip", "--worlds", "5", "--armed")


def written(path, *changes):
    text = re.sub(r"\$\{file:[^}]*\}", "/etc/farshore/operator.token", EXAMPLE)
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text)
    return path


def patient(path):
    return written(path, ("unhealthy_for: 1500ms", "unhealthy_for: 2m"), ("healthy_for: 10s", "healthy_for: 2m"), ("rto: 60s", "rto: 10m"))


def simulated(*words):
    return json.loads(farshore("simulate", *words, "-o", "json").stdout)


def test_a_patient_policy_leaves_out_the_blips_at_which_a_hasty_one_fires(tmp_path):
    hasty, slow = written(tmp_path / "hasty.yaml"), patient(tmp_path / "patient.yaml")
    both = simulated("--config", hasty, "--compare", slow, *BLIPS)
    first, second = both["configurations"]
    assert first["in_all"]["judged"]["blip"] > 0 and second["in_all"]["fired"] == 0, both
    assert (first["in_all"]["worlds"], second["in_all"]["worlds"]) == (10, 10)
    alone = simulated("--config", hasty, *BLIPS)
    assert alone["configurations"][0]["in_all"] == first["in_all"], "the same seed plays the same worlds"
    said = farshore("simulate", "--config", hasty, "--compare", slow, *BLIPS)
    assert "THE SAME WORLDS" in said.stdout and said.stderr == "", said
    assert re.search(r"at a blip +[1-9]\d* +0\n", said.stdout), said.stdout


def test_the_operators_own_mode_counts_unless_it_is_played_as_armed(tmp_path):
    own = written(tmp_path / "own.yaml")
    words = ("--config", own, "--weather", "data_outage", "--worlds", "2")
    (watching,) = simulated(*words)["configurations"]
    assert watching["in_all"]["fired"] == 0 and watching["in_all"]["held_by"] == {"mode": 2}, watching
    (armed,) = simulated(*words, "--armed")["configurations"]
    assert armed["in_all"]["judged"]["right"] == 2 and armed["in_all"]["first_write_ms"]["max"] < 60_000, armed
    said = farshore("simulate", *words).stdout
    assert "data_outage: mode held it back in 2 of 2" in said and "the rates of the weather are assumptions" in said, said


def test_what_cannot_be_simulated_is_refused(tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text(EXAMPLE.replace("max_loss", "max_lost"))
    own = written(tmp_path / "own.yaml")
    for words in (["--config", broken], ["--config", own, "--compare", broken]):
        refused = farshore("simulate", *words, check=78)
        assert "error[C104]" in refused.stderr and "max_lost" in refused.stderr and refused.stdout == "", refused
    assert "no configuration is named" in exits.run(BIN / "farshore", "simulate", status=64, cwd=tmp_path, timeout=60).stderr
    assert "hail" in farshore("simulate", "--config", own, "--weather", "hail", check=64).stderr
    assert "no time of up to 5s" in farshore("simulate", "--config", own, "--lag", "1h", check=64).stderr


def catches(pid, number):
    """The process has a handler for the signal."""
    status = open(f"/proc/{pid}/status").read()
    return bool(int(re.search(r"SigCgt:\s*(\w+)", status)[1], 16) >> (number - 1) & 1)


def test_an_interrupt_gives_what_is_known_so_far(tmp_path, processes):
    own = written(tmp_path / "own.yaml")
    words = (BIN / "farshore", "simulate", "--config", own, "--worlds", "10000", "-o", "json")
    running = processes(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, status=130)
    until(lambda: catches(running.pid, signal.SIGINT), 30, "it plays")
    running.send_signal(signal.SIGINT)
    out, said = running.communicate(timeout=60)
    told = json.loads(out)
    assert told["interrupted"] and told["worlds"] < 190_000 and said == "", said
    assert told["configurations"][0]["in_all"]["worlds"] == told["worlds"]
