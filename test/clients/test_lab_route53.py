"""The lab's Route 53 as boto3 and a DNS client see it.

Starts `lab_route53_cross_test --serve` from $FARSHORE_BUILD/bin (build/release by default).
"""

import http.server
import json
import os
import pathlib
import socket
import struct
import subprocess
import threading
import urllib.request
import uuid

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
import exits
from built import must_be_built

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FARSHORE_BUILD", ROOT / "build" / "release"))
SERVER = BUILD / "bin" / "lab_route53_cross_test"

pytestmark = pytest.mark.skipif(not must_be_built(SERVER), reason=f"{SERVER} is not built")


@pytest.fixture(scope="module")
def lab():
    with exits.Processes() as started:
        process = started(SERVER, "--serve", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        line = process.stdout.readline()
        assert line, "the server did not start"
        yield json.loads(line)
        # Its input ends: so shall it.
        process.communicate()


def connect(lab, **changed):
    keys = {
        "aws_access_key_id": lab["access_key_id"],
        "aws_secret_access_key": lab["secret_access_key"],
        "region_name": "us-east-1",
    }
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60)
    return boto3.client("route53", endpoint_url=lab["api"], config=config, **(keys | changed))


@pytest.fixture(scope="module")
def r53(lab):
    return connect(lab)


@pytest.fixture
def zone(r53):
    name = f"z{uuid.uuid4().hex[:10]}.example.com"
    made = r53.create_hosted_zone(Name=name, CallerReference=uuid.uuid4().hex, HostedZoneConfig={"Comment": "c"})
    return {"Id": made["HostedZone"]["Id"].removeprefix("/hostedzone/"), "Name": name}


class Target:
    """An HTTP server whose status the test sets."""

    def __init__(self):
        target = self
        self.status = 200

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(target.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def check(self, **more):
        return {
            "Type": "HTTP",
            "IPAddress": "127.0.0.1",
            "Port": self.port,
            "ResourcePath": "/healthz",
            "RequestInterval": 10,
            "FailureThreshold": 1,
        } | more


@pytest.fixture
def target():
    made = Target()
    yield made
    made.server.shutdown()
    made.server.server_close()


def query_bytes(name, kind):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", 4711, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)


def resolve(lab, name, tcp=False, kind=1):
    """(rcode, [address]) of an A query, by hand: independent of the project's own codec."""
    query = query_bytes(name, kind)
    server = ("127.0.0.1", lab["dns_port"])
    if tcp:
        with socket.create_connection(server, timeout=60) as conn:
            conn.sendall(struct.pack("!H", len(query)) + query)
            stream = conn.makefile("rb")
            (length,) = struct.unpack("!H", stream.read(2))
            reply = stream.read(length)
    else:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(60)
            sock.sendto(query, server)
            reply = sock.recv(4096)
    ident, flags, _, answers, _, _ = struct.unpack("!6H", reply[:12])
    assert ident == 4711
    assert flags & 0x8000
    at = len(query)
    addresses = []
    for _ in range(answers):
        while reply[at] != 0 and reply[at] < 0xC0:
            at += reply[at] + 1
        at += 2 if reply[at] >= 0xC0 else 1
        rtype, _, _, length = struct.unpack("!HHIH", reply[at : at + 10])
        data = reply[at + 10 : at + 10 + length]
        at += 10 + length
        if rtype == 1:
            addresses.append(".".join(str(byte) for byte in data))
    return flags & 0xF, addresses


def wait_for_answer(lab, name, address):
    exits.until(lambda: resolve(lab, name) == (0, [address]), 60, lambda: f"{name} leads to {address}: {resolve(lab, name)}")


def change(r53, zone, *changes):
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]}
    info = r53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch=batch)["ChangeInfo"]
    assert info["Status"] == "PENDING"
    r53.get_waiter("resource_record_sets_changed").wait(Id=info["Id"], WaiterConfig={"Delay": 0.05, "MaxAttempts": 100})
    return info


