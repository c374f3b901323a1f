"""Alarms in `farshore provision plan` and `apply` against MiniStack: the alarms of each Region, and the way of their changes to a queue."""

import json
import os
import signal
import subprocess

import exits
import pytest
from conftest import BIN
from ministack import MiniStack
from test_iam import as_ministack_knows

REGIONS = ("us-east-1", "eu-west-1")

CONFIG = """
version: 1
app: shop
objectives: {{ rto: 60s, rpo: 5s }}
regions:
  us-east-1: {{ preferred: true }}
  eu-west-1: {{}}
tables:
  - {{ name: sessions }}
detect: {{ alarms: {{ provision: true, latency: 50ms }} }}
decide: {{ mode: observe, max_loss: 5s }}
levers: {{ data_impaired: [repoint], stack_impaired: [repoint], region_lost: [repoint] }}
aws:
  credentials: {{ file: {directory}/keys, profile: default }}
  endpoints:
    dynamodb: {{ us-east-1: {url}, eu-west-1: {url} }}
controller: {{ id: us-east-1, region: us-east-1 }}
"""


class Account:
    """An AWS account of MiniStack's, and the configuration of an app in it."""

    def __init__(self, stack, directory, number):
        self.stack, self.directory, self.number = stack, directory, number
        self.keys(number, "test")
        self.config = directory / "farshore.yaml"
        self.config.write_text(CONFIG.format(directory=directory, url=stack.url))
        self.file = directory / "provision.json"
        self.environment = {**os.environ, "AWS_ENDPOINT_URL": stack.url, "AWS_EC2_METADATA_DISABLED": "true"}

    def keys(self, key, secret, token=""):
        session = f"aws_session_token = {token}\n" if token else ""
        (self.directory / "keys").write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n{session}")

    def words(self, *words):
        return [BIN / "farshore", "provision", *words, "--config", self.config]

    def provision(self, *words, status=0):
        return exits.run(*self.words(*words), status=status, env=self.environment, stdin=subprocess.DEVNULL)

    def plan(self, status=0):
        return json.loads(self.provision("plan", "--out", self.file, "-o", "json", status=status).stdout)

    def apply(self, status=0):
        return self.provision("apply", self.file, status=status)

    def client(self, service, region):
        return self.stack.client(service, self.number, region)

    def alarms(self, region):
        told = self.client("cloudwatch", region).describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        return {alarm["AlarmName"]: alarm for alarm in told["MetricAlarms"] + told["CompositeAlarms"]}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    running = MiniStack(tmp_path_factory.mktemp("ministack"))
    yield running
    running.end()


@pytest.fixture
def account(stack, tmp_path, request):
    number = str(300000000000 + sum(map(ord, request.node.name)))
    made = Account(stack, tmp_path, number)
    stack.make_table(number, "us-east-1", "sessions", "id")
    return made


def made_whole(account):
    account.plan()
    account.apply()
    return account


def test_alarms_and_their_way_are_made_once(account):
    made_whole(account)
    for region, other in (REGIONS, REGIONS[::-1]):
        alarms = account.alarms(region)
        assert len(alarms) == 3 * 2 + 2 + 1 + 1, sorted(alarms)
        slow = alarms["farshore-shop-sessions-GetItem-latency"]
        assert (slow["Threshold"], slow["TreatMissingData"], slow["MetricName"]) == (50, "missing", "SuccessfulRequestLatency")
        assert {one["Name"]: one["Value"] for one in slow["Dimensions"]} == {"TableName": "sessions", "Operation": "GetItem"}
        silent = alarms[f"farshore-shop-farshore_heartbeat-replication-silent-{other}"]
        assert (silent["TreatMissingData"], silent["Statistic"]) == ("breaching", "SampleCount")
        assert 'ALARM("farshore-shop-sessions-PutItem-errors")' in alarms["farshore-shop-impaired"]["AlarmRule"]
        events = account.client("events", region)
        (forward,) = events.list_targets_by_rule(Rule=f"farshore-shop-alarms-to-{other}")["Targets"]
        assert forward["Arn"] == f"arn:aws:events:{other}:{account.number}:event-bus/default"
        assert forward["RoleArn"] == f"arn:aws:iam::{account.number}:role/farshore-shop-bus-{other}"
        sqs = account.client("sqs", region)
        url = sqs.get_queue_url(QueueName="farshore-shop-alarms")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert attributes["MessageRetentionPeriod"] == "3600"
        assert json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"].endswith(":farshore-shop-alarms-dead")
        (statement,) = json.loads(attributes["Policy"])["Statement"]
        assert statement["Condition"]["ArnEquals"]["aws:SourceArn"].endswith(f"{region}:{account.number}:rule/farshore-shop-alarms-to-queue")
    again = account.plan()
    assert again["alarms"] == [] and again["obstacles"] == [], again
    assert "0 of 0 changes made" in account.apply().stderr


