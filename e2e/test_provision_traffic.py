"""`farshore provision` and Route 53: in a lab, whose checkers ask and whose records lead users, and on MiniStack."""

import json
import pathlib
import re

import boto3
import pytest
from botocore.config import Config
from conftest import World, farshore
from ministack import MiniStack
from test_provision import CONFIG as TABLES
from test_provision import Account

ALL_IS_THERE = "everything that the configuration needs is there"


class Zone:
    """The zone of a lab, its records and its checks, by the calls of AWS."""

    def __init__(self, lab):
        keys = lab.credentials()
        self.client = boto3.client(
            "route53", endpoint_url=lab.document["route53"]["api"], region_name="us-east-1", aws_access_key_id=keys["aws_access_key_id"],
            aws_secret_access_key=keys["aws_secret_access_key"], config=Config(retries={"max_attempts": 1}),
        )  # fmt: skip
        self.id = lab.document["route53"]["zone"]

    def records(self):
        return [each for each in self.client.list_resource_record_sets(HostedZoneId=self.id)["ResourceRecordSets"] if "Failover" in each]

    def change(self, action, records):
        changes = [{"Action": action, "ResourceRecordSet": each} for each in records]
        self.client.change_resource_record_sets(HostedZoneId=self.id, ChangeBatch={"Changes": changes})

    def check(self, record):
        return self.client.get_health_check(HealthCheckId=record["HealthCheckId"])["HealthCheck"]

    def checks(self):
        return sorted(each["Id"] for each in self.client.list_health_checks()["HealthChecks"])


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with World(tmp_path_factory.mktemp("provision") / "lab") as world:
        world.wait_ready()
        yield world


@pytest.fixture
def zone(lab):
    """Afterwards the records are as the lab made them."""
    made = Zone(lab)
    before = made.records()
    yield made
    made.change("UPSERT", before)


def plan(config, out, check=0):
    return json.loads(farshore("provision", "plan", "--config", config, "--out", out, "-o", "json", check=check).stdout)


def test_a_lab_has_all_that_its_configuration_needs(lab):
    assert ALL_IS_THERE in farshore("provision", "plan", "--config", lab.config, "--detailed-exitcode").stdout


def test_a_check_that_both_records_share_is_taken_apart(lab, zone, tmp_path):
    before, checks = zone.records(), zone.checks()
    shared = next(each for each in before if each["Failover"] == "SECONDARY")["HealthCheckId"]
    zone.change("UPSERT", [dict(each, HealthCheckId=shared) for each in before])
    (change,) = plan(lab.config, tmp_path / "plan")["traffic"]
    assert change["change"] == "set_records" and "both stand on health check " + shared in change["why"], change
    assert "1 of 1 changes made" in farshore("provision", "apply", tmp_path / "plan", "--config", lab.config).stderr
    assert zone.records() == before
    assert zone.checks() == checks, "the checks that were there are taken over"
    assert ALL_IS_THERE in farshore("provision", "plan", "--config", lab.config).stdout


def test_records_that_were_deleted_are_made_again(lab, zone, tmp_path):
    before = zone.records()
    zone.change("DELETE", before)
    assert [each["change"] for each in plan(lab.config, tmp_path / "plan")["traffic"]] == ["set_records"]
    farshore("provision", "apply", tmp_path / "plan", "--config", lab.config)
    assert zone.records() == before


def test_a_disabled_check_is_enabled(lab, zone, tmp_path):
    primary = zone.check(next(each for each in zone.records() if each["Failover"] == "PRIMARY"))
    child = primary["HealthCheckConfig"]["ChildHealthChecks"][0]
    zone.client.update_health_check(HealthCheckId=child, Disabled=True)
    (change,) = plan(lab.config, tmp_path / "plan")["traffic"]
    assert change["check"] == child and "a disabled check counts as healthy" in change["why"], change
    farshore("provision", "apply", tmp_path / "plan", "--config", lab.config)
    assert not zone.client.get_health_check(HealthCheckId=child)["HealthCheck"]["HealthCheckConfig"]["Disabled"]


def test_records_are_never_set_on_a_check_that_fails(lab, zone, tmp_path):
    before = zone.records()
    config = pathlib.Path(lab.config).with_name("mistyped.yaml")
    config.write_text(re.sub(r"(preferred: true,.*?/healthz)", r"\1-that-is-nowhere", pathlib.Path(lab.config).read_text(), count=1))
    kinds = [each["change"] for each in plan(config, tmp_path / "plan")["traffic"]]
    assert kinds == ["create_check", "create_check", "set_records"], "the page's own, and the calculated one above it"
    refused = farshore("provision", "apply", tmp_path / "plan", "--config", config, check=4)
    assert "`serving_preferred`) is not healthy: Failure" in refused.stderr and "404" in refused.stderr, refused.stderr
    assert "--skip-health" in refused.stderr
    assert zone.records() == before
    farshore("provision", "apply", tmp_path / "plan", "--config", config, "--skip-health")
    assert zone.records() != before


