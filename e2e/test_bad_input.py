"""Wrong input at each edge: a clear error with its remedy, and nothing lost."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import urllib.error
import urllib.request

import pytest

import exits
from conftest import BIN, ROOT, TABLE, farshore, until

FRAMING = {
    "two content lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "length and chunked": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "unknown transfer encoding": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "bare line feeds": b"GET / HTTP/1.1\nHost: a\n\n",
    "blank before colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "folded header": b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
    "zero byte": b"GET / HTTP/1.1\r\nHost: a\r\nX: b\x00c\r\n\r\n",
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n",
}


def listeners(world):
    document = world.document
    host = document["hosts"][0]
    yield "lab DynamoDB", document["regions"]["us-east-1"]["dynamodb"]
    yield "Route 53", document["route53"]["api"]
    yield "lab admin", document["admin"]
    yield "load balancer", document["regions"]["us-east-1"]["load_balancer"]
    yield "agent DynamoDB", host["dynamodb"]
    yield "agent health", host["healthz"]
    yield "storefront", host["storefront"]
    yield "controller", document["controllers"][0]["api"]


def address_of(url):
    address, port = url.split("://")[-1].split("/")[0].rsplit(":", 1)
    return address, int(port)


def talk(world, url, sent):
    """Everything that comes back until the other side closes; we close ours, so that it can."""
    with socket.create_connection(address_of(url), timeout=60) as plain:
        link = world.context.wrap_socket(plain, server_hostname=address_of(url)[0]) if url.startswith("https") else plain
        link.sendall(sent)
        received = b""
        with contextlib.suppress(ConnectionResetError, ssl.SSLError):
            while not complete(received):
                piece = link.recv(4096)
                if not piece:
                    break
                received += piece
        return received


def complete(received):
    head, found, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return bool(found) and length is not None and len(body) >= int(length[1])


def test_malformed_http_at_each_listener(world):
    for name, url in listeners(world):
        for what, sent in FRAMING.items():
            answer = talk(world, url, sent)
            head, _, body = answer.partition(b"\r\n\r\n")
            # A listener that reads HTTP can still answer in it: it tells the reason.
            assert re.match(rb"HTTP/1\.1 (4\d\d|501) ", head), f"{name}: {what}: {answer[:200]!r}"
            assert body.strip(), f"{name}: {what}: no text: {answer[:200]!r}"
    assert_everything_serves(world)


def assert_everything_serves(world):
    def open_again():
        status = world.try_status()
        return status and all(agent["write_state"] == "open" for agent in status["agents"])

    until(open_again, 30, "every agent may write")
    # A check judges by its last second, and a machine may stand still for one: not by a single answer.
    last = []
    for url in (world.document["hosts"][0]["healthz"], world.document["regions"]["us-east-1"]["load_balancer"] + "/healthz"):
        until(lambda: serves(url, last), 30, lambda: f"{url} serves; it last said {last}")


def serves(url, last):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except urllib.error.HTTPError as error:
        last[:] = [error.code, error.read().decode()]
    except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
        last[:] = [repr(error)]
    return False


DNS_GARBAGE = {
    "a message that is none": b"\x00\x20" + b"\xff" * 32,
    "a length and no message": b"\xff\xff",
    "half a header": b"\x00\x05\x12\x34\x01\x00\x00",
    "an answer instead of a question": b"\x00\x0c\x12\x34\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    "an empty message": b"\x00\x00",
    "HTTP": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
}


def test_garbage_at_the_dns_server(world):
    where = address_of(world.document["route53"]["dns"])
    for what, sent in DNS_GARBAGE.items():
        with socket.create_connection(where, timeout=60) as link:
            received = b""
            # It may close as soon as it has seen enough.
            with contextlib.suppress(OSError):
                link.sendall(sent)
                link.shutdown(socket.SHUT_WR)
                while piece := link.recv(4096):
                    received += piece
            # FORMERR where there is a message to answer, else nothing; the connection ends either way.
            assert received == b"" or received[5] & 0x0F == 1, f"{what}: {received!r}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
            datagram.sendto(sent[2:], where)
    last = []

    def answers():
        asked = exits.run("dig", "+short", "+tries=1", "-p", where[1], "@" + where[0], world.document["route53"]["record"], "A", status=exits.ANY)
        last[:] = [asked.stdout]
        return re.match(r"127\.", asked.stdout)

    until(answers, 60, lambda: f"DNS answers; it last said {last}")


def test_clients_that_stall_hold_nobody_up(world):
    host = world.document["hosts"][0]
    stalled = []
    for _ in range(50):
        stalled.append(socket.create_connection(address_of(host["dynamodb"]), timeout=60))
        stalled[-1].sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{")
    # The first bytes of a TLS greeting, and no more: at the controller, which every agent and the operator need.
    for _ in range(50):
        stalled.append(socket.create_connection(address_of(world.document["controllers"][0]["api"]), timeout=60))
        stalled[-1].sendall(b"\x16\x03\x01\x02\x00\x01")
    table = world.dynamodb(host["dynamodb"])
    last = []

    def read():
        try:
            return table.get_item(TableName=TABLE, Key={"id": {"S": "x"}})
        except Exception as error:  # noqa: BLE001: any of them is an answer that did not come
            last[:] = [repr(error)]
            return None

    for _ in range(20):
        until(read, 30, lambda: f"a read is answered; last {last}")
        assert until(world.try_status, 30, "the controller answers")["epoch"] == 1
    for link in stalled:
        link.close()


def test_tokens_decide_who_may_do_what(world):
    url = world.document["controllers"][0]["api"]

    def ask(token, path, body=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(url + path, headers=headers, data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, context=world.context, timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            assert "error" in json.loads(error.read())
            return error.code

    assert ask(None, "/v1/status") == 401
    assert ask("wrong", "/v1/status") in (401, 403)
    assert ask(world.token, "/v1/status") == 200
    agent_token = next(pathlib.Path(world.directory).glob("hosts/*/token")).read_text().strip()
    assert ask(agent_token, "/v1/apps/magento/pause", {"for_ms": 1000, "reason": "x"}) == 403
    hello = {"type": "hello", "protocol": {"lowest": 1, "highest": 1}, "app": "another-app", "host": "h", "region": "us-east-1", "boot": "b",
             "configuration_hash": "", "epoch": 1, "active": "us-east-1", "users": "us-east-1"}
    assert ask(agent_token, "/v1/agents/stream", hello) in (400, 403)
    assert world.status()["epoch"] == 1


def test_two_controllers_on_one_store(world, processes):
    # A port of its own: it is the store that both want.
    config = pathlib.Path(world.config)
    second = config.with_name("second.yaml")
    second.write_text(re.sub(r"(?m)^  listen: (.*):\d+$", r"  listen: \1:0", config.read_text()))
    assert second.read_text() != config.read_text()
    started = processes(BIN / "farshored", "--config", second, status=69)
    text, _ = started.communicate(timeout=60)
    assert "is in use by process" in text and "remedy: one farshored per store" in text, text
    # And with a store of its own it is the port.
    third = config.with_name("third.yaml")
    third.write_text(re.sub(r"sqlite: (.*)/farshore\.db", r"sqlite: \1/third.db", config.read_text()))
    started = processes(BIN / "farshored", "--config", third, status=69)
    text, _ = started.communicate(timeout=60)
    assert "in use" in text and "remedy:" in text, text
    assert until(world.try_status, 30, "the first one answers")["epoch"] == 1


def test_a_second_agent_of_the_same_host_and_a_port_that_is_taken(world, processes):
    host = world.document["hosts"][0]
    again = processes(BIN / "farshore-agent", "--config", host["config"], status=69)
    text, _ = again.communicate(timeout=20)
    assert "another agent uses" in text and "remedy:" in text, text
    # With directories of its own, it is the port that is taken.
    folder = pathlib.Path(world.directory) / "hosts" / host["name"]
    for name in ("state", "run"):
        (folder / "again" / name).mkdir(parents=True)
    shutil.copy(folder / "token", folder / "again" / "token")
    elsewhere = folder / "again.yaml"
    elsewhere.write_text(pathlib.Path(host["config"]).read_text().replace(f"{folder}/", f"{folder}/again/"))
    taken = processes(BIN / "farshore-agent", "--config", elsewhere, status=69)
    text, _ = taken.communicate(timeout=20)
    assert "in use" in text and "remedy:" in text, text


@pytest.mark.parametrize("program", ["farshored", "farshore-agent"])
def test_configuration_that_cannot_be_read(tmp_path, program):
    missing = exits.run(BIN / program, "--config", tmp_path / "nothing.yaml", status=78)
    assert "nothing.yaml" in missing.stderr
    broken = tmp_path / "broken.yaml"
    broken.write_text("version: 1\napp: shop\nobjectives: { rto: 60 }\nregoins: {}\n")
    told = exits.run(BIN / program, "--config", broken, status=78)
    assert "broken.yaml:" in told.stderr and "error[C" in told.stderr, told.stderr


DATA = ROOT / "test" / "data" / "config"


@pytest.mark.parametrize(
    ("program", "file"), [("farshored", "wrong_values_and_broken_rules"), ("farshore-agent", "agent_wrong_values_and_broken_rules")]
)
def test_every_mistake_of_a_configuration_in_one_run(program, file):
    config = DATA / f"{file}.yaml"
    told = exits.run(BIN / program, "--config", config, status=78)
    # The file's own name, and not the path that this run gave it.
    assert config.with_suffix(".txt").read_text() in told.stderr.replace(str(config), config.name), told.stderr


def test_a_program_that_starts_logs_the_warnings_of_its_configuration(tmp_path):
    config = tmp_path / "farshore.yaml"
    # It starts and then finds that its store cannot be made.
    config.write_text((DATA / "ttl_takes_the_rto.yaml").read_text().replace("/var/lib/farshore", str(config)))
    told = exits.run(BIN / "farshored", "--config", config, status=exits.ANY).stderr
    assert "DNS ttl 5m alone takes all of rto 1m" in told and "code=C231" in told and "a shorter ttl" in told, told


def not_a_file(tmp_path, kind):
    path = tmp_path / kind.replace(" ", "_")
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "UTF-16":
        path.write_bytes("secret\n".encode("utf-16"))
    elif kind == "binary":
        path.write_bytes(b"\x7fELF\x00\x00")
    elif kind == "empty":
        path.write_text(" \r\n")
    elif kind == "byte order mark":
        path.write_bytes(b"\xef\xbb\xbf-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    return path


AGENT = """version: 1
host: web-1
region: us-east-1
state_directory: {folder}/state
run_directory: {folder}/run
health: 127.0.0.1:0
{key}
apps:
  - {{ app: shop, regions: [us-east-1, eu-west-1], witness: us-east-2, listen: "127.0.0.1:0" }}
