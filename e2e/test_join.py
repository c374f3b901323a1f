"""Hosts that come by themselves: each proves who it is, and gets a credential of its own. STS is MiniStack, which checks signatures."""

import datetime
import hashlib
import http.client
import json
import re
import secrets
import ssl

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from conftest import BIN, Processes, farshore, until
from ministack import MiniStack, free_port

OURS, OTHERS = "111111111111", "222222222222"
ROLE = f"arn:aws:iam::{OURS}:role/shop-host"
TABLES = ("us-east-1", "eu-west-1", "us-east-2")
STS_BODY = "Action=GetCallerIdentity&Version=2011-06-15"

CONTROLLER = """
version: 1
app: magento
objectives: {{ rto: 60s, rpo: 5s }}
regions:
  us-east-1: {{ preferred: true }}
  eu-west-1: {{}}
witness: {{ region: us-east-2 }}
store: {{ sqlite: {directory}/farshore.db }}
tables:
  - {{ name: sessions }}
decide: {{ mode: observe, max_loss: 5s }}
fence: {{ on_controller_loss: verify, lease: 3s }}
traffic:
  route53: {{ zone: Z0123ABC, record: shop.example, ttl: 30s, mechanism: health-state }}
join:
  aws:
    roles:
      - {{ arn: "{role}", region: us-east-1, hosts: i-* }}
{aws}
controller:
  id: us-east-2
  region: us-east-2
  listen: 127.0.0.1:{port}
  url: {url}
  tls: {{ certificate: {directory}/controller.pem, key: {directory}/controller.key, ca: {directory}/ca.pem }}
  tokens: {directory}/tokens.json
  operator_token: {directory}/dana.token
"""

AWS = """aws:
  credentials: {{ file: {keys}, profile: default }}
  endpoints:
    dynamodb: {{ us-east-1: {stack}, eu-west-1: {stack}, us-east-2: {stack} }}
    sts: {{ us-east-1: {stack}, eu-west-1: {stack}, us-east-2: {stack} }}
    route53: {stack}"""

AGENT = """
version: 1
host: {host}
region: us-east-1
controllers: [{url}]
controller_ca: {ca}
join: {join}
registration: {registration}
state_directory: {directory}/state
run_directory: {directory}/run
health: 127.0.0.1:0
{aws}
apps:
  - app: magento
    listen: 127.0.0.1:0
    regions: [us-east-1, eu-west-1]
    witness: us-east-2
    lease: 3s
"""


class Installation:
    """Made by `farshore init`, run by hand."""

    def __init__(self, directory, stack):
        self.directory, self.stack = directory, stack
        self.processes = Processes()
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.config = directory / "farshore.yaml"
        self.tokens = directory / "tokens.json"
        farshore("init", "ca", "127.0.0.1", "controller.example", "--dir", directory)
        farshore("init", "token", "--role", "operator", "--name", "dana", "--tokens", self.tokens)
        self.config.write_text(CONTROLLER.format(
            directory=directory, role=ROLE, port=self.port, url=self.url, aws=self.aws(directory / "controller.keys", (OURS, "test")),
        ))
        self.start(BIN / "farshored", self.config)
        until(lambda: self.ask("GET", "/v1/status")[0] == 200, 60, "the controller answers")

    def aws(self, file, keys):
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        file.write_text("[default]\n" + "".join(f"{name} = {value}\n" for name, value in zip(names, keys, strict=False)))
        return AWS.format(keys=file, stack=self.stack.url)

    def start(self, program, config):
        log = self.directory / f"{config.stem}.log"
        with log.open("a") as out:
            return self.processes(program, "--config", config, stdout=out)

    def start_agent(self, host, join, keys, registration="host", url=None):
        directory = self.directory / host
        directory.mkdir()
        config = self.directory / f"{host}.yaml"
        config.write_text(AGENT.format(
            host=host, registration=registration, url=url or self.url, ca=self.directory / "ca.pem", join=join, directory=directory, aws=self.aws(directory / "keys", keys),
        ))
        return self.start(BIN / "farshore-agent", config)

    def token(self, name="dana"):
        return (self.directory / f"{name}.token").read_text().strip()

    def ask(self, method, path, document=None, token=None):
        """(status, document); (0, None) when the controller does not answer."""
        link = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=ssl.create_default_context(cafile=self.directory / "ca.pem"))
        try:
            link.request(method, path, None if document is None else json.dumps(document), {"Authorization": f"Bearer {token or self.token()}"})
            answer = link.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            return 0, None
        finally:
            link.close()

    def agent(self, host):
        return next((agent for agent in self.ask("GET", "/v1/status")[1]["agents"] if agent["host"] == host), None)

    def wait_connected(self, host):
        def connected():
            agent = self.agent(host)
            return agent if agent and agent["connected"] else None

        return until(connected, 60, lambda: (self.directory / f"{host}.log").read_text()[-3000:])


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    running = MiniStack(tmp_path_factory.mktemp("ministack"))
    try:
        for region in TABLES:
            for table, key in (("farshore_epochs", "app"), ("farshore_heartbeat", "id"), ("sessions", "id")):
                running.make_table(OURS, region, table, key)
        for account, role in ((OURS, "shop-host"), (OURS, "pipeline"), (OTHERS, "shop-host")):
            running.make_role(account, role, "dynamodb:*")
        yield running
    finally:
        running.end()


