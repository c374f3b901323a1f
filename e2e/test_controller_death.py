"""The controller is killed, or does not come back: operations end, shoppers notice nothing, cut-off agents stop."""

import json
import time

import pytest

import exits
from conftest import World, farshore, is_alive, until
from stalls import UNANSWERED, Stalls, assert_only_unanswered

STATES = ["waiting", "holding", "draining", "raising", "fencing", "examining", "repointing", "shifting", "verifying"]
ATTEMPTS = 6


def kill_controller(pid, world):
    """SIGKILL; the world does not bring it back by itself. Gives the moment."""
    world.kill(pid)
    at = time.time()
    until(lambda: not is_alive(pid), 30, "controller dead")
    return at * 1000


def operation_in(world, states):
    operation = world.operation()
    return operation if operation and (operation["state"] in states or operation["outcome"] != "running") else None


def open_everywhere(world):
    status = world.try_status()
    return status and not status["operation"] and status["agents"] and all(
        agent["connected"] and agent["write_state"] == "open" for agent in status["agents"]
    )


@pytest.mark.parametrize("state", ["holding", "draining", "repointing", "shifting"])
def test_a_switchover_is_taken_up_again(world, processes, state):
    """A state may be over before we look, and the operation with it: then the way back is the next attempt."""
    pid = world.refresh()["controllers"][0]["pid"]
    for attempt in range(ATTEMPTS):
        # A controller that has just come back has heard from no agent, and the health checks of a new record say nothing for
        # a while. Until then the record leads to the second Region, and a shift to that Region has nothing to wait for.
        world.wait_ready()
        came_from = world.status()["active"]
        to = "eu-west-1" if came_from == "us-east-1" else "us-east-1"
        until(lambda: record_region(world, []) == came_from, 60, f"the record leads to {came_from}", every=0.2)
        started = farshore("switchover", "--config", world.config, "--to", to, "--reason", "test").stdout.strip()
        until(lambda: operation_in(world, STATES[STATES.index(state):]), 60, f"the operation is {state}", every=0.002)
        killed = kill_controller(pid, world)
        pid = processes.controller(world.config).pid
        operation = world.wait_operation("switchover")
        assert operation["id"] == started and operation["outcome"] in ("done", "failed"), operation
        until(lambda: open_everywhere(world), 60, "writes go on")
        status = world.status()
        assert status["active"] == (to if operation["outcome"] == "done" else came_from)
        if operation["ended_at_ms"] > killed:
            return
        print(f"attempt {attempt}: it was over at the kill")
    raise AssertionError(f"no kill of {ATTEMPTS} hit a running operation")


def test_a_failover_is_taken_up_again(world, processes):
    load = processes.writer(world, world.hosts("us-east-1")[0])
    pid = world.refresh()["controllers"][0]["pid"]
    farshore("lab", "fault", "dynamodb", "us-east-1", "--mode", "empty-dns", "--dir", world.directory)
    until(lambda: operation_in(world, ["raising", "fencing", "examining", "repointing", "shifting", "verifying"]), 60, "a failover runs", every=0.002)
    killed = kill_controller(pid, world)
    processes.controller(world.config)
    operation = world.wait_operation("failover", outcome="done")
    # Its shift takes seconds of health checks: it cannot have been over.
    assert operation["ended_at_ms"] > killed
    assert world.status()["active"] == "eu-west-1"
    until(lambda: load.last().startswith("ok"), 60, "and the application goes on")


def record_region(world, last):
    """The Region where the record leads; None while DNS gives no address. An address of no Region is a wrong answer."""
    address, port = world.document["route53"]["dns"].rsplit(":", 1)
    asked = exits.run("dig", "+short", "+tries=3", "+timeout=5", "-p", port, "@" + address, world.document["route53"]["record"], "A", status=exits.ANY)
    last[:] = [asked.stdout + asked.stderr]
    answer = [line for line in asked.stdout.split() if line[0].isdigit()]
    if asked.returncode != 0 or not answer:
        return None
    for region, entry in world.document["regions"].items():
        if entry.get("load_balancer") and any(f"//{ip}:" in entry["load_balancer"] for ip in answer):
            return region
    raise AssertionError(f"the record leads to {answer}")


