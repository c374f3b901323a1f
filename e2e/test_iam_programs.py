"""`farshore provision plan` and `apply`, `init --discover` and `doctor` themselves under the exported policies, on MiniStack, which enforces IAM:
under the whole policy they do their work, and without any one of its statements something is refused."""

import json
import os

import botocore.exceptions
import exits
import pytest
import yaml
from conftest import BIN
from ministack import MiniStack
from test_iam import as_ministack_knows

HOME, STANDBY, WITNESS = "us-east-1", "eu-west-1", "us-east-2"
RECORD = "www.shop.example"
# What these programs survive, or MiniStack does not ask for; docs/aws-verification.md names each.
UNSEEN = {
    "provisioning": {"SeeOldGlobalTables", "LetDynamoDbReplicate"},
    "doctor": {"SeeQuotas"},
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    running = MiniStack(tmp_path_factory.mktemp("ministack"))
    yield running
    running.end()


class Shop:
    """An account with a table, two load balancers and a zone, and what Farshore's programs say there under one policy."""

    def __init__(self, stack, directory, number):
        self.stack, self.directory, self.number = stack, directory, number
        directory.mkdir()
        stack.make_table(number, HOME, "sessions", "id")
        zone = stack.client("route53", number).create_hosted_zone(Name="shop.example", CallerReference="zone")
        answers = {region: self.balancer(region) for region in (HOME, STANDBY)}
        endpoints = {"dynamodb": dict.fromkeys((HOME, STANDBY, WITNESS), stack.url), "route53": stack.url}
        self.config = directory / "farshore.yaml"
        self.config.write_text(yaml.safe_dump({
            "version": 1, "app": "shop", "witness": {"region": WITNESS}, "tables": [{"name": "sessions"}],
            "regions": {
                HOME: {"preferred": True, "health": "https://use1.shop.example/healthz", "answers": answers[HOME]},
                STANDBY: {"health": "https://euw1.shop.example/healthz", "answers": answers[STANDBY]},
            },
            "levers": {"data_impaired": ["repoint"], "stack_impaired": ["shift"], "region_lost": ["shift"]},
            "traffic": {"route53": {"zone": zone["HostedZone"]["Id"].removeprefix("/hostedzone/"), "record": RECORD}},
            "aws": {"credentials": {"file": str(directory / "keys"), "profile": "default"}, "endpoints": endpoints},
            "controller": {"id": WITNESS, "region": WITNESS},
        }))

    def balancer(self, region):
        vpc = self.stack.client("ec2", self.number, region).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = self.stack.client("ec2", self.number, region).create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        made = self.stack.client("elbv2", self.number, region).create_load_balancer(Name=f"shop-{region}", Subnets=[subnet])
        self.stack.client("ecs", self.number, region).create_cluster(clusterName="shop")
        return made["LoadBalancers"][0]["DNSName"]

    def run(self, *words):
        environment = {**os.environ, "AWS_ENDPOINT_URL": self.stack.url, "AWS_EC2_METADATA_DISABLED": "true"}
        return exits.run(BIN / "farshore", *words, "--config", self.config, status=exits.ANY, env=environment)

    def exported(self, principal):
        return json.loads(self.run("provision", "export", "iam", "--account", self.number, "--for", principal).stdout)

    def assume(self, policy, role="tried"):
        """Its programs act as a new role with that policy from now on. The role's keys."""
        self.stack.make_role(self.number, role, "none:None")
        self.stack.client("iam", self.number).put_role_policy(
            RoleName=role, PolicyName="allows", PolicyDocument=json.dumps(as_ministack_knows(policy)),
        )
        key, secret, token = self.stack.session(self.number, role, "someone")
        keys = f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\naws_session_token = {token}\n"
        (self.directory / "keys").write_text(keys)
        return key, secret, token

    def as_root(self):
        (self.directory / "keys").write_text(f"[default]\naws_access_key_id = {self.number}\naws_secret_access_key = test\n")

    def provisioned(self):
        """What was refused while all that the configuration needs was made, a check was found disabled, and the account was read."""
        told = []
        for step in (self.apply, self.disable_a_check, self.apply, self.discover):
            told.append(step())
            if told[-1]:
                break
        return told[-1]

    def apply(self):
        plan = self.run("provision", "plan", "--out", self.directory / "plan.json")
        if plan.returncode:
            return plan.stdout + plan.stderr
        made = self.run("provision", "apply", self.directory / "plan.json", "--skip-health")  # MiniStack has no checkers
        return made.stdout + made.stderr if made.returncode else ""

    def disable_a_check(self):
        route53 = self.stack.client("route53", self.number)
        checks = route53.list_health_checks()["HealthChecks"]
        serving = next(check for check in checks if check["HealthCheckConfig"].get("FullyQualifiedDomainName") == "use1.shop.example")
        route53.update_health_check(HealthCheckId=serving["Id"], Disabled=True)

    def discover(self):
        found = self.run(
            "init", "--discover", "--tables", "sessions", "--preferred", HOME, "--standby", STANDBY, "--record", RECORD,
            "--dir", self.directory / "found", "-o", "json",
        )
        if found.returncode:
            return found.stdout + found.stderr
        return "\n".join(note for note in json.loads(found.stdout)["notes"] if note.startswith("not read: "))

    def diagnosed(self):
        """What doctor was refused."""
        checks = json.loads(self.run("doctor", "--live", "-o", "json").stdout)["checks"]
        # Whether it has the controller's rights is asked of the controller's principal; test servers have no quotas.
        own = [check for check in checks if not check["what"].startswith(("right", "quotas")) or check["what"] == "right to read sessions"]
        denied = [check for check in own if "allow " in check["remedy"] or "not authorized" in check["text"]]
        return "\n".join(f"{check['what']}: {check['text']}" for check in denied)


def policies(shop, principal):
    """The whole policy, then it without each statement in turn: (the statement, the rest)."""
    policy = shop.exported(principal)
    yield "", policy
    for left_out in policy["Statement"]:
        yield left_out["Sid"], policy | {"Statement": [one for one in policy["Statement"] if one is not left_out]}


def number_of(index):
    return str(300000000000 + index)


def test_plan_apply_and_discover_need_each_statement(stack, tmp_path):
    ids = [left_out for left_out, _ in policies(Shop(stack, tmp_path / "export", number_of(0)), "provisioning")]
    unrefused = set()
    for index, left_out in enumerate(ids, 1):
        # What is made once is not made again: each policy is tried in an account of its own.
        shop = Shop(stack, tmp_path / f"shop-{index}", number_of(index))
        shop.assume(dict(policies(shop, "provisioning"))[left_out])
        refused = shop.provisioned()
        if not left_out:
            assert not refused, refused
        elif not refused:
            unrefused.add(left_out)
    assert unrefused == UNSEEN["provisioning"]


def test_doctor_needs_each_statement(stack, tmp_path):
    shop = Shop(stack, tmp_path / "doctor", number_of(100))
    shop.as_root()
    assert not shop.apply()
    unrefused = set()
    for left_out, policy in policies(shop, "doctor"):
        shop.assume(policy, f"without-{left_out}")
        refused = shop.diagnosed()
        if not left_out:
            assert not refused, refused
        elif not refused:
            unrefused.add(left_out)
    assert unrefused == UNSEEN["doctor"]


def test_neither_may_do_more(stack, tmp_path):
    shop = Shop(stack, tmp_path / "more", number_of(102))
    shop.as_root()
    assert not shop.apply()
    other = stack.client("route53", shop.number).create_hosted_zone(Name="other.example", CallerReference="other")["HostedZone"]["Id"]
    change = {"Action": "UPSERT", "ResourceRecordSet": {"Name": "www.other.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}}
    item = {"app": {"S": "shop"}}
    to_both = [
        ("dynamodb", "delete_table", {"TableName": "farshore_epochs"}),
        ("dynamodb", "put_item", {"TableName": "farshore_epochs", "Item": item}),
        ("route53", "change_resource_record_sets", {"HostedZoneId": other, "ChangeBatch": {"Changes": [change]}}),
        ("route53", "delete_health_check", {"HealthCheckId": "any"}),
        ("iam", "create_user", {"UserName": "intruder"}),
    ]
    to_the_doctor = [
        ("dynamodb", "put_item", {"TableName": "sessions", "Item": {"id": {"S": "a"}}}),
        ("dynamodb", "update_table", {"TableName": "sessions", "BillingMode": "PAY_PER_REQUEST"}),
        ("route53", "create_health_check", {"CallerReference": "a", "HealthCheckConfig": {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80}}),
    ]
    for principal, calls in (("provisioning", to_both), ("doctor", to_both + to_the_doctor)):
        keys = shop.assume(shop.exported(principal), principal)
        for service, call, parameters in calls:
            with pytest.raises(botocore.exceptions.ClientError) as refused:
                getattr(stack.client_with(service, keys), call)(**parameters)
            assert refused.value.response["Error"]["Code"].startswith("AccessDenied"), (principal, call, refused.value)


def test_conditions_of_one_comparison_stand_side_by_side(stack, tmp_path):
    policy = Shop(stack, tmp_path / "conditions", number_of(101)).exported("provisioning")
    record = next(one for one in policy["Statement"] if one["Sid"] == "SetTheRecord")
    assert record["Condition"] == {"ForAllValues:StringEquals": {
        "route53:ChangeResourceRecordSetsNormalizedRecordNames": [RECORD],
        "route53:ChangeResourceRecordSetsRecordTypes": ["A", "CNAME"],
        "route53:ChangeResourceRecordSetsActions": ["UPSERT"],
    }}