@pytest.fixture(scope="module")
def installation(tmp_path_factory, stack):
    made = Installation(tmp_path_factory.mktemp("installation"), stack)
    try:
        yield made
    finally:
        made.processes.end()


class Proof:
    """What an agent sends, put together by hand and signed by botocore."""

    def __init__(self, installation, keys, host="i-0abc", sts_region="us-east-1", url=None, nonce=None, signed_at=None):
        nonce = nonce or installation.ask("POST", "/v1/agents/challenge", {})[1]["nonce"]
        self.request = {"app": "magento", "host": host, "region": "us-east-1", "credential_sha256": hashlib.sha256(secrets.token_bytes(32)).hexdigest()}
        url = url or installation.url
        parts = [self.request["app"], host, "us-east-1", self.request["credential_sha256"], url, nonce]
        statement = "farshore-join-1" + "".join(f"\n{len(part)}:{part}" for part in parts)
        call = AWSRequest("POST", installation.stack.url + "/", data=STS_BODY, headers={
            "Content-Type": "application/x-www-form-urlencoded", "x-farshore-join": "v1." + hashlib.sha256(statement.encode()).hexdigest(),
        })
        with pytest.MonkeyPatch.context() as patch:
            if signed_at:
                patch.setattr(botocore.auth, "get_current_datetime", lambda: signed_at)
            botocore.auth.SigV4Auth(Credentials(*keys), "sts", sts_region).add_auth(call)
        self.request["identity"] = {
            "sts_region": sts_region, "url": url, "nonce": nonce, "amz_date": call.headers["X-Amz-Date"],
            "authorization": call.headers["Authorization"], "security_token": call.headers.get("X-Amz-Security-Token") or "none",
        }


def test_a_host_is_let_in_by_its_role_and_comes_back_by_itself(installation, stack):
    host = "i-0123456789abcdef0"
    installation.start_agent(host, "{ aws: {} }", stack.session(OURS, "shop-host", host))
    assert installation.wait_connected(host)["vouched_by"] == ROLE
    (kept,) = (installation.directory / host / "state").glob("*.credential")
    assert kept.stat().st_mode & 0o777 == 0o600
    secret = kept.read_text()
    listed = farshore("agents", "list", "--config", installation.config).stdout
    assert ROLE in next(line for line in listed.splitlines() if line.startswith(host)), listed
    # The revoked secret is good for nothing. The host proves itself anew, and gets another one.
    farshore("agents", "revoke", host, "--config", installation.config)
    until(lambda: kept.read_text() != secret, 30, "it has another secret")
    installation.wait_connected(host)


REFUSED = {
    "another account's role of that name": ("other_role", lambda stack: {"keys": stack.session(OTHERS, "shop-host", "i-0abc")}),
    "another role of the account": ("other_role", lambda stack: {"keys": stack.session(OURS, "pipeline", "i-0abc")}),
    "another host's session": ("other_host", lambda stack: {"keys": stack.session(OURS, "shop-host", "i-0abd")}),
    "a name that no host of the role has": ("name_not_allowed", lambda stack: {"keys": stack.session(OURS, "shop-host", "web-1"), "host": "web-1"}),
    "made for another controller": ("other_controller", lambda stack: {"url": "https://127.0.0.1:1"}),
    "a challenge that the controller did not give": ("unknown_challenge", lambda stack: {"nonce": "0" * 64}),
    "the STS of a Region that is none of ours": ("other_sts", lambda stack: {"sts_region": "ap-south-1"}),
    "signed long ago": ("too_old", lambda stack: {"signed_at": datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=6)}),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_proof_is_refused_with_its_reason(installation, stack, why):
    reason, changes = REFUSED[why]
    proof = Proof(installation, **{"keys": stack.session(OURS, "shop-host", "i-0abc"), **changes(stack)})
    status, answer = installation.ask("POST", "/v1/agents/join", proof.request)
    assert (status, answer["error"]["code"]) == (403, reason), answer
    assert installation.agent(proof.request["host"]) is None


