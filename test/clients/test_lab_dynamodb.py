"""The lab's DynamoDB as boto3 sees it: items, expressions, paging, errors, tables, replicas.

Its rules and limits are in test_lab_dynamodb_rules.py.
"""

from decimal import Decimal

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from botocore.config import Config
from botocore.exceptions import ClientError
from exits import until
from lab_dynamodb import (
    EAST,
    ENDPOINTS,
    WEST,
    client,
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


@pytest.fixture(scope="module")
def sorted_table(db):
    return make_table(db, range_key="n", key_type="N")


@pytest.fixture(scope="module")
def resource():
    return boto3.resource(
        "dynamodb",
        region_name=EAST,
        endpoint_url=ENDPOINTS.get(EAST),
        aws_access_key_id="AKIDLAB",
        aws_secret_access_key="lab-secret",
    )


@pytest.fixture(scope="module")
def global_table(db, west):
    name = make_table(db)
    db.put_item(TableName=name, Item={"id": {"S": "before"}, "v": {"N": "1"}})
    answer = replicate(db, name)
    statuses = {r["RegionName"]: r["ReplicaStatus"] for r in answer["TableDescription"]["Replicas"]}
    assert statuses == {WEST: "CREATING"}

    wait_for_the_replica(db, name)
    assert west.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE"
    return name


# Items


def test_every_type_comes_back(resource, simple):
    table = resource.Table(simple)
    item = {
        "id": fresh_id(),
        "string": "é😀\u0000\"",
        "empty": "",
        "number": Decimal("12345678901234567890.123456789012345678"),
        "tiny": Decimal("1E-130"),
        "binary": Binary(bytes(range(256))),
        "true": True,
        "false": False,
        "null": None,
        "list": [1, "x", [None], {"a": Decimal("0.1")}],
        "map": {"a": {"b": {"c": [1, 2]}}, "e": {}},
        "strings": {"a", "b"},
        "numbers": {Decimal("1"), Decimal("2.5")},
        "binaries": {Binary(b"a"), Binary(b"\xff")},
    }
    table.put_item(Item=item)
    assert table.get_item(Key={"id": item["id"]}, ConsistentRead=True)["Item"] == item


def test_numbers_are_normalised(db, simple):
    for given, stored in [("1e2", "100"), ("+007.500", "7.5"), ("-0", "0"), ("1E-3", "0.001")]:
        key = {"id": {"S": fresh_id()}}
        db.put_item(TableName=simple, Item={**key, "n": {"N": given}})
        assert db.get_item(TableName=simple, Key=key)["Item"]["n"] == {"N": stored}


def test_an_absent_item_is_no_error(db, simple):
    answer = db.get_item(TableName=simple, Key={"id": {"S": fresh_id()}}, ReturnConsumedCapacity="TOTAL")
    assert "Item" not in answer
    assert answer["ConsumedCapacity"] == {"TableName": simple, "CapacityUnits": 0.5}
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amz-crc32"]
    assert answer["ResponseMetadata"]["RequestId"]


def test_return_values(db, simple):
    key = {"id": {"S": fresh_id()}}
    assert "Attributes" not in db.put_item(TableName=simple, Item={**key, "a": {"N": "1"}}, ReturnValues="ALL_OLD")
    old = db.put_item(TableName=simple, Item={**key, "a": {"N": "2"}, "b": {"S": "x"}}, ReturnValues="ALL_OLD")
    assert old["Attributes"] == {**key, "a": {"N": "1"}}

    def update(returns, expression="SET a = a + :one"):
        return db.update_item(
            TableName=simple,
            Key=key,
            UpdateExpression=expression,
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues=returns,
        ).get("Attributes")

    assert update("NONE") is None
    assert update("UPDATED_NEW") == {"a": {"N": "4"}}
    assert update("UPDATED_OLD") == {"a": {"N": "4"}}
    assert update("ALL_OLD") == {**key, "a": {"N": "5"}, "b": {"S": "x"}}
    assert update("ALL_NEW") == {**key, "a": {"N": "7"}, "b": {"S": "x"}}
    assert db.delete_item(TableName=simple, Key=key, ReturnValues="ALL_OLD")["Attributes"]["a"] == {"N": "7"}
    assert "Attributes" not in db.delete_item(TableName=simple, Key=key, ReturnValues="ALL_OLD")


def test_an_update_creates_what_is_absent(db, simple):
    key = {"id": {"S": fresh_id()}}
    db.update_item(TableName=simple, Key=key)
    assert db.get_item(TableName=simple, Key=key)["Item"] == key


def test_conditions(db, simple):
    item = {"id": {"S": fresh_id()}, "epoch": {"N": "7"}, "active": {"S": "us-east-1"}}
    condition = "attribute_not_exists(epoch) OR epoch < :e OR (epoch = :e AND active = :a)"

    def write(epoch, active):
        return db.update_item(
            TableName=simple,
            Key={"id": item["id"]},
            UpdateExpression="SET epoch = :e, active = :a",
            ConditionExpression=condition,
            ExpressionAttributeValues={":e": {"N": epoch}, ":a": {"S": active}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    write("7", "us-east-1")
    write("7", "us-east-1")
    with pytest.raises(ClientError) as caught:
        write("7", "eu-west-1")
    assert caught.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert caught.value.response["Error"]["Message"] == "The conditional request failed"
    assert caught.value.response["Item"] == item
    write("8", "eu-west-1")
    with pytest.raises(db.exceptions.ConditionalCheckFailedException):
        write("7", "us-east-1")
    with pytest.raises(db.exceptions.ConditionalCheckFailedException):
        db.put_item(TableName=simple, Item=item, ConditionExpression="attribute_not_exists(id)")
    with pytest.raises(db.exceptions.ConditionalCheckFailedException):
        db.delete_item(
            TableName=simple,
            Key={"id": item["id"]},
            ConditionExpression="#e = :e",
            ExpressionAttributeNames={"#e": "epoch"},
            ExpressionAttributeValues={":e": {"N": "7"}},
        )


def test_document_paths(resource, simple):
    table = resource.Table(simple)
    key = {"id": fresh_id()}
    table.put_item(Item={**key, "cart": {"lines": [{"sku": "a", "qty": 1}]}, "seq": 1})
    table.update_item(
        Key=key,
        UpdateExpression="SET cart.#l[0].qty = cart.#l[0].qty + :one ADD seq :one REMOVE cart.nope",
        ExpressionAttributeNames={"#l": "lines"},
        ExpressionAttributeValues={":one": 1},
    )
    table.update_item(
        Key=key,
        UpdateExpression="SET cart.#l = list_append(cart.#l, :more)",
        ExpressionAttributeNames={"#l": "lines"},
        ExpressionAttributeValues={":more": [{"sku": "b", "qty": 5}]},
    )
    answer = table.get_item(
        Key=key, ProjectionExpression="cart.#l[1].sku, cart.#l[0], seq", ExpressionAttributeNames={"#l": "lines"}
    )
    assert answer["Item"] == {"cart": {"lines": [{"sku": "a", "qty": 2}, {"sku": "b"}]}, "seq": 2}


# Query and Scan


def fill(db, table, count, partition=None, **attributes):
    partition = partition or fresh_id()
    for start in range(0, count, 25):
        puts = [
            {"PutRequest": {"Item": {"id": {"S": partition}, "n": {"N": str(n)}, **attributes}}}
            for n in range(start, min(start + 25, count))
        ]
        assert db.batch_write_item(RequestItems={table: puts})["UnprocessedItems"] == {}
    return partition


def numbers(items):
    return [int(item["n"]["N"]) if isinstance(item["n"], dict) else int(item["n"]) for item in items]


def test_query_ranges(resource, db, sorted_table):
    partition = fill(db, sorted_table, 12)
    fill(db, sorted_table, 3)
    table = resource.Table(sorted_table)

    def ask(condition, **options):
        return numbers(table.query(KeyConditionExpression=Key("id").eq(partition) & condition, **options)["Items"])

    assert ask(Key("n").eq(5)) == [5]
    assert ask(Key("n").lt(3)) == [0, 1, 2]
    assert ask(Key("n").lte(3)) == [0, 1, 2, 3]
    assert ask(Key("n").gt(9)) == [10, 11]
    assert ask(Key("n").gte(9)) == [9, 10, 11]
    assert ask(Key("n").between(4, 6)) == [4, 5, 6]
    assert ask(Key("n").gt(9), ScanIndexForward=False) == [11, 10]
    assert ask(Key("n").gte(0), FilterExpression=Attr("absent").exists()) == []
    whole = table.query(KeyConditionExpression=Key("id").eq(partition), Select="COUNT")
    assert (whole["Count"], whole["ScannedCount"], "Items" in whole) == (12, 12, False)


def test_string_ranges_and_prefixes(resource, db):
    name = make_table(db, range_key="n")
    table = resource.Table(name)
    for text in ["a", "aa", "ab", "b", "a\u0000", "é"]:
        table.put_item(Item={"id": "p", "n": text})

    def ask(condition):
        return [i["n"] for i in table.query(KeyConditionExpression=Key("id").eq("p") & condition)["Items"]]

    assert ask(Key("n").begins_with("a")) == ["a", "a\u0000", "aa", "ab"]
    assert ask(Key("n").gt("a")) == ["a\u0000", "aa", "ab", "b", "é"]
    assert ask(Key("n").lte("aa")) == ["a", "a\u0000", "aa"]
    assert ask(Key("n").between("aa", "b")) == ["aa", "ab", "b"]


@pytest.mark.parametrize("forward", [True, False])
def test_query_pages_by_limit(db, sorted_table, forward):
    partition = fill(db, sorted_table, 10)
    seen, start, pages = [], None, 0
    while True:
        more = {"ExclusiveStartKey": start} if start else {}
        page = db.query(
            TableName=sorted_table,
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues={":id": {"S": partition}},
            Limit=4,
            ScanIndexForward=forward,
            **more,
        )
        seen += numbers(page["Items"])
        pages += 1
        start = page.get("LastEvaluatedKey")
        if not start:
            break
        assert set(start) == {"id", "n"}
    assert seen == sorted(range(10), reverse=not forward)
    assert pages == 3


def test_query_pages_by_size(db, sorted_table):
    partition = fill(db, sorted_table, 12, payload={"B": b"x" * 150_000})
    pages = list(
        db.get_paginator("query").paginate(
            TableName=sorted_table,
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues={":id": {"S": partition}},
        )
    )
    assert [len(page["Items"]) for page in pages] == [7, 5]
    assert numbers(item for page in pages for item in page["Items"]) == list(range(12))


def test_scan_segments_cover_the_table_once(db):
    name = make_table(db)
    wanted = {str(n) for n in range(60)}
    for n in wanted:
        db.put_item(TableName=name, Item={"id": {"S": n}})
    parts = [
        {
            item["id"]["S"]
            for page in db.get_paginator("scan").paginate(
                TableName=name, Segment=s, TotalSegments=4, PaginationConfig={"PageSize": 5}
            )
            for item in page["Items"]
        }
        for s in range(4)
    ]
    assert set.union(*parts) == wanted
    assert sum(map(len, parts)) == 60
    assert all(parts)
    counted = db.scan(TableName=name, Select="COUNT", FilterExpression="id < :x", ExpressionAttributeValues={":x": {"S": "2"}})
    assert (counted["Count"], counted["ScannedCount"]) == (12, 60)


def test_indexes(db):
    index = [
        {
            "IndexName": "by-owner",
            "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ]
    name = make_table(
        db,
        more_attributes=[{"AttributeName": "owner", "AttributeType": "S"}, {"AttributeName": "n", "AttributeType": "N"}],
        GlobalSecondaryIndexes=index,
    )
    for n in range(6):
        db.put_item(
            TableName=name,
            Item={"id": {"S": f"i{n}"}, "owner": {"S": "me"}, "n": {"N": str(10 - n)}, "extra": {"S": "x"}},
        )
    db.put_item(TableName=name, Item={"id": {"S": "outside"}, "n": {"N": "1"}})
    pages = db.get_paginator("query").paginate(
        TableName=name,
        IndexName="by-owner",
        KeyConditionExpression="#o = :me AND n > :n",
        ExpressionAttributeNames={"#o": "owner"},
        ExpressionAttributeValues={":me": {"S": "me"}, ":n": {"N": "5"}},
        PaginationConfig={"PageSize": 2},
    )
    items = [item for page in pages for item in page["Items"]]
    assert numbers(items) == [6, 7, 8, 9, 10]
    assert set(items[0]) == {"id", "owner", "n"}


# The parameters from before expressions: the PHP SDK's session handler sends them


def test_legacy_parameters(db, simple):
    key = {"id": {"S": fresh_id()}}
    lock = {"lock": {"Value": {"N": "1"}}, "data": {"Value": {"S": "x"}, "Action": "PUT"}}
    unlocked = {"lock": {"Exists": False}}
    taken = db.update_item(
        TableName=simple, Key=key, AttributeUpdates=lock, Expected=unlocked, ReturnValues="ALL_NEW"
    )
    assert taken["Attributes"] == {**key, "lock": {"N": "1"}, "data": {"S": "x"}}
    with pytest.raises(db.exceptions.ConditionalCheckFailedException):
        db.update_item(TableName=simple, Key=key, AttributeUpdates=lock, Expected=unlocked)
    db.update_item(
        TableName=simple,
        Key=key,
        AttributeUpdates={"lock": {"Action": "DELETE"}, "count": {"Action": "ADD", "Value": {"N": "2"}}},
        Expected={"lock": {"Value": {"N": "1"}}},
    )
    answer = db.get_item(TableName=simple, Key=key, AttributesToGet=["count", "lock"])
    assert answer["Item"] == {"count": {"N": "2"}}
    sorted_table = make_table(db, range_key="n", key_type="N")
    partition = fill(db, sorted_table, 5)
    page = db.query(
        TableName=sorted_table,
        KeyConditions={
            "id": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": partition}]},
            "n": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "1"}, {"N": "3"}]},
        },
        AttributesToGet=["n"],
    )
    assert numbers(page["Items"]) == [1, 2, 3]
    counted = db.scan(
        TableName=sorted_table,
        ScanFilter={"id": {"ComparisonOperator": "IN", "AttributeValueList": [{"S": partition}]}},
        Select="COUNT",
    )
    assert counted["Count"] == 5
    assert code_and_message(
        db.get_item, TableName=simple, Key=key, AttributesToGet=["a"], ProjectionExpression="a"
    ) == (
        "ValidationException",
        "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
        "{AttributesToGet} Expression parameters: {ProjectionExpression}",
    )


# Batches and transactions


def test_batches(db, simple):
    ids = [fresh_id() for _ in range(5)]
    puts = [{"PutRequest": {"Item": {"id": {"S": i}, "v": {"S": i[:3]}}}} for i in ids]
    db.batch_write_item(RequestItems={simple: puts})
    db.batch_write_item(RequestItems={simple: [{"DeleteRequest": {"Key": {"id": {"S": ids[0]}}}}]})
    answer = db.batch_get_item(
        RequestItems={simple: {"Keys": [{"id": {"S": i}} for i in ids], "ProjectionExpression": "v"}},
        ReturnConsumedCapacity="TOTAL",
    )
    assert sorted(i["v"]["S"] for i in answer["Responses"][simple]) == sorted(i[:3] for i in ids[1:])
    assert answer["UnprocessedKeys"] == {}
    assert answer["ConsumedCapacity"] == [{"TableName": simple, "CapacityUnits": 2.5}]
    twice = [{"id": {"S": ids[0]}}] * 2
    assert code_and_message(db.batch_get_item, RequestItems={simple: {"Keys": twice}}) == (
        "ValidationException",
        "Provided list of item keys contains duplicates",
    )


def test_transactions_are_all_or_nothing(db, simple):
    one, two = fresh_id(), fresh_id()
    db.put_item(TableName=simple, Item={"id": {"S": one}, "v": {"N": "1"}})

    def transact(condition):
        return db.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": simple, "Item": {"id": {"S": two}, "v": {"N": "2"}}}},
                {
                    "Update": {
                        "TableName": simple,
                        "Key": {"id": {"S": one}},
                        "UpdateExpression": "ADD v :one",
                        "ConditionExpression": condition,
                        "ExpressionAttributeValues": {":one": {"N": "1"}},
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    }
                },
            ]
        )

    error = error_of(lambda: transact("v > :one"))
    assert error["Error"]["Code"] == "TransactionCanceledException"
    assert error["Error"]["Message"].endswith("[None, ConditionalCheckFailed]")
    assert error["CancellationReasons"][1]["Item"]["v"] == {"N": "1"}
    gets = [{"Get": {"TableName": simple, "Key": {"id": {"S": i}}}} for i in (one, two)]
    before = db.transact_get_items(TransactItems=gets)["Responses"]
    assert (before[0]["Item"]["v"], before[1]) == ({"N": "1"}, {})
    transact("v = :one")
    after = db.transact_get_items(TransactItems=gets)["Responses"]
    assert [r["Item"]["v"]["N"] for r in after] == ["2", "2"]


