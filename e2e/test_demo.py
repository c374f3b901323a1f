"""`farshore demo` as a newcomer runs it, and its report recomputed from what the shoppers logged."""

import json
import os
import pathlib
import signal
import subprocess
import threading
import time

import jsonschema
import pytest

from demo_run import Demo

from conftest import BIN, ROOT, TABLE, World, farshore, is_alive, lost_by_the_lab, until


def schema(name):
    return json.loads((ROOT / "schema" / f"{name}.schema.json").read_text())


def shoppers_log(folder):
    logs = sorted(pathlib.Path(folder).rglob("*.ndjson"))
    assert logs, f"no client log below {folder}"
    return [json.loads(line) for line in logs[0].read_text().splitlines()]


def rto(requests, since, until_ms):
    """Written anew on purpose: from the first failure to the first request of three quiet seconds."""
    span = sorted((r["intended_ms"], r["ok"]) for r in requests if since <= r["intended_ms"] < until_ms)
    failures = [at for at, ok in span if not ok]
    if not failures:
        return None, 0
    for index, at in enumerate(failures):
        following = failures[index + 1] if index + 1 < len(failures) else None
        stable = next((when for when, ok in span if when > at and ok), None)
        if stable is not None and (following is None or following - stable >= 3000):
            return stable - failures[0], len(failures)
    return None, len(failures)


class Counter(threading.Thread):
    """An application of its own: writes numbered items through an agent, and remembers what was acknowledged."""

    def __init__(self, world, endpoint):
        super().__init__(daemon=True)
        self.table = world.dynamodb(endpoint)
        self.acknowledged = {}
        self.stopped = threading.Event()

    def run(self):
        number = 0
        while not self.stopped.is_set():
            number += 1
            key = f"counter-{number % 20}"
            try:
                self.table.put_item(TableName=TABLE, Item={"id": {"S": key}, "count": {"N": str(number)}})
                self.acknowledged.setdefault(key, []).append((time.time() * 1000, number))
            except Exception:  # noqa: BLE001: a failed write is not acknowledged, whatever the reason
                pass
            time.sleep(0.02)


def test_the_dynamodb_story_with_a_counter_beside_it(tmp_path):
    out = tmp_path / "report"
    demo = subprocess.Popen([str(BIN / "farshore"), "demo", "--keep", "--out", str(out), "--dir", str(tmp_path / "world")],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    world = None
    try:
        def is_up():
            done = farshore("lab", "status", "--dir", tmp_path / "world", "-o", "json", check=False)
            assert demo.poll() is None, demo.stdout.read()
            return done.returncode == 0 and json.loads(done.stdout).get("hosts")
        until(is_up, 60, "the demo's world is up")
        world = World.__new__(World)
        world.directory = tmp_path / "world"
        world.refresh()
        counter = Counter(world, world.hosts("us-east-1")[0]["dynamodb"])
        counter.start()
        text, _ = demo.communicate(timeout=240)
        counter.stopped.set()
        counter.join(timeout=10)
        assert demo.returncode == 0, text
        report = json.loads((out / "report.json").read_text())
        assert (out / "report.html").read_text().startswith("<!doctype html>")
        jsonschema.validate(report, schema("report"))
        for operation in report["operations"].values():
            jsonschema.validate(operation, schema("operation"))
        jsonschema.validate(world.status(), schema("status"))

        # The report's numbers are those of the shoppers' own log.
        requests = shoppers_log(out)
        measured, failed = rto(requests, report["fault"]["from_ms"], report["switchover_requested_ms"])
        assert report["phase_clock"]["rto_ms"] == measured
        assert report["traffic"]["failover"]["failed"] == failed
        assert report["traffic"]["whole"]["requests"] == len(requests)
        switchover = [r for r in requests if r["intended_ms"] >= report["switchover_requested_ms"]]
        assert switchover and all(r["ok"] for r in switchover)
        assert report["data"]["acknowledged"] == sum(1 for r in requests if r["ok"] and r["kind"] == "add")
        assert report["data"]["balance"] and report["data"]["doubled"] == 0
        assert report["verdict"] == "passed" and measured <= 5000

        # Losses counted from ledgers and DynamoDB reads equal the lab's own log.
        lost_in_log = lost_by_the_lab(world.log())
        booked = [w for w in report["data"]["loss_book"] if w["fate"] in ("suppressed", "never_arrived")]
        undecided = report["data"]["undecided"]
        assert len(booked) <= lost_in_log <= len(booked) + undecided, (len(booked), undecided, lost_in_log)

        # Every acknowledged write of the counter is there, or its loss is named.
        table = world.region_table("us-east-1")
        named = {}
        for write in booked + [w for w in report["data"]["loss_book"] if w["fate"] == "unknown"]:
            named.setdefault(json.loads(write["key"])["id"]["S"], []).append(write)
        for key, writes in counter.acknowledged.items():
            item = table.get_item(TableName=TABLE, Key={"id": {"S": key}}, ConsistentRead=True).get("Item")
            assert item, f"{key} is gone"
            last = max(number for _, number in writes)
            if int(item["count"]["N"]) < last:
                assert key in named, f"{key}: {last} was acknowledged, {item['count']['N']} is there, and no loss is named"
            late = [number for at, number in writes if at >= report["switchover_requested_ms"]]
            assert not late or int(item["count"]["N"]) >= max(late), f"{key}: a write of the switchover is lost"
    finally:
        if demo.poll() is None:
            demo.send_signal(signal.SIGINT)
            demo.wait(timeout=20)
        farshore("lab", "down", "--dir", tmp_path / "world", check=False)


def test_the_servers_story(tmp_path):
    done = farshore("demo", "servers", "--out", tmp_path / "report", "--dir", tmp_path / "world", check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["verdict"] == "passed"
    assert report["phase_clock"]["rto_ms"] is not None
    assert "stack_impaired" in report["operations"]["failover"]["reason"]


def descendants(pid):
    found, queue = [], [pid]
    while queue:
        parent = queue.pop()
        try:
            children = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        except OSError:
            continue
        found += [int(child) for child in children]
        queue += [int(child) for child in children]
    return found


@pytest.mark.parametrize("moment", ["at once", "while it comes up", "in the story"])
def test_ctrl_c_leaves_no_process_behind(tmp_path, moment):
    demo = subprocess.Popen([str(BIN / "farshore"), "demo", "--out", str(tmp_path / "report"), "--dir", str(tmp_path / "world")],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    seen = set()
    if moment == "at once":
        time.sleep(0.05)
    else:
        until(lambda: len(descendants(demo.pid)) >= (2 if moment == "while it comes up" else 9), 60, "processes of the world")
    seen |= set(descendants(demo.pid))
    os.killpg(demo.pid, signal.SIGINT)
    demo.wait(timeout=30)
    seen |= set(descendants(demo.pid))
    until(lambda: not [pid for pid in seen if is_alive(pid)], 10, f"no process left of {len(seen)}")
    assert demo.returncode != 0


def test_a_story_without_its_load_is_inconclusive(tmp_path):
    with Demo(tmp_path) as demo:
        demo.wait_for("go shopping")
        os.kill(demo.pid_of("shoppers"), signal.SIGKILL)
        assert demo.end() == 9, demo.text
        report = demo.report()
        assert report["verdict"] == "interrupted"
        assert report["load"]["trouble"] == "the shoppers ended early: killed by signal 9"
        assert any("the shoppers ended early" in finding for finding in report["findings"])
        assert "the shoppers ended early" in demo.text
