"""The one place where tests start processes: each is awaited, and how it ended is looked at.

A process ends well with the status that the test has named (0 where it named none), or by SIGKILL when the test killed it
on purpose. It ends badly by any other signal, with another status, when it does not end in time, and when its last words
are those of a bug: an assertion, a sanitizer's report. A bad end fails the test.

Loaded as a pytest plugin (-p exits) it also fails a test in which a sanitizer wrote a report, whichever process
it wrote about, and a run in which some process was never awaited.
"""

import asyncio
import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile
import time

import pytest

# Every limit of time in the tests, times this: sanitizers are slow.
PATIENCE = float(os.environ.get("FARSHORE_PATIENCE", "1"))

# What only a bug says. src/cli/last_words.cc has the same table, for the processes of a lab world.
ALARMS = ("assertion failed: ", "Assertion '", "Sanitizer: ", "runtime error: ", "terminate called")
WORDS_MAX = 500

# Where sanitizers write their reports: the beginning of the files' names, as in their option log_path.
REPORTS = os.environ.get("FARSHORE_SANITIZER_REPORTS")
# Their option exitcode: no program ends with it by itself.
SANITIZER_STATUS = 86

ANY = object()  # any exit status, but no signal and no sanitizer's


def alarm_in(text):
    return next((line.strip()[:WORDS_MAX] for line in text.splitlines() if any(alarm in line for alarm in ALARMS)), "")


def last_words(text):
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("  ")]
    return alarm_in(text) or (lines[-1].strip()[:WORDS_MAX] if lines else "")


def how(status):
    if status is None:
        return "still running"
    return f"exit status {status}" if status >= 0 else f"killed by signal {-status} ({signal.Signals(-status).name.removeprefix('SIG')})"


class Process(subprocess.Popen):
    """One process of a test. Where the test does not want its output, that is kept for its last words."""

    started = []  # all of this run

    def __init__(self, words, status=0, quotes=False, **options):
        """quotes: it may print what other programs have said, so that its own words tell nothing."""
        self.quotes = quotes
        self.words = [str(word) for word in words]
        self.right = status
        self.killed = False
        self.judged = False
        self.too_late = False
        self.said = ""
        self.log = None
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.DEVNULL)
        options.setdefault("stderr", subprocess.STDOUT)
        if options["stdout"] == subprocess.DEVNULL:
            self.log = options["stdout"] = tempfile.TemporaryFile("w+", errors="replace")
        super().__init__(self.words, text=True, errors="replace", **options)
        Process.started.append(self)

    def wait(self, timeout=60):
        return super().wait(None if timeout is None else timeout * PATIENCE)

    def communicate(self, input=None, timeout=60):
        out, err = super().communicate(input, timeout * PATIENCE)
        self.said = (out or "") + (err or "")
        return out, err

    def kill(self):
        """SIGKILL, on purpose: that it ends by it is right."""
        self.killed = self.killed or self.poll() is None
        super().kill()

    def text(self):
        """What it has said so far, where the test left its output to us."""
        if self.log is not None:
            size = os.fstat(self.log.fileno()).st_size
            return os.pread(self.log.fileno(), 256 * 1024, max(0, size - 256 * 1024)).decode(errors="replace")
        return self.said

    def finish(self, timeout=60):
        """Waits for its end, or forces it. Empties its pipes."""
        try:
            self.communicate(timeout=timeout) if self.stdout or self.stderr else self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.too_late = True
            super().kill()
            super().wait()
        except ValueError:  # its pipes are closed already
            self.wait(timeout)

    def trouble(self):
        """Why its end is no good one; empty: it is."""
        self.judged = self.poll() is not None
        text = "" if self.quotes else self.text()
        status, right = self.returncode, self.right if isinstance(self.right, (tuple, set)) else (self.right,)
        as_told = status in right or (ANY in right and status is not None and status >= 0 and status != SANITIZER_STATUS)
        if self.too_late:
            what = "it did not end in time, and was killed"
        elif (as_told or (self.killed and status == -signal.SIGKILL)) and not alarm_in(text):
            return ""
        else:
            what = how(status)
        return f"{' '.join(self.words)[:300]} (pid {self.pid}) ended badly: {what}; its last words: {last_words(text) or '-'}"