# Errors


def test_errors_about_tables_and_keys(db, simple):
    invalid = "ValidationException"
    key = {"id": {"S": "x"}}
    assert code_and_message(db.get_item, TableName="no-such-table", Key=key) == (
        "ResourceNotFoundException",
        "Requested resource not found",
    )
    assert code_and_message(db.describe_table, TableName="no-such-table") == (
        "ResourceNotFoundException",
        "Requested resource not found: Table: no-such-table not found",
    )
    assert code_and_message(db.create_table, TableName=simple, **MINIMAL_TABLE)[0] == "ResourceInUseException"
    assert code_and_message(db.get_item, TableName=simple, Key={"id": {"N": "1"}}) == (
        invalid,
        "The provided key element does not match the schema",
    )
    assert code_and_message(db.put_item, TableName=simple, Item={"x": {"S": "1"}}) == (
        invalid,
        "One or more parameter values were invalid: Missing the key id in the item",
    )
    assert code_and_message(db.put_item, TableName=simple, Item={"id": {"N": "1"}}) == (
        invalid,
        "One or more parameter values were invalid: Type mismatch for key id expected: S actual: N",
    )
    assert code_and_message(db.put_item, TableName=simple, Item={"id": {"S": ""}}) == (
        invalid,
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
        "string value. Key: id",
    )
    assert code_and_message(db.put_item, TableName=simple, Item={"id": {"S": "x" * 2049}})[1].endswith(
        "Size of hashkey has exceeded the maximum size limit of2048 bytes"
    )