def assert_dns_stays(world, region, writer, answers):
    """So many answers, one after each 45 writes: about one a second, and two rounds of health checks are twenty seconds."""
    last, mark = [], len(writer.lines())
    for number in range(1, answers + 1):
        found = until(lambda: record_region(world, last), 60, lambda: f"DNS answers; last {last}", every=1)
        assert found == region
        until(lambda: len(writer.lines()) >= mark + 45 * number, 60, "traffic goes on")


def shoppers_log(world):
    text = (world.directory / "logs" / "clients.ndjson").read_text()
    return [json.loads(line) for line in text.rpartition("\n")[0].splitlines()]


def wait_for_shoppers(world, region):
    """New checks count as failed for some seconds, and shoppers believe an answer for its TTL."""
    last = []
    until(lambda: record_region(world, last) == region, 120, lambda: f"the record leads to {region}; last {last}", every=0.5)

    def there():
        newest = [request for request in shoppers_log(world)[-200:] if request["ok"]]
        return len(newest) > 100 and all(request["region"] == region for request in newest)

    until(there, 120, f"every shopper is served by {region}", every=0.5)


def assert_shoppers_served(requests, stalls, region):
    assert requests
    for request in requests:
        if request["ok"]:
            assert request["region"] == region, request
            continue
        assert UNANSWERED.search(request["error"]), f"refused: {request}"
        assert stalls.explain(request["intended_ms"] / 1000), f"unanswered, and nothing stood still: {request}"


def test_losing_every_controller_changes_nothing_before_a_failover_and_after_one(tmp_path, processes):
    with World(tmp_path / "world", "--rate", "50") as world, processes:
        world.wait_ready()
        here = processes.writer(world, world.hosts("us-east-1")[0])
        until(lambda: len(here.lines()) > 20, 30, "traffic flows")
        wait_for_shoppers(world, "us-east-1")
        with Stalls(world.directory) as stalls:
            kill_controller(world.refresh()["controllers"][0]["pid"], world)
            since, mark = time.time() * 1000, len(here.lines())
            # Longer than three leases: the epoch records alone confirm the epoch.
            assert_dns_stays(world, "us-east-1", here, 12)
            assert_only_unanswered(here.lines()[mark:], stalls)
            assert_shoppers_served([r for r in shoppers_log(world) if r["intended_ms"] >= since], stalls, "us-east-1")

        controller = processes.controller(world.config)
        world.wait_ready()
        farshore("failover", "--config", world.config, "--to", "eu-west-1", "--reason", "test", "--accept-loss", "60s", "--confirm", "magento")
        world.wait_operation("failover", outcome="done")
        wait_for_shoppers(world, "eu-west-1")
        with Stalls(world.directory) as stalls:
            kill_controller(controller.pid, world)
            since, mark = time.time() * 1000, len(here.lines())
            assert_dns_stays(world, "eu-west-1", here, 22)
            assert_only_unanswered(here.lines()[mark:], stalls)
            assert_shoppers_served([r for r in shoppers_log(world) if r["intended_ms"] >= since], stalls, "eu-west-1")


def test_an_agent_that_is_cut_off_without_controllers_stops_writing(world, processes):
    here = processes.writer(world, world.hosts("us-east-1")[0])
    until(lambda: len(here.lines()) > 20, 30, "traffic flows")
    kill_controller(world.refresh()["controllers"][0]["pid"], world)
    # Cut off from the other Regions: the home Region's record alone is no majority.
    farshore("lab", "fault", "partition", "us-east-1", "eu-west-1", "--dir", world.directory)
    farshore("lab", "fault", "partition", "us-east-1", "us-east-2", "--dir", world.directory)
    until(lambda: here.last().startswith("failed"), 60, "the cut-off agent stops writing")
    mark = len(here.lines())
    until(lambda: len(here.lines()) > mark + 5, 60, "it stays so")
    assert [line for line in here.lines()[mark:] if line.startswith("ok")] == []
    farshore("lab", "heal", "all", "--dir", world.directory)
    until(lambda: here.last().startswith("ok"), 60, "back in the majority, it writes again")
