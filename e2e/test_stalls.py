"""The trace of a standstill is seen, and a refusal is not taken for one."""

import sys
import time

import pytest

from conftest import until
from stalls import Stalls, assert_only_unanswered


def hold_everything_up(seconds):
    """No other thread of this process runs meanwhile. The standstill itself is what is looked for, so it takes real time."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(2 * seconds)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        pass
    sys.setswitchinterval(interval)


def test_a_standstill_is_seen(tmp_path):
    with Stalls(tmp_path) as stalls:
        began = time.time()
        # The thread may have got its turn just before; it cannot each time.
        for _ in range(20):
            hold_everything_up(1.0)
            if stalls.explain(began):
                break
        assert stalls.explain(began), stalls.found
        assert stalls.between(began - 100, began - 50) == 0.0
        until(lambda: stalls.is_alive(), 10, "it goes on looking")


class Standstill:
    def __init__(self, there):
        self.there = there

    def explain(self, _):
        return self.there


@pytest.mark.parametrize(
    "refusal",
    [
        "ServiceUnavailable Writes are being switched to another Region. Try again.",
        "AccessDeniedException This host may not write any more: its Region was replaced by another one.",
        "ServiceUnavailable Too many requests are waiting at this host's DynamoDB endpoint.",
    ],
)
def test_a_refusal_is_none_whatever_the_machine_did(refusal):
    with pytest.raises(AssertionError, match="refused"):
        assert_only_unanswered([f"failed 1 100.0 {refusal}"], Standstill(True))


def test_a_timeout_is_one_only_with_its_trace():
    lines = ["ok 1 100.0 -", "failed 2 100.5 ServiceUnavailable The Region did not answer. The outcome is unknown"]
    assert_only_unanswered(lines, Standstill(True))
    with pytest.raises(AssertionError, match="nothing stood still"):
        assert_only_unanswered(lines, Standstill(False))
