"""A lab world as a test's own: brought up, used through its sockets, and taken down whatever happens."""

import contextlib
import json
import os
import pathlib
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

import exits
from exits import PATIENCE, until  # noqa: F401: the tests have it from here

ROOT = pathlib.Path(__file__).resolve().parents[1]
BIN = pathlib.Path(os.environ.get("FARSHORE_BIN", ROOT / "bin"))
BUILD = pathlib.Path(os.environ.get("FARSHORE_BUILD", ROOT / "build" / "release"))
TABLE = "MyMagentoSessionsTable"
# Fates of acknowledged writes that are not there.
LOST = ("suppressed", "never_arrived", "unknown")


def farshore(*words, check=True, timeout=180):
    """Runs the command. `check`: True wants success, a number that exit status, False any; a signal is never right."""
    status = {True: 0, False: exits.ANY}.get(check, check) if isinstance(check, bool) else check
    return exits.run(BIN / "farshore", *words, status=status, timeout=timeout)


def processes_of(directory):
    """Processes whose command line names this directory."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if str(directory).encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found


def is_alive(pid):
    """False for a zombie too. A process may end between any two looks, so one read decides."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class World:
    """`farshore lab up` in a directory. `document` is its status; refresh() reads it anew. As a context it is down afterwards:
    what a test has started beside it ends before, so enter the Processes after it."""

    def __init__(self, directory, *options):
        self.directory = pathlib.Path(directory)
        self.killed = set()
        done = farshore("lab", "up", "--dir", self.directory, *options, check=False)
        log = self.directory / "lab.log"
        assert done.returncode == 0, done.stderr + (log.read_text() if log.exists() else "")
        self.told = done.stdout
        self.refresh()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.down()

    @classmethod
    def found(cls, directory):
        """A world that another process has started."""
        world = cls.__new__(cls)
        world.directory, world.told, world.killed = pathlib.Path(directory), "", set()
        world.refresh()
        return world

    def refresh(self):
        # 3: one of its processes has ended.
        self.document = json.loads(farshore("lab", "status", "--dir", self.directory, "-o", "json", check=(0, 3)).stdout)
        return self.document

    @property
    def config(self):
        return self.document["controllers"][0]["config"]

    @property
    def token(self):
        return pathlib.Path(self.document["operator_token"]).read_text().strip()

    @property
    def context(self):
        return ssl.create_default_context(cafile=self.document["ca"])

    def hosts(self, region):
        return [host for host in self.document["hosts"] if host["region"] == region]

    def kill(self, pid):
        """SIGKILL, on purpose: of this process of the world no other end is right."""
        self.killed.add(pid)
        exits.kill_on_purpose(pid)

    def ask(self, path):
        request = urllib.request.Request(self.document["controllers"][0]["api"] + path, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, context=self.context, timeout=10 * PATIENCE) as answer:
            return json.load(answer)

    def status(self):
        return self.ask("/v1/status")

    def try_status(self):
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            return self.status()
        return None

    def operation(self):
        """The running operation, or the last one; None while there is none or the controller does not answer."""
        status = self.try_status()
        return status and (status["operation"] or status["last_operation"])

    def wait_operation(self, verb, outcome=None, patience=120):
        def ended():
            operation = self.operation()
            return operation if operation and operation["verb"] == verb and operation["outcome"] != "running" else None

        operation = until(ended, patience, f"the end of the {verb}")
        if outcome is not None:
            assert operation["outcome"] == outcome, operation
        return operation

    def wait_ready(self, patience=60):
        def ready():
            status = self.try_status()
            agents = status["agents"] if status else []
            verdicts = [part["verdict"] for region in (status or {}).get("regions", {}).values() for part in region["components"].values()]
            return (
                len(agents) == len(self.document["hosts"])
                and all(agent["connected"] and agent["write_state"] == "open" for agent in agents)
                and all(verdict == "healthy" for verdict in verdicts)
                and status["lag"]
            )

        until(ready, patience, "every agent may write, every Region is healthy, the lag is known")

    def log(self, after=0):
        """What really happened, behind that entry: for tests only."""
        entries = []
        while True:
            after = entries[-1]["n"] if entries else after
            with urllib.request.urlopen(f"{self.document['admin']}/v1/log?after={after}", timeout=30 * PATIENCE) as answer:
                document = json.load(answer)
            page = document if isinstance(document, list) else document.get("log", document.get("entries"))
            if not page:
                return entries
            entries += [{**entry, "applied": entry["outcome"] == "applied"} for entry in page]

    def faults(self):
        """Those that are set and those that are over, the newest last."""
        with urllib.request.urlopen(f"{self.document['admin']}/v1/faults", timeout=30 * PATIENCE) as answer:
            document = json.load(answer)
        return document["past"] + document["faults"]

    def credentials(self):
        """The default profile's keys."""
        keys = {}
        for line in pathlib.Path(self.document["credentials"]["file"]).read_text().splitlines():
            name, _, value = line.partition(" = ")
            if value:
                keys.setdefault(name, value)
        return keys

    def dynamodb(self, endpoint, region="us-east-1"):
        import boto3
        from botocore.config import Config

        keys = self.credentials()
        return boto3.client(
            "dynamodb", endpoint_url=endpoint, region_name=region, aws_access_key_id=keys["aws_access_key_id"],
            aws_secret_access_key=keys["aws_secret_access_key"],
            config=Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=5 * PATIENCE, connect_timeout=3 * PATIENCE),
        )

    def region_table(self, region):
        return self.dynamodb(self.document["regions"][region]["dynamodb"], region)

    def down(self):
        """Every process of the world has ended as it should: with status 0, or by the test's own SIGKILL."""
        done = farshore("lab", "down", "--dir", self.directory, "-o", "json", check=(0, 1))
        ended_badly = json.loads(done.stdout).get("ended_badly", []) if done.stdout else []
        by_kill = exits.how(-signal.SIGKILL)
        badly = [end for end in ended_badly if end["pid"] not in self.killed or end["how"] != by_kill or exits.alarm_in(end["last_words"])]
        left = processes_of(self.directory)
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        assert badly == [] and (done.returncode == 0 or ended_badly), (badly, done.stderr)
        assert left == [], "the world left processes behind"


