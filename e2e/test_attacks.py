"""One host's credential in the hands of an attacker: it speaks for that host, and for no other."""

import pathlib
import re
import urllib.request

import pytest

from conftest import TABLE, Processes, World, farshore, until
from impostor import Impostor, credential_of


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """A world whose register is open, its programs started by hand."""
    with World(tmp_path_factory.mktemp("attacked") / "world", "--bare") as world, Processes() as started:
        config = pathlib.Path(world.config)
        config.write_text(re.sub(r"^agents:\n(  - \S+\n)+", "", config.read_text(), flags=re.M))
        started.all_of(world)
        world.processes = started
        yield world


def hosts_of(status):
    return sorted(agent["host"] for agent in status["agents"])


def refused_in(world, reason):
    """How often the controller has counted that."""
    request = urllib.request.Request(world.document["controllers"][0]["api"] + "/metrics", headers={"Authorization": f"Bearer {world.token}"})
    with urllib.request.urlopen(request, context=world.context, timeout=10) as answer:
        text = answer.read().decode()
    found = re.search(rf'^farshore_agents_refused_total{{app="magento",reason="{reason}"}} (\d+)$', text, re.M)
    return int(found[1]) if found else 0


def test_ghosts_have_no_vote_and_are_in_no_register(attacked):
    world = attacked
    load = world.processes.writer(world, world.hosts("us-east-1")[0])
    until(lambda: len(load.lines()) > 20, 30, "traffic flows")
    token = credential_of(world.hosts("us-east-1")[0])
    ghosts = [Impostor(world, token, f"ghost-{n}-of-{region}", region).start(bad=("us-east-1",)) for n in range(3) for region in ("us-east-1", "eu-west-1")]
    try:
        # Ten reports of each: evidence enough for every observer to vote by.
        until(lambda: all(ghost.sequence >= 10 for ghost in ghosts), 60, "the ghosts have said it often enough")
        status = world.status()
        assert (status["epoch"], status["operation"], status["last_operation"]) == (1, None, None), status["first_line"]
        assert hosts_of(status) == sorted(host["name"] for host in world.document["hosts"])
        for ghost in ghosts:
            assert not ghost.greeted.is_set() and not ghost.orders
            assert {status for _, status, _ in ghost.answers} == {403} and "other_host" in ghost.answers[0][2], ghost.answers[:3]
        assert refused_in(world, "other_host") >= len(ghosts)
    finally:
        for ghost in ghosts:
            ghost.stop()


def test_a_second_stream_of_a_host_that_lives_is_refused_and_told(attacked):
    world = attacked
    host = world.hosts("eu-west-1")[0]
    load = world.processes.writer(world, host, prefix="second")
    until(lambda: len(load.lines()) > 20, 30, "traffic flows")
    second = Impostor(world, credential_of(host), host["name"], host["region"]).start()
    try:
        until(second.refused.is_set, 30, "the second one is refused")
        until(lambda: len([1 for path, _, _ in second.answers if path == "/v1/agents/report"]) >= 5, 30, "its reports are refused")
        assert not second.greeted.is_set() and not second.orders
        (agent,) = [agent for agent in world.status()["agents"] if agent["host"] == host["name"]]
        assert agent["connected"] and agent["write_state"] == "open"
        assert "another agent" in agent["trouble"] and second.boot in agent["trouble"], agent
        listed = farshore("agents", "list", "--config", world.config).stdout
        assert second.boot in listed and "another agent" in listed, listed
        announced = [entry for entry in world.ask("/v1/audit")["entries"] if entry["what"] == "announce" and second.boot in entry["detail"]]
        assert len(announced) == 1, "people are told once, not at each attempt"
        assert refused_in(world, "second_stream") >= 2
        mark = len(load.lines())
        until(lambda: len(load.lines()) > mark + 20, 30, "traffic goes on")
        assert [line for line in load.lines()[mark:] if not line.startswith("ok")] == []
    finally:
        second.stop()


def test_a_forged_acknowledgement_shortens_no_fence(attacked):
    """A Region is cut off, and its hosts still have their leases: the fence waits for these, whatever others say in their name."""
    world = attacked
    here = [world.processes.writer(world, host, prefix=f"here-{n}") for n, host in enumerate(world.hosts("us-east-1"))]
    there = world.processes.writer(world, world.hosts("eu-west-1")[0], prefix="there")
    until(lambda: all(len(load.lines()) > 20 for load in [*here, there]), 30, "traffic flows")
    token = credential_of(world.hosts("eu-west-1")[1])
    farshore("lab", "fault", "region", "us-east-1", "--dir", world.directory)
    forgers = [Impostor(world, token, host["name"], "us-east-1").start(say_hello_again=0.05) for host in world.hosts("us-east-1")]
    try:
        until(lambda: all(forger.greeted.is_set() or forger.refused.is_set() for forger in forgers), 30, "the hellos are answered")
        farshore("failover", "--config", world.config, "--to", "eu-west-1", "--reason", "test", "--accept-loss", "60s", "--confirm", "magento")
        world.wait_operation("failover", outcome="done")
        until(lambda: there.last().startswith("ok"), 30, "the new Region takes writes")
        writes = [entry for entry in world.log() if entry["origin"] == "client" and entry["table"] == TABLE]
        first = next(number for number, entry in enumerate(writes) if entry["region"] == "eu-west-1")
        assert [entry for entry in writes[first:] if entry["region"] == "us-east-1"] == [], "written in the old Region after the first in the new one"
        steps = " ".join(step["text"] for step in world.ask("/v1/operations/" + world.operation()["id"])["steps"])
        assert "(2 acknowledged, 2 by lease)" in steps, steps
        assert all(not forger.orders for forger in forgers)
    finally:
        for forger in forgers:
            forger.stop()
        farshore("lab", "heal", "all", "--dir", world.directory)
