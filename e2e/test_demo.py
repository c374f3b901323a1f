"""`farshore demo` as a newcomer runs it, and its report recounted from what the shoppers logged."""

import contextlib
import json
import os
import re
import shlex
import signal
import sys

import jsonschema
import pytest

import exits
import recount
from conftest import BIN, ROOT, farshore, is_alive, lost_by_the_lab, processes_of, until
from counters import Adder, Items
from demo_run import Demo
from stalls import Stalls


def schema(name):
    return json.loads((ROOT / "schema" / f"{name}.schema.json").read_text())


def check_documents(demo, report):
    jsonschema.validate(report, schema("report"))
    for operation in report["operations"].values():
        jsonschema.validate(operation, schema("operation"))
    page = (demo.out / "report.html").read_text()
    assert page.startswith("<!doctype html>")
    # Nothing is loaded from elsewhere. The report itself may quote addresses: it is data, in an element of its own.
    island = re.search(r'<script type="application/json" id="report">(.*?)</script>', page, re.S)
    assert json.loads(island[1].replace("\\u003c", "<")) == report
    frame = page.replace(island[0], "")
    for outside in ("http://", "https://", "src=", "<link", "url(", "@import"):
        assert outside not in frame, outside


# What is told, in this order; each line names what it is about.
TOLD = (
    r"fault +us-east-1's DynamoDB name gets an empty answer \(farshore lab fault dynamodb us-east-1 --mode empty-dns --for 20s\)",
    r"decision +failover us-east-1 -> eu-west-1 by automatic \(op-\S+\): us-east-1 is data_impaired",
    r"step +outcome: a majority of the epoch records carries the new epoch",
    r"step +outcome: each agent acknowledged the fence, or its lease has run out \(\d acknowledged, \d by lease\)",
    r"step +outcome: the agents proved the new Region \(4 of 4 agents\)",
    r"step +outcome: users are sent to the new Region",
    r"step +outcome: the functional checks passed",
    r"fault +the fault ends; late writes may arrive",
    r"books +writes at risk: .*\d+ (applied_late|suppressed)",
    r"note +farshore failback: everything goes home to us-east-1, with writes held",
    r"decision +failback eu-west-1 -> us-east-1 by operator:operator",
    r"step +outcome: every acknowledged write was read in both Regions",
    r"step +outcome: the agents proved the new Region",
    r"step +outcome: users are sent to the new Region",
    r"step +outcome: the functional checks passed",
)


def check_told(text):
    assert "\r" not in text and "\x1b" not in text, "no terminal, no control characters"
    at = 0
    for pattern in TOLD:
        found = re.compile(r"^\d\d:\d\d:\d\d\.\d{3} +[-+]\d+\.\d\ds  " + pattern, re.M).search(text, at)
        assert found, f"{pattern!r} does not follow in:\n{text}"
        at = found.start() + 1
    for observer in ("us-east-2", "agents:us-east-1", "agents:eu-west-1"):
        assert re.search(rf"vote +{observer}: dynamodb of us-east-1 is unhealthy: ", text), observer
    assert re.search(r"dns +magento\.example\.com answers with eu-west-1", text)


def ms(value):
    return "-" if value is None else f"{value} ms"


