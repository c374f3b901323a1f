"""A report's numbers, counted anew on purpose: from the shoppers' own log, from both tables, and from the loss book."""

import datetime
import re

from conftest import TABLE
from stalls import UNANSWERED

QUIET_MS = 3000


def rto(requests, since, until_ms):
    """From the first failure to the first request of three quiet seconds; how many failed; how many of them afterwards."""
    span = sorted((r["intended_ms"], r["number"], r["ok"]) for r in requests if since <= r["intended_ms"] < until_ms)
    failures = [at for at, _, ok in span if not ok]
    if not failures:
        return (0 if span else None), 0, 0
    for index, at in enumerate(failures):
        following = failures[index + 1] if index + 1 < len(failures) else until_ms
        stable = next((when for when, _, ok in span if when > at and ok), None)
        if stable is not None and following - stable >= QUIET_MS:
            return stable - failures[0], len(failures), sum(1 for when in failures if when > stable)
    return None, len(failures), 0


def spans_of(report, requests):
    fault, home = report["fault"]["from_ms"], report["switchover_requested_ms"]
    return {
        "whole": requests,
        "steady": [r for r in requests if r["intended_ms"] < fault],
        "failover": [r for r in requests if fault <= r["intended_ms"] < home],
        # What was still asked for while the shoppers were being stopped belongs to no span.
        "switchover": [r for r in requests if home <= r["intended_ms"] < milliseconds(report["identity"]["ended"])],
    }


def milliseconds(iso):
    return round(datetime.datetime.fromisoformat(iso.replace("Z", "+00:00")).timestamp() * 1000)


def check_traffic(report, requests):
    for name, span in spans_of(report, requests).items():
        told = report["traffic"][name]
        assert told["requests"] == len(span), name
        assert told["failed"] == sum(not r["ok"] for r in span), name
        assert told["writes_acknowledged"] == sum(r["ok"] and r["kind"] == "add" for r in span), name
        served = {}
        for request in span:
            if request["ok"] and request["region"]:
                served[request["region"]] = served.get(request["region"], 0) + 1
        assert told["served_by"] == served, name
        assert told["longest_ms"] == max((r["ended_ms"] - r["intended_ms"] for r in span), default=0), name
    assert report["load"]["requests"] == len(requests)
    assert report["load"]["missing"] == max(r["number"] for r in requests) + 1 - len(requests)
    failed = {(r["number"], r["shopper"], r["kind"], r["status"], r["error"]) for r in requests if not r["ok"]}
    assert {(r["number"], r["shopper"], r["kind"], r["status"], r["error"]) for r in report["failed_requests"]} == failed
    assert report["truncated"] == {"lost_writes": 0, "loss_book": 0, "failed_requests": 0}
    assert sum(ok + bad for _, ok, bad in report["chart"]) == len(requests)


def check_clock(report, requests):
    clock, fault, home = report["phase_clock"], report["fault"]["from_ms"], report["switchover_requested_ms"]
    measured, failed, afterwards = rto(requests, fault, home)
    assert (clock["rto_ms"], clock["failed_after_stable"]) == (measured, afterwards)
    assert report["traffic"]["failover"]["failed"] == failed
    switched = [m["at_ms"] for m in report["timeline"] if m["what"] == "dns" and m["text"].endswith("answers with " + report["identity"]["standby"])]
    tail = None
    if switched:
        old = [
            r["intended_ms"] for r in requests
            if switched[0] <= r["intended_ms"] < home and (r["region"] == report["identity"]["preferred"] or (not r["ok"] and not r["region"]))
        ]  # fmt: skip
        tail = max(old) - switched[0] if old else None
    assert clock["dns_tail_ms"] == tail


def carts_of(world, region):
    carts = {}
    for page in world.region_table(region).get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True):
        for item in page["Items"]:
            if item["id"]["S"].startswith("cart#"):
                carts[item["id"]["S"].removeprefix("cart#")] = [line["S"] for line in item.get("lines", {"L": []})["L"]]
    return carts


def check_data(report, requests, carts, losses):
    """carts: of both Regions. losses: the controller's own document."""
    data = report["data"]
    lines = [line for cart in carts[0].values() for line in cart]
    acknowledged = {r["write"]: r for r in requests if r["kind"] == "add" and r["ok"]}
    there = set(lines)
    gone = {write for write in acknowledged if write not in there}
    assert data["regions_equal"] and carts[0] == carts[1]
    assert data["acknowledged"] == len(acknowledged)
    assert data["present"] == len(acknowledged) - len(gone)
    assert data["lost"] == len(gone) and {w["id"] for w in data["lost_writes"]} == gone
    assert data["doubled"] == len(lines) - len(there)
    asked = {r["write"] for r in requests if r["kind"] == "add"}
    assert data["unexplained"] == len(there - asked)
    assert data["present_without_acknowledgement"] == len((there & asked) - set(acknowledged))
    at = [acknowledged[write]["ended_ms"] for write in gone]
    assert data["lost_for_ms"] == (max(at) - min(at) if at else None)
    # Of the carts every entry is decided; a fate that the items did not tell is told by the carts.
    entries = [e for e in losses["entries"] if e["acknowledged"]]
    fates = {}
    for entry in entries:
        fates[entry["fate"]] = fates.get(entry["fate"], 0) + 1
    assert data["at_risk"] == len(entries) - fates.get("present", 0)
    assert data["never_arrived"] == fates.get("never_arrived", 0)
    unknown = fates.get("unknown", 0)
    assert data["suppressed"] + data["applied_late"] + data["undecided"] == fates.get("suppressed", 0) + fates.get("applied_late", 0) + unknown
    assert data["decided_by_carts"] + data["undecided"] == unknown
    assert data["matched"] <= len(entries) == len(data["loss_book"])


def judged_by_time_alone(report, requests, stalls):
    """Is everything that a failed story found a matter of time, with the trace of a machine that stood still? A refusal, a
    lost write, books that do not balance never are; nor is a time that the standstill does not explain."""
    fault, home = report["fault"]["from_ms"] / 1000, report["switchover_requested_ms"] / 1000
    for finding in report["findings"]:
        if finding.startswith("RTO "):
            late = (report["phase_clock"]["rto_ms"] - report["objectives"]["rto_ms"]) / 1000
            # What stands still for a second delays the votes, the decision and the switch, one after the other.
            assert late <= 5 * stalls.between(fault, home), (finding, stalls.found)
            continue
        assert re.match(r"\d+ requests failed (during the switchover|before the fault|after the shop had become stable again)", finding), finding
        stable = milliseconds(report["phase_clock"]["stable_from"]) if report["phase_clock"]["stable_from"] else fault * 1000
        # Neither those of the outage, nor those that the fault met on their way.
        unwanted = [r for r in requests if not r["ok"] and (r["ended_ms"] < fault * 1000 or r["intended_ms"] >= stable)]
        for request in unwanted:
            assert UNANSWERED.search(request["error"]), f"refused: {request}"
            assert stalls.explain(request["intended_ms"] / 1000), f"unanswered, and nothing stood still: {request}"
    return True


def check_verdict(report, code, requests, stalls):
    assert report["verdict"] in ("passed", "failed"), report["findings"]
    assert code == (0 if report["verdict"] == "passed" else 8)
    assert (report["verdict"] == "passed") == (report["findings"] == [])
    assert report["verdict"] == "passed" or judged_by_time_alone(report, requests, stalls)
    assert report["fault"]["seen_by_agents"]
    assert report["data"]["balance"] and report["data"]["differences"] == []
