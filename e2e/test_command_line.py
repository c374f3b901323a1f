"""Exit statuses and errors of the command, as the manual's table has them."""

import json
import os
import pathlib
import re
import socket
import urllib.request

import pytest
import yaml
from conftest import ROOT, TABLE, World, farshore, until

DATA = ROOT / "test" / "data" / "config"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """One world for every test here that only asks or is refused."""
    with World(tmp_path_factory.mktemp("lab") / "world") as running:
        running.wait_ready()
        yield running


def test_a_broken_configuration_is_shown_with_its_place_and_exit_78():
    refused = farshore("validate", DATA / "unknown_key.yaml", check=78)
    assert "error[C104]: unknown key `max_lagg` in table `orders`" in refused.stderr
    assert "unknown_key.yaml:10:21" in refused.stderr
    assert refused.stdout == ""


def test_a_good_configuration_is_valid():
    assert "valid" in farshore("validate", ROOT / "examples" / "farshore.yaml", check=0).stdout
    assert "valid" in farshore("validate", "--agent", ROOT / "examples" / "agent.yaml", check=0).stdout


def test_an_absent_file_is_named(tmp_path):
    assert "nothing.yaml" in farshore("validate", tmp_path / "nothing.yaml", check=78).stderr
    for command in (["status"], ["pause", "--reason", "x"], ["config", "view"]):
        refused = farshore(*command, "--config", tmp_path / "nothing.yaml", check=78)
        assert "nothing.yaml" in refused.stderr, command


def test_what_is_no_configuration_is_called_what_it_is(tmp_path):
    (tmp_path / "empty.yaml").write_text("")
    assert "is empty" in farshore("validate", tmp_path / "empty.yaml", check=78).stderr
    assert "is a directory" in farshore("validate", tmp_path, check=78).stderr


def test_validate_as_json_lists_the_problems(tmp_path):
    good = json.loads(farshore("validate", ROOT / "examples" / "farshore.yaml", "-o", "json").stdout)
    assert good == {"ok": True, "problems": []}
    file = DATA / "unknown_key.yaml"
    bad = json.loads(farshore("validate", file, tmp_path / "nothing.yaml", "-o", "json", check=78).stdout)
    assert bad["ok"] is False
    key, absent = bad["problems"]
    assert (key["file"], key["line"], key["column"], key["code"]) == (str(file), 10, 21, "C104")
    assert "max_lagg" in key["text"] and "did you mean" in key["remedy"]
    assert absent["line"] is None and "does not exist" in absent["text"] and absent["remedy"]


def test_the_effective_configuration_is_a_configuration(tmp_path):
    example = ROOT / "examples" / "farshore.yaml"
    shown = farshore("config", "view", "--effective", "--config", example, check=0).stdout
    again = tmp_path / "again.yaml"
    again.write_text(shown)
    farshore("validate", again, check=0)
    assert yaml.safe_load(shown)["detect"]["quorum"] == "2 of 3"
    as_json = json.loads(farshore("config", "view", "--config", example, "-o", "json", check=0).stdout)
    assert as_json["app"] == "magento"


def test_usage_errors_are_64_and_suggest():
    refused = farshore("sttaus", check=64)
    assert "unknown command `sttaus`" in refused.stderr
    assert "did you mean `status`?" in refused.stderr
    for words in (("lab", "foo"), ("op", "foo"), ("--config", "x.yaml", "foo")):
        assert "unknown command `foo`" in farshore(*words, check=64).stderr, words
    farshore("status", "--nonsense", check=64)
    farshore("pause", "--for", "5", "--reason", "x", check=64)


def test_no_controller_is_a_usage_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "no controller is known" in farshore("status", check=64).stderr


