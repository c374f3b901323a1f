"""A write that the service carries out after the agent has given it up, in a switchover. The lab is the service; between one
agent and its Region stands a relay that takes some writes, answers nothing, and delivers them late."""

import concurrent.futures
import http.client
import http.server
import json
import re
import threading
import time
import urllib.parse

import pytest

from conftest import TABLE, World, farshore, until

OLD, NEW = "us-east-1", "eu-west-1"


class LateRelay(http.server.ThreadingHTTPServer):
    """Passes everything on, but keeps each write of an item with an attribute `late` (seconds): no answer, and delivered that
    long after it came; at once when the test says that a newer write of the item was acknowledged."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, upstream):
        super().__init__(("127.0.0.1", 0), Relaying)
        self.upstream = urllib.parse.urlsplit(upstream).netloc
        self.kept, self.delivered, self.overtaken = [], [], set()
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    def overtake(self, item):
        with self.changed:
            self.overtaken.add(item)
            self.changed.notify_all()

    def deliver_late(self, item, seconds, send):
        with self.changed:
            self.kept.append(item)
            self.changed.wait_for(lambda: item in self.overtaken, timeout=seconds)
        status = send()
        with self.changed:
            self.delivered.append((item, status, time.time()))

    def end(self):
        self.shutdown()
        self.server_close()
        self.thread.join()


class Relaying(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))

        def send():
            connection = http.client.HTTPConnection(self.server.upstream, timeout=30)
            connection.putrequest("POST", self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "content-length"):
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            whole = (answer.status, answer.getheaders(), answer.read())
            connection.close()
            return whole

        item = json.loads(body).get("Item", {}) if b'"late"' in body else {}
        if "late" in item:
            self.server.deliver_late(item["id"]["S"], float(item["late"]["N"]), lambda: send()[0])
            self.close_connection = True
            return
        try:
            status, headers, answer = send()
        except OSError:
            self.close_connection = True
            return
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


@pytest.fixture
def late(tmp_path, processes):
    """A world whose first host of the old Region has the relay before its Region."""
    world = World(tmp_path / "world", "--bare")
    relay = LateRelay(world.document["regions"][OLD]["dynamodb"])
    try:
        first = world.hosts(OLD)[0]
        text = open(first["config"], encoding="utf-8").read()
        mended, count = re.subn(rf"{OLD}: http://dynamodb\S+", f"{OLD}: http://127.0.0.1:{relay.server_address[1]}", text)
        assert count > 0, text
        open(first["config"], "w", encoding="utf-8").write(mended)
        processes.all_of(world)
        yield world, relay, first
    finally:
        processes.end()
        relay.end()
        world.down()


def test_a_write_that_is_carried_out_late_replaces_no_newer_one(late):
    world, relay, host = late
    through_agent = world.dynamodb(host["dynamodb"])
    delays = {"late-1": 1.6, "late-2": 2.5}

    def write_old(item):
        with pytest.raises(Exception, match="outcome is unknown"):
            through_agent.put_item(TableName=TABLE, Item={"id": {"S": item}, "v": {"S": "old"}, "late": {"N": str(delays[item])}})

    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(write_old, delays))
    assert sorted(relay.kept) == sorted(delays)
    # The agents' reports come twice a second; the switchover's own questions to them do not wait for any.
    farshore("switchover", "--to", NEW, "--config", world.config)

    def moved():
        status = world.status()
        return status["epoch"] == 2 and status["active"] == NEW

    until(moved, 60, world.operation)
    newer = world.dynamodb(host["dynamodb"])
    for item in delays:
        until(lambda item=item: put(newer, item), 30, "a newer write is acknowledged in the new Region")
        relay.overtake(item)
    until(lambda: len(relay.delivered) == len(delays), 30, "the late ones have been delivered")
    assert all(status == 200 for _, status, _ in relay.delivered), relay.delivered
    for item in delays:
        for region in (OLD, NEW):
            table = world.region_table(region)

            def there(table=table, item=item):
                return table.get_item(TableName=TABLE, Key={"id": {"S": item}}, ConsistentRead=True).get("Item", {}).get("v", {}).get("S")

            until(lambda there=there: there() == "new", 15, lambda there=there, item=item, region=region: f"{item} in {region} is {there()}: a write that came late replaced a newer one")
    operation = world.wait_operation("switchover", outcome="done")
    journal = json.dumps(world.ask(f"/v1/operations/{operation['id']}"))
    assert f"a write of {host['name']} was given up" in journal, journal


def put(client, item):
    try:
        client.put_item(TableName=TABLE, Item={"id": {"S": item}, "v": {"S": "new"}})
    except Exception:
        return False
    return True
