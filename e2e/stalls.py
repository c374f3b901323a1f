"""Proof that the machine stood still. The tests judge no time, but some of what they watch does: an unanswered request is
given up after a second. Where a machine that stands still is the cause, it leaves its trace: a thread that sleeps wakes up
late, a process waits for a processor or for the disk. Without such a trace a timeout is a defect."""

import contextlib
import pathlib
import re
import threading
import time

from conftest import processes_of

LOOK_EVERY = 0.2  # seconds
NOTICED = 0.1  # shorter waits are ordinary
SEARCH_EVERY = 2.0

# A request that got no answer in time. Refusals of the agent (a hold, a fence, no permission) are never of this kind.
UNANSWERED = re.compile(r"timed out|timeout|did not answer|cannot be reached|Could not connect|Connection was closed|Connection (was )?reset", re.I)


class Stalls(threading.Thread):
    """Watches the machine and the processes whose command lines name the directory, while the block runs."""

    def __init__(self, directory):
        super().__init__(daemon=True)
        self.directory = directory
        self.found = []  # (when, seconds, who)
        self.waited = {}  # task -> nanoseconds it waited for a processor, in all
        self.blocked = {}  # task -> since when the disk has held it up
        self.stopped = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.join(timeout=30)

    def run(self):
        pids, searched = [], 0.0
        due = time.monotonic() + LOOK_EVERY
        while not self.stopped.wait(max(0.0, due - time.monotonic())):
            self.note(time.monotonic() - due, "the test itself")
            if time.monotonic() - searched > SEARCH_EVERY:
                pids, searched = processes_of(self.directory), time.monotonic()
            for pid in pids:
                for task in pathlib.Path(f"/proc/{pid}/task").glob("*"):
                    with contextlib.suppress(OSError, IndexError, ValueError):
                        self.look_at(task)
            due = time.monotonic() + LOOK_EVERY

    def look_at(self, task):
        waited = int((task / "schedstat").read_text().split()[1])
        self.note((waited - self.waited.get(task, waited)) / 1e9, f"{task} waited for a processor")
        self.waited[task] = waited
        if (task / "stat").read_text().rsplit(")", 1)[1].split()[0] == "D":
            self.note(time.monotonic() - self.blocked.setdefault(task, time.monotonic()), f"{task} waited for the disk")
        else:
            self.blocked.pop(task, None)

    def note(self, seconds, who):
        if seconds >= NOTICED:
            self.found.append((time.time(), seconds, who))

    def between(self, since, until):
        """The longest that anything stood still between two moments (seconds since 1970), a look more on each side."""
        by_whom = {}
        for at, seconds, who in list(self.found):
            if since - seconds - LOOK_EVERY <= at <= until + 5 * LOOK_EVERY:
                by_whom[who] = by_whom.get(who, 0.0) + seconds
        return max(by_whom.values(), default=0.0)

    def explain(self, at, seconds=4.0, least=0.3):
        """Was there a standstill that explains a timeout of a request which began then?"""
        return self.between(at - 1.0, at + seconds) >= least


def assert_only_unanswered(lines, stalls):
    """Of a Writer's lines those that failed: each is a request that a machine that stood still left unanswered."""
    for line in lines:
        word, number, at, text = line.split(" ", 3)
        if word == "failed":
            assert UNANSWERED.search(text), f"refused: {line}"
            assert stalls.explain(float(at)), f"unanswered, and nothing stood still: {line}"
