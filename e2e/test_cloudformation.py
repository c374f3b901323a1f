"""`farshore provision export cloudformation`: clean for cfn-lint, the same each time, and deployed as far as moto and MiniStack make things."""

import json
import pathlib
import sys

import boto3
import exits
import pytest
import yaml
from conftest import ROOT, farshore
from ministack import MiniStack

ACCOUNT = "123456789012"
HOME, STANDBY, WITNESS = REGIONS = ("us-east-1", "eu-west-1", "us-east-2")
GOLDEN = ROOT / "test" / "data" / "cloudformation"
CONFIG = """
version: 1
app: shop
regions:
  us-east-1: { preferred: true, health: https://use1.shop.example/healthz, answers: shop-1.us-east-1.elb.amazonaws.com }
  eu-west-1: { health: https://euw1.shop.example/healthz, answers: shop-2.elb.eu-west-1.amazonaws.com }
witness: { region: us-east-2 }
tables: [{ name: sessions }, { name: stays_elsewhere }]
levers: { data_impaired: [repoint], stack_impaired: [shift], region_lost: [shift] }
traffic: { route53: { zone: ZONE, record: www.shop.example } }
controller: { id: us-east-2, region: us-east-2 }
"""
ZONES = {"LoadBalancerZonePreferred": "Z35SXDOTRQ7X7K", "LoadBalancerZoneStandby": "Z32O12XQLNTSW2"}


@pytest.fixture
def export(tmp_path):
    config = tmp_path / "farshore.yaml"

    def template(region, *words, zone="Z0123ABC"):
        config.write_text(CONFIG.replace("ZONE", zone))
        return farshore(
            "provision", "export", "cloudformation", "--config", config, "--account", ACCOUNT, "--region", region, "--table", "sessions=id:S", *words,
        ).stdout

    return template


@pytest.mark.parametrize("region", REGIONS)
def test_the_templates_of_a_small_configuration(export, region):
    told = export(region)
    assert told == (GOLDEN / f"{region}.json").read_text()
    assert yaml.safe_load(export(region, "-o", "yaml")) == json.loads(told)


@pytest.mark.parametrize("region", REGIONS)
def test_cfn_lint_finds_nothing(export, region, tmp_path):
    path = tmp_path / "template.json"
    path.write_text(export(region))
    linted = exits.run(pathlib.Path(sys.executable).with_name("cfn-lint"), "--regions", region, "--", path, status=exits.ANY, timeout=300)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_a_policy_in_the_template_is_the_exported_one(export, tmp_path):
    resources = json.loads(export(HOME))["Resources"]
    for principal in ("controller", "agent"):
        [policy] = resources[f"Role{principal.capitalize()}"]["Properties"]["Policies"]
        alone = farshore("provision", "export", "iam", "--config", tmp_path / "farshore.yaml", "--account", ACCOUNT, "--for", principal).stdout
        assert policy["PolicyDocument"] == json.loads(alone)


def test_what_a_person_must_decide_is_said(tmp_path):
    assert "mars is no Region of the configuration" in farshore(
        "provision", "export", "cloudformation", "--config", ROOT / "examples" / "farshore.yaml", "--account", ACCOUNT, "--region", "mars", check=64,
    ).stderr
    refused = farshore("provision", "export", "cloudformation", "--config", ROOT / "examples" / "farshore.yaml", "--account", ACCOUNT, check=3)
    assert "it is not known where magento.example.com leads users of us-east-1" in refused.stderr
    assert "AWS::Route53" not in refused.stdout, "no half of a failover pair"
    config = tmp_path / "farshore.yaml"
    config.write_text(CONFIG)
    for wrong in ("sessions", "sessions=", "sessions=id:X", "=id:S", "sessions=a:S,b:S,c:S"):
        words = ("provision", "export", "cloudformation", "--config", config, "--account", ACCOUNT, "--table", wrong)
        assert f"not '{wrong}'" in farshore(*words, check=64).stderr
    assert "other is no table" in farshore(*words[:-1], "other=id:S", check=64).stderr


