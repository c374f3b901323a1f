"""`farshore init`: the first configuration, from flags alone or from what an account has (MiniStack)."""

import json
import os
import subprocess

import exits
import pytest
import yaml
from conftest import BIN, farshore
from ministack import MiniStack

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    running = MiniStack(tmp_path_factory.mktemp("ministack"))
    yield running
    running.end()


# How AWS is reached: AWS_ENDPOINT_URL does not count for DynamoDB, as on a host it leads to the agent.
ACCESS = """
version: 1
app: other
regions: {{ us-east-1: {{ preferred: true }}, eu-west-1: {{}} }}
witness: {{ region: us-east-2 }}
tables: [{{ name: other }}]
levers: {{ data_impaired: [repoint], stack_impaired: [repoint], region_lost: [repoint] }}
aws: {{ endpoints: {{ dynamodb: {{ us-east-1: {url}, eu-west-1: {url}, us-east-2: {url} }} }} }}
controller: {{ id: us-east-2, region: us-east-2 }}
"""


def init(stack, account, directory, *words, status=0, **more):
    access = directory / "access.yaml"
    access.write_text(ACCESS.format(url=stack.url))
    environment = {
        **os.environ, "AWS_ENDPOINT_URL": stack.url, "AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true", **more,
    }
    return exits.run(BIN / "farshore", "init", *words, "--config", access, status=status, env=environment, stdin=subprocess.DEVNULL)


def published(stack, account):
    """Two Regions with a load balancer each, a replicated table, and failover records that share one check."""
    dynamodb = stack.client("dynamodb", account)
    dynamodb.create_table(
        TableName="sessions", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    dynamodb.update_table(TableName="sessions", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    names = {}
    for region in ("us-east-1", "eu-west-1"):
        vpc = stack.client("ec2", account, region).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = stack.client("ec2", account, region).create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        made = stack.client("elbv2", account, region).create_load_balancer(Name=f"shop-{region}", Subnets=[subnet])
        names[region] = made["LoadBalancers"][0]["DNSName"]
        stack.client("ecs", account, region).create_cluster(clusterName="shop")
    stack.client("cloudwatch", account).put_metric_alarm(
        AlarmName="sessions-errors", Namespace="AWS/DynamoDB", MetricName="SystemErrors", Period=60, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanThreshold", Statistic="Sum",
    )
    route53 = stack.client("route53", account)
    zone = route53.create_hosted_zone(Name="shop.example", CallerReference="zone")["HostedZone"]["Id"].removeprefix("/hostedzone/")
    check = route53.create_health_check(
        CallerReference="check", HealthCheckConfig={"Type": "HTTPS", "FullyQualifiedDomainName": "use1.shop.example", "ResourcePath": "/healthz", "RequestInterval": 10},
    )["HealthCheck"]["Id"]
    changes = [
        {"Action": "CREATE", "ResourceRecordSet": {
            "Name": "www.shop.example", "Type": "CNAME", "SetIdentifier": role.lower(), "Failover": role, "TTL": 20,
            "ResourceRecords": [{"Value": names[region]}], "HealthCheckId": check}}
        for role, region in (("PRIMARY", "us-east-1"), ("SECONDARY", "eu-west-1"))
    ]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    return zone, check


def test_what_an_account_has_becomes_a_configuration_that_is_valid(stack, tmp_path):
    zone, check = published(stack, ACCOUNT)
    done = init(stack, ACCOUNT, tmp_path, "--discover", "--app", "shop", "--preferred", "us-east-1", "--record", "www.shop.example", "--dir", tmp_path, "-o", "json")
    told = json.loads(done.stdout)
    assert [path.rpartition("/")[2] for path in told["files"]] == ["farshore.yaml", "agent-us-east-1.yaml", "agent-eu-west-1.yaml"]
    config = yaml.safe_load((tmp_path / "farshore.yaml").read_text())
    assert [table["name"] for table in config["tables"]] == ["sessions"]
    assert list(config["regions"]) == ["us-east-1", "eu-west-1"] and config["regions"]["us-east-1"]["preferred"]
    assert config["regions"]["us-east-1"]["health"] == "https://use1.shop.example/healthz"
    assert config["traffic"]["route53"] == {"zone": zone, "record": "www.shop.example", "ttl": "20s"}
    assert config["decide"]["mode"] == "observe"
    shared = [question["text"] for question in told["questions"] if question["about"] == "traffic"]
    assert len(shared) == 1 and f"one health check, {check}, stands behind both" in shared[0], told
    assert "CloudWatch alarm of DynamoDB sessions-errors in us-east-1" in told["notes"], told["notes"]
    assert any(note.startswith("load balancer shop-eu-west-1 in eu-west-1") for note in told["notes"]), told["notes"]
    farshore("validate", tmp_path / "farshore.yaml")
    farshore("validate", "--agent", tmp_path / "agent-us-east-1.yaml", tmp_path / "agent-eu-west-1.yaml")
    agent = yaml.safe_load((tmp_path / "agent-eu-west-1.yaml").read_text())
    assert agent["apps"][0]["health_urls"] == {"us-east-1": "https://use1.shop.example/healthz"}
    # What was edited since is not written over.
    again = init(stack, ACCOUNT, tmp_path, "--discover", "--preferred", "us-east-1", "--dir", tmp_path, status=4)
    assert "farshore.yaml" in again.stderr and "--force" in again.stderr


def test_what_may_not_be_read_is_named_and_the_rest_is_written(stack, tmp_path):
    account = "222222222222"
    stack.make_table(account, "us-east-1", "sessions", "id")
    stack.make_role(account, "reader", ["dynamodb:DescribeTable", "dynamodb:ListTables"])
    key, secret, token = stack.session(account, "reader", "someone")
    done = init(
        stack, account, tmp_path, "--discover", "--tables", "sessions", "--preferred", "us-east-1", "--standby", "eu-west-1", "--record", "www.shop.example",
        "--dir", tmp_path, "-o", "json", AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=secret, AWS_SESSION_TOKEN=token,
    )
    notes = json.loads(done.stdout)["notes"]
    assert any(note.startswith("not read: load balancers of us-east-1: ") for note in notes), notes
    assert any(note.startswith("not read: records and health checks: ") for note in notes), notes
    assert "table sessions has no replica in eu-west-1 yet: `farshore provision plan` shows how it gets one" in notes
    farshore("validate", tmp_path / "farshore.yaml")


@pytest.mark.parametrize(
    "words, status, told",
    [
        (["--discover", "--tables", "nosuch", "--preferred", "us-east-1"], 64, "the Region (--preferred) and the name?"),
        (["--discover", "--tables", "sessions"], 64, "--preferred REGION, or AWS_REGION"),
        (["--tables", "sessions", "--preferred", "us-east-1"], 64, "--standby REGION"),
        ([], 64, "--tables NAME"),
        (["--tables", "x", "--preferred", "us-east-1"], 64, "a table's name"),
        (["--tables", "sessions", "--preferred", "useast"], 64, "useast"),
        (["--tables", "sessions", "--preferred", "us-east-1", "--standby", "eu-west-1", "--health", "nonsense"], 64, "--health REGION=URL"),
        (["nonsense"], 64, "unknown command `nonsense` of `farshore init`"),
        (["--dicsover"], 64, "--dicsover"),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy_and_nothing_is_written(stack, tmp_path, words, status, told):
    done = init(stack, ACCOUNT, tmp_path, *words, "--dir", tmp_path / "new", status=status)
    assert told in done.stderr, done.stderr
    assert not (tmp_path / "new").exists() or not list((tmp_path / "new").iterdir())