def check_table(text, report):
    """Every row of the table that ends a story says what the report says."""
    clock, data, goal, traffic = report["phase_clock"], report["data"], report["objectives"], report["traffic"]
    rows = {
        "detect": ms(clock["detect_ms"]), "decide": ms(clock["decide_ms"]), "fence": ms(clock["fence_ms"]), "switch": ms(clock["switch_ms"]),
        "verify": ms(clock["verify_ms"]), "DNS tail": ms(clock["dns_tail_ms"]),
        "RTO as shoppers saw it": f"{ms(clock['rto_ms'])} (objective {goal['rto_ms']} ms)",
        "failed requests, before": f"{traffic['steady']['failed']} of {traffic['steady']['requests']}",
        "failed requests, failover": f"{traffic['failover']['failed']} of {traffic['failover']['requests']}",
        "  after it was stable": str(clock["failed_after_stable"]),
        "failed requests, switchover": f"{traffic['switchover']['failed']} of {traffic['switchover']['requests']}",
        "writes held for, switchover": ms(clock["hold_ms"]), "writes acknowledged": str(data["acknowledged"]),
        "writes at risk": str(data["at_risk"]), "  late": str(data["applied_late"]), "  suppressed": str(data["suppressed"]),
        "  never arrived": str(data["never_arrived"]), "  decided by the carts": str(data["decided_by_carts"]), "writes lost": str(data["lost"]) + ("" if data["loss_book_complete"] else ", as the carts tell"),
        "  within": f"{ms(data['lost_for_ms'])} (objective {goal['rpo_ms']} ms)", "writes doubled": str(data["doubled"]),
        "books balance": "no" if not data["balance"] else "yes" if data["loss_book_complete"] else "yes, as far as they go",
        "verdict": report["verdict"],
    }  # fmt: skip
    if data["undecided"]:
        rows["  undecided"] = str(data["undecided"])
    if not data["loss_book_complete"]:
        rows["loss book"] = "not whole: a host could not tell of all its writes"
    table = re.search(r"^  detect .*?^  verdict +\S+$", text, re.M | re.S)[0]
    told = {name.rstrip(): value for name, value in re.findall(r"^  (.{33}) ?(.*)$", table, re.M)}
    assert told == rows
    for finding in report["findings"]:
        assert f"  - {finding}" in text
    assert all(remark in text for remark in report["remarks"])
    assert bool(data["lost"]) == any("A failover may lose" in remark for remark in report["remarks"])


def run_lines(lines, demo):
    """Lines for a shell, as printed; they follow each other in one shell."""
    return exits.run("bash", "-ec", "\n".join(lines), env=demo.environment, cwd=ROOT, timeout=120).stdout


def check_the_printed_aws_line(demo):
    line = next(line.strip() for line in demo.text.splitlines() if "AWS_ENDPOINT_URL_DYNAMODB=" in line)
    aws = shlex.quote(sys.executable.rsplit("/", 1)[0] + "/aws")
    scanned = json.loads(run_lines([line.replace(" aws ", f" {aws} ") + " --output json"], demo))
    assert any(item["id"]["S"].startswith("cart#") for item in scanned["Items"])


def lines_of_the_readme():
    """What the README says to do with a world that is kept."""
    text = (ROOT / "README.md").read_text()
    block = text[text.index("`--keep` leaves the world up"):].split("\n\n")[1]
    lines = [line.strip() for line in block.splitlines()]
    assert any(line.startswith("bin/farshore lab status") for line in lines) and lines[-1].startswith("bin/farshore lab down"), lines
    return [line.replace("bin/farshore ", f"{shlex.quote(str(BIN / 'farshore'))} ") for line in lines]


def test_the_dynamodb_story_with_applications_beside_it(tmp_path):
    with Demo(tmp_path / "demo", kept=True) as demo, Stalls(tmp_path) as stalls:
        demo.wait_for("go shopping")
        world = demo.world()
        applications = [kind(world, world.hosts("us-east-1")[0]["dynamodb"]) for kind in (Items, Adder)]
        for application in applications:
            application.start()
        code = demo.end()
        for application in applications:
            application.stop()

        report, requests = demo.report(), demo.requests()
        check_documents(demo, report)
        jsonschema.validate(until(world.try_status, 30, "the controller answers"), schema("status"))
        recount.check_verdict(report, code, requests, stalls)
        recount.check_traffic(report, requests)
        recount.check_clock(report, requests)
        losses = world.ask(f"/v1/operations/{report['operations']['failover']['id']}/losses")
        recount.check_data(report, requests, [recount.carts_of(world, region) for region in ("us-east-1", "eu-west-1")], losses)
        # The old Region acknowledges for three seconds what does not replicate: without a write at risk the story shows nothing.
        assert report["data"]["at_risk"] > 0 and report["data"]["applied_late"] + report["data"]["suppressed"] > 0
        assert report["objectives"]["rto_ms"] == 5000, "what its world's configuration promises"
        assert world.faults()[-1]["touched"] > 0

        # Losses counted from ledgers and DynamoDB reads equal the lab's own log.
        really = lost_by_the_lab(world.log())
        booked = [w for w in report["data"]["loss_book"] if w["fate"] in ("suppressed", "never_arrived")]
        assert len(booked) <= really <= len(booked) + report["data"]["undecided"], (len(booked), report["data"]["undecided"], really)
        for application in applications:
            application.check(report, world.region_table("us-east-1"))

        check_told(demo.text)
        check_table(demo.text, report)
        assert f"report: {demo.out}/report.json\n        {demo.out}/report.html\n" in demo.text
        check_the_printed_aws_line(demo)
        run_lines(lines_of_the_readme(), demo)
        until(lambda: processes_of(tmp_path) == [], 30, "the world is down")