def test_an_unreachable_controller_is_69(tmp_path):
    # The test holds this port and does not listen on it: no other process can answer there.
    nobody = socket.socket()
    nobody.bind(("127.0.0.1", 0))
    port = nobody.getsockname()[1]
    token = tmp_path / "token"
    token.write_text("x\n")
    refused = farshore(
        "status", "--controller", f"https://127.0.0.1:{port}", "--token-file", token, "--ca-file", "/etc/ssl/certs/ca-certificates.crt", check=69
    )
    assert f"127.0.0.1:{port}" in refused.stderr
    assert "remedy:" in refused.stderr


def test_no_world_is_3(tmp_path):
    refused = farshore("lab", "status", "--dir", tmp_path / "nowhere", check=3)
    assert "farshore lab up" in refused.stderr
    farshore("lab", "down", "--dir", tmp_path / "nowhere", check=0)
    assert list(tmp_path.iterdir()) == [], "asking leaves nothing behind"
    farshore("lab", "heal", "all", "--dir", tmp_path / "nowhere", check=69)


def test_too_few_regions_are_a_usage_error(tmp_path):
    refused = farshore("lab", "up", "--dir", tmp_path / "w", "--regions", "us-east-1", check=64)
    assert "three different Regions" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_demo_leaves_the_files_of_others_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    refused = farshore("demo", "--out", tmp_path, check=64)
    assert "thesis.txt" in refused.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("command", [("lab", "up"), ("lab", "up", "--foreground"), ("demo",)], ids=" ".join)
def test_a_directory_that_is_no_world_is_left_alone(tmp_path, command):
    """Files with the names of a world's own prove nothing: ~/.aws has credentials too."""
    folder = tmp_path / "w"
    folder.mkdir()
    for name in ("precious", "credentials", "lab.json", "lab.log"):
        (folder / name).write_text("mine")
    (tmp_path / "w.log").write_text("mine")
    before = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    out = ("--out", tmp_path.parent / f"{tmp_path.name}-report") if command == ("demo",) else ()
    refused = farshore(*command, *out, "--dir", folder, check=4)
    assert "is no lab world" in refused.stderr
    assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_hosts_that_were_started_by_hand_are_not_killed(tmp_path):
    with World(tmp_path / "world", "--bare") as bare:
        refused = farshore("lab", "fault", "hosts", "us-east-1", "--dir", bare.directory, check=64)
        assert "by hand" in refused.stderr and "--bare" in refused.stderr
        assert bare.refresh()["faults"] == []


def test_a_fault_without_a_target_is_refused(lab):
    for words in (("hosts", "us-east-2"), ("replication", "us-east-2")):
        refused = farshore("lab", "fault", *words, "--dir", lab.directory, check=64)
        assert "us-east-2, the witness" in refused.stderr and "us-east-1, eu-west-1" in refused.stderr, refused.stderr
    assert lab.faults() == []


def test_the_wide_status_gives_the_reason_of_each_vote(lab):
    usual = farshore("status", "--config", lab.config).stdout
    wide = farshore("status", "--config", lab.config, "-o", "wide").stdout
    assert "WHY" in wide and "WHY" not in usual
    assert len([line for line in wide.splitlines() if "agents:eu-west-1" in line]) == 4, wide
    assert "GUARD" in farshore("why", "--config", lab.config, "-o", "wide").stdout


def test_a_resume_without_a_pause_says_so(lab):
    assert "nothing was paused" in farshore("resume", "--config", lab.config, check=0).stdout
    farshore("pause", "--config", lab.config, "--for", "1m", "--reason", "test")
    assert "resumed" in farshore("resume", "--config", lab.config, check=0).stdout


def test_plans_tell_what_would_be_done(lab):
    here = farshore("plan", "switchover", "--to", "us-east-1", "--config", lab.config, check=0)
    assert "already done" in here.stdout and "1." not in here.stdout
    refused = farshore("plan", "failback", "--to", "eu-west-1", "--config", lab.config, check=64)
    assert "preferred Region, us-east-1" in refused.stderr
    forecast = farshore("plan", "failover", "--to", "eu-west-1", "--config", lab.config, check=False)
    assert "a failover now could lose" in forecast.stdout


