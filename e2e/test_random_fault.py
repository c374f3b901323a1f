"""The three programs started by hand, and a fault whose kind, place and time are drawn at random.

Whatever it is, the end is the same: nothing at all has moved, or one failover is done; no two Regions took writes
under one epoch; each acknowledged write is there or is named as lost. More seeds: FARSHORE_FAULT_SEEDS=1,2,3.
"""

import os

import pytest

from conftest import LOST, TABLE, World, at_peace, farshore, lost_by_the_lab, settled_losses, until

SEEDS = [int(word) for word in os.environ.get("FARSHORE_FAULT_SEEDS", "11,20").split(",")]
FAULT_LASTS = "25s"
# No observer can miss these: the active Region's tables do not answer any more, whatever asks them.
MUST_MOVE = ("region us-east-1", "dynamodb us-east-1 --mode timeout", "dynamodb us-east-1 --mode empty-dns", "dynamodb us-east-1 --mode refused")


def assert_one_region_at_a_time(writes, active):
    """INV-S1, in the lab's own log: after the first write that the new Region took, the old one took none."""
    took = [entry["region"] for entry in writes]
    changes = [region for i, region in enumerate(took) if i == 0 or took[i - 1] != region]
    assert changes in ([active], ["us-east-1", active]), changes


def assert_each_write_is_there_or_named(world, writers, active, named):
    table = world.region_table(active)
    for writer in writers:
        for key, number in writer.acknowledged().items():
            item = table.get_item(TableName=TABLE, Key={"id": {"S": key}}, ConsistentRead=True).get("Item")
            there = int(item["n"]["N"]) if item else 0
            assert there >= number or key in named, f"{key}: {number} was acknowledged, {there} is there, and no loss is named"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_fault_of_random_kind_and_time(tmp_path, processes, seed):
    with World(tmp_path / "world", "--bare") as world, processes:
        processes.all_of(world)
        writers = [
            processes.writer(world, world.hosts(region)[0], prefix=f"of-{region}") for region in ("us-east-1", "eu-west-1")
        ]
        until(lambda: all(len(writer.lines()) > 20 for writer in writers), 30, "traffic flows")
        farshore("lab", "fault", "random", "--seed", seed, "--within", "8s", "--for", FAULT_LASTS, "--dir", world.directory)
        drawn = world.refresh()["faults"][0]["text"]
        until(lambda: not world.refresh().get("faults"), 60, "the fault is over", every=0.5)
        assert world.faults()[-1]["touched"] > 0, f"{drawn} hit nothing"
        status = until(lambda: at_peace(world), 120, f"peace after {drawn}", every=0.25)
        until(lambda: all(writer.last().startswith("ok") for writer in writers), 30, "both hosts write")

        active, named, doubtful = status["active"], set(), 0
        operation = status["last_operation"]
        assert status["epoch"] == 2 or not drawn.startswith(MUST_MOVE), f"{drawn}: nothing was done about it"
        if status["epoch"] == 1:
            assert operation is None and active == "us-east-1", operation
        else:
            assert (operation["verb"], operation["outcome"], status["epoch"]) == ("failover", "done", 2), operation
            assert active == "eu-west-1"
            losses = settled_losses(world, operation["id"])
            lost = [entry for entry in losses["entries"] if entry["acknowledged"] and entry["fate"] in LOST]
            named = {entry["key"]["id"]["S"] for entry in lost}
            doubtful = sum(entry["fate"] == "unknown" for entry in lost)

        for writer in writers:
            writer.process.terminate()
            writer.process.wait()
        log = world.log()
        writes = [entry for entry in log if entry["origin"] == "client" and entry["table"] == TABLE]
        assert_one_region_at_a_time(writes, active)
        assert_each_write_is_there_or_named(world, writers, active, named)
        really = lost_by_the_lab(log)
        counted = 0 if status["epoch"] == 1 else len(lost)
        assert counted - doubtful <= really <= counted, (counted, doubtful, really)
        print(f"seed {seed}: {drawn}: {'nothing moved' if status['epoch'] == 1 else operation['reason']}; {really} writes lost")