def groups(names):
    """Several demos at a time: most of a demo is waiting. Programs that a sanitizer watches have less time for that."""
    names = list(names)
    size = 4 if exits.PATIENCE == 1 else 1
    return [names[start : start + size] for start in range(0, len(names), size)]


STORIES = {
    "servers": (("servers", "--rate", "40"), "stack_impaired"),
    "region": (("region", "--rate", "40"), "region_lost"),
    # One request a second is judged by the same rules.
    "few": (("--rate", "1"), "data_impaired"),
    "crashing": (("--rate", "10"), "data_impaired"),
}


@pytest.mark.parametrize("stories", groups(STORIES), ids=" ".join)
def test_the_other_stories_a_shop_with_few_shoppers_and_a_crash(tmp_path, stories):
    with contextlib.ExitStack() as stack:
        stalls = stack.enter_context(Stalls(tmp_path))
        demos = {}
        for name in stories:
            demos[name] = stack.enter_context(Demo(tmp_path / name, *STORIES[name][0], kept=True))
            demos[name].wait_for("go shopping")
        if "crashing" in demos:
            crash(demos["crashing"])
        for name, demo in demos.items():
            code = demo.end()
            report, requests, world = demo.report(), demo.requests(), demo.world()
            check_documents(demo, report)
            assert STORIES[name][1] in report["operations"]["failover"]["reason"]
            assert world.faults()[-1]["touched"] > 0
            if name == "crashing":
                check_that_the_crash_counts(demo, code, report)
                continue
            recount.check_verdict(report, code, requests, stalls)
            recount.check_traffic(report, requests)
            recount.check_clock(report, requests)
            losses = world.ask(f"/v1/operations/{report['operations']['failover']['id']}/losses")
            recount.check_data(report, requests, [recount.carts_of(world, region) for region in ("us-east-1", "eu-west-1")], losses)
            check_table(demo.text, report)
            if name != "few":
                assert report["phase_clock"]["rto_ms"] > 0, "users had to move"
                assert report["objectives"]["rto_ms"] == 60_000
            farshore("lab", "down", "--dir", demo.directory)


def crash(demo):
    """An agent ends by a signal when the story has been told and nothing else can fail by it."""
    demo.wait_for(r"s  decision +failback[^$]*s  step +outcome: users are sent to the new Region")
    os.kill(until(lambda: demo.pid_of("agent-euw1-web-2.yaml"), 30, "the agent runs"), signal.SIGABRT)


def check_that_the_crash_counts(demo, code, report):
    assert (code, report["verdict"]) == (1, "failed"), demo.text
    [end] = report["ended_badly"]
    assert (end["process"], end["how"]) == ("agent-euw1-web-2", "killed by signal 6 (ABRT)")
    finding = f"agent-euw1-web-2 (pid {end['pid']}) ended badly: killed by signal 6 (ABRT)"
    assert any(found.startswith(finding) for found in report["findings"]) and f"  - {finding}" in demo.text
    told = farshore("lab", "down", "--dir", demo.directory, check=1)
    assert finding in told.stderr and told.stderr.count("ended badly") == 1, told.stderr


