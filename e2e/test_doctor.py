"""`farshore doctor` against a lab whose records, tables and agents are changed by the AWS CLI's own calls."""

import contextlib
import http.server
import json
import pathlib
import re
import threading
import urllib.parse

import boto3
import pytest
from botocore.config import Config
from conftest import ROOT, World, farshore, until


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with World(tmp_path_factory.mktemp("doctor") / "lab") as world:
        world.wait_ready()
        yield world


@pytest.fixture
def route53(lab):
    """Route 53's client; afterwards the records and checks are as the lab made them."""
    keys = lab.credentials()
    client = boto3.client(
        "route53", endpoint_url=lab.document["route53"]["api"], region_name="us-east-1", aws_access_key_id=keys["aws_access_key_id"],
        aws_secret_access_key=keys["aws_secret_access_key"], config=Config(retries={"max_attempts": 1}),
    )  # fmt: skip
    before = records_of(lab, client)
    yield client
    upsert(lab, client, before)


def records_of(lab, client):
    zone = lab.document["route53"]["zone"]
    return [each for each in client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"] if "Failover" in each]


def upsert(lab, client, records):
    changes = [{"Action": "UPSERT", "ResourceRecordSet": each} for each in records]
    client.change_resource_record_sets(HostedZoneId=lab.document["route53"]["zone"], ChangeBatch={"Changes": changes})


def doctor(lab, *words, check):
    """The checks, from JSON, by state."""
    found = json.loads(farshore("doctor", "--config", lab.config, "-o", "json", *words, check=check).stdout)
    return {state: [each for each in found["checks"] if each["state"] == state] for state in ("good", "wrong", "unchecked", "advice")}


def test_every_code_of_the_linter_is_in_the_manual():
    header = (ROOT / "src" / "core" / "lint" / "traffic_lint.h").read_text()
    names = header.split("kTrafficFaultNames{")[1].split("}")[0].replace('"', " ").replace(",", " ").split()
    manual = (ROOT / "docs" / "commands.md").read_text().split("### Mistakes of DNS failover")[1].split("###")[0]
    assert [line.split("`")[1] for line in manual.splitlines() if line.startswith("| `")] == names


def test_a_lab_is_ready_and_its_failover_takes_what_the_checks_say(lab):
    until(lambda: farshore("doctor", "--config", lab.config, check=(0, 3)).returncode == 0, 60, "all is well")
    found = doctor(lab, check=0)
    told = next(each["text"] for each in found["good"] + found["advice"] if each["what"] == "RTO")
    assert "health check" in told and "TTL" in told and "objectives.rto is" in told, told


def test_the_published_set_ups_mistake_is_named(lab, route53):
    records = records_of(lab, route53)
    secondary = next(each for each in records if each["Failover"] == "SECONDARY")
    upsert(lab, route53, [dict(each, HealthCheckId=secondary["HealthCheckId"]) for each in records])
    found = doctor(lab, check=3)
    assert {each["code"] for each in found["wrong"]} == {"shared_check", "no_takeover"}, found["wrong"]
    assert all(each["remedy"] for each in found["wrong"])
    table = farshore("validate", lab.config, "--live", check=3).stdout
    assert "follow health check " + secondary["HealthCheckId"] in table and "[shared_check]" in table, table
    assert "shared_check" not in farshore("validate", lab.config, check=0).stdout


def test_tables_that_are_not_alike_are_named_with_both_regions(lab, tmp_path):
    attributes = [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "user")]
    index = [{"IndexName": "by_user", "KeySchema": [{"AttributeName": "user", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}]
    for region, more in (("us-east-1", {"GlobalSecondaryIndexes": index}), ("eu-west-1", {})):
        client = lab.region_table(region)
        client.create_table(
            TableName="settings", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=attributes if more else attributes[:1], **more,
        )  # fmt: skip
    for region in ("us-east-1", "eu-west-1"):
        client = lab.region_table(region)
        until(lambda: client.describe_table(TableName="settings")["Table"]["TableStatus"] == "ACTIVE", 10, f"the table of {region} is there")  # noqa: B023
    lab.region_table("us-east-1").update_time_to_live(TableName="settings", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
    config = tmp_path / "farshore.yaml"
    config.write_text(pathlib.Path(lab.config).read_text().replace("tables:\n", "tables:\n  - name: settings\n", 1))
    config.chmod(0o600)
    told = farshore("validate", config, "--live", check=3).stdout
    assert "table settings has the indexes by_user (user S, ALL) in us-east-1 and none in eu-west-1" in told, told
    assert "table settings has TTL by expires in us-east-1 and off in eu-west-1" in told, told


def test_a_failover_to_a_region_is_looked_at_as_it_would_find_it(lab):
    until(lambda: farshore("doctor", "--to", "eu-west-1", "--config", lab.config, check=(0, 3)).returncode == 0, 60, "a failover could start")
    good = {each["what"]: each["text"] for each in doctor(lab, "--to", "eu-west-1", check=0)["good"]}
    assert good["failover to eu-west-1"] == "an operator's could start now" and "needs nothing of us-east-1" in good["plan to eu-west-1"], good
    farshore("lab", "fault", "dynamodb", "eu-west-1", "--mode", "refused", "--dir", lab.directory)
    try:
        refused = lambda: [each for each in doctor(lab, "--to", "eu-west-1", check=(0, 3, 9))["wrong"] if "guard target_healthy" in each["text"]]
        assert all(each["remedy"] for each in until(refused, 60, "the guard refuses"))
    finally:
        farshore("lab", "heal", "all", "--dir", lab.directory)


def test_nothing_is_asked_of_a_region_that_answers_nothing(lab):
    farshore("lab", "fault", "dynamodb", "eu-west-1", "--mode", "refused", "--dir", lab.directory)
    try:
        found = doctor(lab, "--without-region", "eu-west-1", check=(0, 3))
        told = {each["what"]: each["text"] for each in found["good"]}
        assert told["epoch records"] == "2 of 3 are left: a majority, so an epoch can be raised", told
        assert not found["unchecked"], found["unchecked"]
    finally:
        farshore("lab", "heal", "all", "--dir", lab.directory)


def test_regions_that_are_none_of_the_apps_are_a_usage_error(lab):
    for words in (("--to", "mars"), ("--without-region", "mars"), ("--to", "us-east-2"), ("--to", "eu-west-1", "--without-region", "eu-west-1")):
        refused = farshore("doctor", *words, "--config", lab.config, check=64)
        assert "remedy: name" in refused.stderr, refused.stderr


class Account(http.server.BaseHTTPRequestHandler):
    """STS, Service Quotas and IAM, as far as doctor asks them. `quotas` is by Region; a text in it refuses with that code. `denied` has
    pairs of action and Region that the simulation refuses; None: it may not be asked."""

    quotas: dict = {}
    arn = "arn:aws:iam::123456789012:user/operator"
    denied: set | None = frozenset()
    sources: list = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        region = self.headers["Authorization"].split("Credential=")[1].split("/")[2]
        if "Action=GetCallerIdentity" in body:
            arn = f"<Arn>{self.arn}</Arn>"
            return self.answer(200, f"<GetCallerIdentityResponse><GetCallerIdentityResult>{arn}</GetCallerIdentityResult></GetCallerIdentityResponse>")
        if "Version=2010-05-08" in body:
            return self.answer_as_iam(dict(urllib.parse.parse_qsl(body)))
        assert self.headers["X-Amz-Target"] == "ServiceQuotasV20190624.ListServiceQuotas", self.headers
        told, asked = self.quotas[region], json.loads(body)
        if isinstance(told, str):
            return self.answer(400, json.dumps({"__type": told, "Message": "no"}))
        page = int(asked.get("NextToken", 0))
        quota = {"ServiceCode": asked["ServiceCode"], "QuotaCode": f"L-{page}", "QuotaName": f"Quota {page}", "Value": told[page]}
        more = {"NextToken": str(page + 1)} if page + 1 < len(told) else {}
        self.answer(200, json.dumps({"Quotas": [quota], **more}))

    def answer_as_iam(self, asked):
        if asked["Action"] == "GetRole":
            role = f"<Role><Arn>arn:aws:iam::123456789012:role/shop/{asked['RoleName']}</Arn></Role>"
            return self.answer(200, f"<GetRoleResponse><GetRoleResult>{role}</GetRoleResult></GetRoleResponse>")
        if self.denied is None:
            return self.answer(403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>")
        self.sources.append(asked["PolicySourceArn"])
        listed = lambda name: [value for key, value in asked.items() if key.startswith(f"{name}.member.")]
        results = ""
        for action in listed("ActionNames"):
            each = "".join(
                f"<member><EvalResourceName>{arn}</EvalResourceName><EvalResourceDecision>"
                + ("implicitDeny" if (action, arn.split(":")[3]) in self.denied else "allowed")
                + "</EvalResourceDecision></member>"
                for arn in listed("ResourceArns")
            )
            results += (
                f"<member><EvalActionName>{action}</EvalActionName><EvalResourceName>*</EvalResourceName><EvalDecision>allowed</EvalDecision>"
                f"<ResourceSpecificResults>{each}</ResourceSpecificResults></member>"
            )
        whole = f"<SimulatePrincipalPolicyResult><EvaluationResults>{results}</EvaluationResults></SimulatePrincipalPolicyResult>"
        self.answer(200, f"<SimulatePrincipalPolicyResponse>{whole}</SimulatePrincipalPolicyResponse>")

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def account(monkeypatch, quotas, **more):
    handler = type("OfTest", (Account,), {"quotas": quotas, "sources": [], **more})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        for name in ("SERVICE_QUOTAS", "STS", "IAM"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{name}", f"http://127.0.0.1:{server.server_port}")
        try:
            yield handler
        finally:
            server.shutdown()


ALIKE = {"us-east-1": [2500], "eu-west-1": [2500]}


def test_rights_are_simulated_in_each_region_and_a_missing_one_is_named(lab, monkeypatch):
    with account(monkeypatch, ALIKE) as told:
        good = {each["what"] for each in doctor(lab, "--live", check=(0, 3))["good"]}
        assert {"rights EpochItemsAndRegister", "rights Heartbeats", "rights ReadBackWhatMayBeLost", "rights SeeTheRecord"} <= good, good
        assert set(told.sources) == {told.arn}
    with account(monkeypatch, ALIKE, denied={("dynamodb:Scan", "eu-west-1")}):
        wrong = [each for each in doctor(lab, "--live", check=3)["wrong"] if each["what"].startswith("rights")]
        assert [each["what"] for each in wrong] == ["rights EpochItemsAndRegister"] and wrong[0]["code"] == "right_missing", wrong
        assert wrong[0]["text"].endswith(" dynamodb:Scan on arn:aws:dynamodb:eu-west-1:123456789012:table/farshore_epochs"), wrong


def test_the_policies_of_a_session_are_its_roles(lab, monkeypatch):
    with account(monkeypatch, ALIKE, arn="arn:aws:sts::123456789012:assumed-role/controller/i-0123") as told:
        doctor(lab, "--live", check=(0, 3))
        assert set(told.sources) == {"arn:aws:iam::123456789012:role/shop/controller"}


def test_what_harmless_calls_cannot_prove_is_named(lab, monkeypatch):
    with account(monkeypatch, ALIKE, denied=None):
        (rights,) = doctor(lab, "--live", check=(3, 9))["unchecked"]
        assert rights["what"] == "rights" and "iam:SimulatePrincipalPolicy" in rights["remedy"]
        proven, not_proven = rights["text"].split("Not proven: ")
        assert "dynamodb:GetItem" in proven and "dynamodb:UpdateItem" in not_proven and "dynamodb:GetItem" not in not_proven, rights


def test_stacks_hosts_and_the_last_proof_are_told(lab):
    found = doctor(lab, check=(0, 3))
    good = {each["what"]: each["text"] for each in found["good"]}
    assert good["stack in us-east-1"].endswith(" answers 200") and good["stack in eu-west-1"].endswith(" answers 200"), good
    assert good["hosts"].startswith("4 at epoch "), good
    assert "valid until" in good["certificate of the controller"], good
    assert [each["code"] for each in found["advice"] if each["what"] == "proof"] == ["never_proven"], found["advice"]


def test_a_stack_that_is_down_is_named(lab):
    farshore("lab", "fault", "hosts", "eu-west-1", "--dir", lab.directory)
    try:

        def told():
            found = doctor(lab, check=(0, 3, 9))
            return [each for state in ("wrong", "unchecked") for each in found[state] if each["what"] == "stack in eu-west-1"]

        assert until(told, 30, "the stack is down")[0]["remedy"]
    finally:
        farshore("lab", "heal", "all", "--dir", lab.directory)
        until(lambda: farshore("doctor", "--config", lab.config, check=(0, 3, 9)).returncode == 0, 60, "all is well again")


def test_a_quota_that_is_lower_in_the_standby_is_named(lab, monkeypatch):
    with account(monkeypatch, {"us-east-1": [2500, 80000], "eu-west-1": [2500, 40000.0]}):
        found = doctor(lab, "--live", check=3)
        told = [each for each in found["wrong"] if each["what"] == "quota of DynamoDB"]
        assert [each["text"] for each in told] == ["Quota 1 (L-1) is 40000 in eu-west-1 and 80000 in us-east-1"], told
        assert "--quota-code L-1 --region eu-west-1" in told[0]["remedy"]
        assert any(each["text"] == "arn:aws:iam::123456789012:user/operator" for each in found["good"]), found["good"]
    with account(monkeypatch, {"us-east-1": [2500], "eu-west-1": [2500]}):
        assert any(each["text"] == "1 are the same in each Region" for each in doctor(lab, "--live", check=(0, 3))["good"])


@pytest.mark.parametrize(
    "code, remedy",
    [("AccessDeniedException", "allow servicequotas:ListServiceQuotas on `*` to this principal"), ("TooManyRequestsException", "AWS throttles")],
)
def test_quotas_that_are_not_told_are_unchecked_with_a_remedy(lab, monkeypatch, code, remedy):
    with account(monkeypatch, {"us-east-1": code, "eu-west-1": code}):
        unchecked = doctor(lab, "--live", check=(3, 9))["unchecked"]
        assert len(unchecked) == 2 and all(remedy in each["remedy"] for each in unchecked), unchecked


def test_keys_that_aws_does_not_take_are_told_once(lab, tmp_path):
    text = pathlib.Path(lab.config).read_text()
    (tmp_path / "wrong").write_text("[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = nobody\n")
    (tmp_path / "wrong").chmod(0o600)
    for name in ("absent", "wrong"):
        config = tmp_path / f"{name}.yaml"
        config.write_text(re.sub(r"credentials:.*", f"credentials: {{ file: {tmp_path / name}, profile: default }}", text))
        config.chmod(0o600)
        found = json.loads(farshore("validate", config, "--live", "-o", "json", check=3).stdout)["live"]
        assert [(each["what"], each["state"]) for each in found] == [("credentials", "wrong")], found
        assert "aws.credentials" in found[0]["remedy"]
        told = json.loads(farshore("doctor", "--config", config, "-o", "json", check=3).stdout)["checks"]
        assert [each["what"] for each in told if each["what"] in ("credentials",) or each["what"].startswith(("table", "right"))] == ["credentials"], told
