"""A pytest plugin: a test that is skipped for a reason that is not on the list of allowed ones fails the run.

What is skipped proves nothing, and a run that skips half of its tests looks as green as one that does not.
"""

# The beginning of the reason that a test gives -> why it may.
ALLOWED = {
    "cannot mount a small file system here": "mounting needs rights that a container may not have",
}


def is_allowed(reason):
    return any(reason.removeprefix("Skipped: ").startswith(beginning) for beginning in ALLOWED)


class Skips:
    def __init__(self):
        self.unexpected = []

    def note(self, report):
        if report.skipped and not hasattr(report, "wasxfail"):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            if not is_allowed(reason):
                self.unexpected.append(f"{report.nodeid}: {reason}")

    pytest_runtest_logreport = note
    pytest_collectreport = note

    def pytest_sessionfinish(self, session):
        if self.unexpected and session.exitstatus == 0:
            session.exitstatus = 1

    def pytest_terminal_summary(self, terminalreporter):
        for line in self.unexpected:
            terminalreporter.write_line(f"UNEXPECTED SKIP {line}")


def pytest_configure(config):
    config.pluginmanager.register(Skips(), "unexpected-skips")
