"""The lab's DynamoDB for tests: starts `lab_dynamo_cross_test --serve` once from $FARSHORE_BUILD/bin.

With FARSHORE_LAB_DYNAMODB, a JSON object from Region to URL as that program prints it, it uses those.
"""

import json
import os
import pathlib
import subprocess
import time
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
    """Ends the server after the last test; each test file that uses the server imports this."""
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


def eventually(holds, patience=60.0):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.01)
    return False


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


def replica_statuses(db, table):
    return [r["ReplicaStatus"] for r in db.describe_table(TableName=table)["Table"]["Replicas"]]


def fresh_id():
    return uuid.uuid4().hex


def error_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response


def code_and_message(call, **arguments):
    error = error_of(call, **arguments)["Error"]
    return error["Code"], error["Message"]