def a_record(name, address, ttl=5, **more):
    return {"Name": name, "Type": "A", "TTL": ttl, "ResourceRecords": [{"Value": address}]} | more


def failover_pair(name, check):
    return [
        a_record(name, "127.190.1.10", SetIdentifier="one", Failover="PRIMARY", HealthCheckId=check),
        a_record(name, "127.190.2.10", SetIdentifier="two", Failover="SECONDARY"),
    ]


def create_check(r53, **config):
    return r53.create_health_check(CallerReference=uuid.uuid4().hex, HealthCheckConfig=config)["HealthCheck"]


def code_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_zones_are_created_listed_and_deleted(r53, zone):
    got = r53.get_hosted_zone(Id=zone["Id"])
    assert got["HostedZone"]["Name"] == zone["Name"] + "."
    assert got["HostedZone"]["Config"] == {"Comment": "c", "PrivateZone": False}
    assert len(got["DelegationSet"]["NameServers"]) == 4
    pages = r53.get_paginator("list_hosted_zones").paginate(PaginationConfig={"PageSize": 1})
    assert f"/hostedzone/{zone['Id']}" in [z["Id"] for page in pages for z in page["HostedZones"]]
    named = r53.list_hosted_zones_by_name(DNSName=zone["Name"], MaxItems="1")
    assert named["HostedZones"][0]["Name"] == zone["Name"] + "."
    change(r53, zone, ("CREATE", a_record("a." + zone["Name"], "127.0.0.1")))
    assert code_of(r53.delete_hosted_zone, Id=zone["Id"])[0] == "HostedZoneNotEmpty"
    change(r53, zone, ("DELETE", a_record("a." + zone["Name"], "127.0.0.1")))
    assert r53.delete_hosted_zone(Id=zone["Id"])["ChangeInfo"]["Status"] == "PENDING"
    assert code_of(r53.get_hosted_zone, Id=zone["Id"])[0] == "NoSuchHostedZone"


def test_records_are_listed_in_order_and_paged(r53, zone):
    names = [label + "." + zone["Name"] for label in ("b", "a", "c.a", "*.w")]
    change(r53, zone, *[("CREATE", a_record(name, "127.0.0.1")) for name in names])
    pages = r53.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=zone["Id"], PaginationConfig={"PageSize": 2}
    )
    listed = [(r["Name"], r["Type"]) for page in pages for r in page["ResourceRecordSets"]]
    end = "." + zone["Name"] + "."
    assert listed == [
        (end[1:], "NS"), (end[1:], "SOA"), ("a" + end, "A"), ("c.a" + end, "A"), ("b" + end, "A"), ("\\052.w" + end, "A")
    ]  # fmt: skip
    first = r53.list_resource_record_sets(HostedZoneId=zone["Id"], StartRecordName="b" + end, MaxItems="1")
    assert first["ResourceRecordSets"][0]["Name"] == "b" + end
    assert first["IsTruncated"]
    assert first["NextRecordName"] == "\\052.w" + end


def test_a_batch_is_atomic(r53, zone):
    good = a_record("good." + zone["Name"], "127.0.0.1")
    bad = a_record("bad." + zone["Name"], "127.0.0.1")
    code, text = code_of(
        r53.change_resource_record_sets,
        HostedZoneId=zone["Id"],
        ChangeBatch={
            "Changes": [{"Action": "CREATE", "ResourceRecordSet": good}, {"Action": "DELETE", "ResourceRecordSet": bad}]
        },
    )
    assert code == "InvalidChangeBatch"
    assert text == (
        f"[Tried to delete resource record set [name='bad.{zone['Name']}.', type='A'] but it was not found]"
    )
    assert len(r53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]) == 2