MINIMAL_TABLE = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def test_items_are_bounded(db, simple):
    key = {"id": {"S": fresh_id()}}
    db.put_item(TableName=simple, Item={**key, "x": {"S": "x" * (400 * 1024 - 35)}})
    assert code_and_message(db.put_item, TableName=simple, Item={**key, "x": {"S": "x" * (400 * 1024)}}) == (
        "ValidationException",
        "Item size has exceeded the maximum allowed size",
    )
    assert code_and_message(
        db.update_item,
        TableName=simple,
        Key=key,
        UpdateExpression="SET y = :y",
        ExpressionAttributeValues={":y": {"S": "y" * 1000}},
    ) == ("ValidationException", "Item size to update has exceeded the maximum allowed size")


def test_errors_about_expressions(db, simple):
    key = {"id": {"S": "x"}}

    def message(**arguments):
        return code_and_message(db.update_item, TableName=simple, Key=key, **arguments)[1]

    one = {":v": {"N": "1"}}
    assert message(UpdateExpression="SET id = :v", ExpressionAttributeValues=one) == (
        "One or more parameter values were invalid: Cannot update attribute id. This attribute is part of the key"
    )
    assert message(UpdateExpression="SET a = :v, b = :w", ExpressionAttributeValues=one) == (
        "Invalid UpdateExpression: An expression attribute value used in expression is not defined; attribute value: :w"
    )
    assert message(UpdateExpression="REMOVE a", ExpressionAttributeValues=one) == (
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}"
    )
    assert message(UpdateExpression="SET status = :v", ExpressionAttributeValues=one) == (
        "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: status"
    )
    assert message(ExpressionAttributeValues=one) == (
        "ExpressionAttributeValues can only be specified when using expressions"
    )
    assert code_and_message(
        db.query, TableName=simple, KeyConditionExpression="a = :v", ExpressionAttributeValues=one
    ) == ("ValidationException", "Query condition missed key schema element: id")
    assert code_and_message(db.put_item, TableName=simple, Item={"id": {"S": "x"}, "n": {"N": "1e126"}})[1] == (
        "Number overflow. Attempting to store a number with magnitude larger than supported range"
    )