def test_what_was_signed_cannot_be_changed_and_is_good_once(installation, stack):
    keys = stack.session(OURS, "shop-host", "i-0abc")

    def refused(request, reason):
        status, answer = installation.ask("POST", "/v1/agents/join", request)
        assert (status, answer["error"]["code"]) == (403, reason), answer

    forged = Proof(installation, (keys[0], "x" * 40, keys[2])).request
    refused(forged, "SignatureDoesNotMatch")
    tampered = Proof(installation, keys).request
    # An attacker between host and controller wants the credential for a secret of its own.
    refused({**tampered, "credential_sha256": hashlib.sha256(b"mine").hexdigest()}, "SignatureDoesNotMatch")
    refused(tampered, "challenge_used")
    right = Proof(installation, keys)
    assert installation.ask("POST", "/v1/agents/join", right.request) == (200, {"host": "i-0abc", "vouched_by": ROLE})
    refused(right.request, "challenge_used")
    # A user's keys, and the root's, tell of no host.
    root = Proof(installation, (OURS, "test"))
    assert installation.ask("POST", "/v1/agents/join", root.request)[0] == 403


def test_a_join_token_lets_one_host_in_and_a_revoked_host_needs_another(installation, stack):
    keys = stack.session(OURS, "shop-host", "i-0web")
    file = installation.directory / "web.token"
    make = ("init", "join-token", "--name", "web", "--hosts", "web-*", "--out", file, "--config", installation.config)
    farshore(*make)
    assert file.stat().st_mode & 0o777 == 0o600
    assert "already" in farshore(*make, check=False).stderr
    installation.start_agent("web-1", f"{{ token: {file} }}", keys)
    assert installation.wait_connected("web-1")["vouched_by"] == "join token web"
    second = {"app": "magento", "host": "web-2", "region": "us-east-1", "credential_sha256": hashlib.sha256(b"2").hexdigest()}
    status, answer = installation.ask("POST", "/v1/agents/join", second, token=installation.token("web"))
    assert (status, answer["error"]["code"]) == (403, "used_up"), answer
    listed = farshore("init", "join-token", "--list", "--config", installation.config).stdout
    assert re.search(r"^web +web-\* .*1 of 1", listed, re.M), listed

    farshore("agents", "revoke", "web-1", "--config", installation.config)
    until(lambda: not installation.agent("web-1")["connected"], 30, "its stream is cut")
    log = installation.directory / "web-1.log"
    until(lambda: "could not join" in log.read_text(), 30, lambda: log.read_text()[-2000:])
    farshore("init", "join-token", "--name", "web-again", "--hosts", "web-1", "--out", file, "--force", "--config", installation.config)
    installation.wait_connected("web-1")
    assert installation.agent("web-1")["vouched_by"] == "join token web-again"


def test_hosts_of_one_role_register_under_a_key_that_only_they_can_write(installation, stack):
    """No controller answers them, so they write themselves into the epoch tables; a policy with ${aws:userid} binds the key."""
    host, no_controller = "i-0shared", "https://127.0.0.1:1"
    tables = [stack.client("dynamodb", OURS, region) for region in TABLES]

    def registered():
        items = [table.scan(TableName="farshore_epochs")["Items"] for table in tables]
        return [{item["app"]["S"] for item in found if item.get("host", {}).get("S") == host} for found in items]

    agent = installation.start_agent(host, "{ aws: {} }", stack.session(OURS, "shop-host", host), "userid", no_controller)
    until(lambda: sum(map(bool, registered())) >= 2, 30, lambda: (installation.directory / f"{host}.log").read_text()[-3000:])
    (key,) = set.union(*registered())
    assert re.fullmatch(rf"magento#host#[A-Z0-9]+:{host}", key)
    found = until(lambda: installation.agent(host), 30, "the controller finds it")
    assert not found["connected"]
    # Its name is on disk for a start while STS does not answer.
    assert (installation.directory / host / "state" / "aws-userid").read_text().strip() == key.removeprefix("magento#host#")
    agent.terminate()
    assert agent.wait(timeout=30) == 0
    farshore("agents", "forget", host, "--config", installation.config)
    until(lambda: not any(registered()), 30, "what it registered is gone")


def test_a_host_whose_session_has_another_name_does_not_register_under_it(installation, stack):
    agent = installation.start_agent("i-0other", "{ aws: {} }", stack.session(OURS, "shop-host", "i-0mine"), "userid", "https://127.0.0.1:1")
    log = installation.directory / "i-0other.log"
    until(lambda: "session named i-0mine, and this host is called i-0other" in log.read_text(), 30, lambda: log.read_text()[-3000:])
    agent.terminate()
    assert agent.wait(timeout=30) == 0


def served_certificate(installation):
    return ssl.get_server_certificate(("127.0.0.1", installation.port), timeout=10)


