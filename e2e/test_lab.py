"""`farshore lab` as a process: interrupted while it comes up, and hosts that cannot be started again."""

import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request

from conftest import BIN, World, farshore, processes_of, until


def state_of(folder):
    try:
        return json.loads((folder / "lab.json").read_text())["state"]
    except OSError:
        return None


def child_of_world(folder, word):
    return next((pid for pid in processes_of(folder) if word in open(f"/proc/{pid}/cmdline").read()), None)


def test_ctrl_c_while_the_world_comes_up_is_no_success(tmp_path, processes):
    folder = tmp_path / "world"
    lab = processes(BIN / "farshore", "lab", "up", "--foreground", "--dir", folder, stderr=subprocess.PIPE, status=130)
    # A controller that does not answer keeps it from being up.
    controller = until(lambda: child_of_world(folder, "farshored"), 60, "the controller is started")
    os.kill(controller, signal.SIGSTOP)
    assert state_of(folder) == "starting"
    lab.send_signal(signal.SIGINT)
    out, said = lab.communicate(timeout=120)
    assert "the world is up" not in out and "interrupted" in said
    assert state_of(folder) == "failed"
    until(lambda: processes_of(tmp_path) == [], 30, "nothing is left")


def test_a_host_that_cannot_be_started_again_is_told_and_tried_again(world):
    log = world.directory / "logs" / "storefront-use1-web-1.log"
    fault = json.loads(farshore("lab", "fault", "hosts", "us-east-1", "--dir", world.directory, "-o", "json").stdout)["id"]
    until(lambda: world.refresh()["hosts"][0]["storefront_pid"] is None, 30, "the host is dead")
    # Its log cannot be opened: nothing can be started that writes there.
    log.rename(log.with_suffix(".away"))
    log.mkdir()
    farshore("lab", "heal", fault, "--dir", world.directory)
    told = until(lambda: world.refresh()["trouble"], 30, "the trouble is told")
    assert "storefront-use1-web-1" in told and "cannot write" in told["storefront-use1-web-1"], told
    log.rmdir()
    until(lambda: not world.refresh()["trouble"], 30, "it is tried again")

    def serves():
        try:
            with urllib.request.urlopen(world.document["hosts"][0]["storefront"] + "/healthz", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    until(serves, 60, "the storefront serves again")


def test_a_process_of_the_world_that_ends_badly_is_told_when_it_goes_down(tmp_path):
    running = World(tmp_path / "world")
    try:
        host = running.document["hosts"][0]
        os.kill(host["agent_pid"], signal.SIGABRT)
        until(lambda: running.refresh()["ended_badly"], 60, "the world has seen it")
        os.kill(running.document["controllers"][0]["pid"], signal.SIGSTOP)  # and takes SIGTERM all the same
    finally:
        done = farshore("lab", "down", "--dir", running.directory, check=1)
    assert f"error: agent-{host['name']} (pid {host['agent_pid']}) ended badly: killed by signal 6 (ABRT)" in done.stderr, done.stderr
    assert done.stderr.count("ended badly") == 1 and f"remedy: see {running.directory}/logs/agent-{host['name']}.log" in done.stderr
    assert "is down" in done.stdout
    assert processes_of(running.directory) == []
    assert "no world runs" in farshore("lab", "down", "--dir", running.directory).stdout


def test_a_world_whose_supervisor_was_killed_leaves_no_process_and_says_so(tmp_path):
    running = World(tmp_path / "world", "--bare")
    running.kill(running.document["pid"])
    until(lambda: processes_of(running.directory) == [], 60, "its processes have ended with it")
    done = farshore("lab", "down", "--dir", running.directory, check=1)
    assert f"error: lab (pid {running.document['pid']}) ended badly: it died before the world was down" in done.stderr
    assert "no world runs" in farshore("lab", "down", "--dir", running.directory).stdout


def test_shoppers_whose_log_cannot_be_written_say_so_and_end(processes):
    # Bound and not answering: what is asked there fails, and is logged.
    nobody = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    nobody.bind(("127.0.0.1", 0))
    words = ("--dns", f"127.0.0.1:{nobody.getsockname()[1]}", "--name", "shop.example.com", "--port", "80", "--log", "/dev/full", "--rate", "50")
    shoppers = processes(BIN / "farshore", "lab", "shoppers", *words, stderr=subprocess.PIPE, status=1)
    _, said = shoppers.communicate(timeout=120)
    assert "cannot write the client log /dev/full" in said
