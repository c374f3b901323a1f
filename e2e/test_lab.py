"""`farshore lab` as a process: interrupted while it comes up, and hosts that cannot be started again."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from conftest import BIN, World, farshore, is_alive, processes_of, until

ONE_ATTEMPT = Config(retries={"total_max_attempts": 1}, connect_timeout=30, read_timeout=60)


def state_of(folder):
    try:
        return json.loads((folder / "lab.json").read_text())["state"]
    except OSError:
        return None


def child_of_world(folder, word):
    return next((pid for pid in processes_of(folder) if word in open(f"/proc/{pid}/cmdline").read()), None)


def test_ctrl_c_while_the_world_comes_up_is_no_success(tmp_path, processes):
    folder = tmp_path / "world"
    lab = processes(BIN / "farshore", "lab", "up", "--foreground", "--dir", folder, stderr=subprocess.PIPE, status=130)
    # A controller that does not answer keeps it from being up.
    controller = until(lambda: child_of_world(folder, "farshored"), 60, "the controller is started")
    os.kill(controller, signal.SIGSTOP)
    assert state_of(folder) == "starting"
    lab.send_signal(signal.SIGINT)
    out, said = lab.communicate(timeout=120)
    assert "the world is up" not in out and "interrupted" in said
    assert state_of(folder) == "failed"
    until(lambda: processes_of(tmp_path) == [], 30, "nothing is left")


def test_a_host_that_cannot_be_started_again_is_told_and_tried_again(world):
    log = world.directory / "logs" / "storefront-use1-web-1.log"
    fault = json.loads(farshore("lab", "fault", "hosts", "us-east-1", "--dir", world.directory, "-o", "json").stdout)["id"]
    until(lambda: world.refresh()["hosts"][0]["storefront_pid"] is None, 30, "the host is dead")
    # Its log cannot be opened: nothing can be started that writes there.
    log.rename(log.with_suffix(".away"))
    log.mkdir()
    farshore("lab", "heal", fault, "--dir", world.directory)
    told = until(lambda: world.refresh()["trouble"], 30, "the trouble is told")
    assert "storefront-use1-web-1" in told and "cannot write" in told["storefront-use1-web-1"], told
    log.rmdir()
    until(lambda: not world.refresh()["trouble"], 30, "it is tried again")

    def serves():
        try:
            with urllib.request.urlopen(world.document["hosts"][0]["storefront"] + "/healthz", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    until(serves, 60, "the storefront serves again")


def test_a_process_of_the_world_that_ends_badly_is_told_when_it_goes_down(tmp_path):
    running = World(tmp_path / "world")
    try:
        host = running.document["hosts"][0]
        os.kill(host["agent_pid"], signal.SIGABRT)
        until(lambda: running.refresh()["ended_badly"], 60, "the world has seen it")
        told = farshore("lab", "status", "--dir", running.directory, check=3).stdout
        rows = {line.split()[0]: line.strip().split(maxsplit=2)[1:] for line in told.splitlines() if line.strip()}
        assert rows[f"agent-{host['name']}"][0] == str(host["agent_pid"])
        assert rows[f"agent-{host['name']}"][1].startswith("ended: killed by signal 6 (ABRT)")
        assert rows["lab"] == [str(running.document["pid"]), "running"]
        assert rows["controller"] == [str(running.document["controllers"][0]["pid"]), "running"]
        os.kill(running.document["controllers"][0]["pid"], signal.SIGSTOP)  # and takes SIGTERM all the same
    finally:
        done = farshore("lab", "down", "--dir", running.directory, check=1)
    assert f"error: agent-{host['name']} (pid {host['agent_pid']}) ended badly: killed by signal 6 (ABRT)" in done.stderr, done.stderr
    assert done.stderr.count("ended badly") == 1 and f"remedy: see {running.directory}/logs/agent-{host['name']}.log" in done.stderr
    assert "is down" in done.stdout
    assert processes_of(running.directory) == []
    assert "no world runs" in farshore("lab", "down", "--dir", running.directory).stdout


def test_an_order_to_stop_that_is_given_again_and_again_is_obeyed_once(tmp_path):
    with World(tmp_path / "world") as running:
        host = running.document["hosts"][0]
        for pid in (running.document["controllers"][0]["pid"], host["agent_pid"], host["storefront_pid"]):
            while is_alive(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
        # That each ended with status 0, not by the last of the signals, is looked at as the world goes down.


def test_a_world_whose_supervisor_was_killed_leaves_no_process_and_says_so(tmp_path):
    running = World(tmp_path / "world", "--bare")
    running.kill(running.document["pid"])
    until(lambda: processes_of(running.directory) == [], 60, "its processes have ended with it")
    told = farshore("lab", "status", "--dir", running.directory, check=3).stderr
    assert f"error: lab (pid {running.document['pid']}) ended badly: it died before the world was down" in told
    done = farshore("lab", "down", "--dir", running.directory, check=1)
    assert f"error: lab (pid {running.document['pid']}) ended badly: it died before the world was down" in done.stderr
    assert "no world runs" in farshore("lab", "down", "--dir", running.directory).stdout


def stranger(service, region, url):
    """A client that knows nothing of this world's keys."""
    return boto3.client(
        service, region_name=region, endpoint_url=url, aws_access_key_id="any", aws_secret_access_key="thing", config=ONE_ATTEMPT
    )


