"""Each exit status of the manual's table, from a controller that answers as each test wants it to."""

import http.server
import json
import os
import threading

import exits
import pytest

from conftest import BIN, BUILD, ROOT, farshore

OPERATION = "op-1"
MOVE = ("switchover", "shop", "--to", "eu-west-1")


def status(verdict="ready", operation=None):
    region = {"verdict": "healthy", "condition": "healthy", "components": {}}
    return {
        "schema_version": 1, "app": "shop", "controller": "us-east-2", "region": "us-east-2", "at": "2026-11-23T13:05:09.123Z", "at_ms": 1795439109123,
        "first_line": "shop", "readiness": {"verdict": verdict, "from": "us-east-1", "to": "eu-west-1", "findings": []}, "mode": "auto", "armed": True,
        "why_not_armed": "", "paused": None, "cooldown_until": None, "epoch": 3, "active": "us-east-1", "users": "us-east-1", "preferred": "us-east-1",
        "trouble": "", "regions": {"us-east-1": region, "eu-west-1": region}, "lag": [], "loss": {"window_ms": 90, "unproven_writes": 0, "hosts_unheard": 0},
        "tables": [], "agents": [], "operation": operation, "last_operation": None,
    }  # fmt: skip


def operation(name=OPERATION, outcome="running"):
    counts = dict.fromkeys(("at_risk", "present", "applied_late", "suppressed", "never_arrived", "unknown"), 0)
    return {
        "schema_version": 1, "id": name, "verb": "switchover", "app": "shop", "from": "us-east-1", "to": "eu-west-1", "state": "waiting", "outcome": outcome,
        "why": "because", "reason": "", "by": "operator:eve", "levers": [], "attempts": 0, "epoch_before": 3, "epoch_after": 4, "users": "us-east-1",
        "started_at_ms": 1795439109123, "ended_at_ms": None, "first_failure_at_ms": None, "evidence": "", "plan": [], "fingerprint": "", "phases": [],
        "steps": [], "loss": {**counts, "whole": True, "window_ms": 0},
    }  # fmt: skip


def entry(kind, text, sequence=1):
    return {"sequence": sequence, "at_ms": 1795439109123, "kind": kind, "number": 1, "step": "waiting", "text": text}


def book(writes):
    entries = [
        {
            "table": "carts", "key": {"id": {"S": f"cart-{n}"}}, "reason": "", "settled": True, "host": "web-1", "op": "PutItem", "at_ms": n, "epoch": 3,
            "hash": "", "acknowledged": True, "fate": "present",
        }
        for n in range(writes)
    ]  # fmt: skip
    counts = {"at_risk": 0, "present": writes, "applied_late": 0, "suppressed": 0, "never_arrived": 0, "unknown": 0, "whole": True}
    return {"schema_version": 1, "operation": OPERATION, "settled": True, "truncated": False, "counts": counts, "entries": entries, "next": None}


def error(kind, text="no", **more):
    return {"error": {"kind": kind, "text": text, **more}}


class Controller:
    """Answers "GET /v1/status" and the like from a table: (status, document), or None to cut the connection unanswered.
    A document that is text is sent as it is, as a page."""

    def __init__(self):
        self.answers = {"GET /v1/status": (200, status())}
        self.asked = []
        self.silent = threading.Event()  # ends the streams that say nothing
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = f"{self.command} {self.path.split('?')[0]}"
                outer.asked.append((request, json.loads(body) if body else None))
                answer = outer.answers.get(request, (404, error("not_found", f"no {request}")))
                if answer is None:
                    self.close_connection = True
                    return
                if answer == "silence":
                    self.send_response(200)
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    outer.silent.wait(60)
                    self.close_connection = True
                    return
                code, document = answer
                text = document if isinstance(document, str) else "".join(json.dumps(line) + "\n" for line in document) if isinstance(document, list) else json.dumps(document)
                self.send_response(code)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = reply

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def ends_as(self, outcome):
        self.answers["POST /v1/apps/shop/switchover"] = (202, {"id": OPERATION, "operation": OPERATION})
        self.answers[f"GET /v1/operations/{OPERATION}/watch"] = (200, [entry("outcome", "x"), {"operation": operation(outcome=outcome)}])
        self.answers[f"GET /v1/operations/{OPERATION}"] = (200, operation(outcome=outcome))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def run(self, *words, check=True):
        return farshore(*words, "--controller", self.url, check=check)


