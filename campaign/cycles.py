"""Failovers and failbacks in a row, in one lab world that lives through all of them.

Each cycle breaks the active Region in one of the ways below while an application writes through an agent of each Region,
waits until the controller has failed over by itself, heals, and switches back as an operator would. A cycle counts when
nothing was lost that no loss book names, when one Region at a time took writes, and when no request failed because of the
switchover; else the campaign ends there, with exit status 1. Prints p50, p95 and the highest of each phase.
"""

import argparse
import itertools
import sys
import tempfile
import time

from conftest import LOST, TABLE, LabLosses, Processes, World, at_peace, farshore, settled_losses, until

HOME, STANDBY = "us-east-1", "eu-west-1"
# No observer can miss these, and an application of the standby Region sees the outage.
FAULTS = (
    ("region", HOME),
    ("dynamodb", HOME, "--mode", "timeout"),
    ("dynamodb", HOME, "--mode", "empty-dns"),
    ("dynamodb", HOME, "--mode", "refused"),
)


class Figures:
    """Milliseconds by (verb, phase)."""

    def __init__(self):
        self.rows = {}

    def add(self, verb, phase, ms):
        self.rows.setdefault((verb, phase), []).append(ms)

    def add_operation(self, operation):
        for phase in operation["phases"]:
            self.add(operation["verb"], phase["name"], phase["ended_at_ms"] - phase["started_at_ms"])
        self.add(operation["verb"], "in all", operation["ended_at_ms"] - operation["started_at_ms"])

    def table(self):
        yield "| verb | phase | count | p50 | p95 | highest |"
        yield "|---|---|---|---|---|---|"
        for (verb, phase), values in self.rows.items():
            values = sorted(values)
            p50, p95 = (values[min(len(values) - 1, int(len(values) * part))] for part in (0.5, 0.95))
            yield f"| {verb} | {phase} | {len(values)} | {p50:.0f} ms | {p95:.0f} ms | {values[-1]:.0f} ms |"


class Cycles:
    def __init__(self, world, writers, out):
        self.world, self.writers, self.out = world, writers, out
        self.figures, self.losses = Figures(), LabLosses()
        self.read_to, self.active = 0, HOME
        self.counted = self.doubtful = self.late = 0

    def peace(self, why):
        """Also automation may act again: the cool-down is over."""

        def ready():
            status = at_peace(self.world)
            cooling = status and (status["cooldown_until"] or 0) > status["at_ms"]
            return status and status["armed"] and not cooling and status["readiness"]["verdict"] == "ready"

        until(ready, 120, f"peace {why}", every=0.1)

    def ended(self, verb, epoch):
        def done():
            operation = self.world.operation()
            ended = operation and operation["outcome"] != "running" and operation["epoch_after"] == epoch
            return operation if ended else None

        operation = until(done, 120, f"the {verb} to epoch {epoch}")
        assert (operation["verb"], operation["outcome"]) == (verb, "done"), operation
        self.figures.add_operation(self.world.ask(f"/v1/operations/{operation['id']}"))
        return operation

    def lines_since(self, writer, mark):
        return [line.split() for line in writer.lines()[mark:]]

    def fail_over(self, fault):
        """Breaks the active Region; the outage as the standby Region's application saw it, ended by a write that counts."""
        epoch, writer = self.world.status()["epoch"] + 1, self.writers[STANDBY]
        mark = len(writer.lines())
        broken_at = time.time()
        farshore("lab", "fault", *fault, "--dir", self.world.directory)
        operation = self.ended("failover", epoch)

        def writes_again():
            """When the first write after the failures began."""
            lines = self.lines_since(writer, mark)
            failed = [i for i, line in enumerate(lines) if line[0] == "failed"]
            after = [line for line in lines[failed[-1] + 1 :] if line[0] == "ok"] if failed else []
            return float(after[0][2]) if after else None

        self.figures.add("failover", "from the fault to the first write", (until(writes_again, 30, "writes again") - broken_at) * 1000)
        farshore("lab", "heal", "all", "--dir", self.world.directory)
        losses = settled_losses(self.world, operation["id"])
        lost = [entry for entry in losses["entries"] if entry["acknowledged"] and entry["fate"] in LOST]
        self.counted += len(lost)
        self.doubtful += sum(entry["fate"] == "unknown" for entry in lost)
        self.late += sum(entry["fate"] == "applied_late" for entry in losses["entries"])
        self.peace("after the failover")

    def switch_back(self):
        epoch = self.world.status()["epoch"] + 1
        marks = {region: len(writer.lines()) for region, writer in self.writers.items()}
        farshore("switchover", "--to", HOME, "--config", self.world.config, "--wait")
        self.ended("switchover", epoch)
        self.peace("after the switchover")
        for region, writer in self.writers.items():
            failed = [line for line in self.lines_since(writer, marks[region]) if line[0] != "ok"]
            assert not failed, f"the application of {region} failed in a switchover: {failed[:3]}"

    def judge(self):
        """What the lab knows of this cycle against what was said of it."""
        entries = self.world.log(self.read_to)
        self.read_to = entries[-1]["n"]
        self.losses.take(entries)
        took = [entry["region"] for entry in entries if entry["origin"] == "client" and entry["table"] == TABLE]
        changes = [region for region, _ in itertools.groupby(took)]
        assert changes == [HOME, STANDBY, HOME], f"Regions took writes in this order: {changes}"
        really = self.losses.count()
        assert self.counted - self.doubtful <= really <= self.counted, (self.counted, self.doubtful, really)

    def run(self, count):
        for number, fault in zip(range(1, count + 1), itertools.cycle(FAULTS)):
            self.fail_over(fault)
            self.switch_back()
            self.judge()
            print(f"cycle {number} of {count}: {' '.join(fault)}: {self.losses.count()} writes lost so far, all of them named", file=self.out, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="./dev campaign cycles")
    parser.add_argument("--count", type=int, default=100, help="how many failovers, and as many switchovers back (default 100; about 25 s each)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="farshore-cycles-") as folder, World(f"{folder}/world") as world, Processes() as processes:
        world.wait_ready()
        writers = {region: processes.writer(world, world.hosts(region)[0], prefix=f"of-{region}") for region in (HOME, STANDBY)}
        until(lambda: all(len(writer.lines()) > 20 for writer in writers.values()), 30, "traffic flows")
        cycles = Cycles(world, writers, sys.stderr)
        cycles.run(options.count)
        acknowledged = sum(line.startswith("ok") for writer in writers.values() for line in writer.lines())
    print(*cycles.figures.table(), sep="\n")
    print(f"\n{options.count} failovers and {options.count} switchovers: {acknowledged} writes acknowledged, "
          f"{cycles.losses.count()} lost and named, {cycles.late} applied late; no request failed in a switchover")


if __name__ == "__main__":
    main()
