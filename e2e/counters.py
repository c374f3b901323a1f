"""Applications of their own beside a demo's shop. Each remembers what it was told, so that a test can say what must be there."""

import threading
import time

from conftest import TABLE

EVERY = 0.02  # seconds between two writes


class Application(threading.Thread):
    def __init__(self, world, endpoint):
        super().__init__(daemon=True)
        self.table = world.dynamodb(endpoint)
        self.acknowledged = []  # (began, what)
        self.failed = []  # (began, error)
        self.stopped = threading.Event()

    def run(self):
        number = 0
        while not self.stopped.wait(EVERY):
            number += 1
            began = time.time() * 1000
            try:
                self.acknowledged.append((began, self.write(number)))
            except Exception as error:  # noqa: BLE001: a failed write is not acknowledged, whatever the reason
                self.failed.append((began, str(error)))

    def stop(self):
        self.stopped.set()
        self.join(timeout=30)


class Items(Application):
    """Numbered items, twenty keys in turn."""

    def write(self, number):
        key = f"counter-{number % 20}"
        self.table.put_item(TableName=TABLE, Item={"id": {"S": key}, "count": {"N": str(number)}})
        return key, number

    def check(self, report, table):
        """Every acknowledged write is there, or its loss is named; of the switchover every one is there."""
        named = {write["key"] for write in report["data"]["loss_book"] if write["fate"] in ("suppressed", "never_arrived", "unknown")}
        home = report["switchover_requested_ms"]
        for key in {key for _, (key, _) in self.acknowledged}:
            numbers = [(began, number) for began, (k, number) in self.acknowledged if k == key]
            item = table.get_item(TableName=TABLE, Key={"id": {"S": key}}, ConsistentRead=True).get("Item")
            assert item, f"{key} is gone"
            there, last = int(item["count"]["N"]), max(number for _, number in numbers)
            if there < last:
                assert any(f'"{key}"' in each for each in named), f"{key}: {last} was acknowledged, {there} is there, and no loss is named"
            late = [number for began, number in numbers if began >= home]
            assert not late or there >= max(late), f"{key}: a write of the switchover is lost"


class Adder(Application):
    """One counter, one more each time; DynamoDB tells how far it has come."""

    KEY = {"id": {"S": "adder"}}

    def write(self, _number):
        answer = self.table.update_item(
            TableName=TABLE, Key=self.KEY, UpdateExpression="ADD n :one", ExpressionAttributeValues={":one": {"N": "1"}}, ReturnValues="UPDATED_NEW"
        )
        return int(answer["Attributes"]["n"]["N"])

    def check(self, report, table):
        count = int(table.get_item(TableName=TABLE, Key=self.KEY, ConsistentRead=True)["Item"]["n"]["N"])
        mine = [write for write in report["data"]["loss_book"] if '"adder"' in write["key"]]
        lost = sum(write["fate"] in ("suppressed", "never_arrived") for write in mine)
        unknown = sum(write["fate"] == "unknown" for write in mine)
        # A request without an answer may have counted all the same.
        least = len(self.acknowledged) - lost - unknown
        assert least <= count <= least + unknown + len(self.failed), (count, len(self.acknowledged), lost, unknown, len(self.failed))
        # From the switchover on nothing is lost and nothing counts twice: each answer is one more than the one before.
        home = report["switchover_requested_ms"]
        told = [value for began, value in self.acknowledged if began >= home]
        unanswered = sum(began >= home for began, _ in self.failed)
        assert told and told == sorted(set(told))
        assert told[-1] - told[0] <= len(told) - 1 + unanswered, (told[0], told[-1], len(told), unanswered)
        assert told[-1] <= count <= told[-1] + unanswered
        if unanswered == 0:
            assert told == list(range(told[0], told[0] + len(told))) and count == told[-1]