def test_what_the_plan_cannot_mend_is_noted(lab, zone, tmp_path):
    config = pathlib.Path(lab.config).with_name("slow.yaml")
    config.write_text(re.sub(r"(record: .*?, ttl: )\w+", r"\g<1>600s", pathlib.Path(lab.config).read_text(), count=1))
    plan(config, tmp_path / "plan")
    farshore("provision", "apply", tmp_path / "plan", "--config", config)
    assert {each["TTL"] for each in zone.records()} == {600}
    shown = farshore("provision", "plan", "--config", config).stdout
    assert ALL_IS_THERE in shown and "note: " in shown and "TTL" in shown, shown


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    running = MiniStack(tmp_path_factory.mktemp("ministack"))
    yield running
    running.end()


class Balanced(Account):
    """An account with a zone and a load balancer in each Region."""

    def __init__(self, stack, directory, number):
        super().__init__(stack, directory, number)
        self.route53 = stack.client("route53", number)
        self.zone = self.route53.create_hosted_zone(Name="shop.example", CallerReference=number)["HostedZone"]["Id"].split("/")[-1]
        stack.make_table(number, "us-east-1", "sessions", "id")
        self.names = {}
        for region in ("us-east-1", "eu-west-1"):
            made = stack.client("elbv2", number, region).create_load_balancer(Name="shop", Subnets=["subnet-1", "subnet-2"])
            self.names[region] = made["LoadBalancers"][0]["DNSName"]
        text = TABLES.format(directory=directory, url=stack.url)
        for region, name in self.names.items():
            extra = f"health: 'https://{region}.shop.example/healthz', answers: {name}"
            text = text.replace(f"{region}: {{ preferred: true }}", f"{region}: {{ preferred: true, {extra} }}")
            text = text.replace(f"{region}: {{}}", f"{region}: {{ {extra} }}")
        text = text.replace("  endpoints:\n", f"  endpoints:\n    route53: {stack.url}\n")
        self.config.write_text(text + f"traffic: {{ route53: {{ zone: {self.zone}, record: www.shop.example }} }}\n")

    def records(self):
        found = self.route53.list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        return {each.get("Failover", each["Type"]): each for each in found if each["Name"].startswith("www.")}


@pytest.fixture
def account(stack, tmp_path, request, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", stack.url)
    return Balanced(stack, tmp_path, str(200000000000 + sum(map(ord, request.node.name))))


def test_an_empty_zone_gets_aliases_of_load_balancers_with_checks_of_their_own(account):
    shown = account.provision("plan", "--out", account.file).stdout
    assert "+ make the health check `takeover`: https://eu-west-1.shop.example/route53/shop/us-east-1, inverted" in shown, shown
    account.provision("apply", account.file, "--skip-health")
    records = account.records()
    assert {role: each["AliasTarget"]["DNSName"].rstrip(".") for role, each in records.items()} == {
        "PRIMARY": account.names["us-east-1"], "SECONDARY": account.names["eu-west-1"],
    }  # fmt: skip
    assert all(each["AliasTarget"]["EvaluateTargetHealth"] for each in records.values())
    assert records["PRIMARY"]["HealthCheckId"] != records["SECONDARY"]["HealthCheckId"]
    # MiniStack tells `Inverted` as "True", which is no boolean of XML: each run would make that check again, by its own reference.
    account.provision("plan", "--out", account.file)
    account.provision("apply", account.file, "--skip-health")
    assert account.records() == records
    assert len(account.route53.list_health_checks()["HealthChecks"]) == 4


def test_a_simple_record_in_the_way_is_for_a_person(account):
    record = {"Name": "www.shop.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    change = {"Action": "CREATE", "ResourceRecordSet": record}
    account.route53.change_resource_record_sets(HostedZoneId=account.zone, ChangeBatch={"Changes": [change]})
    shown = account.provision("plan", "--out", account.file, check=3).stdout
    assert "! a record of www.shop.example is in the way: type A, simple" in shown and "remedy: " in shown, shown
    account.provision("apply", account.file, check=3)
    assert set(account.records()) == {"A"}


def test_a_load_balancer_or_zone_that_is_not_there_is_named(account):
    text = account.config.read_text()
    name = account.names["eu-west-1"]
    account.config.write_text(text.replace(name, "gone-1.eu-west-1.elb.amazonaws.com"))
    shown = account.provision("plan", check=3).stdout
    assert "! there is no load balancer gone-1.eu-west-1.elb.amazonaws.com in eu-west-1" in shown, shown
    account.config.write_text(text.replace(account.zone, "ZNOWHERE"))
    assert "! this account has no hosted zone ZNOWHERE" in account.provision("plan", check=3).stdout