def test_a_plan_sends_users_when_its_levers_say_so(lab):
    words = ("plan", "switchover", "--to", "eu-west-1", "--config", lab.config)
    for levers, moves_users in ((["--levers", "repoint"], False), (["--levers", "shift"], True), ([], True)):
        plan = farshore(*words, *levers, check=False).stdout
        assert "route writes to eu-west-1" in plan
        assert ("send users to eu-west-1" in plan) == moves_users, plan
    assert "nonsense not in {repoint,shift}" in farshore(*words, "--levers", "nonsense", check=64).stderr


def test_the_register_is_listed_and_nobody_leaves_it_who_may_write(lab):
    host = lab.hosts("us-east-1")[0]["name"]
    assert host in farshore("agents", "list", "--config", lab.config, check=0).stdout
    register = json.loads(farshore("agents", "list", "--config", lab.config, "-o", "json", check=0).stdout)
    assert {entry["host"] for entry in register} == {each["name"] for each in lab.document["hosts"]}
    refused = farshore("agents", "forget", host, "--config", lab.config, check=4)
    assert f"{host} is connected" in refused.stderr
    unknown = farshore("agents", "forget", "nobody", "--config", lab.config, check=64)
    assert "nobody is not in the register" in unknown.stderr and "farshore agents list" in unknown.stderr


def documented(title):
    """Of one table of docs/metrics.md: {name: (type, labels)}."""
    page = (ROOT / "docs" / "metrics.md").read_text()
    section = page.split(f"## {title}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| `")]
    assert all(len(row) == 6 and row[4] for row in rows), rows
    return {row[0].strip("`"): (row[1], set(filter(None, row[2].split(", ")))) for row in rows}


