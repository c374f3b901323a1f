"""Wrong input at each edge: a clear error with its remedy, and nothing lost."""

import contextlib
import json
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import urllib.error
import urllib.request

import pytest

from conftest import BIN, farshore, until

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
    yield "agent DynamoDB", host["dynamodb"]
    yield "agent health", host["healthz"]
    yield "storefront", host["storefront"]
    yield "controller", document["controllers"][0]["api"]


def talk(world, url, sent):
    scheme, rest = url.split("://")
    address, port = rest.split("/")[0].rsplit(":", 1)
    with socket.create_connection((address, int(port)), timeout=5) as plain:
        link = world.context.wrap_socket(plain, server_hostname=address) if scheme == "https" else plain
        link.sendall(sent)
        received = b""
        try:
            while b"\r\n\r\n" not in received:
                piece = link.recv(4096)
                if not piece:
                    break
                received += piece
        except (ConnectionResetError, ssl.SSLError):
            pass
        return received


def test_malformed_http_at_each_listener(world):
    for name, url in listeners(world):
        for what, sent in FRAMING.items():
            answer = talk(world, url, sent)
            assert answer == b"" or re.match(rb"HTTP/1\.1 (4\d\d|501) ", answer), f"{name}: {what}: {answer[:80]!r}"
    # And all of them still serve.
    status = world.status()
    assert all(agent["write_state"] == "open" for agent in status["agents"])
    # A check judges by its last second, and a machine may stand still for one: not by a single answer.
    last = []
    until(lambda: serves(world.document["hosts"][0]["healthz"], last), 20, lambda: f"the agent serves; it last said {last}")


def serves(healthz, last):
    try:
        with urllib.request.urlopen(healthz, timeout=5) as answer:
            return answer.status == 200
    except urllib.error.HTTPError as error:
        last[:] = [error.code, error.read().decode()]
        return False


def test_clients_that_stall_hold_nobody_up(world):
    host = world.document["hosts"][0]
    address, port = host["dynamodb"].split("//")[1].rsplit(":", 1)
    stalled = [socket.create_connection((address, int(port)), timeout=5) for _ in range(50)]
    for link in stalled:
        link.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{")
    table = world.dynamodb(host["dynamodb"])
    for _ in range(20):
        table.get_item(TableName="MyMagentoSessionsTable", Key={"id": {"S": "x"}})
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
    agent_token = next(pathlib.Path(world.directory).rglob("agent*.token")).read_text().strip()
    assert ask(agent_token, "/v1/apps/magento/pause", {"for_ms": 1000, "reason": "x"}) == 403
    hello = {"type": "hello", "protocol": {"lowest": 1, "highest": 1}, "app": "another-app", "host": "h", "region": "us-east-1", "boot": "b",
             "configuration_hash": "", "epoch": 1, "active": "us-east-1", "users": "us-east-1"}
    assert ask(agent_token, "/v1/agents/stream", hello) in (400, 403)
    assert world.status()["epoch"] == 1


def test_two_controllers_on_one_store(world, processes):
    second = processes(BIN / "farshored", "--config", world.config)
    text, _ = second.communicate(timeout=20)
    assert second.returncode not in (0, None)
    assert "store" in text or "address" in text or "in use" in text, text
    assert world.status()["epoch"] == 1


def test_a_second_agent_of_the_same_host_and_a_port_that_is_taken(world, processes):
    host = world.document["hosts"][0]
    again = processes(BIN / "farshore-agent", "--config", host["config"])
    text, _ = again.communicate(timeout=20)
    assert again.returncode == 69, text
    assert "another agent uses" in text and "remedy:" in text, text
    # With directories of its own, it is the port that is taken.
    folder = pathlib.Path(world.directory) / "hosts" / host["name"]
    for name in ("state", "run"):
        (folder / "again" / name).mkdir(parents=True)
    elsewhere = folder / "again.yaml"
    elsewhere.write_text(pathlib.Path(host["config"]).read_text().replace(f"{folder}/", f"{folder}/again/"))
    taken = processes(BIN / "farshore-agent", "--config", elsewhere)
    text, _ = taken.communicate(timeout=20)
    assert taken.returncode == 69, text
    assert "in use" in text and "remedy:" in text, text


@pytest.mark.parametrize("program", ["farshored", "farshore-agent"])
def test_configuration_that_cannot_be_read(tmp_path, program):
    missing = subprocess.run([str(BIN / program), "--config", str(tmp_path / "nothing.yaml")], capture_output=True, text=True, timeout=20)
    assert missing.returncode == 78 and "nothing.yaml" in missing.stderr
    broken = tmp_path / "broken.yaml"
    broken.write_text("version: 1\napp: shop\nobjectives: { rto: 60 }\nregoins: {}\n")
    told = subprocess.run([str(BIN / program), "--config", str(broken)], capture_output=True, text=True, timeout=20)
    assert told.returncode == 78
    assert "broken.yaml:" in told.stderr and "error[C" in told.stderr, told.stderr


def test_a_wrong_word_on_the_command_line():
    wrong = farshore("swichover", check=False)
    assert wrong.returncode == 64
    assert wrong.stdout == ""
    flag = farshore("status", "--nope", check=False)
    assert flag.returncode == 64
    assert farshore("--help").stdout
    assert farshore("--version").stdout.strip()


def test_no_controller_is_said_so(world):
    pid = world.refresh()["controllers"][0]["pid"]
    world.kill(pid)
    gone = farshore("status", "--config", world.config, check=False)
    assert gone.returncode == 69, gone.stderr
    assert "controller" in gone.stderr or "reach" in gone.stderr


def test_guards_refuse_with_their_reasons(world):
    where = farshore("switchover", "--config", world.config, "--to", "us-east-1", "--reason", "test", check=False)
    assert where.returncode in (0, 4), where.stderr
    nowhere = farshore("switchover", "--config", world.config, "--to", "mars-1", "--reason", "test", check=False)
    assert nowhere.returncode in (4, 64), nowhere.stderr
    assert "mars-1" in nowhere.stderr
    unnamed = farshore("failover", "--config", world.config, "--to", "eu-west-1", "--reason", "test", check=False)
    assert unnamed.returncode != 0
    assert world.status()["epoch"] == 1


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small file system here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


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
    processes(BIN / "farshored", "--config", cramped, stdout=subprocess.DEVNULL)
    until(world.try_status, 20, "the controller runs on the small disk")
    fill(small_disk)
    asked = farshore("pause", "--config", cramped, "--for", "1h", "--reason", "r" * 900, check=False)
    said = asked.stderr + json.dumps(world.status())
    assert asked.returncode != 0 or "full" in said, said
    assert re.search(r"full|space", said), said[:2000]
    assert world.status()["epoch"] == 1
    (small_disk / "filler").unlink()
    farshore("pause", "--config", cramped, "--for", "1h", "--reason", "space again")
    assert world.status()["paused"]