def test_a_world_takes_foreign_clients_when_it_is_told_to(tmp_path):
    running = World(tmp_path / "world", "--bare", "--any-credentials")
    try:
        assert "any access key is taken" in running.told and running.document["any_credentials"]
        processes = {process["name"]: process for process in running.document["processes"]}
        assert set(processes) == {"lab", *("storefront-" + host["name"] for host in running.document["hosts"])}
        for name, process in processes.items():
            assert process["state"] == "running" and f"{name}  " in running.told and str(process["pid"]) in running.told
        east, west = (running.document["regions"][region]["dynamodb"] for region in ("us-east-1", "eu-west-1"))
        table = {
            "TableName": "foreign",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        made = stranger("dynamodb", "eu-west-1", east).create_table(**table)["TableDescription"]
        assert ":eu-west-1:" in made["TableArn"], "the Region of the signature serves"
        assert "foreign" in stranger("dynamodb", "eu-west-1", west).list_tables()["TableNames"]
        assert "foreign" in stranger("dynamodb", "localhost", west).list_tables()["TableNames"], "no Region: the address's"
        assert "foreign" not in stranger("dynamodb", "us-east-1", west).list_tables()["TableNames"]
        zones = stranger("route53", "us-east-1", running.document["route53"]["api"]).list_hosted_zones()["HostedZones"]
        assert [zone["Name"] for zone in zones] == ["example.com."]
    finally:
        farshore("lab", "down", "--dir", running.directory)


def test_a_world_is_strict_by_itself_and_a_random_fault_says_its_seed(tmp_path):
    running = World(tmp_path / "world", "--bare")

    def drawn(*words):
        # Far in the future: it is looked at, and taken back before it bites.
        told = farshore("lab", "fault", "random", *words, "--after", "1h", "--dir", running.directory).stdout
        fault = running.refresh()["faults"][-1]
        assert told.startswith(f"{fault['id']}: {fault['text']}, for 10m, from {fault['starts_at']}, drawn with --seed {fault['seed']};")
        farshore("lab", "heal", fault["id"], "--dir", running.directory)
        return fault

    try:
        with pytest.raises(ClientError) as refused:
            stranger("dynamodb", "us-east-1", running.document["regions"]["us-east-1"]["dynamodb"]).list_tables()
        assert refused.value.response["Error"]["Code"] == "UnrecognizedClientException"
        first = drawn()
        again = drawn("--seed", str(first["seed"]))
        assert (again["seed"], again["text"]) == (first["seed"], first["text"])
    finally:
        farshore("lab", "down", "--dir", running.directory)


def test_shoppers_whose_log_cannot_be_written_say_so_and_end(processes):
    # Bound and not answering: what is asked there fails, and is logged.
    nobody = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    nobody.bind(("127.0.0.1", 0))
    words = ("--dns", f"127.0.0.1:{nobody.getsockname()[1]}", "--name", "shop.example.com", "--port", "80", "--log", "/dev/full", "--rate", "50")
    shoppers = processes(BIN / "farshore", "lab", "shoppers", *words, stderr=subprocess.PIPE, status=1)
    _, said = shoppers.communicate(timeout=120)
    assert "cannot write the client log /dev/full" in said
