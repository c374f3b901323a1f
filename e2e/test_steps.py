"""Steps of the operator's own, in plans of real programs: approvals, commands, a controller that dies while one runs, and plans
that were looked at."""

import json
import pathlib
import stat

from conftest import World, farshore, until

HOOK = """#!/bin/sh
# Says what it got, and does what its first word asks for.
{ env | grep ^FARSHORE_ | sort; cat; echo; } > "$2.$1"
echo "$1" >> "$2"
[ "$1" = slow ] && sleep 4 && echo over >> "$2.over"
[ "$1" = bad ] && { echo "no room left" >&2; exit 3; }
exit 0
"""


def with_steps(world, text):
    """The world's configuration with steps, and the file in which their hook writes what it was asked for."""
    hook, said = world.directory / "hook", world.directory / "said"
    hook.write_text(HOOK)
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    config = pathlib.Path(world.config)
    config.write_text(config.read_text() + text.replace("HOOK", str(hook)).replace("SAID", str(said)))
    assert "valid" in farshore("validate", config).stdout
    return said


def state(world, wanted):
    operation = world.operation()
    return operation if operation and operation["state"] == wanted else None


def op(world, *words, check=0):
    return farshore("op", *words, "--config", world.config, check=check)


def test_a_switchover_with_steps_in_its_slots(tmp_path, processes):
    with World(tmp_path / "world", "--bare") as world, processes:
        said = with_steps(world, """
steps:
  - approve:  { at: before, verbs: [switchover], timeout: 10m }
  - command:  { at: before, run: [HOOK, "${to}", SAID], timeout: 20s }
  - command:  { at: behind_fence, run: [HOOK, fenced, SAID] }
  - parallel: { at: beside_shift, steps: [ { command: { run: [HOOK, left, SAID] } }, { command: { run: [HOOK, right, SAID] } } ] }
  - command:  { at: behind_shift, run: [HOOK, bad, SAID], on_failure: ask }
  - wait:     { at: at_end, timeout: 10ms }
""")
        processes.all_of(world)
        plan = farshore("plan", "switchover", "--to", "eu-west-1", "--config", world.config).stdout
        assert "ask a person to approve" in plan and "hold new writes" in plan, plan
        assert plan.index("ask a person") < plan.index("hold new writes") < plan.index("send users"), plan
        id = farshore("switchover", "--to", "eu-west-1", "--reason", "test", "--config", world.config).stdout.strip()
        until(lambda: state(world, "waiting_for_approval"), 30, "an approval is asked for")
        assert not said.exists()
        assert "asks nothing" in op(world, "continue", id, check=4).stderr
        op(world, "approve", id, "--reason", "CHG-7")
        until(lambda: state(world, "waiting_for_person"), 60, "a person is asked about the hook that failed")
        assert world.status()["active"] == world.status()["users"] == "eu-west-1"
        words = said.read_text().split()
        assert sorted(words) == sorted(["eu-west-1", "fenced", "left", "right", "bad"]), words
        assert words.index("eu-west-1") < words.index("fenced") < words.index("bad")
        shown = op(world, "show", id).stdout
        assert "no room left" in shown and "CHG-7" in shown and "waiting_for_person" in shown, shown
        op(world, "skip", id)
        operation = world.wait_operation("switchover", outcome="done")
        lives = {step["id"]: step["life"] for step in operation["plan"]}
        assert lives["behind_shift.1"] == "skipped" and lives["before.1"] == "succeeded" and lives["at_end.1"] == "succeeded", lives
        environment, document = pathlib.Path(f"{said}.fenced").read_text().rstrip("\n").rsplit("\n", 1)
        assert {"FARSHORE_FROM=us-east-1", "FARSHORE_TO=eu-west-1", "FARSHORE_VERB=switchover", f"FARSHORE_OPERATION={id}"} <= set(environment.split("\n"))
        assert json.loads(document)["epoch_after"] == "2"
        audit = farshore("audit", "--config", world.config).stdout
        assert "approve" in audit and "skip" in audit, audit


def test_a_command_whose_controller_died_is_asked_about_and_not_run_again(tmp_path, processes):
    with World(tmp_path / "world", "--bare") as world, processes:
        said = with_steps(world, """
steps:
  - command: { at: before, run: [HOOK, slow, SAID], timeout: 20s }
""")
        controller = processes.controller(world.config)
        for host in world.document["hosts"]:
            processes.agent(host["config"])
        world.wait_ready()
        id = farshore("switchover", "--to", "eu-west-1", "--reason", "test", "--config", world.config).stdout.strip()
        until(lambda: said.exists() and said.read_text() == "slow\n", 30, "the hook runs")
        controller.kill()
        processes.controller(world.config)
        operation = until(lambda: state(world, "waiting_for_person"), 60, "a person is asked")
        assert "it is not known whether the command took effect" in operation["plan"][0]["why"], operation["plan"][0]
        op(world, "skip", id)
        world.wait_operation("switchover", outcome="done")
        assert said.read_text() == "slow\n", "it ran once"
        # A controller that is killed takes nothing with it.
        until(pathlib.Path(f"{said}.over").exists, 30, "the hook of the killed controller ends")


def test_an_abort_ends_the_command_and_changes_nothing(tmp_path, processes):
    with World(tmp_path / "world", "--bare") as world, processes:
        said = with_steps(world, """
steps:
  - command: { at: before, run: [HOOK, slow, SAID], timeout: 20s }
""")
        processes.all_of(world)
        id = farshore("switchover", "--to", "eu-west-1", "--reason", "test", "--config", world.config).stdout.strip()
        until(said.exists, 30, "the hook runs")
        op(world, "abort", id)
        operation = world.wait_operation("switchover", outcome="aborted")
        assert operation["plan"][0]["life"] == "failed"
        assert world.status()["active"] == "us-east-1" and world.status()["epoch"] == 1


def test_a_plan_that_was_looked_at_is_done_or_nothing_is(world, tmp_path):
    file = tmp_path / "plan.json"
    farshore("plan", "switchover", "--to", "eu-west-1", "--out", file, "--config", world.config)
    assert "--to excludes --plan" in farshore("switchover", "--plan", file, "--to", "eu-west-1", "--config", world.config, check=64).stderr
    assert "is a plan of a switchover" in farshore("failover", "--plan", file, "--reason", "x", "--config", world.config, check=64).stderr
    farshore("switchover", "--plan", file, "--wait", "--config", world.config, check=0)
    assert world.status()["active"] == "eu-west-1"
    refused = farshore("switchover", "--plan", file, "--config", world.config, check=5).stderr
    assert "another one by now" in refused, refused
    assert world.status()["epoch"] == 2
