"""The agent protocol spoken by a test: with one host's credential, and whatever it likes to say about itself."""

import http.client
import json
import pathlib
import re
import secrets
import threading
import urllib.parse


def credential_of(host):
    """The token of a host of the world, as its agent's configuration names it."""
    file = re.search(r"^token: (\S+)$", pathlib.Path(host["config"]).read_text(), re.M)[1]
    return pathlib.Path(file).read_text().strip()


class Impostor:
    """Says hello, reports and acknowledges as `host` of `region`, with a credential that may be another host's."""

    def __init__(self, world, token, host, region, app="magento"):
        self.address = urllib.parse.urlsplit(world.document["controllers"][0]["api"])
        self.context = world.context
        self.token = token
        self.app, self.host, self.region = app, host, region
        self.boot = secrets.token_hex(8)
        self.epoch, self.active = 1, "us-east-1"
        self.sequence = 0
        self.answers = []  # (path, status, body) of what was not accepted
        self.orders = []  # types, pings left out
        self.greeted = threading.Event()
        self.refused = threading.Event()
        self.stopped = threading.Event()
        self.threads = []

    def post(self, path, document):
        link = http.client.HTTPSConnection(self.address.hostname, self.address.port, timeout=10, context=self.context)
        link.request("POST", path, json.dumps(document), {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        return link, link.getresponse()

    def send(self, path, document):
        link, answer = self.post(path, document)
        body = answer.read().decode()
        link.close()
        if answer.status != 200:
            self.answers.append((path, answer.status, body))
        return answer.status, body

    def who(self):
        return {"app": self.app, "host": self.host, "boot": self.boot}

    def hello(self):
        return {
            **self.who(), "type": "hello", "protocol": {"lowest": 1, "highest": 1}, "region": self.region, "epoch": self.epoch,
            "active": self.active, "users": self.active,
        }

    def report(self, bad=()):
        """Evidence of all sorts: the Regions in `bad` refuse everything, the others are well."""
        self.sequence += 1
        evidence = [
            {"region": region, "component": "dynamodb", "path": path, "ok": 0 if region in bad else 9, "failed": 9 if region in bad else 0,
             "stalled_ms": 0, "latency_ms": 1, "last_error": "refused" if region in bad else ""}
            for region in ("us-east-1", "eu-west-1") for path in ("fresh", "reused", "passive")
        ]
        return {
            **self.who(), "type": "report", "region": self.region, "sequence": self.sequence, "epoch": self.epoch, "active": self.active, "users": self.active,
            "write_state": "open", "lease_remaining_ms": 1000, "evidence": evidence,
            "ledger": {"acknowledged": 0, "unproven": 0, "oldest_unproven_ms": 0, "last_acknowledged_at_ms": 0, "newest_unproven_key": ""},
            "in_flight_writes": 0, "held": 0,
        }

    def obey(self, order):
        """What an honest agent would say when it has done it."""
        kind = order["type"]
        ack = {**self.who(), "order": order["order"], "type": kind, "result": "done", "epoch": self.epoch, "detail": "", **{
            "fence": {"fence": {"cut": 0, "entries": [], "truncated": False}},
            "hold": {"hold": {"in_flight": 0}},
            "drain": {"drain": {"proven": True, "keys": 0, "left": 0}},
            "verify": {"verify": {"region": self.active, "ms": 1}},
        }.get(kind, {})}
        if kind == "route":
            self.epoch, self.active = order["epoch"], order["active"]
            ack["epoch"] = self.epoch
        self.send("/v1/agents/ack", ack)

    def listen(self):
        """Until the stream ends or is refused; orders are acknowledged as soon as they come."""
        link, answer = self.post("/v1/agents/stream", self.hello())
        if answer.status != 200:
            self.answers.append(("/v1/agents/stream", answer.status, answer.read().decode()))
            self.refused.set()
            return
        for line in answer:
            if self.stopped.is_set():
                break
            said = json.loads(line)
            if said["type"] == "refused":
                self.answers.append(("/v1/agents/stream", 200, line.decode()))
                self.refused.set()
                break
            if said["type"] == "hello":
                self.greeted.set()
            elif said["type"] != "ping":
                self.orders.append(said["type"])
                self.obey(said)
        link.close()

    def keep(self, what, every):
        while not self.stopped.is_set():
            try:
                what()
            except (OSError, http.client.HTTPException, ValueError):
                pass  # the other side may cut it off
            self.stopped.wait(every)

    def start(self, bad=(), say_hello_again=0.3, report_every=0.4):
        for what, every in ((self.listen, say_hello_again), (lambda: self.send("/v1/agents/report", self.report(bad)), report_every)):
            self.threads.append(threading.Thread(target=self.keep, args=(what, every), daemon=True))
            self.threads[-1].start()
        return self

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(timeout=20)
            assert not thread.is_alive()
