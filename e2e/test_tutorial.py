"""Runs the commands of docs/tutorial-aws.md, as they stand there: against MiniStack (`sh account`) and against a lab (`sh lab`)."""

import http.client
import http.server
import os
import re
import shlex
import subprocess
import threading
import urllib.parse

import exits
import pytest
import yaml
from conftest import BIN, ROOT, World, farshore, until
from ministack import MiniStack
from test_init import ACCESS, ACCOUNT, published

PAGE = (ROOT / "docs" / "tutorial-aws.md").read_text()
BLOCK = re.compile(r"^```sh (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACES = ("account", "lab", "hands")


class Command:
    def __init__(self, line):
        self.text, _, note = (part.strip() for part in line.partition("  #"))
        self.words = shlex.split(self.text)
        self.runs_on = note.startswith("runs on")
        said = re.fullmatch(r"exits with ([\d, or]+)", note)
        self.status = tuple(map(int, re.findall(r"\d+", said[1]))) if said else 0
        assert said or self.runs_on or not note, f"a note that the test does not understand: {line}"


def commands(place):
    return [Command(line) for where, block in BLOCK.findall(PAGE) if where == place for line in block.splitlines()]


def run(command, names, *words_more, **more):
    """With the page's names replaced by the test's. The program is one of ours: the page must not lead the test elsewhere."""
    words = [re.sub("|".join(map(re.escape, names)), lambda found: str(names[found[0]]), word) for word in command.words] if names else command.words
    assert words[0] in ("farshore", "farshored", "farshore-agent"), command.text
    return exits.run(BIN / words[0], *words[1:], *words_more, status=command.status, **more)


def test_every_block_says_who_runs_it():
    told = re.findall(r"^```(.*)$", PAGE, re.MULTILINE)[::2]
    assert set(told) == {f"sh {place}" for place in PLACES}
    assert [where for where, _ in BLOCK.findall(PAGE)] == [each.removeprefix("sh ") for each in told]
    assert len(commands("account")) >= 10 and len(commands("lab")) >= 10


def test_what_no_test_runs_is_listed_with_its_reason():
    rows = dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", PAGE.split("## Commands that no test runs")[1], re.MULTILINE))
    fits = lambda command, row: command == row or (row.endswith(" ...") and command.startswith(row.removesuffix("...")))
    hands = [command.text for command in commands("hands")]
    assert [command for command in hands if not any(fits(command, row) for row in rows)] == []
    assert [row for row in rows if not any(fits(command, row) for command in hands)] == [], "nothing on the page is like that any more"


def test_the_arithmetic_of_the_costs_is_right():
    costs = PAGE.split("## What it costs per month")[1].split("\n## ")[0]
    seconds = 2_628_000
    products = re.findall(r"(\d+) (?:write|read) units a second, ([\d.]+) million[^|]*\| x \$([\d.]+) a million = \$([\d.]+)", costs)
    assert len(products) == 3
    for a_second, millions, price, total in products:
        assert float(millions) == round(int(a_second) * seconds / 1e6, 1)
        assert abs(int(a_second) * seconds / 1e6 * float(price) - float(total)) < 0.006
    assert all("check the current price list" in row for row in costs.splitlines() if row.startswith("| ") and not row.startswith("| what"))
    slower = re.search(r"a quarter of that \(\$([\d.]+) and \$([\d.]+)\)", costs)
    assert [abs(float(whole[3]) / 4 - float(part)) < 0.01 for whole, part in zip(products, slower.groups())] == [True, True]


class Checkers(http.server.BaseHTTPRequestHandler):
    """Route 53 in front of MiniStack's, which does not know what its checkers see: here they see `says`. All else is
    MiniStack's."""

    stack_url, says = "", "Failure: Connection refused"

    def do_GET(self):
        if re.fullmatch(r"/2013-04-01/healthcheck/[^/]+/status", self.path):
            seen = f"<StatusReport><Status>{self.says}</Status><CheckedTime>2026-11-23T13:05:09.000Z</CheckedTime></StatusReport>"
            each = f"<HealthCheckObservation><Region>us-east-1</Region><IPAddress>192.0.2.1</IPAddress>{seen}</HealthCheckObservation>"
            return self.answer(
                200, f"<GetHealthCheckStatusResponse><HealthCheckObservations>{each * 3}</HealthCheckObservations></GetHealthCheckStatusResponse>".encode()
            )
        return self.pass_on()

    def pass_on(self):
        behind = http.client.HTTPConnection(urllib.parse.urlsplit(self.stack_url).netloc)
        # The Host header is signed, so it stays.
        behind.request(self.command, self.path, self.rfile.read(int(self.headers.get("Content-Length", 0))), dict(self.headers))
        answer = behind.getresponse()
        self.answer(answer.status, answer.read())
        behind.close()

    do_POST = pass_on

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def checkers(stack):
    handler = type("OfTest", (Checkers,), {"stack_url": stack.url})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        handler.url = f"http://127.0.0.1:{server.server_port}"
        yield handler
        server.shutdown()


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    running = MiniStack(tmp_path_factory.mktemp("ministack"))
    yield running
    running.end()


def test_the_commands_for_an_account_run_in_their_order(stack, checkers, tmp_path):
    zone, _ = published(stack, ACCOUNT)
    access = tmp_path / "access.yaml"
    access.write_text(ACCESS.format(url=stack.url))
    environment = {
        **os.environ, "AWS_ENDPOINT_URL": stack.url, "AWS_ENDPOINT_URL_ROUTE_53": checkers.url, "AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    installation = tmp_path / "etc"
    installation.mkdir()
    for command in commands("account"):
        # Before there is a configuration, this is the one way to be led to another DynamoDB than AWS's.
        reach = ("--config", access) if "--discover" in command.words else ()
        done = run(command, {"/etc/farshore": installation}, *reach, env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL)
        if command.text.startswith("farshore init --discover"):
            answer_what_is_open(tmp_path / "farshore.yaml", access)
        if command.text.startswith("farshore init join-token"):
            checkers.says = "Success: HTTP Status Code 200, OK"  # as the agents answer, from step 5 on
        if command.text.startswith("farshore doctor") and not (installation / "ca.pem").exists():
            assert "[shared_check]" in done.stdout, done.stdout
    tables = {region: sorted(stack.client("dynamodb", ACCOUNT, region).list_tables()["TableNames"]) for region in ("us-east-1", "eu-west-1", "us-east-2")}
    assert tables == {
        "us-east-1": ["farshore_epochs", "farshore_heartbeat", "sessions"], "eu-west-1": ["farshore_epochs", "farshore_heartbeat", "sessions"],
        "us-east-2": ["farshore_epochs"],
    }  # fmt: skip
    records = stack.client("route53", ACCOUNT).list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    checks = [each["HealthCheckId"] for each in records if each.get("Failover")]
    assert len(checks) == len(set(checks)) == 2, "each record has a check of its own"
    assert {"ca.pem", "controller.pem", "tokens.json", "join.token"} <= {path.name for path in installation.iterdir()}


def answer_what_is_open(path, access):
    """As a person does in step 2; and MiniStack in AWS's place."""
    config = yaml.safe_load(path.read_text())
    config["regions"]["eu-west-1"]["health"] = "https://euw1.shop.example/healthz"
    config["aws"] = yaml.safe_load(access.read_text())["aws"]
    path.write_text(yaml.safe_dump(config, sort_keys=False))


def test_the_commands_for_an_installation_run_in_their_order(tmp_path, processes):
    with World(tmp_path / "world", "--bare") as world, processes:
        host = world.hosts("us-east-1")[0]
        names = {"/etc/farshore/farshore.yaml": world.config, "/etc/farshore/agent.yaml": host["config"]}
        ready = lambda: farshore("doctor", "--to", "eu-west-1", "--config", world.config, check=(0, 3, 9, 69)).returncode == 0
        for command in commands("lab"):
            if command.text.startswith("farshored "):
                processes.controller(world.config)
            elif command.runs_on:
                for each in world.hosts("us-east-1") + world.hosts("eu-west-1"):
                    processes.agent(each["config"])
                world.wait_ready()
            else:
                # What each day's looks and the proof begin with.
                until(ready, 60, "the installation is ready")
                run(command, names)
        assert "never_proven" not in farshore("doctor", "--config", world.config, check=(0, 3)).stdout