def deploy(client, template, known):
    """A stack of those resources that the server knows; their physical ids by logical id."""
    document = json.loads(template)
    skipped = {name for name, resource in document["Resources"].items() if resource["Type"] not in known}
    document["Resources"] = {name: resource for name, resource in document["Resources"].items() if name not in skipped}
    parameters = [{"ParameterKey": key, "ParameterValue": ZONES[key]} for key in document.get("Parameters", {})]
    client.create_stack(
        StackName="farshore", TemplateBody=json.dumps(document), Parameters=parameters, Capabilities=["CAPABILITY_IAM"],
    )
    client.get_waiter("stack_create_complete").wait(StackName="farshore", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in client.describe_stack_resources(StackName="farshore")["StackResources"]}


TABLE, GLOBAL_TABLE = "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"
ROLES = {"AWS::IAM::Role", "AWS::IAM::InstanceProfile"}
TRAFFIC = {"AWS::Route53::HealthCheck", "AWS::Route53::RecordSet"}


def roles_are_made(iam, made):
    for principal in ("Controller", "Agent"):
        role = made[f"Role{principal}"]
        assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["farshore"]
        # MiniStack's id of it is its ARN.
        name = made[f"InstanceProfile{principal}"].rpartition("/")[2]
        profile = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        assert [each["RoleName"] for each in profile["Roles"]] == [role]


def test_ministack_makes_tables_and_roles(export, tmp_path):
    running = MiniStack(tmp_path)
    try:
        for region in REGIONS:
            made = deploy(running.client("cloudformation", ACCOUNT, region), export(region), {TABLE, GLOBAL_TABLE} | ROLES)
            dynamodb = running.client("dynamodb", ACCOUNT, region)
            assert dynamodb.describe_table(TableName="farshore_epochs")["Table"]["KeySchema"] == [{"AttributeName": "app", "KeyType": "HASH"}]
            if region == HOME:
                roles_are_made(running.client("iam", ACCOUNT), made)
                for name in ("sessions", "farshore_heartbeat"):
                    table = dynamodb.describe_table(TableName=name)["Table"]
                    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
                    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    finally:
        running.end()


def test_moto_makes_epoch_tables_roles_checks_and_records(export):
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()

    def client(service, region=HOME):
        return boto3.client(service, endpoint_url=f"http://{host}:{port}", region_name=region, aws_access_key_id="a", aws_secret_access_key="b")

    try:
        route53 = client("route53")
        zone = route53.create_hosted_zone(Name="shop.example", CallerReference="zone")["HostedZone"]["Id"].removeprefix("/hostedzone/")
        made = {region: deploy(client("cloudformation", region), export(region, zone=zone), {TABLE} | ROLES | TRAFFIC) for region in REGIONS}
        for region in REGIONS:
            assert "farshore_epochs" in client("dynamodb", region).list_tables()["TableNames"]
        roles_are_made(client("iam"), made[HOME])
        checks = {each["Id"]: each["HealthCheckConfig"] for each in route53.list_health_checks()["HealthChecks"]}
        # It drops children, threshold and inversion; the golden templates hold them.
        assert checks[made[HOME]["HealthCheckPrimary"]]["Type"] == "CALCULATED"
        takeover = checks[made[HOME]["HealthCheckTakeover"]]
        assert takeover["FailureThreshold"] == 1 and takeover["ResourcePath"] == "/route53/shop/us-east-1"
        records = {each["Failover"]: each for each in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"] if "Failover" in each}
        assert records["PRIMARY"]["HealthCheckId"] == made[HOME]["HealthCheckPrimary"]
        assert records["SECONDARY"]["HealthCheckId"] == made[HOME]["HealthCheckServingStandby"]
        assert records["PRIMARY"]["AliasTarget"]["HostedZoneId"] == ZONES["LoadBalancerZonePreferred"]
    finally:
        server.stop()