"""


@pytest.mark.parametrize(
    ("key", "kind", "said"),
    [
        ("token: {}", "directory", "is a directory, not a file"),
        ("token: {}", "pipe", "is a pipe, not a file"),
        ("token: {}", "UTF-16", "is UTF-16"),
        ("token: {}", "absent", "does not exist"),
        ("client_keys: {}", "empty", "is empty"),
        ("client_keys: {}", "binary", "is binary"),
        ("controller_ca: {}", "byte order mark", "begins with a byte order mark"),
        ("controller_ca: {}", "binary", "is binary"),
        ("aws: {{ ca_file: {} }}", "directory", "is a directory, not a file"),
        ("aws: {{ credentials: {{ file: {} }} }}", "directory", "is a directory, not a file"),
        ("aws: {{ credentials: {{ file: {} }} }}", "UTF-16", "is UTF-16"),
    ],
)
def test_a_named_file_that_is_none_is_said_to_be_what_it_is(tmp_path, key, kind, said):
    named = not_a_file(tmp_path, kind)
    config = tmp_path / "agent.yaml"
    config.write_text(AGENT.format(folder=tmp_path, key=key.format(named)))
    told = exits.run(BIN / "farshore-agent", "--config", config, status=78)
    assert f"{named} {said}" in told.stderr and "remedy:" in told.stderr, told.stderr


def test_the_controllers_files_are_looked_at_too(tmp_path):
    good = (DATA / "good.yaml").read_text().replace("/var/lib/farshore", str(tmp_path))
    config = tmp_path / "farshore.yaml"
    for kind, said in (("directory", "is a directory, not a file"), ("empty", "is empty")):
        named = not_a_file(tmp_path, kind)
        config.write_text(good + f"controller: {{ tokens: {named} }}\n")
        told = exits.run(BIN / "farshored", "--config", config, status=78)
        assert f"the tokens file {named} {said}" in told.stderr and "remedy:" in told.stderr, told.stderr
        asked = farshore("status", "--controller", "https://127.0.0.1:1", "--token-file", named, check=64)
        assert f"the token file {named} {said}" in asked.stderr, asked.stderr
        config.write_text(good + f"controller: {{ operator_token: {named} }}\n")
        asked = farshore("status", "--config", config, check=78)
        assert f"the token file {named} {said}" in asked.stderr, asked.stderr


@pytest.mark.parametrize("url", ["http://u@h:1", "http://:4566", "h:8640", "http://h:99999"])
def test_a_controllers_address_that_is_none(url):
    asked = farshore("status", "--controller", url, check=64)
    assert "is not a URL" in asked.stderr and "remedy:" in asked.stderr, asked.stderr


def test_each_wrong_flag_in_one_run():
    told = farshore("-o", "xml", "pause", "shop", "--for", "soon", "--reason", "x", check=64)
    assert "--output:" in told.stderr and "--for: not a duration" in told.stderr, told.stderr


def test_no_controller_is_said_so(world):
    pid = world.refresh()["controllers"][0]["pid"]
    world.kill(pid)
    gone = farshore("status", "--config", world.config, check=False)
    assert gone.returncode == 69, gone.stderr
    assert "controller" in gone.stderr or "reach" in gone.stderr


def test_guards_refuse_with_their_reasons(world):
    there = farshore("switchover", "--config", world.config, "--to", "us-east-1", "--reason", "test", check=0)
    assert "us-east-1 is active" in there.stdout, there.stdout
    nowhere = farshore("switchover", "--config", world.config, "--to", "mars-1", "--reason", "test", check=64)
    assert "mars-1 is no Region of magento: us-east-1, eu-west-1" in nowhere.stderr
    unnamed = farshore("failover", "--config", world.config, "--to", "eu-west-1", "--reason", "test", check=64)
    assert "--confirm magento" in unnamed.stderr
    # Where a guard refuses, its reason is told, and nothing happens.
    farshore("lab", "fault", "dynamodb", "eu-west-1", "--mode", "timeout", "--dir", world.directory)

    def seen():
        status = world.try_status()
        return status and status["regions"]["eu-west-1"]["verdict"] == "unhealthy"

    until(seen, 60, "eu-west-1 is seen to be unhealthy", every=0.5)
    guarded = farshore("switchover", "--config", world.config, "--to", "eu-west-1", "--reason", "test", check=4)
    assert "GUARD" in guarded.stderr and "eu-west-1" in guarded.stderr and "unhealthy" in guarded.stderr, guarded.stderr
    assert world.status()["epoch"] == 1


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = exits.run("mount", "-t", "tmpfs", "-o", "size=1m", "none", folder, status=exits.ANY)
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small file system here: {mounted.stderr.strip()}")
    yield folder
    exits.run("umount", "-l", folder)


def fill(folder):
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))


def test_a_full_disk_stops_the_controller_from_acting_and_loses_nothing(world, processes, small_disk):
    """No intent can be made durable, so nothing is done; when there is space again, it goes on."""
    pid = world.refresh()["controllers"][0]["pid"]
    world.kill(pid)
    until(lambda: not world.try_status(), 10, "controller dead")
    store = next(pathlib.Path(world.directory).rglob("*.db"))
    for part in store.parent.glob(store.name + "*"):
        shutil.copy(part, small_disk)
    config = pathlib.Path(world.config)
    cramped = config.with_name("cramped.yaml")
    cramped.write_text(config.read_text().replace(str(store), str(small_disk / store.name)))
    processes.controller(cramped)
    until(world.try_status, 20, "the controller runs on the small disk")
    fill(small_disk)
    asked = farshore("pause", "--config", cramped, "--for", "1h", "--reason", "r" * 900, check=False)
    said = asked.stderr + json.dumps(world.status())
    assert asked.returncode != 0 or "full" in said, said
    assert re.search(r"full|space", said), said[:2000]
    assert world.status()["epoch"] == 1
    (small_disk / "filler").unlink()
    again = ("pause", "--config", cramped, "--for", "1h", "--reason", "space again")
    until(lambda: farshore(*again, check=False).returncode == 0, 60, "with space again it goes on", every=0.5)
    assert world.status()["paused"]
