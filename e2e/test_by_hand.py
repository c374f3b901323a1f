"""The three programs started by hand from the written configuration files, and quiet when nothing is wrong."""

import os
import time

from conftest import TABLE, World, farshore, until
from stalls import Stalls, assert_only_unanswered


def test_a_hanging_table_is_handled_by_programs_started_by_hand(tmp_path, processes):
    with World(tmp_path / "world", "--bare") as world, processes:
        processes.all_of(world)
        load = processes.writer(world, world.hosts("us-east-1")[0])
        until(lambda: len(load.lines()) > 20, 30, "traffic flows")
        farshore("lab", "fault", "dynamodb", "us-east-1", "--mode", "timeout", "--dir", world.directory)
        operation = world.wait_operation("failover", outcome="done")
        assert operation["to"] == "eu-west-1"
        assert world.faults()[-1]["touched"] > 0
        until(lambda: load.last().startswith("ok"), 30, "traffic goes on")


def test_nothing_moves_without_a_fault(world, processes):
    load = processes.writer(world, world.hosts("us-east-1")[0])
    # Time has to pass: real processes count their leases, probes and hysteresis by the machine's clocks.
    seconds = float(os.environ.get("FARSHORE_QUIET_SECONDS", "20"))
    with Stalls(world.directory) as stalls:
        ends = time.monotonic() + seconds

        def quiet_to_the_end():
            status = world.try_status()
            if status:
                assert status["epoch"] == 1 and status["operation"] is None and status["last_operation"] is None, status
            return status and time.monotonic() > ends

        until(quiet_to_the_end, seconds + 60, "the quiet time is over", every=1)
        lines = load.lines()
    assert_only_unanswered(lines, stalls)
    assert [line for line in lines if line.startswith("ok")]


def test_a_cut_off_region_is_left_and_its_agents_write_nothing_under_the_old_epoch(world, processes):
    here = processes.writer(world, world.hosts("us-east-1")[0])
    there = processes.writer(world, world.hosts("eu-west-1")[0])
    until(lambda: len(here.lines()) > 20 and len(there.lines()) > 20, 30, "traffic flows")
    farshore("lab", "fault", "region", "us-east-1", "--dir", world.directory, "--for", "40s")
    operation = world.wait_operation("failover", outcome="done")
    assert "region_lost" in operation["reason"]
    mark = len(world.log())
    until(lambda: there.last().startswith("ok"), 30, "the new Region takes writes")
    farshore("lab", "heal", "all", "--dir", world.directory)
    assert world.faults()[-1]["touched"] > 0

    def back():
        status = world.try_status()
        return status and all(agent["connected"] and agent["epoch"] == 2 for agent in status["agents"])

    until(back, 60, "the agents are back")
    until(lambda: here.last().startswith("ok"), 30, "and write under the new epoch")
    writes = [entry for entry in world.log()[mark:] if entry["origin"] == "client" and entry["table"] == TABLE]
    assert writes and all(entry["region"] == "eu-west-1" for entry in writes)
