"""What surrounds an agent, without the lab: two Regions and a witness that answer as a test says, and a controller that
grants what is asked for. All in one asyncio loop, so that dozens of real agents can live and die in a second."""

import asyncio
import contextlib
import json
import pathlib
import random
import ssl

import exits
from conftest import BIN

REGIONS = ("us-east-1", "eu-west-1", "us-east-2")
APP = "shop"


def certificate(directory):
    """A key and a certificate of 127.0.0.1 that signs itself: (certificate, key)."""
    cert, key = directory / "controller.pem", directory / "controller.key"
    exits.run(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=fake",
        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert,
    )  # fmt: skip
    return cert, key


async def read_request(reader):
    """(request line, headers, body), or None at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return lines[0], headers, body


def response(status, body, headers=""):
    reason = {200: "OK", 400: "Bad Request", 503: "Service Unavailable"}.get(status, "Status")
    return f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


class FakeRegion:
    """A DynamoDB of one Region. `decide` says of each write of an application how it is answered: a delay in seconds, or None
    for never. `taken` has every id that arrived, in order, `answered` the ids that got their answer, `signers` the access keys that requests were signed with."""

    def __init__(self, decide=lambda item: 0.0, answer_read=None):
        self.decide = decide
        self.answer_read = answer_read  # of application reads: (operation, body) -> bytes
        self.taken = []
        self.answered = set()
        self.signers = set()

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, backlog=1024)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def serve(self, reader, writer):
        with contextlib.suppress(ConnectionError):
            while request := await read_request(reader):
                _, headers, body = request
                operation = headers.get("x-amz-target", ".").partition(".")[2]
                self.signers.add(headers.get("authorization", "").partition("Credential=")[2].partition("/")[0])
                answer = await self.answer(operation, json.loads(body))
                if answer is None:
                    await reader.read()  # until the other side gives up
                    break
                writer.write(answer)
                await writer.drain()
        writer.close()

    async def answer(self, operation, body):
        if operation == "DescribeEndpoints":
            own = {"Address": f"http://127.0.0.1:{self.port}/", "CachePeriodInMinutes": 1440}
            return response(200, json.dumps({"Endpoints": [own]}).encode())
        if operation == "DescribeTable":
            keys = [{"AttributeName": "id", "KeyType": "HASH"}]
            return response(200, json.dumps({"Table": {"TableName": body["TableName"], "TableStatus": "ACTIVE", "KeySchema": keys}}).encode())
        if operation == "BatchGetItem":
            return response(200, b'{"Responses":{},"UnprocessedKeys":{}}')
        if operation == "TransactWriteItems":
            body = next(iter(body["TransactItems"][0].values()))
        if body.get("TableName") != "items":
            return response(200, b"{}")
        if operation in ("Scan", "Query", "GetItem"):
            return response(200, self.answer_read(operation, body) if self.answer_read else b"{}")
        item = body.get("Item", body.get("Key"))["id"]["S"]
        self.taken.append(item)
        delay = self.decide(item)
        if delay is None:
            return None
        if delay:
            await asyncio.sleep(delay)
        self.answered.add(item)
        return response(200, b"{}")


class FakeController:
    """Assigns the route of epoch 1 and renews leases."""

    def __init__(self, cert, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.reports = {}  # host -> its last report

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=self.context, backlog=1024)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def serve(self, reader, writer):
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while request := await read_request(reader):
                path = request[0].split()[1]
                if path == "/v1/agents/stream":
                    await self.stream(writer)
                    break
                answer = b"{}"
                if path == "/v1/agents/report":
                    report = json.loads(request[2])
                    self.reports[report["host"]] = report
                    answer = b'{"lease":{"epoch":1,"length_ms":3000}}' if report["epoch"] == 1 else b'{"lease":null,"why":"another epoch"}'
                writer.write(response(200, answer))
                await writer.drain()
        writer.close()

    async def stream(self, writer):
        def send(line):
            data = json.dumps(line).encode() + b"\n"
            writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")
        send({"type": "hello", "protocol": {"lowest": 1, "highest": 1, "speaks": 1}, "app": APP, "controller": "fake", "boot": "c-1", "configuration_generation": 1, "register": "r-1"})
        send({"type": "route", "order": 1, "app": APP, "epoch": 1, "active": REGIONS[0], "users": REGIONS[0], "operation": ""})
        order = 1
        while True:
            await writer.drain()
            await asyncio.sleep(1)
            order += 1
            send({"type": "ping", "order": order, "app": APP, "epoch": 1, "at_ms": 1})


class FakeWorld:
    def __init__(self, directory, **region):
        self.directory = pathlib.Path(directory)
        self.region = region
        self.agents = {}

    async def start(self):
        cert, key = certificate(self.directory)
        self.ca = cert
        self.regions = {name: await FakeRegion(**(self.region if name == REGIONS[0] else {})).start() for name in REGIONS}
        self.controller = await FakeController(cert, key).start()
        (self.directory / "token").write_text("agent-token\n")
        (self.directory / "token").chmod(0o600)
        (self.directory / "credentials").write_text("[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n")
        return self

    @property
    def active(self):
        return self.regions[REGIONS[0]]

    async def agent(self, name, **options):
        self.agents[name] = Agent(self, name, options)
        return await self.agents[name].start()

    async def end(self):
        """Agents that a failed test has left are killed."""
        for agent in self.agents.values():
            if agent.process is not None and agent.process.returncode is None:
                agent.process.kill()
                await agent.process.wait()
        for server in [self.controller.server, *(region.server for region in self.regions.values())]:
            server.close()


def play(directory, story, **region):
    """Runs `story(world)` to its end, and ends the world whatever happens."""

    async def whole():
        world = await FakeWorld(directory, **region).start()
        try:
            return await story(world)
        finally:
            await world.end()

    return asyncio.run(whole())


class Agent:
    """A farshore-agent of its own process. Its log is in `log`."""

    def __init__(self, world, name, options):
        self.world, self.name = world, name
        self.process = None
        self.directory = world.directory / name
        self.directory.mkdir(exist_ok=True)
        self.log = self.directory / "agent.log"
        self.config = self.directory / "agent.yaml"
        endpoints = ", ".join(f"{region}: http://127.0.0.1:{fake.port}" for region, fake in world.regions.items())
        keys = options.pop("client_keys", "off")
        keys = f"client_keys: {keys}\n" if keys else ""
        more = "".join(f"    {key}: {value}\n" for key, value in options.items())
        self.config.write_text(
            f"version: 1\nhost: {name}\nregion: {REGIONS[0]}\n"
            f"controllers: ['https://127.0.0.1:{world.controller.port}']\ncontroller_ca: {world.ca}\n"
            f"token: ${{file:{world.directory}/token}}\n{keys}"
            f"state_directory: {self.directory}/state\nrun_directory: {self.directory}/run\nhealth: 127.0.0.1:0\n"
            f"aws:\n  credentials: {{ file: {world.directory}/credentials, profile: default }}\n"
            f"  endpoints: {{ dynamodb: {{ {endpoints} }} }}\n"
            f"apps:\n  - app: {APP}\n    listen: 127.0.0.1:0\n    regions: [{REGIONS[0]}, {REGIONS[1]}]\n    witness: {REGIONS[2]}\n{more}"
        )

    async def start(self):
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                str(BIN / "farshore-agent"), "--config", str(self.config), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        await self.until(self.is_open, "writes are open")
        return self

    def region_file(self):
        with contextlib.suppress(OSError, ValueError, KeyError):
            return json.loads((self.directory / "run" / "region.json").read_text())["apps"][APP]
        return None

    def is_open(self):
        app = self.region_file()
        return app is not None and app["write_state"] == "open"

    @property
    def port(self):
        return int(self.region_file()["endpoint"].rpartition(":")[2])

    async def until(self, condition, what, patience=60):
        def holds():
            found = condition()
            assert found or self.process.returncode is None, f"{self.name} ended with {self.process.returncode}: {self.log.read_text()[-2000:]}"
            return found

        await exits.until_meanwhile(holds, patience, lambda: f"{self.name}: {what}\n{self.log.read_text()[-2000:]}")

    async def end(self, patience):
        """Its exit status, once it has ended. Kills it when that takes longer."""
        try:
            return await asyncio.wait_for(self.process.wait(), patience)
        except asyncio.TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise AssertionError(f"{self.name} did not end within {patience} s: {self.log.read_text()[-2000:]}") from None


class Client:
    """One application that writes without a pause, each write with an id of its own. `outcomes`: id -> what it was told:
    answered, unknown, refused (not sent), nothing (no answer at all)."""

    def __init__(self, port, name):
        self.port, self.name = port, name
        self.outcomes = {}
        self.texts = {}

    async def run(self):
        number = 0
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                return  # the server has closed its port
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    number += 1
                    item = f"{self.name}-{number}"
                    self.outcomes[item] = "nothing"
                    closes = await self.write(reader, writer, item)
                    if closes:
                        break
            writer.close()

    async def write(self, reader, writer, item):
        body = json.dumps({"TableName": "items", "Item": {"id": {"S": item}}}).encode()
        writer.write(
            b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: DynamoDB_20120810.PutItem\r\n"
            b"Content-Type: application/x-amz-json-1.0\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        text = (await reader.readexactly(length)).decode()
        status = int(head.split()[1])
        self.outcomes[item] = "answered" if status == 200 else "unknown" if "outcome is unknown" in text else "refused"
        self.texts[item] = text
        return "connection: close" in head


def weather(seed, hung, slow):
    """Answers of a Region in trouble: at once, after up to a fifth of a second, or never."""
    dice = random.Random(seed)

    def decide(_):
        drawn = dice.random()
        return None if drawn < hung else dice.uniform(0.02, 0.2) if drawn < hung + slow else 0.0

    return decide
