"""`farshore-agent check`: real programs beside an agent of the lab, with and without the agent's endpoint."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import urllib.parse

import exits
import pytest
from conftest import BIN, ROOT, World

# Holds one connection until its standard input ends; "-" holds none.
PROGRAM = """
import socket, sys
where = sys.argv[1]
held = where != "-" and socket.create_connection(where.rsplit(":", 1))
print("connected", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with World(tmp_path_factory.mktemp("clients") / "lab") as world:
        yield world


@pytest.fixture
def host(lab):
    return next(each for each in lab.hosts("us-east-1"))


def authority(url):
    return urllib.parse.urlsplit(url).netloc


@contextlib.contextmanager
def program(where="-", **settings):
    """A program with these variables of AWS and no others."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name != "HOME"} | settings
    words = [sys.executable, "-c", PROGRAM, where]
    running = exits.Process(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    try:
        assert running.stdout.readline() == "connected\n"
        yield running.pid
    finally:
        running.communicate()
        assert not running.trouble()


def check(host, *words, status=exits.ANY):
    return exits.run(BIN / "farshore-agent", "check", "--config", host["config"], *words, status=status)


def codes_of(host, pid, *words):
    """What is said of that program, by code; other programs of this machine may have findings of their own."""
    told = json.loads(check(host, "-o", "json", *words).stdout)
    return {each["code"]: each for each in told["findings"] if pid in each["pids"]}


def ours(host):
    return {"AWS_ENDPOINT_URL_DYNAMODB": host["dynamodb"], "AWS_REGION": "us-east-1", "AWS_ENABLE_ENDPOINT_DISCOVERY": "false"}


def test_every_code_of_the_linter_is_in_the_manual():
    header = (ROOT / "src" / "core" / "lint" / "client_lint.h").read_text()
    names = header.split("kClientFaultNames{")[1].split("}")[0].replace('"', " ").replace(",", " ").split()
    manual = (ROOT / "docs" / "clients.md").read_text().split("## Find what goes past the agent")[1].split("\n## ")[0]
    assert [line.split("`")[1] for line in manual.splitlines() if line.startswith("| `")] == names


def test_a_program_that_uses_the_agent_is_right(host):
    with program(authority(host["dynamodb"]), **ours(host)) as pid:
        assert codes_of(host, pid) == {}
    with program(authority(host["dynamodb"]), AWS_REGION="us-east-1") as pid:
        assert codes_of(host, pid) == {}, "its code leads it to the agent"


def test_a_connection_past_the_agent_is_found_whatever_the_settings_say(lab, host):
    for region in ("us-east-1", "eu-west-1"):
        place = authority(lab.document["regions"][region]["dynamodb"])
        with program(place, **ours(host)) as pid:
            found = codes_of(host, pid)
            assert set(found) == {"past_agent"}, found
            assert f"{place} ({region})" in found["past_agent"]["text"] and found["past_agent"]["remedy"]
            told = check(host, status=3).stdout
            assert f"({pid}) is connected to DynamoDB at {place}" in told and "[past_agent]" in told, told


def test_published_ranges_find_addresses_that_no_name_has_now(host, tmp_path):
    ranges = tmp_path / "ip-ranges.json"
    entry = {"ip_prefix": "127.0.99.0/24", "region": "us-west-2", "network_border_group": "us-west-2", "service": "DYNAMODB"}
    ranges.write_text(json.dumps({"prefixes": [entry], "ipv6_prefixes": []}))
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.99.7", 443))
        except PermissionError:
            pytest.skip("port 443 is not for this user")
        listener.listen()
        with program("127.0.99.7:443", **ours(host)) as pid:
            assert codes_of(host, pid) == {}
            assert "127.0.99.7:443 (us-west-2)" in codes_of(host, pid, "--ranges", ranges)["past_agent"]["text"]
    ranges.write_text("{}")
    assert "remedy: download" in check(host, "--ranges", ranges, status=78).stderr


@pytest.mark.parametrize(
    "change, codes",
    [
        ({"AWS_ENDPOINT_URL_DYNAMODB": ""}, {"endpoint_unset", "region_pinned"}),
        ({"AWS_ENDPOINT_URL_DYNAMODB": "https://dynamodb.us-east-1.amazonaws.com"}, {"other_endpoint", "region_pinned"}),
        ({"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, {"endpoint_ignored", "region_pinned"}),
        ({"AWS_ENABLE_ENDPOINT_DISCOVERY": "true"}, {"discovery_on"}),
        ({"AWS_ACCOUNT_ID_ENDPOINT_MODE": "required"}, {"account_endpoint"}),
        ({"AWS_ENDPOINT_URL_DYNAMODB": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "us-east-1"}, {"endpoint_unset", "region_pinned"}),
    ],
)
def test_each_setting_that_leads_past_the_agent_is_named(host, change, codes):
    with program(**(ours(host) | change)) as pid:
        assert set(codes_of(host, pid)) == codes


def test_a_profile_is_read_as_the_sdks_read_it(host, tmp_path):
    profile = tmp_path / ".aws" / "config"
    profile.parent.mkdir()
    profile.write_text(
        "[profile shop]\nregion = eu-west-1\nservices = local\nignore_configured_endpoint_urls = true\n"
        "[services local]\ndynamodb =\n  endpoint_url = http://127.0.0.1:1\n"
    )
    with program(HOME=str(tmp_path), AWS_PROFILE="shop") as pid:
        found = codes_of(host, pid)
        assert set(found) == {"endpoint_ignored", "region_pinned"} and str(profile) in found["endpoint_ignored"]["text"], found
    profile.write_text(profile.read_text().replace("ignore_configured_endpoint_urls = true\n", ""))
    with program(HOME=str(tmp_path), AWS_PROFILE="shop") as pid:
        assert "http://127.0.0.1:1" in codes_of(host, pid)["other_endpoint"]["text"]
    profile.write_text(profile.read_text().replace("http://127.0.0.1:1", host["dynamodb"]))
    with program(HOME=str(tmp_path), AWS_PROFILE="shop") as pid:
        assert codes_of(host, pid) == {}
    # A program that has nothing to do with AWS is not judged by its user's profile.
    profile.write_text("[default]\nignore_configured_endpoint_urls = true\n")
    with program(HOME=str(tmp_path)) as pid:
        assert codes_of(host, pid) == {}


def test_a_secret_is_never_printed(host):
    with program(AWS_ACCESS_KEY_ID="AKIDSHOWN", AWS_SECRET_ACCESS_KEY="never-shown", AWS_SESSION_TOKEN="never-shown") as pid:
        done = check(host, "-o", "json")
        assert str(pid) in done.stdout and "never-shown" not in done.stdout + done.stderr and "AKIDSHOWN" not in done.stdout


def test_farshores_own_programs_are_left_out(lab, host):
    told = json.loads(check(host, "-o", "json").stdout)
    ours_by_pid = {each["pid"] for each in lab.document["hosts"] if "pid" in each}
    assert not ours_by_pid & {pid for each in told["findings"] for pid in each["pids"]}
    assert not {"farshore-agent", "farshored", "farshore"} & {each["program"] for each in told["findings"]}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_what_a_user_may_not_see_is_unchecked(host, tmp_path):
    config = pathlib.Path("/tmp") / f"agent-{os.getpid()}.yaml"
    config.write_text(pathlib.Path(host["config"]).read_text())
    config.chmod(0o644)
    try:
        done = exits.run(BIN / "farshore-agent", "check", "--config", config, "-o", "json", status=exits.ANY, user=65534, group=65534, extra_groups=[])
    finally:
        config.unlink()
    told = json.loads(done.stdout)
    assert told["hidden"] > 0 and done.returncode in (3, 9), told
