"""`farshore demo` as a process whose output is read while it runs."""

import json
import os
import pathlib
import re
import signal
import subprocess
import threading

from conftest import BIN, processes_of, until


class Demo:
    """A demo in a directory of its own: report in `report`, world in `world`. It is gone when the block ends."""

    def __init__(self, folder, *options):
        self.out = pathlib.Path(folder) / "report"
        self.world = pathlib.Path(folder) / "world"
        self.folder = folder
        self.lines = []
        words = ["demo", *options, "--out", self.out, "--dir", self.world]
        # A group of its own: Ctrl-C goes to the whole group, as a terminal sends it.
        self.process = subprocess.Popen(
            [str(BIN / "farshore"), *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True, bufsize=1,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid in processes_of(self.folder):
            os.kill(pid, signal.SIGKILL)

    @property
    def text(self):
        return "\n".join(self.lines)

    def wait_for(self, pattern, patience=120):
        """The first line in which the pattern is found."""

        def found():
            line = next((line for line in list(self.lines) if re.search(pattern, line)), None)
            assert line or self.process.poll() is None or self.reader.is_alive(), f"no line with {pattern!r}:\n{self.text}"
            return line

        return until(found, patience, lambda: f"a line with {pattern!r}:\n{self.text}", every=0.01)

    def send(self, number):
        os.killpg(self.process.pid, number)

    def end(self, patience=300):
        """Waits for its end; gives the exit status."""
        self.process.wait(timeout=patience)
        self.reader.join(timeout=10)
        return self.process.returncode

    def report(self):
        return json.loads((self.out / "report.json").read_text())

    def pid_of(self, word):
        """The process of the world whose command line has this word."""
        return next(pid for pid in processes_of(self.folder) if word.encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"))