@pytest.fixture
def controller():
    running = Controller()
    yield running
    running.silent.set()
    running.server.shutdown()
    running.server.server_close()


@pytest.mark.parametrize(("outcome", "code"), [("done", 0), ("failed", 1), ("aborted", 1), ("partly_done", 7)])
def test_an_operation_gives_its_outcome(controller, outcome, code):
    controller.ends_as(outcome)
    assert f"switchover {outcome}" in controller.run(*MOVE, "--wait", check=code).stdout
    controller.run("op", "watch", OPERATION, check=code)


def test_who_stops_watching_is_told_that_it_goes_on(controller):
    controller.ends_as("running")
    controller.answers[f"GET /v1/operations/{OPERATION}/watch"] = "silence"
    for words in ((*MOVE, "--wait", "--timeout", "200ms"), ("op", "watch", OPERATION, "--timeout", "200ms")):
        left = controller.run(*words, check=6)
        assert f"timed out; the operation goes on: farshore op watch {OPERATION}" in left.stderr


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((409, error("conflict")), 4), ((403, error("denied")), 77), ((401, {}), 77), ((400, error("malformed")), 64), ((404, error("not_found")), 64),
        ((503, error("unavailable")), 69), ((507, error("exhausted")), 1),
        # The kind counts, not the status that carries it.
        ((409, error("exhausted")), 1), ((503, error("denied")), 77),
    ],
)  # fmt: skip
def test_a_refusal_gives_its_kind(controller, answer, code):
    controller.answers["POST /v1/apps/shop/switchover"] = answer
    assert controller.run(*MOVE, check=code).stderr.startswith("error: ")


def test_a_start_without_an_answer_is_looked_up_by_its_own_id(controller):
    controller.answers["POST /v1/apps/shop/switchover"] = None
    words = (*MOVE, "--request-id", "incident-812")
    controller.answers["GET /v1/operations/op-incident-812"] = None
    unsure = controller.run(*words, check=69)
    assert "did not answer" in unsure.stderr and "cannot be reached" not in unsure.stderr
    assert "may have been started: `farshore op list` shows it" in unsure.stderr
    assert "--request-id incident-812" in unsure.stderr, "asking again starts nothing twice"
    # Another's operation of the same kind is not ours.
    controller.answers["GET /v1/status"] = (200, status(operation=operation("op-0")))
    del controller.answers["GET /v1/operations/op-incident-812"]
    assert "the switchover was not started" in controller.run(*words, check=69).stderr
    controller.answers["GET /v1/operations/op-incident-812"] = (200, operation("op-incident-812"))
    found = controller.run(*words, check=0)
    assert found.stdout.strip() == "op-incident-812" and "was started" in found.stderr


UNSURE = [(503, error("unavailable")), (429, error("throttled")), (401, {}), (404, "<html>no such page</html>"), (404, {"message": "no route"})]


@pytest.mark.parametrize("looked_up", UNSURE)
def test_only_a_controller_that_knows_no_such_operation_says_that_none_was_started(controller, looked_up):
    controller.answers["POST /v1/apps/shop/switchover"] = None
    controller.answers["GET /v1/operations/op-incident-812"] = looked_up
    unsure = controller.run(*MOVE, "--request-id", "incident-812", check=69).stderr
    assert "may have been started: `farshore op list` shows it" in unsure and "was not started" not in unsure, unsure


PROXY = [(502, "<html>Bad Gateway</html>"), (504, "<html>Gateway Time-out</html>"), (504, {"message": "Endpoint request timed out"}), (500, "")]


