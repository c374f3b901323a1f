"""Two controllers, each with a store of its own: permission comes from the epoch items, for controllers too."""

import contextlib
import json
import pathlib
import re
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest

from conftest import TABLE, Processes, World, farshore, until


class Line:
    """A way to an address, which can be cut: connections are reset and no new one gets through."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.target = (parts.hostname, parts.port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.open = []
        self.is_cut = False
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                if self.is_cut:
                    near.close()
                    continue
                far = socket.create_connection(self.target)
                self.open += [near, far]
                for here, there in ((near, far), (far, near)):
                    threading.Thread(target=self.carry, args=(here, there), daemon=True).start()

    def carry(self, here, there):
        with contextlib.suppress(OSError):
            while data := here.recv(65536):
                there.sendall(data)
        for end in (here, there):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self):
        self.is_cut = True
        for end in self.open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def through(config, lines):
    """The configuration's text, with the endpoints of these Regions behind lines."""
    text = pathlib.Path(config).read_text()
    for region, line in lines.items():
        text, changed = re.subn(rf"^(      {region}: )http://\S+$", rf"\g<1>{line.url}", text, count=1, flags=re.M)
        assert changed == 1, (region, text)
    return text


class Second:
    """A controller beside the lab's own: its configuration, but an empty store, another port and its own way to DynamoDB."""

    def __init__(self, world):
        self.world = world
        first = pathlib.Path(world.config)
        url = urllib.parse.urlsplit(world.document["controllers"][0]["api"])
        with socket.create_server((url.hostname, 0)) as free:
            port = free.getsockname()[1]
        self.url = f"https://{url.hostname}:{port}"
        self.config = first.with_name("second.yaml")
        text = first.read_text()
        for before, after in ((r"store: \{ sqlite: (\S+)\.db \}", r"store: { sqlite: \1-2.db }"), (r"listen: \S+:\d+", f"listen: {url.hostname}:{port}"),
                              (r"url: https://\S+", f"url: {self.url}")):
            text, changed = re.subn(before, after, text)
            assert changed == 1, before
        self.config.write_text(text)

    def status(self):
        request = urllib.request.Request(self.url + "/v1/status", headers={"Authorization": f"Bearer {self.world.token}"})
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            with urllib.request.urlopen(request, context=self.world.context, timeout=10) as answer:
                return json.load(answer)
        return None

    def agent(self, host):
        return next((agent for agent in (self.status() or {}).get("agents", []) if agent["host"] == host and agent["connected"]), None)


@pytest.fixture
def bare(tmp_path):
    with World(tmp_path / "world", "--bare") as world, Processes() as started:
        config = pathlib.Path(world.config)
        text = re.sub(r"^agents:\n(  - \S+\n)+", "", config.read_text(), flags=re.M)
        config.write_text(text.replace("mode: auto", "mode: observe"))
        world.processes = started
        yield world


def test_a_controller_that_cannot_read_the_epoch_items_grants_nothing(bare):
    """Host X hears the first controller and sees its own Region. That controller loses DynamoDB; the second one, whose store
    has never heard of X, moves the app."""
    world = bare
    urls = {region: entry["dynamodb"] for region, entry in world.document["regions"].items()}
    x, y = world.hosts("us-east-1")[0], world.hosts("eu-west-1")[0]
    blinded = {region: Line(url) for region, url in urls.items()}
    far = {region: Line(url) for region, url in urls.items() if region != "us-east-1"}
    second = Second(world)
    pathlib.Path(world.config).write_text(through(world.config, blinded))
    pathlib.Path(x["config"]).write_text(through(x["config"], far))
    of_y = pathlib.Path(y["config"])
    of_y.write_text(re.sub(r"controllers: \[\S+\]", f"controllers: [{second.url}]", of_y.read_text()))

    world.processes.controller(world.config)
    world.processes.agent(x["config"])
    here = world.processes.writer(world, x, prefix="here")
    until(lambda: here.last().startswith("ok"), 60, "the first controller lets X write")
    world.processes.controller(second.config)
    world.processes.agent(y["config"])
    there = world.processes.writer(world, y, prefix="there")
    until(lambda: second.agent(y["name"]) and there.last().startswith("ok"), 60, "the second controller lets Y write")
    assert second.agent(x["name"]) is None

    def target_is_well():
        parts = (second.status() or {}).get("regions", {}).get("eu-west-1", {}).get("components", {}).values()
        return parts and all(part["verdict"] == "healthy" for part in parts)

    until(target_is_well, 60, "the second controller has heard of the other Region")

    for line in [*blinded.values(), *far.values()]:
        line.cut()
    farshore("failover", "--config", second.config, "--to", "eu-west-1", "--reason", "test", "--accept-loss", "60s", "--confirm", "magento")

    def done():
        last = (second.status() or {}).get("last_operation")
        return last and last["outcome"] != "running" and last

    assert until(done, 60, "the failover ends")["outcome"] == "done"
    until(lambda: here.last().startswith("failed"), 60, "X writes no more")
    mark = len(there.lines())
    until(lambda: len(there.lines()) > mark + 50 and there.last().startswith("ok"), 60, "Y writes in the new Region")
    writes = [entry["region"] for entry in world.log() if entry["origin"] == "client" and entry["table"] == TABLE]
    first = writes.index("eu-west-1")
    assert writes[first:].count("us-east-1") == 0, "written in the old Region after the first write in the new one"
    # The first controller is there, and X hears it: it grants nothing.
    (agent,) = [agent for agent in world.status()["agents"] if agent["host"] == x["name"]]
    assert agent["connected"] and agent["write_state"] != "open", agent