def scraped(lab, url, token=None):
    """The same, from a running program."""
    request = urllib.request.Request(url + "/metrics", headers={"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(request, context=lab.context if url.startswith("https") else None, timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    types = {line.split()[2]: line.split()[3] for line in lines if line.startswith("# TYPE ")}
    labels = {name: None for name in types}
    for line in lines:
        if not line.startswith("#"):
            name, rest = re.match(r"\w+", line)[0], line
            family = name if name in types else re.sub(r"_(bucket|sum|count)$", "", name)
            labels[family] = set(re.findall(r'(\w+)="', rest)) - {"le"}
    return {name: (types[name], labels[name]) for name in types}


def test_every_metric_is_in_the_manual_and_the_manual_has_no_other(lab):
    controller = lab.document["controllers"][0]["api"]
    agent = lab.hosts("us-east-1")[0]["healthz"].removesuffix("/healthz")
    for title, found in (("The controller's", scraped(lab, controller, lab.token)), ("The agent's", scraped(lab, agent))):
        pages = documented(title)
        assert set(found) == set(pages), set(found) ^ set(pages)
        for name, (kind, labels) in found.items():
            # A family without a line tells no labels.
            assert kind == pages[name][0] and labels in (None, pages[name][1]), (name, kind, labels, pages[name])


def test_the_first_line_of_status_is_the_answer(lab):
    ready = until(lambda: (asked := farshore("status", "--config", lab.config, check=(0, 3))).returncode == 0 and asked, 60, "the lab is ready")
    assert ready.stdout.startswith("READY  magento: us-east-1 -> eu-west-1 now would lose"), ready.stdout
    farshore("lab", "fault", "replication", "us-east-1", "--dir", lab.directory)
    still = "replication us-east-1 -> eu-west-1 has not moved for"
    stalled = until(lambda: still in (asked := farshore("status", "--config", lab.config, check=(0, 3))).stdout and asked, 60, "replication stands still")
    assert stalled.returncode == 3 and stalled.stdout.startswith("NOT READY  magento: "), stalled.stdout
    doctor = farshore("doctor", "--config", lab.config, check=3).stdout
    assert doctor.splitlines()[-1] == "not ready" and "readiness replication_stalled: " in doctor and "NOT READY  magento: " in doctor, doctor
    assert still in stalled.stdout.splitlines()[0] and "STALE" in stalled.stdout, stalled.stdout
    why = farshore("why", "--config", lab.config, check=0).stdout
    assert "nothing calls for a failover: us-east-1 is healthy" in why and "REFUSED" not in why, why
    gate = farshore("failover", "--to", "eu-west-1", "--confirm", "magento", "--reason", "test", "--accept-loss", "1ms", "--config", lab.config, check=4)
    assert "`--accept-loss " in gate.stderr and "--accept-unfenced" not in gate.stderr, gate.stderr
    farshore("lab", "heal", "all", "--dir", lab.directory)
    for words, code in ((("dynamodb", "eu-west-1", "--mode", "refused"), "standby_unhealthy"), (("hosts", "eu-west-1"), "host_silent")):
        farshore("lab", "fault", *words, "--dir", lab.directory)
        told = until(lambda: f"  {code}: " in (asked := farshore("status", "--config", lab.config, check=(0, 3))).stdout and asked, 60, code)
        assert told.returncode == 3 and told.stdout.startswith("NOT READY  magento: "), told.stdout
        if code == "standby_unhealthy":
            # What does not answer is not known to be there.
            live = farshore("validate", lab.config, "--live", check=9).stdout
            assert f"unchecked  table {TABLE}: " in live and "wrong" not in live, live
            assert json.loads(farshore("validate", lab.config, "--live", "-o", "json", check=9).stdout)["ok"] is False
            assert json.loads(farshore("doctor", "--config", lab.config, "-o", "json", check=3).stdout)["verdict"] == "not_ready"
        farshore("lab", "heal", "all", "--dir", lab.directory)
    until(lambda: farshore("status", "--config", lab.config, check=(0, 3)).returncode == 0, 60, "the lab is ready again")


def test_a_typed_wrong_region_is_told_the_right_ones(lab):
    refused = farshore("switchover", "--to", "mars", "--config", lab.config, check=64)
    first = refused.stderr.splitlines()[0]
    assert "us-east-1, eu-west-1" in first and len(first) < 120, first
    assert "hosts" not in refused.stderr


def test_faults_that_are_taken_back_are_counted(lab):
    for region in ("us-east-1", "eu-west-1"):
        farshore("lab", "fault", "dynamodb", region, "--mode", "latency=1ms", "--dir", lab.directory)
    first = lab.faults()[-2]["id"]
    assert f"{first} taken back" in farshore("lab", "heal", first, "--dir", lab.directory).stdout
    assert json.loads(farshore("lab", "heal", "all", "--dir", lab.directory, "-o", "json").stdout)["taken_back"] == 1
    assert "nothing was broken" in farshore("lab", "heal", "all", "--dir", lab.directory).stdout
    farshore("lab", "heal", first, "--dir", lab.directory, check=64)


def test_an_operation_that_does_not_exist_is_a_usage_error(lab):
    for words in (("op", "show", "nope"), ("op", "watch", "nope"), ("op", "abort", "nope"), ("losses", "nope")):
        refused = farshore(*words, "--config", lab.config, check=64)
        assert "no operation nope" in refused.stderr, words


def test_losses_are_those_of_the_last_failover(lab):
    assert "no failover" in farshore("losses", "--config", lab.config, check=0).stderr
    farshore("failover", "--to", "eu-west-1", "--confirm", "magento", "--reason", "test", "--accept-loss", "1m", "--wait", "--config", lab.config, check=0)
    operation = lab.operation()
    assert operation["id"] in farshore("losses", "--config", lab.config, check=0).stderr


def config_with(lab, directory, table):
    """The controller's configuration with one more table."""
    text = pathlib.Path(lab.config).read_text()
    path = directory / "with-another-table.yaml"
    path.write_text(text.replace("tables:\n", f"tables:\n  - name: {table}\n", 1))
    path.chmod(0o600)
    return path


def test_names_are_looked_up_where_they_are_said_to_be(lab, tmp_path):
    farshore("validate", lab.config, "--live", check=0)
    ready = until(lambda: (asked := farshore("doctor", "--config", lab.config, check=(0, 3))).returncode == 0 and asked, 60, "all is well").stdout
    assert ready.splitlines()[-1] == "ready" and "wrong" not in ready, ready
    config = config_with(lab, tmp_path, "NoSuchTable")
    assert farshore("validate", config, check=0).stdout.endswith(": valid\n")
    live = farshore("validate", config, "--live", check=3).stdout
    for region in ("us-east-1", "eu-west-1"):
        assert f"table NoSuchTable does not exist in {region}" in live, live
    found = json.loads(farshore("doctor", "--config", config, "-o", "json", check=3).stdout)
    wrong = [each for each in found["checks"] if each["state"] == "wrong"]
    assert not found["ready"] and {each["what"] for each in wrong} == {"table NoSuchTable"}
    assert all("global table" in each["remedy"] for each in wrong), wrong


def test_a_table_with_another_key_in_the_other_region_is_named_with_both(lab, tmp_path):
    for region, key in (("us-east-1", "pk"), ("eu-west-1", "id")):
        lab.region_table(region).create_table(
            TableName="unlike", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        )  # fmt: skip
    live = farshore("validate", config_with(lab, tmp_path, "unlike"), "--live", check=3).stdout
    assert "table unlike has the key (pk S) in us-east-1 and (id S) in eu-west-1" in live, live


def test_a_loss_book_is_exported_for_its_owner_and_settled_by_an_operator(lab, tmp_path):
    book, config = tmp_path / "losses.csv", ("--config", lab.config)
    operation = lab.operation()["id"]  # the failover of the test before
    before = os.umask(0)
    try:
        farshore("losses", "export", "--operation", operation, "--out", book, *config, check=0)
    finally:
        os.umask(before)
    assert book.stat().st_mode & 0o777 == 0o600
    assert book.read_bytes().startswith(b"operation,table,key,op,at,host,epoch,acknowledged,fate,reason\r\n")
    assert json.loads(farshore("losses", "export", "--format", "json", *config, check=0).stdout)["operation"] == operation
    settle = ("losses", "settle", operation, "--all-open", "--fate", "unknown", "--reason", "INC-812", *config)
    assert f"--confirm {operation}" in farshore(*settle, check=64).stderr
    farshore(*settle, "--confirm", "another", check=10)
    assert "waits for a decision" in farshore(*settle, "--confirm", operation, check=4).stderr
    farshore("losses", "settle", operation, "--fate", "unknown", "--reason", "x", *config, check=64)


def test_a_switchover_names_the_table_that_keeps_it_from_draining(lab):
    active = lab.status()["active"]
    region = lab.region_table(active)
    region.create_table(
        TableName="lease_table", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    until(lambda: region.describe_table(TableName="lease_table")["Table"]["TableStatus"] == "ACTIVE", 20, "the table to be made")
    host = lab.hosts(active)[0]
    table = lab.dynamodb(host["dynamodb"])
    table.put_item(TableName="lease_table", Item={"id": {"S": "lease"}})
    for i in range(20):
        table.put_item(TableName=TABLE, Item={"id": {"S": f"cart-{i}"}})

    def told():
        agent = next(each for each in lab.status()["agents"] if each["host"] == host["name"])
        return agent["unproven"] == 1 and agent["tables"]

    trouble = until(told, 20, "the host to have proven all but one write")
    assert [(each["table"], each["unproven"]) for each in trouble] == [("lease_table", 1)]
    to = next(region for region in ("us-east-1", "eu-west-1") if region != active)
    failed = farshore("switchover", "--to", to, "--wait", "--config", lab.config, check=(1, 4))
    assert "lease_table" in failed.stdout + failed.stderr, failed.stdout + failed.stderr