@pytest.mark.parametrize("page", PROXY)
def test_what_a_proxy_answers_says_nothing_about_a_change(controller, page):
    controller.answers["POST /v1/apps/shop/switchover"] = page
    controller.answers["GET /v1/operations/op-incident-812"] = page
    unsure = controller.run(*MOVE, "--request-id", "incident-812", check=69).stderr
    assert f"did not answer: HTTP {page[0]}" in unsure and "may have been started" in unsure and "--request-id incident-812" in unsure, unsure
    controller.answers["GET /v1/operations/op-incident-812"] = (200, operation("op-incident-812"))
    assert controller.run(*MOVE, "--request-id", "incident-812", check=0).stdout.strip() == "op-incident-812"
    for words, change in ((("pause", "shop", "--reason", "x"), "pause"), (("agents", "forget", "web-1", "shop", "--reason", "x"), "agents/web-1/forget")):
        controller.answers[f"POST /v1/apps/shop/{change}"] = page
        assert "may have happened all the same" in controller.run(*words, check=69).stderr, words


def test_a_refusal_of_the_controllers_own_is_told_as_it_is(controller):
    controller.answers["POST /v1/apps/shop/switchover"] = (503, error("unavailable", "the store refuses", effect="none"))
    refused = controller.run(*MOVE, check=69).stderr
    assert refused.startswith("error: the store refuses") and "started" not in refused
    assert all(request != "GET /v1/operations" for request, _ in controller.asked)


def test_an_operation_that_started_without_an_answer_is_waited_for_too(controller):
    controller.ends_as("partly_done")
    controller.answers["POST /v1/apps/shop/switchover"] = None
    for suffix in ("", "/watch"):
        controller.answers[f"GET /v1/operations/op-incident-812{suffix}"] = controller.answers[f"GET /v1/operations/{OPERATION}{suffix}"]
    waited = controller.run(*MOVE, "--wait", "--request-id", "incident-812", check=7)
    assert "switchover partly_done" in waited.stdout and "was started" in waited.stderr


def test_each_request_has_an_id_of_its_own(controller):
    controller.ends_as("done")
    for _ in range(2):
        controller.run(*MOVE)
    ids = [body["request_id"] for request, body in controller.asked if request.startswith("POST")]
    assert len(set(ids)) == 2 and all(len(each) >= 8 for each in ids), ids
    assert "not 8 to 64" in controller.run(*MOVE, "--request-id", "A b", check=64).stderr


def test_a_world_that_has_moved_is_5_and_too_late_is_4(controller):
    controller.answers["POST /v1/apps/shop/switchover"] = (409, error("conflict", "the epoch is 3, not 2", code="moved"))
    assert "the epoch is 3, not 2" in controller.run(*MOVE, "--expect-epoch", "2", "--expect-active", "us-east-1", check=5).stderr
    body = controller.asked[-1][1]
    assert (body["expect_epoch"], body["expect_active"]) == (2, "us-east-1")
    controller.answers[f"POST /v1/operations/{OPERATION}/abort"] = (409, error("conflict", "too late to turn back", code="too_late"))
    assert "too late" in controller.run("op", "abort", OPERATION, "--reason", "x", check=4).stderr


def test_the_target_is_named_or_asked_for_and_never_guessed(controller):
    controller.ends_as("done")
    for verb in (("switchover",), ("failover", "--reason", "x", "--confirm", "shop")):
        refused = controller.run(verb[0], "shop", *verb[1:], check=64)
        assert "names the Region to go to" in refused.stderr and "eu-west-1" in refused.stderr
    assert all(request.startswith("GET") for request, _ in controller.asked)


@pytest.mark.parametrize(
    ("words", "typed", "code", "posted"),
    [
        (("switchover", "shop"), "1\n", 0, True), (("switchover", "shop"), "eu-west-1\n", 0, True), (("switchover", "shop"), "\n", 10, False),
        (("failover", "shop", "--to", "eu-west-1", "--reason", "x"), "shop\n", 0, True),
        (("failover", "shop", "--to", "eu-west-1", "--reason", "x"), "yes\n", 10, False),
    ],
)  # fmt: skip
def test_on_a_terminal_a_person_is_asked(controller, words, typed, code, posted):
    controller.ends_as("done")
    controller.answers["POST /v1/apps/shop/failover"] = controller.answers["POST /v1/apps/shop/switchover"]
    ours, theirs = os.openpty()
    try:
        os.write(ours, typed.encode())
        asked = exits.run(BIN / "farshore", *words, "--controller", controller.url, status=code, stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)
    assert "from us-east-1:" in asked.stderr or words[0] == "switchover", asked.stderr
    assert "eu-west-1:" in asked.stderr
    assert any(request.startswith("POST") for request, _ in controller.asked) == posted