def at_peace(world):
    """No fault, no operation, and every agent may write under the epoch in force."""
    status = world.try_status()
    if not status or world.refresh().get("faults"):
        return None
    busy = status["operation"] is not None or not status["lag"]
    agents = status["agents"]
    fine = all(a["connected"] and a["write_state"] == "open" and a["epoch"] == status["epoch"] for a in agents)
    well = all(part["verdict"] == "healthy" for region in status["regions"].values() for part in region["components"].values())
    return status if fine and well and not busy else None


def settled_losses(world, operation):
    def settled():
        try:
            losses = world.ask(f"/v1/operations/{operation}/losses")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None
        return losses if losses["settled"] else None

    return until(settled, 90, "what became of each write at risk is known", every=0.5)


class LabLosses:
    """Client writes that lost against a write of the other Region when they arrived there. Versions of one Region may
    overtake each other on the way: the later one stands on the earlier, so nothing is lost by that."""

    def __init__(self):
        self.holds = {}
        self.by_client, self.lost = set(), set()

    def take(self, entries):
        """What comes next in the lab's log."""
        for entry in entries:
            if entry["table"] != TABLE:
                continue
            version = json.dumps(entry["version"], sort_keys=True)
            place = (entry["region"], json.dumps(entry["key"], sort_keys=True))
            if entry["origin"] == "client":
                self.by_client.add(version)
            if entry["outcome"] == "applied":
                self.holds[place] = entry["version"]["region"]
            elif self.holds[place] != entry["version"]["region"]:
                self.lost.add(version)

    def count(self):
        return len(self.lost & self.by_client)


def lost_by_the_lab(entries):
    losses = LabLosses()
    losses.take(entries)
    return losses.count()


# An application of its own: one numbered write after the other, a line of output for each: word, number, when it began, why.
WRITER = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
import boto3
from botocore.config import Config
endpoint, key, secret, table, prefix = sys.argv[1:6]
client = boto3.client("dynamodb", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret,
                      config=Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=3, connect_timeout=3))
number = 0
while True:
    number += 1
    began = f"{time.time():.3f}"
    try:
        client.put_item(TableName=table, Item={"id": {"S": f"{prefix}-{number % 50}"}, "n": {"N": str(number)}})
        print("ok", number, began, "-", flush=True)
    except Exception as error:
        print("failed", number, began, type(error).__name__, " ".join(str(error).split())[:300], flush=True)
    time.sleep(0.02)
"""


class Writer:
    """WRITER as a process that writes through one host's agent."""

    def __init__(self, process, path, prefix):
        self.process = process
        self.path = path
        self.prefix = prefix

    def lines(self):
        """Whole ones: it may be writing another."""
        return self.path.read_text().rpartition("\n")[0].splitlines()

    def last(self):
        return (self.lines() or [""])[-1]

    def acknowledged(self):
        """The last acknowledged number of each key."""
        found = {}
        for line in self.lines():
            words = line.split()
            if words[:1] == ["ok"]:
                number = int(words[1])
                found[f"{self.prefix}-{number % 50}"] = number
        return found


class Processes(exits.Processes):
    """Programs that a test starts by hand; they end with it."""

    def controller(self, config):
        return self(BIN / "farshored", "--config", config, stdout=subprocess.DEVNULL)

    def agent(self, config):
        return self(BIN / "farshore-agent", "--config", config, stdout=subprocess.DEVNULL)

    def all_of(self, world):
        """What a bare world leaves to others, from the configuration files that it wrote; until all of it serves."""
        self.controller(world.config)
        for host in world.document["hosts"]:
            self.agent(host["config"])
        world.wait_ready()

    def writer(self, world, host, prefix="writer"):
        keys = world.credentials()
        path = world.directory / f"writer-{len(self.started)}.log"
        with path.open("w") as out:
            process = self(sys.executable, "-c", WRITER, host["dynamodb"], keys["aws_access_key_id"], keys["aws_secret_access_key"], TABLE, prefix, stdout=out)
        return Writer(process, path, prefix)


@pytest.fixture
def processes():
    with Processes() as started:
        yield started


@pytest.fixture
def world(tmp_path, processes):
    with World(tmp_path / "world") as running, processes:
        running.wait_ready()
        yield running