def texts(lab, name):
    """[[character string]] of a TXT query over TCP, by hand."""
    query = query_bytes(name, 16)
    with socket.create_connection(("127.0.0.1", lab["dns_port"]), timeout=60) as conn:
        conn.sendall(struct.pack("!H", len(query)) + query)
        stream = conn.makefile("rb")
        reply = stream.read(struct.unpack("!H", stream.read(2))[0])
    found, at = [], len(query)
    for _ in range(struct.unpack("!H", reply[6:8])[0]):
        assert reply[at] >= 0xC0, "the owner's name is a pointer to the question"
        kind, _, _, length = struct.unpack("!HHIH", reply[at + 2 : at + 12])
        assert kind == 16
        at, end, strings = at + 12, at + 12 + length, []
        while at < end:
            strings.append(reply[at + 1 : at + 1 + reply[at]])
            at += 1 + reply[at]
        found.append(strings)
    return found


def txt(name, *values):
    return {"Name": name, "Type": "TXT", "TTL": 5, "ResourceRecords": [{"Value": value} for value in values]}


def test_a_text_is_served_octet_by_octet(lab, r53, zone):
    name = "text." + zone["Name"]
    longest = " ".join(['"' + "x" * 255 + '"'] * 15)
    change(r53, zone, ("CREATE", txt(name, r'"caf\303\251 \042x\042 \\ end"', longest)))
    assert texts(lab, name) == [["café \"x\" \\ end".encode()], [b"x" * 255] * 15]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ('"' + "x" * 256 + '"', "CharacterStringTooLong (Value is too long)"),
        ('"' + "x" * 250 + '" ' + '"' + '" "'.join(["x" * 250] * 15) + '" "x"', "CharacterStringTooLong (Value is too long)"),
        ('"a"b"', "InvalidCharacterString (Value should be enclosed in quotation marks)"),
    ],
)  # fmt: skip
def test_a_text_that_dns_could_not_carry_is_refused(r53, zone, value, problem):
    batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": txt("text." + zone["Name"], value)}]}
    code, text = code_of(r53.change_resource_record_sets, HostedZoneId=zone["Id"], ChangeBatch=batch)
    assert code == "InvalidChangeBatch"
    assert text == f"[Invalid Resource Record: 'FATAL problem: {problem} encountered with '{value}'']"


def test_the_values_of_a_record_set_are_a_set(r53, zone):
    def batch(action, *addresses):
        record = a_record("a." + zone["Name"], "") | {"ResourceRecords": [{"Value": a} for a in addresses]}
        return {"HostedZoneId": zone["Id"], "ChangeBatch": {"Changes": [{"Action": action, "ResourceRecordSet": record}]}}

    twice = batch("UPSERT", "127.0.0.1", "127.0.0.2", "127.0.0.1")
    assert code_of(r53.change_resource_record_sets, **twice) == (
        "InvalidChangeBatch", "[Duplicate Resource Record: '127.0.0.1']"
    )  # fmt: skip
    r53.change_resource_record_sets(**batch("CREATE", "127.0.0.1", "127.0.0.2"))
    code, text = code_of(r53.change_resource_record_sets, **batch("DELETE", "127.0.0.2", "127.0.0.3"))
    assert code == "InvalidChangeBatch"
    assert "do not match the current values" in text
    r53.change_resource_record_sets(**batch("DELETE", "127.0.0.2", "127.0.0.1"))


@pytest.mark.parametrize("tcp", [False, True])
def test_dns_answers_what_the_api_was_told(lab, r53, zone, tcp):
    name = "www." + zone["Name"]
    exits.until(lambda: resolve(lab, name, tcp)[0] == 3, 60, "NXDOMAIN once the zone is served")
    change(r53, zone, ("CREATE", a_record(name, "127.0.0.7")))
    assert resolve(lab, name, tcp) == (0, ["127.0.0.7"])
    assert resolve(lab, name, tcp, kind=28) == (0, [])
    change(r53, zone, ("UPSERT", a_record(name, "127.0.0.8")))
    assert resolve(lab, name, tcp) == (0, ["127.0.0.8"])
    assert resolve(lab, "www.elsewhere.org", tcp) == (5, [])


