"""The rules and limits of the lab's DynamoDB as boto3 sees them: what is refused, and in which words."""

import time

import pytest
from exits import until
from lab_dynamodb import (
    EAST,
    WEST,
    code_and_message,
    ends_well,  # noqa: F401
    error_of,
    fresh_id,
    in_the_east,  # noqa: F401
    in_the_west,  # noqa: F401
    make_table,
    needs_the_server,
    replicate,
    simple_table,  # noqa: F401
    wait_for_the_replica,
)

pytestmark = needs_the_server

INVALID = "ValidationException"


def distinct(operator, operand="[a]"):
    return (
        "Invalid ConditionExpression: The first operand must be distinct from the remaining operands for this operator "
        f"or function; operator: {operator}, first operand: {operand}"
    )


@pytest.mark.parametrize(
    ("condition", "names", "message"),
    [
        ("_a = :v", None, 'Invalid ConditionExpression: Syntax error; token: "_", near: "_a"'),
        ("#n = :v", {"#n": ""}, "ExpressionAttributeNames contains invalid value: Empty attribute name for key #n"),
        ("contains(a, a) OR a = :v", None, distinct("contains")),
        ("begins_with(a, a) OR a = :v", None, distinct("begins_with")),
        ("a IN (:v, a)", None, distinct("IN")),
        ("a BETWEEN a AND :v", None, distinct("BETWEEN")),
        (
            " AND ".join(["a = :v"] * 151),
            None,
            "Invalid ConditionExpression: The expression contains too many operators; operator count: 301",
        ),
    ],
)
def test_expressions_that_are_refused(db, simple, condition, names, message):
    arguments = {
        "TableName": simple,
        "Key": {"id": {"S": "x"}},
        "ConditionExpression": condition,
        "ExpressionAttributeValues": {":v": {"S": "x"}},
    } | ({"ExpressionAttributeNames": names} if names else {})
    assert code_and_message(db.delete_item, **arguments) == (INVALID, message)


def test_size_counts_as_dynamodb_does(db, simple):
    key = {"id": {"S": fresh_id()}}
    db.put_item(TableName=simple, Item={**key, "s": {"S": "a\N{GRINNING FACE}"}})
    answer = db.update_item(
        TableName=simple,
        Key=key,
        ConditionExpression="size(s) = :three",
        UpdateExpression="SET n = :three",
        ExpressionAttributeValues={":three": {"N": "3"}},
        ReturnValues="UPDATED_NEW",
    )
    assert answer["Attributes"] == {"n": {"N": "3"}}


@pytest.mark.parametrize(
    ("update", "values", "message"),
    [
        ("ADD s :v", {"N": "1"}, "An operand in the update expression has an incorrect data type"),
        ("SET big = :v", {"S": "x" * 300_000}, "Item size to update has exceeded the maximum allowed size"),
        (
            "SET m.deep = :v",
            {"N": "1"},
            "The document path provided in the update expression is invalid for update",
        ),
    ],
)
def test_a_transaction_is_cancelled_with_its_reasons(db, simple, update, values, message):
    one, two = fresh_id(), fresh_id()
    item = {"id": {"S": one}, "s": {"S": "x" * 150_000}}
    db.put_item(TableName=simple, Item=item)
    change = {
        "TableName": simple,
        "Key": {"id": {"S": one}},
        "UpdateExpression": update,
        "ExpressionAttributeValues": {":v": values},
    }
    error = error_of(
        db.transact_write_items,
        TransactItems=[{"Put": {"TableName": simple, "Item": {"id": {"S": two}}}}, {"Update": change}],
    )
    assert error["Error"]["Code"] == "TransactionCanceledException"
    assert error["Error"]["Message"].endswith("[None, ValidationError]")
    assert error["CancellationReasons"] == [{"Code": "None"}, {"Code": "ValidationError", "Message": message}]
    assert db.get_item(TableName=simple, Key={"id": {"S": one}})["Item"] == item
    assert "Item" not in db.get_item(TableName=simple, Key={"id": {"S": two}})


