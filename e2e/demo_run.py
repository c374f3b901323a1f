"""`farshore demo` as a process whose output is read while it runs."""

import contextlib
import json
import os
import pathlib
import pty
import re
import signal
import threading

import exits
from conftest import BIN, World, processes_of, until


class Demo:
    """A demo in a directory of its own, which is its HOME too. It is gone when the block ends.

    kept: `--keep`, in the place that the demo itself chooses. terminal: its output is one. end() gives its exit status to
    the test, which has to say what is right: no signal ever is.
    """

    def __init__(self, folder, *options, kept=False, terminal=False):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.out = self.folder / "report"
        self.directory = self.folder / (".local/state/farshore/lab" if kept else "world")
        self.raw = b""
        words = ["demo", *options, "--out", self.out, *(["--keep"] if kept else ["--dir", self.directory])]
        self.environment = {name: value for name, value in os.environ.items() if name not in ("XDG_STATE_HOME", "NO_COLOR")}
        self.environment |= {"HOME": str(self.folder), "TERM": "xterm"}
        read, write = pty.openpty() if terminal else os.pipe()
        # A group of its own: Ctrl-C goes to the whole group, as a terminal sends it.
        self.process = exits.Process(
            [BIN / "farshore", *words], status=exits.ANY, stdout=write, start_new_session=True, env=self.environment,
        )
        os.close(write)
        self.reader = threading.Thread(target=self._read, args=(read,), daemon=True)
        self.reader.start()

    def _read(self, source):
        while True:
            try:
                piece = os.read(source, 65536)
            except OSError:  # a terminal that no process has open any more
                piece = b""
            if not piece:
                os.close(source)
                return
            self.raw += piece

    def __enter__(self):
        return self

    def __exit__(self, failed, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        left = processes_of(self.folder)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        trouble = self.process.trouble()
        assert failed or not trouble, f"{trouble}\n{self.text}"
        assert failed or not left, "the demo left processes behind"

    @property
    def text(self):
        return self.raw.decode(errors="replace")

    def wait_for(self, pattern, patience=180):
        """The match, once what was printed so far has one."""

        def found():
            ended = self.process.poll() is not None and not self.reader.is_alive()
            match = re.search(pattern, self.text)
            assert match or not ended, f"no {pattern!r} in:\n{self.text}"
            return match

        return until(found, patience, lambda: f"{pattern!r} in:\n{self.text}", every=0.01)

    def send(self, number):
        os.killpg(self.process.pid, number)

    def end(self, patience=300):
        """Waits for its end; gives the exit status."""
        self.process.wait(timeout=patience)
        self.reader.join(timeout=30)
        self.process.said = self.text
        return self.process.returncode

    def report(self):
        return json.loads((self.out / "report.json").read_text())

    def requests(self):
        """The shoppers' own log."""
        return [json.loads(line) for line in (self.out / "clients.ndjson").read_text().splitlines()]

    def world(self):
        """Its world, while it is up."""
        return World.found(self.directory)

    def pid_of(self, word):
        """The process of the world that has this word on its command line; None: there is none."""
        for pid in processes_of(self.folder):
            try:
                if word.encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
            except OSError:
                pass
        return None
