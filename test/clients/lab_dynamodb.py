"""The lab's DynamoDB for tests: starts `lab_dynamo_cross_test --serve` once from $FARSHORE_BUILD/bin.

With FARSHORE_LAB_DYNAMODB, a JSON object from Region to URL as that program prints it, it uses those.
"""

import json
import os
import pathlib
import subprocess
import uuid

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
import exits
from built import must_be_built

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVER = pathlib.Path(os.environ.get("FARSHORE_BUILD", ROOT / "build" / "release")) / "bin" / "lab_dynamo_cross_test"
SERVERS = exits.Processes()


def served():
    if "FARSHORE_LAB_DYNAMODB" in os.environ:
        return json.loads(os.environ["FARSHORE_LAB_DYNAMODB"])
    if not must_be_built(SERVER):
        return {}
    return json.loads(SERVERS(SERVER, "--serve", stderr=subprocess.PIPE).stdout.readline())


ENDPOINTS = served()
EAST, WEST = "us-east-1", "eu-west-1"

needs_the_server = pytest.mark.skipif(not ENDPOINTS, reason=f"{SERVER} is not built")


@pytest.fixture(scope="session", autouse=True)
def ends_well():
    """Ends the server after the last test. Each test file that uses the server imports this and the fixtures below."""
    yield
    SERVERS.end()


def client(region=EAST, secret="lab-secret", **options):
    return boto3.client(
        "dynamodb",
        region_name=region,
        endpoint_url=ENDPOINTS.get(region),
        aws_access_key_id="AKIDLAB",
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60),
        **options,
    )


@pytest.fixture(scope="module", name="db")
def in_the_east():
    return client()


@pytest.fixture(scope="module", name="west")
def in_the_west():
    return client(WEST)


@pytest.fixture(scope="module", name="simple")
def simple_table(db):
    return make_table(db)


def make_table(db, range_key=None, key_type="S", **options):
    name = f"t-{uuid.uuid4().hex[:12]}"
    attributes = [{"AttributeName": "id", "AttributeType": "S"}]
    schema = [{"AttributeName": "id", "KeyType": "HASH"}]
    if range_key:
        attributes.append({"AttributeName": range_key, "AttributeType": key_type})
        schema.append({"AttributeName": range_key, "KeyType": "RANGE"})
    attributes += options.pop("more_attributes", [])
    db.create_table(
        TableName=name, AttributeDefinitions=attributes, KeySchema=schema, BillingMode="PAY_PER_REQUEST", **options
    )
    db.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 100})
    return name


def replicate(db, table):
    """Begins a replica in the west; gives what the call answered."""
    return db.update_table(TableName=table, ReplicaUpdates=[{"Create": {"RegionName": WEST}}])


def wait_for_the_replica(db, table):
    def statuses():
        return [r["ReplicaStatus"] for r in db.describe_table(TableName=table)["Table"]["Replicas"]]

    exits.until(lambda: statuses() == ["ACTIVE"], 60, lambda: f"the replica is active: {statuses()}")


def fresh_id():
    return uuid.uuid4().hex


def error_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response


def code_and_message(call, **arguments):
    error = error_of(call, **arguments)["Error"]
    return error["Code"], error["Message"]