def test_dns_fails_over_with_the_endpoint(lab, r53, zone, target):
    check = create_check(r53, **target.check())
    name = "magento." + zone["Name"]
    change(r53, zone, *[("CREATE", record) for record in failover_pair(name, check["Id"])])
    wait_for_answer(lab, name, "127.190.1.10")
    target.status = 503
    wait_for_answer(lab, name, "127.190.2.10")

    def every_checker_has_seen_it():
        seen = r53.get_health_check_status(HealthCheckId=check["Id"])["HealthCheckObservations"]
        assert len(seen) <= 16
        return len({one["IPAddress"] for one in seen}) == 16 and any(
            one["StatusReport"]["Status"].startswith("Failure: HTTP Status Code 503") for one in seen
        )

    exits.until(every_checker_has_seen_it, 60, "every checker has seen it")
    target.status = 200
    wait_for_answer(lab, name, "127.190.1.10")


def test_inverting_and_disabling_flip_the_answer_without_a_record_change(lab, r53, zone, target):
    check = create_check(r53, **target.check())
    name = "magento." + zone["Name"]
    change(r53, zone, *[("CREATE", record) for record in failover_pair(name, check["Id"])])
    updated = r53.update_health_check(HealthCheckId=check["Id"], HealthCheckVersion=1, Inverted=True)["HealthCheck"]
    assert updated["HealthCheckVersion"] == 2
    assert updated["HealthCheckConfig"]["Inverted"] is True
    wait_for_answer(lab, name, "127.190.2.10")
    code, _ = code_of(r53.update_health_check, HealthCheckId=check["Id"], HealthCheckVersion=1, Inverted=False)
    assert code == "HealthCheckVersionMismatch"
    target.status = 500
    r53.update_health_check(HealthCheckId=check["Id"], Inverted=False, Disabled=True)
    wait_for_answer(lab, name, "127.190.1.10")


def test_calculated_checks_count_healthy_children(lab, r53, zone, target):
    children = [create_check(r53, **target.check(Inverted=inverted))["Id"] for inverted in (False, True)]
    both = create_check(r53, Type="CALCULATED", HealthThreshold=2, ChildHealthChecks=children)
    assert set(both["HealthCheckConfig"]["ChildHealthChecks"]) == set(children)
    name = "magento." + zone["Name"]
    change(r53, zone, *[("CREATE", record) for record in failover_pair(name, both["Id"])])
    wait_for_answer(lab, name, "127.190.2.10")
    r53.update_health_check(HealthCheckId=both["Id"], HealthThreshold=1)
    wait_for_answer(lab, name, "127.190.1.10")
    assert code_of(r53.delete_health_check, HealthCheckId=children[0])[0] == "HealthCheckInUse"
    nested = {"Type": "CALCULATED", "HealthThreshold": 1, "ChildHealthChecks": [both["Id"]]}
    assert code_of(r53.create_health_check, CallerReference="nested", HealthCheckConfig=nested)[0] == "InvalidInput"


def test_health_checks_are_listed_counted_and_deleted(r53, target):
    before = r53.get_health_check_count()["HealthCheckCount"]
    config = target.check(FullyQualifiedDomainName="shop.example.com", MeasureLatency=False)
    made = r53.create_health_check(CallerReference="listed", HealthCheckConfig=config)["HealthCheck"]
    again = r53.create_health_check(CallerReference="listed", HealthCheckConfig=config)["HealthCheck"]
    assert again["Id"] == made["Id"]
    assert code_of(r53.create_health_check, CallerReference="listed", HealthCheckConfig=target.check())[0] == (
        "HealthCheckAlreadyExists"
    )
    assert r53.get_health_check_count()["HealthCheckCount"] == before + 1
    pages = r53.get_paginator("list_health_checks").paginate(PaginationConfig={"PageSize": 1})
    assert made["Id"] in [check["Id"] for page in pages for check in page["HealthChecks"]]
    got = r53.get_health_check(HealthCheckId=made["Id"])["HealthCheck"]["HealthCheckConfig"]
    assert config.items() <= got.items()
    r53.delete_health_check(HealthCheckId=made["Id"])
    assert code_of(r53.get_health_check, HealthCheckId=made["Id"])[0] == "NoSuchHealthCheck"


