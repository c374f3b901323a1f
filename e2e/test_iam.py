"""The policies of `farshore provision export iam`, judged by MiniStack, which enforces IAM: what a program calls is allowed under its policy,
refused without the statement that allows it, and refused on what is not its own."""

import json

import botocore.exceptions
import pytest
from conftest import ROOT, farshore
from ministack import MiniStack

ACCOUNT, HOST = "123456789012", "use1-web-1"
EPOCHS, HEARTBEATS, SESSIONS = "farshore_epochs", "farshore_heartbeat", "MyMagentoSessionsTable"
CONFIG = ROOT / "examples" / "farshore.yaml"
ZONE = "Z0123ABC"  # of the example
HOST_ITEM = f"magento#host#{HOST}"


def key(of):
    return {"app": {"S": of}}


# What each program does, as its own code calls: (statement that allows it, service, call, parameters).
CALLS = {
    "controller": [
        ("EpochItemsAndRegister", "dynamodb", "get_item", {"TableName": EPOCHS, "Key": key("magento")}),
        ("EpochItemsAndRegister", "dynamodb", "update_item", {"TableName": EPOCHS, "Key": key("magento")}),
        ("EpochItemsAndRegister", "dynamodb", "scan", {"TableName": EPOCHS}),
        ("EpochItemsAndRegister", "dynamodb", "delete_item", {"TableName": EPOCHS, "Key": key(HOST_ITEM)}),
        ("EpochItemsAndRegister", "dynamodb", "describe_table", {"TableName": EPOCHS}),
        ("Heartbeats", "dynamodb", "get_item", {"TableName": HEARTBEATS, "Key": key("magento")}),
        ("Heartbeats", "dynamodb", "put_item", {"TableName": HEARTBEATS, "Item": key("magento")}),
        ("Heartbeats", "dynamodb", "describe_table", {"TableName": HEARTBEATS}),
        ("ReadBackWhatMayBeLost", "dynamodb", "batch_get_item", {"RequestItems": {SESSIONS: {"Keys": [key("s1")]}}}),
        ("ReadBackWhatMayBeLost", "dynamodb", "describe_table", {"TableName": SESSIONS}),
        ("SeeTheRecord", "route53", "list_resource_record_sets", {"HostedZoneId": ZONE}),
        ("SeeItsHealthChecks", "route53", "get_health_check", {"HealthCheckId": "CHECK"}),
    ],
    "agent": [
        ("ReadTheEpochItem", "dynamodb", "get_item", {"TableName": EPOCHS, "Key": key("magento")}),
        ("RegisterThisHostOnly", "dynamodb", "put_item", {"TableName": EPOCHS, "Item": key(HOST_ITEM)}),
        ("RegisterThisHostOnly", "dynamodb", "delete_item", {"TableName": EPOCHS, "Key": key(HOST_ITEM)}),
        ("Heartbeats", "dynamodb", "put_item", {"TableName": HEARTBEATS, "Item": key("magento")}),
        ("Heartbeats", "dynamodb", "get_item", {"TableName": HEARTBEATS, "Key": key("magento")}),
        ("TheApplicationAndItsProofs", "dynamodb", "describe_table", {"TableName": SESSIONS}),
        ("TheApplicationAndItsProofs", "dynamodb", "batch_get_item", {"RequestItems": {SESSIONS: {"Keys": [key("s1")]}}}),
        ("TheApplicationAndItsProofs", "dynamodb", "put_item", {"TableName": SESSIONS, "Item": key("s1")}),
    ],
}
NOT_ITS_OWN = {
    "controller": [
        ("dynamodb", "put_item", {"TableName": SESSIONS, "Item": key("s1")}),
        ("dynamodb", "delete_table", {"TableName": EPOCHS}),
        ("dynamodb", "scan", {"TableName": HEARTBEATS}),
        ("route53", "delete_hosted_zone", {"Id": ZONE}),
    ],
    "agent": [
        ("dynamodb", "update_item", {"TableName": EPOCHS, "Key": key("magento")}),
        ("dynamodb", "scan", {"TableName": EPOCHS}),
        ("dynamodb", "scan", {"TableName": SESSIONS}),
        ("route53", "list_hosted_zones", {}),
    ],
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    running = MiniStack(tmp_path_factory.mktemp("ministack"))
    for table in (EPOCHS, HEARTBEATS, SESSIONS):
        running.make_table(ACCOUNT, "us-east-1", table, "app")
    running.client("dynamodb", ACCOUNT).put_item(TableName=SESSIONS, Item=key("s1"))
    yield running
    running.end()


def exported(principal):
    host = ("--host", HOST) if principal == "agent" else ()
    done = farshore("provision", "export", "iam", "--config", CONFIG, "--account", ACCOUNT, "--for", principal, *host)
    return json.loads(done.stdout)


def as_ministack_knows(policy):
    """MiniStack gives conditions no leading keys, Regions and record names, and of Route 53 only zones an ARN; all are in docs/aws-verification.md."""
    known = []
    for statement in policy["Statement"]:
        said = {name: value for name, value in statement.items() if name != "Condition"}
        if any(":healthcheck/" in resource or ":change/" in resource or ":role/aws-service-role/" in resource or ":rule/" in resource for resource in said["Resource"]):
            said["Resource"] = "*"
        known.append(said)
    return policy | {"Statement": known}


class Role:
    """A role with one policy, and calls under it."""

    def __init__(self, stack, name, policy):
        stack.make_role(ACCOUNT, name, "none:None")
        stack.client("iam", ACCOUNT).put_role_policy(RoleName=name, PolicyName="allows", PolicyDocument=json.dumps(as_ministack_knows(policy)))
        self.stack, self.keys = stack, stack.session(ACCOUNT, name, HOST)

    def is_allowed(self, service, call, parameters):
        """A call that is let through may still find nothing."""
        try:
            getattr(self.stack.client_with(service, self.keys), call)(**parameters)
        except botocore.exceptions.ClientError as error:
            return not error.response["Error"]["Code"].startswith("AccessDenied")
        return True


@pytest.mark.parametrize("principal", CALLS)
def test_the_policy_allows_what_the_program_calls_and_nothing_else(stack, principal):
    role = Role(stack, f"whole-{principal}", exported(principal))
    refused = [call for _, *call in CALLS[principal] if not role.is_allowed(*call)]
    assert not refused, refused
    allowed = [call for call in NOT_ITS_OWN[principal] if role.is_allowed(*call)]
    assert not allowed, allowed


@pytest.mark.parametrize("principal", CALLS)
def test_no_statement_can_be_left_out(stack, principal):
    policy = exported(principal)
    assert {statement["Sid"] for statement in policy["Statement"]} == {sid for sid, *_ in CALLS[principal]}
    for left_out in policy["Statement"]:
        others = [statement for statement in policy["Statement"] if statement is not left_out]
        role = Role(stack, f"without-{left_out['Sid']}-{principal}", policy | {"Statement": others})
        for sid, *call in CALLS[principal]:
            assert role.is_allowed(*call) == (sid != left_out["Sid"]), f"without {left_out['Sid']}: {call}"


def test_a_wrong_account_is_refused():
    refused = farshore("provision", "export", "iam", "--config", CONFIG, "--account", "12345", check=64)
    assert "twelve digits" in refused.stderr
    assert "--account" in farshore("provision", "export", "iam", "--config", CONFIG, check=64).stderr