def test_a_transaction_has_4_mb(db, simple):
    ids = [fresh_id() for _ in range(11)]
    items = [{"id": {"S": i}, "v": {"S": "x" * 390 * 1024}} for i in ids]
    puts = [{"Put": {"TableName": simple, "Item": item}} for item in items]
    assert code_and_message(db.transact_write_items, TransactItems=puts)[0] == INVALID
    assert "Item" not in db.get_item(TableName=simple, Key={"id": {"S": ids[0]}})
    db.transact_write_items(TransactItems=puts[:10])
    db.transact_write_items(TransactItems=puts[10:])
    gets = [{"Get": {"TableName": simple, "Key": {"id": {"S": i}}}} for i in ids]
    assert code_and_message(db.transact_get_items, TransactItems=gets)[0] == INVALID
    assert len(db.transact_get_items(TransactItems=gets[:10])["Responses"]) == 10


def test_time_to_live(db, west):
    name = make_table(db)
    replicate(db, name)
    wait_for_the_replica(db, name)
    specification = {"Enabled": True, "AttributeName": "until"}
    off = {"Enabled": False, "AttributeName": "until"}
    assert code_and_message(db.update_time_to_live, TableName=name, TimeToLiveSpecification=off) == (
        INVALID,
        "TimeToLive is already disabled",
    )
    answer = db.update_time_to_live(TableName=name, TimeToLiveSpecification=specification)
    assert answer["TimeToLiveSpecification"] == specification
    assert west.describe_time_to_live(TableName=name)["TimeToLiveDescription"] == {
        "TimeToLiveStatus": "ENABLED",
        "AttributeName": "until",
    }
    assert code_and_message(west.update_time_to_live, TableName=name, TimeToLiveSpecification=specification) == (
        INVALID,
        "TimeToLive is already enabled",
    )
    assert code_and_message(db.update_time_to_live, TableName=name, TimeToLiveSpecification=off) == (
        INVALID,
        "Time to live has been modified multiple times within a fixed interval",
    )
    ends = {"past": int(time.time()) - 10, "later": int(time.time()) + 3600, "ancient": 1}
    for key, end in ends.items():
        db.put_item(TableName=name, Item={"id": {"S": key}, "until": {"N": str(end)}})

    def left(side):
        return {item["id"]["S"] for item in side.scan(TableName=name)["Items"]}

    until(lambda: left(db) == left(west) == {"later", "ancient"}, 60, lambda: f"what is past goes: {left(db)}, {left(west)}")


def test_the_rules_of_replicas(db, west):
    plain = make_table(db)
    replicate(db, plain)
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    wait_for_the_replica(db, plain)
    for side, region in ((db, EAST), (west, WEST)):
        table = side.describe_table(TableName=plain)["Table"]
        assert table["StreamSpecification"] == stream
        assert table["LatestStreamArn"] == f"{table['TableArn']}/stream/{table['LatestStreamLabel']}"
        assert f":{region}:" in table["TableArn"]
        assert code_and_message(side.update_table, TableName=plain, StreamSpecification={"StreamEnabled": False}) == (
            INVALID,
            "One or more parameter values were invalid: Disabling Stream is not allowed for a Global Table replica.",
        )
    assert code_and_message(db.delete_table, TableName=plain)[0] == INVALID, "it was the source of a replica"

    fixed = f"t-{fresh_id()[:12]}"
    db.create_table(
        TableName=fixed,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    )
    db.get_waiter("table_exists").wait(TableName=fixed, WaiterConfig={"Delay": 0.05, "MaxAttempts": 100})
    assert code_and_message(db.update_table, TableName=fixed, ReplicaUpdates=[{"Create": {"RegionName": WEST}}]) == (
        INVALID,
        "Table write capacity should either be Pay-Per-Request or AutoScaled.",
    )