def kill_on_purpose(pid):
    """SIGKILL to a process, also to one that another process of the test started: that one is to be told of it."""
    for process in Process.started:
        if process.pid == pid and process.poll() is None:
            process.kill()
            return
    os.kill(pid, signal.SIGKILL)


def run(*words, status=0, timeout=180, **options):
    """Runs a program to its end. status: which are right, or ANY. options: Process's and Popen's."""
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    process = Process(words, status, **options)
    try:
        out, err = process.communicate(timeout=timeout)
    finally:
        if process.poll() is None:
            process.too_late = True
            subprocess.Popen.kill(process)
            out, err = subprocess.Popen.communicate(process)
            process.said = (out or "") + (err or "")
        trouble = process.trouble()
    assert not trouble, f"{trouble}\n{out}\n{err}"
    return subprocess.CompletedProcess(process.words, process.returncode, out, err)


class Processes:
    """Those that a test or a fixture starts; they end with it."""

    def __init__(self):
        self.started = []

    def __call__(self, *words, status=0, **options):
        """status: with which it is to end, by itself or after SIGTERM; several, or ANY."""
        options.setdefault("stdout", subprocess.PIPE)
        self.started.append(Process(words, status, **options))
        return self.started[-1]

    def end(self):
        """SIGTERM to those that still run, and the ends of all are looked at."""
        for process in self.started:
            if process.poll() is None:
                # This order: a SIGCONT behind it could undo the stop with which LeakSanitizer ends a process.
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.started:
            process.finish()
        troubles = [trouble for process in self.started if (trouble := process.trouble())]
        self.started = []
        assert not troubles, "\n".join(troubles)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def looks(condition, patience, what):
    """What the condition gives, look by look, until that is true."""
    deadline = time.monotonic() + patience * PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {patience * PATIENCE} s in vain: {what() if callable(what) else what}"
        yield found
    yield found


def until(condition, patience, what, every=0.05):
    """Polls until the condition gives something true, and gives that. patience: seconds, before the factor."""
    for found in looks(condition, patience, what):
        if found:
            return found
        time.sleep(every)


async def until_meanwhile(condition, patience, what, every=0.01):
    """until() for a coroutine: what else runs in its loop goes on."""
    for found in looks(condition, patience, what):
        if found:
            return found
        await asyncio.sleep(every)


# --- the plugin ------------------------------------------------------------------------------------------


@pytest.fixture
def processes():
    with Processes() as started:
        yield started


def reports():
    """The files that sanitizers have written so far."""
    if not REPORTS:
        return set()
    beginning = pathlib.Path(REPORTS)
    return set(beginning.parent.glob(beginning.name + "*"))


@pytest.fixture(autouse=True)
def no_sanitizer_reports():
    before = reports()
    yield
    new = sorted(reports() - before)
    assert not new, "\n".join(f"{file}:\n{file.read_text(errors='replace')[:6000]}" for file in new)


class Awaited:
    """A run fails in which a test has not looked at the end of a process that it started."""

    def pytest_sessionfinish(self, session):
        self.left = [process for process in Process.started if not process.judged]
        for process in self.left:
            with contextlib.suppress(OSError):
                subprocess.Popen.kill(process)
        if self.left and session.exitstatus == 0:
            session.exitstatus = 1

    def pytest_terminal_summary(self, terminalreporter):
        for process in getattr(self, "left", []):
            terminalreporter.write_line(f"NOT AWAITED {' '.join(process.words)[:300]} (pid {process.pid}): {how(process.returncode)}")


def pytest_configure(config):
    config.pluginmanager.register(Awaited(), "awaited-processes")
