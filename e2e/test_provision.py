"""`farshore provision plan` and `apply` against MiniStack: what is missing is made, once, in any number of runs."""

import json
import os
import signal
import subprocess

import exits
import pytest
from conftest import BIN, ROOT, farshore, until
from ministack import MiniStack

ACCOUNT = "123456789012"
REGIONS = ("us-east-1", "eu-west-1", "us-east-2")

CONFIG = """
version: 1
app: shop
objectives: {{ rto: 60s, rpo: 5s }}
regions:
  us-east-1: {{ preferred: true }}
  eu-west-1: {{}}
witness: {{ region: us-east-2 }}
tables:
  - {{ name: sessions }}
decide: {{ mode: observe, max_loss: 5s }}
levers: {{ data_impaired: [repoint], stack_impaired: [repoint], region_lost: [repoint] }}
aws:
  credentials: {{ file: {directory}/keys, profile: default }}
  endpoints:
    dynamodb: {{ us-east-1: {url}, eu-west-1: {url}, us-east-2: {url} }}
controller: {{ id: us-east-2, region: us-east-2 }}
"""


class Account:
    """An AWS account of MiniStack's, and the configuration of an app in it."""

    def __init__(self, stack, directory, number):
        self.stack, self.directory, self.account = stack, directory, number
        (directory / "keys").write_text(f"[default]\naws_access_key_id = {number}\naws_secret_access_key = test\n")
        self.config = directory / "farshore.yaml"
        self.config.write_text(CONFIG.format(directory=directory, url=stack.url))
        self.file = directory / "provision.json"

    def provision(self, *words, check=0):
        return farshore("provision", *words, "--config", self.config, check=check)

    def dynamodb(self, region):
        return self.stack.client("dynamodb", self.account, region)

    def tables(self):
        return {region: sorted(self.dynamodb(region).list_tables()["TableNames"]) for region in REGIONS}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    running = MiniStack(tmp_path_factory.mktemp("ministack"))
    yield running
    running.end()


@pytest.fixture
def account(stack, tmp_path, request):
    number = str(100000000000 + sum(map(ord, request.node.name)))
    made = Account(stack, tmp_path, number)
    stack.make_table(number, "us-east-1", "sessions", "id")
    return made


WHOLE = {
    "us-east-1": ["farshore_epochs", "farshore_heartbeat", "sessions"],
    "eu-west-1": ["farshore_epochs", "farshore_heartbeat", "sessions"],
    "us-east-2": ["farshore_epochs"],
}


def test_what_is_missing_is_made_and_nothing_is_made_twice(account):
    plan = json.loads(account.provision("plan", "--out", account.file, "--detailed-exitcode", "-o", "json", check=2).stdout)
    assert [change["change"] for change in plan["changes"]] == [
        "enable_stream", "create_replica", "create_table", "create_replica", "create_table", "create_table", "create_table",
    ]
    assert plan["obstacles"] == []
    assert account.tables()["us-east-2"] == [], "a plan makes nothing"
    made = account.provision("apply", account.file)
    assert "7 of 7 changes made" in made.stderr
    assert account.tables() == WHOLE
    again = account.provision("plan", "--detailed-exitcode")
    assert "everything that the configuration needs is there" in again.stdout
    assert "0 of 0 changes made" in account.provision("apply", account.file).stderr


def test_an_apply_that_was_killed_is_gone_on_with(account):
    account.provision("plan", "--out", account.file)
    words = [BIN / "farshore", "provision", "apply", account.file, "--config", account.config]
    running = exits.Process(words, (-signal.SIGKILL,), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert "sessions" in running.stdout.readline()
    running.kill()
    running.finish()
    assert not running.trouble()
    account.provision("apply", account.file)
    assert account.tables() == WHOLE


def test_what_has_moved_since_is_not_made(account):
    account.provision("plan", "--out", account.file)
    account.dynamodb("us-east-1").delete_table(TableName="sessions")
    account.stack.make_table(account.account, "eu-west-1", "sessions", "id")
    until(lambda: "sessions" not in account.tables()["us-east-1"], 10, "the table is gone")
    refused = account.provision("apply", account.file, check=5)
    assert "now it takes to turn the stream of table sessions in eu-west-1 on" in refused.stderr
    assert "farshore_epochs" not in account.tables()["us-east-2"]


def test_what_a_person_must_decide_is_said(account):
    account.stack.make_table(account.account, "eu-west-1", "farshore_epochs", "id")
    account.stack.make_table(account.account, "eu-west-1", "sessions", "id")
    shown = account.provision("plan", check=3).stdout
    assert "! table farshore_epochs in eu-west-1 has the key id S, not app S" in shown
    assert "! table sessions in eu-west-1 is no replica of the one in us-east-1: two tables of one name" in shown
    assert shown.count("remedy: ") == 2


def test_bad_input_has_a_clear_error(account, tmp_path):
    assert "provision plan" in account.provision("apply", tmp_path / "nothing.json", check=64).stderr
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"app": "another", "changes": [], "obstacles": [], "notes": []}))
    assert "is a plan of app another" in account.provision("apply", other, check=64).stderr
    other.write_text("{}")
    assert "changes" in account.provision("apply", other, check=64).stderr
    (tmp_path / "keys").write_text("[default]\naws_access_key_id = nobody\naws_secret_access_key = wrong\n")
    assert "`aws.credentials`" in account.provision("plan", check=77).stderr


def test_keys_that_are_absent_are_told_once(account):
    (account.directory / "keys").unlink()
    refused = account.provision("plan", check=77)
    assert refused.stdout == "" and refused.stderr.count("no AWS keys") == 1 and "`aws.credentials`" in refused.stderr, refused.stderr
