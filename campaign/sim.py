"""Thousands of generated worlds of the simulation, with every invariant watched, on all cores.

A world is a function of its seed, so the result does not depend on the machine. Prints how each violation is played again
and, at the end, the sums. Exit status: 0 every invariant held, 1 one was broken.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

PROGRAM = pathlib.Path(os.environ["FARSHORE_BUILD"]) / "bin" / "farshore-sim"
# Worlds of one process: few enough that the cores end together.
SLICE = 50
SUMS = {
    "worlds": r"(\d+) worlds, ",
    "hours": r"worlds, (\d+) simulated hours",
    "of them quiet and skipped": r"\((\d+) of them quiet",
    "operations": r"^(\d+) operations, ",
    "operations done": r"operations, (\d+) done",
    "automatic failovers": r"(\d+) automatic failovers",
    "worlds that broke an invariant": r"(\d+) worlds broke",
}


def play(first, count, hours):
    """Sums of these worlds, the lines that tell violations, and the rows of tables that none of them took."""
    done = subprocess.run(
        [PROGRAM, "--first", str(first), "--seeds", str(count), "--hours", str(hours)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )
    sums = {name: re.search(pattern, done.stdout, re.MULTILINE) for name, pattern in SUMS.items()}
    if done.returncode not in (0, 1) or not all(sums.values()):
        raise RuntimeError(f"farshore-sim --first {first} --seeds {count} ended with {done.returncode}:\n{done.stdout[-2000:]}")
    told = [line for line in done.stdout.splitlines() if re.match(r"seed |  replay:", line)]
    never = {line.removeprefix("never taken: ") for line in done.stdout.splitlines() if line.startswith("never taken: ")}
    return {name: int(match[1]) for name, match in sums.items()}, told, never


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="./dev campaign sim")
    parser.add_argument("--seeds", type=int, default=10_000, help="how many worlds (default 10000)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (default 1)")
    parser.add_argument("--hours", type=float, default=4, help="simulated hours of each (default 4)")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="processes at a time (default: the cores)")
    options = parser.parse_args()
    started, totals, never = time.monotonic(), dict.fromkeys(SUMS, 0), None
    end = options.first + options.seeds
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        slices = [pool.submit(play, first, min(SLICE, end - first), options.hours) for first in range(options.first, end, SLICE)]
        for done in concurrent.futures.as_completed(slices):
            try:
                sums, told, missing = done.result()
            except Exception:
                pool.shutdown(cancel_futures=True)
                raise
            for name, value in sums.items():
                totals[name] += value
            never = missing if never is None else never & missing
            print(*told, sep="\n", end="\n" if told else "", flush=True)
            print(f"\r{totals['worlds']} of {options.seeds} worlds", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for row in sorted(never):
        print(f"never taken: {row}")
    print(", ".join(f"{value} {name}" for name, value in totals.items()) + f"; {time.monotonic() - started:.0f} s")
    return 1 if totals["worlds that broke an invariant"] else 0


if __name__ == "__main__":
    sys.exit(main())