def test_signatures_are_checked(simple):
    code, message = code_and_message(client(secret="wrong").get_item, TableName=simple, Key={"id": {"S": "x"}})
    assert code == "InvalidSignatureException"
    assert message.startswith("The request signature we calculated does not match")
    stranger = boto3.client(
        "dynamodb",
        region_name=EAST,
        endpoint_url=ENDPOINTS[EAST],
        aws_access_key_id="AKIDSTRANGER",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )
    assert code_and_message(stranger.list_tables)[0] == "UnrecognizedClientException"
    elsewhere = boto3.client(
        "dynamodb",
        region_name=WEST,
        endpoint_url=ENDPOINTS[EAST],
        aws_access_key_id="AKIDLAB",
        aws_secret_access_key="lab-secret",
        config=Config(retries={"total_max_attempts": 1}),
    )
    assert code_and_message(elsewhere.list_tables)[0] == "InvalidSignatureException"


# Tables


def test_the_life_of_a_table(db):
    name = f"t-{fresh_id()[:12]}"
    made = db.create_table(TableName=name, Tags=[{"Key": "App", "Value": "Magento"}], **MINIMAL_TABLE)["TableDescription"]
    assert made["TableStatus"] == "CREATING"
    assert made["TableArn"].endswith(f":table/{name}")
    error = error_of(db.get_item, TableName=name, Key={"id": {"S": "x"}})
    assert error["Error"]["Code"] == "ResourceNotFoundException"
    db.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 100})
    db.put_item(TableName=name, Item={"id": {"S": "x"}})
    table = db.describe_table(TableName=name)["Table"]
    assert (table["TableStatus"], table["ItemCount"]) == ("ACTIVE", 1)
    assert db.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"] == [{"Key": "App", "Value": "Magento"}]
    assert db.describe_time_to_live(TableName=name)["TimeToLiveDescription"] == {"TimeToLiveStatus": "DISABLED"}
    assert name in [n for page in db.get_paginator("list_tables").paginate() for n in page["TableNames"]]
    db.update_table(TableName=name, DeletionProtectionEnabled=True)
    assert error_of(db.delete_table, TableName=name)["Error"]["Code"] == "ValidationException"
    db.update_table(TableName=name, DeletionProtectionEnabled=False)
    assert db.delete_table(TableName=name)["TableDescription"]["TableStatus"] == "DELETING"
    db.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 100})