@pytest.mark.parametrize(
    "wrong",
    [
        {"RequestInterval": 20},
        {"FailureThreshold": 11},
        {"IPAddress": "1.2.3"},
        {"SearchString": "x"},
        {"Type": "HTTP_STR_MATCH"},
        {"Type": "TCP"},
        {"HealthThreshold": 1},
        {"Type": "RECOVERY_CONTROL"},
    ],
)
def test_wrong_health_checks_are_refused(r53, target, wrong):
    config = target.check(**wrong)
    code, text = code_of(r53.create_health_check, CallerReference=uuid.uuid4().hex, HealthCheckConfig=config)
    assert code == "InvalidInput"
    assert text


def test_tags(r53, zone, target):
    check = create_check(r53, **target.check())["Id"]
    for kind, resource in (("hostedzone", zone["Id"]), ("healthcheck", check)):
        r53.change_tags_for_resource(
            ResourceType=kind, ResourceId=resource, AddTags=[{"Key": "App", "Value": "Magento"}, {"Key": "x", "Value": ""}]
        )
        r53.change_tags_for_resource(ResourceType=kind, ResourceId=resource, RemoveTagKeys=["x"])
        tags = r53.list_tags_for_resource(ResourceType=kind, ResourceId=resource)["ResourceTagSet"]["Tags"]
        assert tags == [{"Key": "App", "Value": "Magento"}]
    assert code_of(r53.list_tags_for_resource, ResourceType="healthcheck", ResourceId="none")[0] == "NoSuchHealthCheck"


def test_signatures_are_checked(lab):
    assert code_of(connect(lab, aws_secret_access_key="wrong").list_hosted_zones)[0] == "SignatureDoesNotMatch"
    assert code_of(connect(lab, aws_access_key_id="NOBODY").list_hosted_zones)[0] == "InvalidClientTokenId"


def admin(lab, method, path, document=None):
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(lab["admin"] + path, data=body, method=method)
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


def test_a_fault_empties_the_name_of_one_region(lab):
    name = "dynamodb.us-east-1.lab.farshore"
    assert resolve(lab, name) == (0, ["127.190.1.1"])
    fault = admin(lab, "POST", "/v1/faults", {"words": ["dynamodb", "us-east-1", "--mode", "empty-dns"]})
    try:
        assert resolve(lab, name) == (0, [])
        assert resolve(lab, "dynamodb.eu-west-1.lab.farshore") == (0, ["127.190.2.1"])
    finally:
        ended = admin(lab, "DELETE", f"/v1/faults/{fault['id']}")
    assert ended["touched"] == 1
    assert resolve(lab, name) == (0, ["127.190.1.1"])


def test_a_fault_ends_by_itself(lab):
    name = "dynamodb.us-east-1.lab.farshore"

    def seen_for(lasts_ms):
        admin(lab, "POST", "/v1/faults", {"kind": "dynamodb", "region": "us-east-1", "mode": "empty-dns", "for_ms": lasts_ms})
        return resolve(lab, name) == (0, [])

    # A short fault may be over before this test has looked.
    assert any(seen_for(lasts_ms) for lasts_ms in (300, 1000, 3000, 10_000))
    wait_for_answer(lab, name, "127.190.1.1")
    exits.until(lambda: admin(lab, "GET", "/v1/faults")["faults"] == [], 60, "the fault is over")