def test_a_pause_without_an_answer_says_where_to_look(controller):
    controller.answers["POST /v1/apps/shop/pause"] = None
    unsure = controller.run("pause", "shop", "--reason", "x", check=69)
    assert "may have happened all the same" in unsure.stderr and "`farshore status`" in unsure.stderr


@pytest.mark.parametrize(("verdict", "code"), [("ready", 0), ("degraded", 3), ("not_ready", 3)])
def test_status_says_whether_a_failover_could_start(controller, verdict, code):
    controller.answers["GET /v1/status"] = (200, status(verdict=verdict))
    controller.run("status", check=code)


def test_an_answer_of_another_form_is_an_error_that_names_each_field(controller):
    odd = status()
    odd["readiness"]["verdict"] = "perhaps"
    odd["regions"]["eu-west-1"]["components"] = {"stack": {"verdict": "healthy", "votes": [{"observer": "us-east-2"}]}}
    del odd["epoch"]
    controller.answers["GET /v1/status"] = (200, odd)
    for words in (("status",), ("agents", "list", "shop"), MOVE):
        said = controller.run(*words, check=64).stderr
        for part in ("epoch: missing", 'readiness.verdict: unknown word "perhaps"', "regions.eu-west-1.components.stack.votes[0].vote: missing"):
            assert part in said, said
    assert all(request.startswith("GET") for request, _ in controller.asked), "nothing is changed by a look that failed"
    controller.ends_as("done")
    controller.answers[f"GET /v1/operations/{OPERATION}"] = (200, {**operation(), "outcome": 7})
    assert "outcome: not a string" in controller.run("op", "show", OPERATION, check=64).stderr


def test_a_region_that_is_none_is_a_usage_error_and_nothing_is_asked_for(controller):
    controller.ends_as("done")
    for words in (("switchover", "shop"), ("failover", "shop", "--confirm", "shop", "--reason", "x"), ("plan", "switchover", "shop")):
        refused = controller.run(*words, "--to", "mars", check=64)
        assert "mars is no Region of shop: us-east-1, eu-west-1" in refused.stderr
    assert all(request.startswith("GET") for request, _ in controller.asked)


def test_a_failover_wants_the_apps_name(controller):
    words = ("failover", "shop", "--to", "eu-west-1")
    assert "--reason" in controller.run(*words, "--confirm", "shop", check=64).stderr
    assert "--confirm" in controller.run(*words, "--reason", "x", check=64).stderr
    assert "the app is `shop`" in controller.run(*words, "--reason", "x", "--confirm", "sohp", check=10).stderr
    assert all(request.startswith("GET") for request, _ in controller.asked)


def test_a_failover_that_only_looked_done_wants_the_name_too(controller):
    controller.answers["POST /v1/apps/shop/failover"] = (400, error("malformed", "it needs \"confirm\"", code="confirm"))
    words = ("failover", "shop", "--to", "us-east-1", "--reason", "x")
    assert "--confirm shop" in controller.run(*words, check=64).stderr
    assert "confirm" not in controller.asked[-1][1], "the operator has not confirmed"
    controller.run(*words, "--confirm", "shop", check=64)
    assert controller.asked[-1][1]["confirm"] == "shop"


def test_a_started_operation_is_a_document_too(controller):
    controller.ends_as("done")
    assert json.loads(controller.run(*MOVE, "-o", "json").stdout)["id"] == OPERATION
    controller.answers["POST /v1/apps/shop/switchover"] = (200, {"text": "there already"})
    assert json.loads(controller.run(*MOVE, "-o", "json").stdout) == {"text": "there already"}


