"""The controller is killed, or gone for good: operations end, shoppers notice nothing, cut-off agents stop."""

import subprocess
import time

import pytest

from conftest import BIN, farshore, is_alive, until


def restart(world, processes):
    return processes(BIN / "farshored", "--config", world.config, stdout=subprocess.DEVNULL)


def kill_controller(world):
    """SIGKILL; the world does not bring it back by itself."""
    pid = world.refresh()["controllers"][0]["pid"]
    world.kill(pid)
    until(lambda: not is_alive(pid), 10, "controller dead")


def operation_in(world, states):
    operation = world.operation()
    return operation if operation and (operation["state"] in states or operation["outcome"] != "running") else None


@pytest.mark.parametrize("state", ["draining", "repointing", "shifting"])
def test_a_switchover_is_taken_up_again(world, processes, state):
    farshore("switchover", "--config", world.config, "--to", "eu-west-1", "--reason", "test", check=True)
    # A state may be over before we look: killing later than asked is a kill at another step.
    order = ["waiting", "holding", "draining", "raising", "fencing", "examining", "repointing", "shifting", "verifying"]
    until(lambda: operation_in(world, order[order.index(state):]), 30, f"the operation is {state}")
    kill_controller(world)
    restart(world, processes)
    operation = world.wait_operation("switchover")
    assert operation["outcome"] in ("done", "failed"), operation
    status = world.status()
    assert status["active"] == ("eu-west-1" if operation["outcome"] == "done" else "us-east-1")
    until(lambda: all(agent["write_state"] == "open" for agent in world.status()["agents"]), 30, "writes go on")


def test_a_failover_is_taken_up_again(world, processes):
    load = processes.writer(world, world.hosts("us-east-1")[0])
    farshore("lab", "fault", "dynamodb", "us-east-1", "--mode", "empty-dns", "--dir", world.directory)
    until(lambda: operation_in(world, ["raising", "fencing", "examining", "repointing", "shifting", "verifying"]), 60, "a failover runs")
    kill_controller(world)
    restart(world, processes)
    world.wait_operation("failover", outcome="done")
    assert world.status()["active"] == "eu-west-1"
    assert load.process.poll() is None


def test_losing_every_controller_changes_nothing_and_a_cut_off_agent_stops(world, processes):
    here = processes.writer(world, world.hosts("us-east-1")[0])
    until(lambda: len(here.lines()) > 20, 30, "traffic flows")
    kill_controller(world)
    mark = len(here.lines())
    # Three leases long, the epoch records alone confirm the epoch.
    until(lambda: len(here.lines()) > mark + 300, 60, "traffic after the controller's death")
    assert [line for line in here.lines()[mark:] if line.startswith("failed")] == []
    # Cut off from the other Regions: the home Region's record alone is no majority.
    farshore("lab", "fault", "partition", "us-east-1", "eu-west-1", "--dir", world.directory)
    farshore("lab", "fault", "partition", "us-east-1", "us-east-2", "--dir", world.directory)
    until(lambda: here.last().startswith("failed"), 30, "the cut-off agent stops writing")
    mark = len(here.lines())
    until(lambda: len(here.lines()) > mark + 5, 60, "it stays so")
    assert [line for line in here.lines()[mark:] if line.startswith("ok")] == []
    farshore("lab", "heal", "all", "--dir", world.directory)
    until(lambda: here.last().startswith("ok"), 30, "back in the majority, it writes again")


def test_after_a_failover_dns_stays_without_controllers(world, processes):
    processes.writer(world, world.hosts("us-east-1")[0])
    farshore("failover", "--config", world.config, "--to", "eu-west-1", "--reason", "test", "--accept-loss", "60s", "--confirm", "magento")
    world.wait_operation("failover", outcome="done")
    kill_controller(world)
    ends = time.monotonic() + 25  # two rounds of ten-second health checks
    while time.monotonic() < ends:
        assert record_region(world) == "eu-west-1"
        time.sleep(1)


def record_region(world):
    address, port = world.document["route53"]["dns"].rsplit(":", 1)
    answer = subprocess.run(["dig", "+short", "+tries=1", "-p", port, "@" + address, world.document["route53"]["record"], "A"],
                            capture_output=True, text=True, timeout=10).stdout.split()
    for region, entry in world.document["regions"].items():
        if entry.get("load_balancer") and any(f"//{ip}:" in entry["load_balancer"] for ip in answer):
            return region
    return answer