def test_tokens_and_the_certificate_are_rotated_while_everything_runs(installation):
    farshore("init", "token", "--role", "viewer", "--name", "lee", "--config", installation.config)
    old = installation.token("lee")
    until(lambda: installation.ask("GET", "/v1/status", token=old)[0] == 200, 20, "a new token works")
    farshore("init", "rotate", "token", "lee", "--overlap", "1h", "--config", installation.config)
    new = installation.token("lee")
    until(lambda: installation.ask("GET", "/v1/status", token=new)[0] == 200, 20, "a rotated token works")
    assert installation.ask("GET", "/v1/status", token=old)[0] == 200, "and the old one for an hour more"
    farshore("init", "rotate", "token", "lee", "--overlap", "0s", "--config", installation.config)
    until(lambda: installation.ask("GET", "/v1/status", token=new)[0] == 401, 20, "without an overlap, the old one is none")
    assert installation.ask("GET", "/v1/status", token=installation.token("lee"))[0] == 200

    before = served_certificate(installation)
    farshore("init", "rotate", "certificate", "--dir", installation.directory)
    until(lambda: served_certificate(installation) != before, 20, "the new certificate is served")
    farshore("init", "rotate", "ca", "--dir", installation.directory)
    assert installation.ask("GET", "/v1/status")[0] == 200, "who trusts the CA trusts it"


def test_nothing_that_is_there_is_replaced_by_chance(tmp_path):
    def everything():
        return {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    tokens = tmp_path / "tokens.json"
    farshore("init", "ca", "127.0.0.1", "--dir", tmp_path)
    farshore("init", "token", "--role", "operator", "--tokens", tokens)
    farshore("init", "token", "--role", "agent", "--host", "web-1", "--app", "magento", "--tokens", tokens)
    assert {file.name for file in tmp_path.iterdir()} == {
        "ca.pem", "ca.key", "controller.pem", "controller.key", "tokens.json", "operator.token", "web-1.token",
    }
    assert {file.name for file in tmp_path.iterdir() if file.stat().st_mode & 0o077} == {"ca.pem", "controller.pem"}
    before = everything()
    taken = 4
    assert "--force" in farshore("init", "ca", "127.0.0.1", "--dir", tmp_path, check=taken).stderr
    assert "--force" in farshore("init", "token", "--role", "operator", "--tokens", tokens, check=taken).stderr
    again = farshore("init", "token", "--role", "operator", "--tokens", tokens, "--out", tmp_path / "x", check=taken)
    assert "rotate token operator" in again.stderr
    farshore("init", "token", "--role", "agent", "--app", "magento", "--tokens", tokens, check=64)
    farshore("init", "token", "--role", "viewer", "--host", "web-1", "--tokens", tokens, check=64)
    assert everything() == before
    farshore("init", "token", "--role", "operator", "--tokens", tokens, "--force")
    assert everything()["operator.token"] != before["operator.token"]
    entries = json.loads(tokens.read_text())
    assert [entry["name"] for entry in entries] == ["web-1", "operator"]
    digest = hashlib.sha256((tmp_path / "operator.token").read_text().strip().encode()).hexdigest()
    assert entries[1]["token_sha256"] == digest


def test_a_rotated_token_is_that_of_the_app_that_is_meant_and_keeps_its_end(tmp_path):
    tokens = tmp_path / "tokens.json"
    for app in ("shop", "blog"):
        farshore("init", "token", "--role", "agent", "--host", "web-1", "--app", app, "--tokens", tokens, "--out", tmp_path / f"{app}.token")
    rotate = ("init", "rotate", "token", "web-1", "--tokens", tokens, "--out", tmp_path / "blog.token")
    assert "--app" in farshore(*rotate, check=64).stderr
    said = farshore(*rotate, "--app", "blog").stderr
    entries = json.loads(tokens.read_text())
    ends = {(entry["app"], entry.get("until", "")) for entry in entries}
    old = next(entry["until"] for entry in entries if "until" in entry)
    assert len(entries) == 3 and ends == {("shop", ""), ("blog", old), ("blog", "")} and old in said and "has no end" in said, (entries, said)
    farshore("init", "token", "--role", "viewer", "--name", "lee", "--for", "10m", "--tokens", tokens)
    end = next(entry["until"] for entry in json.loads(tokens.read_text()) if entry["name"] == "lee")
    said = farshore("init", "rotate", "token", "lee", "--overlap", "1h", "--tokens", tokens).stderr
    assert said.count(end) == 2 and all(entry["until"] == end for entry in json.loads(tokens.read_text()) if entry["name"] == "lee"), said
    farshore("init", "rotate", "token", "lee", "--for", "90d", "--tokens", tokens)
    assert len({entry["until"] for entry in json.loads(tokens.read_text()) if entry["name"] == "lee"}) == 2