# Global tables


def test_what_was_there_before_reaches_the_replica(west, global_table):
    key = {"id": {"S": "before"}}
    assert west.get_item(TableName=global_table, Key=key)["Item"] == {**key, "v": {"N": "1"}}


def test_writes_travel_both_ways(db, west, global_table):
    for here, there in [(db, west), (west, db)]:
        key = {"id": {"S": fresh_id()}}
        here.put_item(TableName=global_table, Item={**key, "v": {"S": "x"}})

        def arrived(side=there, wanted=key):
            return "Item" in side.get_item(TableName=global_table, Key=wanted)

        until(arrived, 60, "the write arrives")
        there.delete_item(TableName=global_table, Key=key)
        until(lambda side=here, wanted=key: "Item" not in side.get_item(TableName=global_table, Key=wanted), 60, "the deletion arrives")


def test_the_last_writer_wins_everywhere(db, west, global_table):
    keys = [{"id": {"S": fresh_id()}} for _ in range(20)]
    for key in keys:
        db.put_item(TableName=global_table, Item={**key, "by": {"S": "first"}})
        west.put_item(TableName=global_table, Item={**key, "by": {"S": "second"}})

    def settled():
        return all(
            side.get_item(TableName=global_table, Key=key)["Item"]["by"] == {"S": "second"}
            for side in (db, west)
            for key in keys
        )

    until(settled, 60, "the second write stands in both Regions")


def test_a_replica_can_be_taken_away(db, west):
    name = make_table(db)
    replicate(db, name)
    assert error_of(db.update_table, TableName=name, ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
    wait_for_the_replica(db, name)
    db.update_table(TableName=name, ReplicaUpdates=[{"Delete": {"RegionName": WEST}}])
    assert "Replicas" not in db.describe_table(TableName=name)["Table"]
    assert error_of(west.describe_table, TableName=name)["Error"]["Code"] == "ResourceNotFoundException"