def test_a_rule_takes_the_alarms_of_the_app_and_forwards_its_own_region_alone(account):
    made_whole(account)

    def taken(region, rule, alarm):
        events = account.client("events", region)
        event = {
            "id": "1", "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change", "account": account.number, "region": "us-east-1",
            "time": "2026-01-01T00:00:00Z", "detail": {}, "resources": [f"arn:aws:cloudwatch:{alarm.replace('/', f':{account.number}:alarm:')}"],
        }
        return events.test_event_pattern(EventPattern=events.describe_rule(Name=rule)["EventPattern"], Event=json.dumps(event))["Result"]

    for region, other in (REGIONS, REGIONS[::-1]):
        for of, forwarded in ((region, True), (other, False)):
            assert taken(region, "farshore-shop-alarms-to-queue", f"{of}/farshore-shop-impaired")
            assert taken(region, f"farshore-shop-alarms-to-{other}", f"{of}/farshore-shop-impaired") == forwarded
        assert not taken(region, "farshore-shop-alarms-to-queue", f"{region}/farshore-other-impaired")


def test_what_was_changed_by_hand_is_mended_and_what_was_added_stays(account):
    made_whole(account)
    cloudwatch = account.client("cloudwatch", "us-east-1")
    slow = account.alarms("us-east-1")["farshore-shop-sessions-GetItem-latency"]
    kept = {name: slow[name] for name in ("AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "Period", "EvaluationPeriods", "ComparisonOperator")}
    topic = f"arn:aws:sns:us-east-1:{account.number}:people"
    cloudwatch.put_metric_alarm(**kept, Threshold=5, TreatMissingData="breaching", DatapointsToAlarm=3, AlarmActions=[topic])
    events = account.client("events", "eu-west-1")
    events.remove_targets(Rule="farshore-shop-alarms-to-queue", Ids=["farshore"])
    iam = account.client("iam", "us-east-1")
    iam.delete_role_policy(RoleName="farshore-shop-bus-eu-west-1", PolicyName="farshore")
    sqs = account.client("sqs", "us-east-1")
    url = sqs.get_queue_url(QueueName="farshore-shop-alarms")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})
    plan = account.plan()
    assert [(change["change"], change["resource"], change["name"]) for change in plan["alarms"]] == [
        ("update", "queue", "farshore-shop-alarms"),
        ("update", "rule", "farshore-shop-alarms-to-queue"),
        ("update", "role", "farshore-shop-bus-eu-west-1"),
        ("update", "metric_alarm", "farshore-shop-sessions-GetItem-latency"),
    ], plan
    assert plan["alarms"][-1]["fields"] == "Threshold 50 (now 5), TreatMissingData missing (now breaching)"
    account.apply()
    assert account.plan()["alarms"] == []
    assert account.alarms("us-east-1")[slow["AlarmName"]]["AlarmActions"] == [topic]


def test_what_somebody_else_made_is_left_alone(account):
    account.client("cloudwatch", "eu-west-1").put_metric_alarm(
        AlarmName="farshore-shop-sessions-GetItem-latency", Namespace="Other", MetricName="Other", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )
    account.client("sqs", "eu-west-1").create_queue(QueueName="farshore-shop-alarms")
    account.client("events", "us-east-1").put_rule(Name="farshore-shop-alarms-to-queue", EventPattern='{"source":["mine"]}')
    account.client("iam", "us-east-1").create_role(RoleName="farshore-shop-bus-us-east-1", AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[]}')
    plan = account.plan(status=3)
    assert [obstacle["about"] for obstacle in plan["obstacles"]] == [
        "farshore-shop-alarms-to-queue", "farshore-shop-alarms", "farshore-shop-bus-us-east-1", "farshore-shop-sessions-GetItem-latency",
    ], plan["obstacles"]
    account.apply(status=3)
    assert account.alarms("eu-west-1")["farshore-shop-sessions-GetItem-latency"]["Namespace"] == "Other"


def test_an_apply_that_was_killed_is_gone_on_with(account):
    account.plan()
    running = exits.Process(account.words("apply", account.file), (-signal.SIGKILL,), env=account.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for line in running.stdout:
        if "role farshore-shop-bus" in line:
            break
    running.kill()
    running.finish()
    assert not running.trouble()
    account.apply()
    assert account.plan()["alarms"] == []


def test_a_missing_permission_is_named(account):
    account.stack.make_role(account.number, "few", ["dynamodb:*", "sqs:*", "sts:*", "iam:*", "cloudwatch:*", "events:DescribeRule"])
    account.keys(*account.stack.session(account.number, "few", "someone"))
    plan = account.plan()
    assert plan["alarms"]
    told = account.apply(status=77).stderr
    assert "events:PutRule" in told, told


def test_all_of_it_is_made_under_the_exported_policy(account):
    policy = as_ministack_knows(json.loads(account.provision("export", "iam", "--account", account.number, "--for", "provisioning").stdout))
    account.stack.make_role(account.number, "provisioning", "none:None")
    iam = account.stack.client("iam", account.number)
    iam.put_role_policy(RoleName="provisioning", PolicyName="allows", PolicyDocument=json.dumps(policy))
    account.keys(*account.stack.session(account.number, "provisioning", "operator"))
    assert account.plan()["alarms"]
    account.apply()
    assert account.plan()["alarms"] == []
    for left_out, named in (("MakeEventRules", "events:DescribeRule"), ("MakeQueues", "sqs:GetQueueUrl"), ("MakeTheRulesRoles", "iam:GetRole")):
        rest = [each for each in policy["Statement"] if each["Sid"] != left_out]
        iam.put_role_policy(RoleName="provisioning", PolicyName="allows", PolicyDocument=json.dumps(policy | {"Statement": rest}))
        refused = account.provision("plan", status=exits.ANY)
        assert refused.returncode != 0 and named in refused.stdout + refused.stderr, (left_out, refused.stdout, refused.stderr)
