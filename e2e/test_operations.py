"""Operations as an operator leads them: watched, given up, gone home, and who did what."""

import json

from conftest import farshore, until


def run(world, *words, check=True):
    return farshore(*words, "--config", world.config, check=check)


def shown(world, operation):
    return json.loads(run(world, "op", "show", operation, "-o", "json").stdout)


def test_an_operation_is_watched_and_given_up_and_the_way_home_is_taken(world, processes):
    load = processes.writer(world, world.hosts("us-east-1")[0])
    until(lambda: len(load.lines()) > 20, 30, "traffic flows")
    # What is acknowledged does not arrive: a drain cannot be proven, and is tried again.
    farshore("lab", "fault", "partition", "us-east-1", "eu-west-1", "--dir", world.directory)
    operation = run(world, "switchover", "--to", "eu-west-1", "--reason", "move-7").stdout.strip()
    watched = run(world, "op", "watch", operation, "--timeout", "500ms", check=6)
    assert f"timed out; the operation goes on: farshore op watch {operation}" in watched.stderr
    assert shown(world, operation)["outcome"] == "running"
    aborted = run(world, "op", "abort", operation, "--reason", "stop-7", "-o", "json")
    assert json.loads(aborted.stdout)["id"] == operation
    ended = run(world, "op", "watch", operation, "--timeout", "2m", check=1)
    # Before its first effect it is aborted; a hold that has begun is taken back first. Either way nothing was changed.
    last = shown(world, operation)
    lives = {step["kind"]: step["life"] for step in last["plan"]}
    given_up = "failed" if lives["hold"] == "failed" else "aborted"
    assert last["outcome"] == given_up and f"switchover {given_up}: " in ended.stdout, (last, ended.stdout)
    assert lives["raise"] == "pending", lives
    assert "has ended already" in run(world, "op", "abort", operation, check=4).stderr
    status = world.status()
    assert (status["active"], status["epoch"]) == ("us-east-1", 1)
    farshore("lab", "heal", "all", "--dir", world.directory)
    until(lambda: load.last().startswith("ok"), 60, "writes go on")

    # The partition is in the evidence for a while: then a guard says so.
    plan = ("plan", "switchover", "--to", "eu-west-1")
    until(lambda: run(world, *plan, check=False).returncode == 0, 180, "the guards let it pass", every=1)
    assert "switchover done" in run(world, "switchover", "--to", "eu-west-1", "--reason", "move-8", "--wait").stdout
    assert world.status()["active"] == "eu-west-1"
    # What is done already is done: nothing is started, and nothing goes back.
    again = run(world, "switchover", "--to", "eu-west-1", "--reason", "move-8", "--wait")
    assert "already done: eu-west-1 is active" in again.stdout and "op-" not in again.stderr, again
    moved = run(world, "switchover", "--to", "us-east-1", "--expect-active", "us-east-1", check=5)
    assert "the active Region is eu-west-1, not us-east-1" in moved.stderr, moved.stderr
    assert "the epoch is 2, not 1" in run(world, "failback", "--expect-epoch", "1", check=5).stderr
    home = run(world, "failback", "--reason", "home-9", "--expect-epoch", "2", "--wait")
    assert "failback done" in home.stdout and "operation op-" in home.stderr
    status = world.status()
    assert (status["active"], status["epoch"]) == ("us-east-1", 3)
    assert "already done" in run(world, "failback").stdout

    listed = json.loads(run(world, "op", "list", "-o", "json").stdout)["operations"]
    assert [(each["verb"], each["outcome"]) for each in listed][0] == ("failback", "done")
    assert (listed[-1]["id"], listed[-1]["outcome"]) == (operation, given_up)
    entries = json.loads(run(world, "audit", "-o", "json").stdout)["entries"]
    told = [(entry["what"], entry["detail"]) for entry in entries if entry["who"] == "operator:operator"]
    assert any(what == "abort" and detail.startswith(f"{operation}: stop-7; from 127.") for what, detail in told), told
    for verb, reason in (("switchover to eu-west-1", "move-7"), ("failback to us-east-1", "home-9")):
        assert any(what == verb and reason in detail for what, detail in told), told
    assert "home-9" in run(world, "audit").stdout


def test_who_may_only_look_is_told_so(world):
    viewer = world.directory / "viewer.token"
    assert run(world, "status", "--token-file", viewer).returncode == 0
    for words in (("switchover", "--to", "eu-west-1"), ("failback",), ("pause", "--reason", "x"), ("op", "abort", "op-1")):
        refused = run(world, *words, "--token-file", viewer, check=77)
        assert "may look, but not change anything" in refused.stderr and "role operator" in refused.stderr
    declined = run(world, "failover", "--to", "eu-west-1", "--reason", "test", "--confirm", "magneto", check=10)
    assert "--confirm says `magneto`, the app is `magento`" in declined.stderr
    status = world.status()
    assert (status["epoch"], status["operation"]) == (1, None) and not status["paused"]