# When it is interrupted, how, and with which words.
MOMENTS = {
    "while it comes up": (r"bringing the world up", signal.SIGINT, ()),
    "at the fault": (r"s  fault +us-east-1's", signal.SIGINT, ()),
    "at the decision": (r"s  decision +failover", signal.SIGTERM, ()),
    "at a step": (r"s  step +outcome", signal.SIGINT, ("--keep",)),
    "at the failback": (r"s  note +farshore failback", signal.SIGINT, ()),
    "at a step of the failback": (r"decision +failback[^$]*s  step +outcome", signal.SIGTERM, ("--keep",)),
    "at the books": (r"s  note +the story is told; its books are being closed", signal.SIGINT, ()),
}


@pytest.mark.parametrize("moments", groups(MOMENTS), ids=", ".join)
def test_an_interrupted_demo_leaves_no_process_behind(tmp_path, moments):
    """One comes up after the other."""
    with contextlib.ExitStack() as stack:
        demos = []
        for number, moment in enumerate(moments):
            demo = stack.enter_context(Demo(tmp_path / str(number), "--rate", "10", *MOMENTS[moment][2]))
            demos.append((demo, moment))
            demo.wait_for(MOMENTS[moment][0] if moment == "while it comes up" else "go shopping")
            if moment == "while it comes up":
                until(lambda: demo.pid_of("farshored"), 60, "its processes are started")
                interrupt(demo, moment)
        for demo, moment in demos:
            if moment != "while it comes up":
                demo.wait_for(MOMENTS[moment][0])
                interrupt(demo, moment)


def interrupt(demo, moment):
    demo.send(MOMENTS[moment][1])
    code = demo.end()
    # Once the story is told, what is left to do is done in order.
    assert code == 130 or moment == "at the books" and code in (0, 8), (moment, code, demo.text)
    assert code != 130 or "interrupted: the world is being taken down" in demo.text, demo.text
    until(lambda: [pid for pid in processes_of(demo.folder) if is_alive(pid)] == [], 60, f"{moment}: no process is left")


def test_on_a_terminal_a_live_line_shows_the_phase_and_its_running_time(tmp_path):
    with Demo(tmp_path / "demo", "--rate", "10", terminal=True) as demo:
        live = r"\r\x1b\[K(?:\x1b\[2m)?\d\d:\d\d:\d\d\.\d{3} (?: *[-+]\d+\.\d\ds)? +"
        demo.wait_for(live + r"steady  active us-east-1 epoch 1  requests \d+ failed \d+")
        demo.wait_for(live + r"not decided for \d+\.\d s  active us-east-1 epoch 1")
        # Health checks take seconds: the clock of this phase is seen to run.
        demo.wait_for(live + r"failover shift \d+\.\d s, of \d+\.\d s  active")
        until(lambda: len(set(re.findall(r"failover shift (\d+\.\d) s", demo.text))) >= 2, 60, "the phase's clock runs")
        # A line of the story replaces the live one, and stays.
        assert re.search(r"\r\x1b\[K\d\d:\d\d:\d\d\.\d{3} +[-+]\d+\.\d\ds  decision +failover", demo.text)
        demo.send(signal.SIGINT)
        assert demo.end() == 130
        until(lambda: processes_of(tmp_path) == [], 60, "no process is left")


def test_a_story_without_its_load_is_inconclusive(tmp_path):
    with Demo(tmp_path / "demo") as demo:
        demo.wait_for("go shopping")
        # The demo speaks of them before their process has become the shoppers' program.
        os.kill(until(lambda: demo.pid_of("\0shoppers\0"), 30, "the shoppers run"), signal.SIGKILL)
        assert demo.end() == 9, demo.text
        report = demo.report()
        assert report["verdict"] == "interrupted"
        assert report["load"]["trouble"] == "the shoppers ended early: killed by signal 9 (KILL)"
        assert any("the shoppers ended early" in finding for finding in report["findings"])
        assert [(end["process"], end["how"]) for end in report["ended_badly"]] == [("shoppers", "killed by signal 9 (KILL)")]
        assert "the shoppers ended early" in demo.text
