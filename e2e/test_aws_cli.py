"""The AWS CLI against a lab world, as the world itself says to reach it."""

import json
import os
import pathlib
import re
import shlex
import sys

import exits
from conftest import TABLE, until

AWS = pathlib.Path(sys.executable).parent / "aws"


def aws(environment, *words, check=True):
    """Runs the CLI with nothing of this machine's own AWS settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = exits.run(AWS, *words, "--output", "json", status=0 if check else exits.ANY, env=clean | environment, timeout=60)
    if check:
        return json.loads(done.stdout) if done.stdout.strip() else {}
    return done


def suggested(world):
    """The environment that `farshore lab up` prints for its reader."""
    line = next(line for line in world.told.splitlines() if "AWS_ENDPOINT_URL_DYNAMODB=" in line)
    return dict(word.split("=", 1) for word in shlex.split(line) if re.match(r"[A-Z_]+=", word))


def test_items_go_through_an_agent_and_arrive_in_both_regions(world):
    environment = suggested(world)
    here = {**environment, "AWS_ENDPOINT_URL_DYNAMODB": world.hosts("eu-west-1")[0]["dynamodb"]}
    item = {"id": {"S": "cli-1"}, "n": {"N": "7"}}
    aws(here, "dynamodb", "put-item", "--region", "us-east-1", "--table-name", TABLE, "--item", json.dumps(item))
    key = json.dumps({"id": {"S": "cli-1"}})
    for region in ("us-east-1", "eu-west-1"):
        there = {**environment, "AWS_ENDPOINT_URL_DYNAMODB": world.document["regions"][region]["dynamodb"]}
        read = lambda: aws(there, "dynamodb", "get-item", "--region", region, "--table-name", TABLE, "--key", key).get("Item")
        until(lambda: read() == item, 20, f"the item is in {region}", every=0.3)
    scanned = aws(environment, "dynamodb", "scan", "--region", "us-east-1", "--table-name", TABLE)
    assert item in scanned["Items"]
    refused = aws(here, "dynamodb", "put-item", "--region", "us-east-1", "--table-name", "nothing", "--item", json.dumps(item), check=False)
    assert refused.returncode != 0 and "ResourceNotFoundException" in refused.stderr


def test_the_tables_and_records_are_what_the_design_says(world):
    environment = suggested(world)
    table = aws(environment, "dynamodb", "describe-table", "--region", "us-east-1", "--table-name", TABLE)["Table"]
    assert {replica["RegionName"] for replica in table["Replicas"]} >= {"eu-west-1"}
    route53 = {**environment, "AWS_ENDPOINT_URL_ROUTE_53": world.document["route53"]["api"], "AWS_REGION": "us-east-1"}
    records = aws(route53, "route53", "list-resource-record-sets", "--hosted-zone-id", world.document["route53"]["zone"])["ResourceRecordSets"]
    failover = {record["Failover"]: record["HealthCheckId"] for record in records if "Failover" in record}
    assert set(failover) == {"PRIMARY", "SECONDARY"} and failover["PRIMARY"] != failover["SECONDARY"]