def test_no_option_is_ignored_in_silence(controller, tmp_path):
    assert "--wait" in controller.run(*MOVE, "--timeout", "5s", check=64).stderr
    assert "--rate" in farshore("lab", "up", "--dns-habit", "jvm", "--dir", tmp_path / "w", check=64).stderr
    farshore("demo", "--dns-habit", "guess", check=64)
    assert "`xml`" in farshore("lab", "fault", "region", "us-east-1", "-o", "xml", "--dir", tmp_path, check=64).stderr
    nothing = farshore("lab", "down", "--dir", tmp_path, "-o", "json", check=0)
    assert json.loads(nothing.stdout)["was_up"] is False


def test_a_configuration_named_in_the_environment_is_validated(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FARSHORE_CONFIG", str(ROOT / "test" / "data" / "config" / "unknown_key.yaml"))
    assert "max_lagg" in farshore("validate", check=78).stderr
    monkeypatch.delenv("FARSHORE_CONFIG")
    assert "farshore.yaml" in farshore("validate", check=78).stderr
    assert "agent.yaml" in farshore("validate", "--agent", check=78).stderr


def written_to_a_full_disk(program, *words):
    with open("/dev/full", "w") as nowhere:
        # The simulation is not one of the programs that are installed.
        directory = BUILD / "bin" if program == "farshore-sim" else BIN
        ran = exits.run(directory / program, *words, status=74, stdout=nowhere)
    assert "could not be written" in ran.stderr and "No space left on device" in ran.stderr and "a bug" not in ran.stderr, ran.stderr
    return ran


def test_output_that_could_not_be_written_is_no_success(controller, tmp_path):
    tokens = tmp_path / "tokens.json"
    written_to_a_full_disk("farshore", "init", "token", "--role", "viewer", "--tokens", tokens)
    assert json.loads(tokens.read_text())[0]["role"] == "viewer", "what was done stays done"
    where = ("--controller", controller.url)
    for count in (1, 2000):  # within one buffer of the C library, and beyond
        controller.answers[f"GET /v1/operations/{OPERATION}/losses"] = (200, book(count))
        exported = written_to_a_full_disk("farshore", "losses", "export", "--operation", OPERATION, *where)
        assert "writes exported" not in exported.stderr, "nothing is said of a file that is not there"
        written_to_a_full_disk("farshore", "losses", OPERATION, *where)
    written_to_a_full_disk("farshore", "status", "-w", *where)
    for program in ("farshore", "farshored", "farshore-agent", "farshore-sim"):
        written_to_a_full_disk(program, "--help")
    for program in ("farshore", "farshored", "farshore-agent"):
        written_to_a_full_disk(program, "--version")


def test_an_operation_is_watched_to_its_end_whether_it_can_be_told_or_not(controller):
    controller.ends_as("done")
    controller.answers[f"GET /v1/operations/{OPERATION}/watch"] = (200, [entry("phase", "x" * 200, n) for n in range(1, 101)])
    written_to_a_full_disk("farshore", *MOVE, "--wait", "--controller", controller.url)
    assert controller.asked[-1][0] == f"GET /v1/operations/{OPERATION}", controller.asked
    with open("/dev/full", "w") as nowhere:
        exits.run(BIN / "farshore", *MOVE, "--controller", controller.url, status=0, stderr=nowhere)


def test_help_tells_the_statuses_that_there_are():
    text = farshore("--help", check=0).stdout
    table = text[text.index("Exit status:"):].splitlines()[1:]
    codes = [int(line.split()[0]) for line in table if line.strip()]
    assert codes == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 64, 69, 74, 77, 78, 130]


def test_programs_that_run_on_end_with_the_same_statuses_and_log_by_the_same_flags(tmp_path):
    daemons = ("farshored", "farshore-agent")
    ends = {exits.run(BIN / program, "--help").stdout.partition("Exit codes:")[2] for program in daemons}
    assert len(ends) == 1 and "77 denied" in ends.pop()
    for program in daemons:
        nothing = ("--config", tmp_path / "nothing.yaml", "--log-format", "json")
        assert "nothing.yaml" in exits.run(BIN / program, *nothing, "--log-level", "debug", status=78).stderr
        assert "loud" in exits.run(BIN / program, *nothing, "--log-level", "loud", status=64).stderr


def test_without_a_word_the_help_is_shown():
    shown = farshore(check=64)
    assert "Exit status:" in shown.stderr and "switchover" in shown.stderr and shown.stdout == ""
