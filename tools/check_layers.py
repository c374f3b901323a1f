#!/usr/bin/env python3
"""Checks the promises of ARCHITECTURE.md: who includes whom, a core without clocks, threads and
sockets, bugs that only the simulator plants, and a map that names every folder and says of each what
this script says.

  tools/check_layers.py [--build BUILD_DIRECTORY]

Exit code 0 when all hold, 1 with one line for each finding otherwise.
"""

import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SRC = ROOT / "src"

# Folder -> folders of src it may include. A folder may always include itself. The longest match counts.
MAY_INCLUDE = {
    "base": [],
    "core": ["base"],
    "ports": ["base", "core"],
    "runtime": ["base", "core", "ports"],
    "wire": ["base", "core"],
    "http1": ["base"],
    "sigv4": ["base"],
    "sqlite": ["base"],
    "aws_model": ["base"],
    "adapters": ["base", "core", "wire", "ports", "runtime", "http1", "sigv4", "sqlite", "aws_model"],
    "dataplane": ["base", "core/evidence", "core/host", "core/lease", "core/loss", "http1", "sigv4", "ports"],
    "agent": ["base", "core", "wire", "ports", "runtime", "http1", "sigv4", "sqlite", "aws_model", "adapters", "dataplane"],
    "controller": ["base", "core", "wire", "ports", "runtime", "http1", "sigv4", "sqlite", "aws_model", "adapters", "dataplane"],
    "drill": ["base", "core", "wire", "ports"],
    "lab": ["base", "wire", "sigv4", "sqlite", "adapters/net", "adapters/system", "ports/clock.h"],
    "sim": ["base", "core", "ports", "runtime"],
    "cli": ["base", "core", "wire", "ports", "runtime", "http1", "sigv4", "sqlite", "aws_model", "adapters", "dataplane", "agent",
            "controller", "drill", "lab", "sim"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')

# What a pure core cannot link against: clocks, threads, sockets, files, randomness.
FORBIDDEN_IN_CORE = re.compile(
    r"\b(clock_gettime|gettimeofday|time|nanosleep|pthread_create|socket|connect|bind|sendto|recvfrom|open|read|write|"
    r"fopen|getrandom|rand|random|_ZNSt6chrono3_V212(system|steady)_clock3nowEv|_ZNSt13random_device\w*|_ZNSt6thread\w*)(@|$)")


def allowed(folder: str, included: str) -> bool:
    names = [folder] + MAY_INCLUDE[folder]
    return any(included == name or included.startswith(name + "/") for name in names)


def check_includes(src: pathlib.Path = SRC) -> list[str]:
    findings = []
    for path in sorted(src.rglob("*")):
        if path.suffix not in (".h", ".cc") or path.name.endswith("_test.cc"):
            continue
        folder = path.relative_to(src).parts[0]
        where = path.relative_to(src.parent)
        if folder not in MAY_INCLUDE:
            findings.append(f"{where}: folder {folder} is not in the table of {pathlib.Path(__file__).name}")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if match and (src / match[1]).exists() and not allowed(folder, match[1]):
                findings.append(f"{where}:{number}: {folder} may not include {match[1]}")
            if match and not (src / match[1]).exists():
                findings.append(f"{where}:{number}: no such header below src: {match[1]}")
            if folder in ("base", "core", "http1", "ports", "runtime") and re.match(r"\s*#\s*include\s+<(boost|sys/|netinet|pthread|thread|mutex|fmt|spdlog)", line):
                findings.append(f"{where}:{number}: {folder} stays free of {line.strip()}")
    return findings


def check_plants(src: pathlib.Path = SRC) -> list[str]:
    """No program but the simulator's plants a bug (src/core/planted.h)."""
    allowed_in = ("sim/planted_world.h", "core/planted.h")
    return [
        f"{path.relative_to(src.parent)}: only src/sim/planted_world.h may set planted_bug"
        for path in sorted(src.rglob("*"))
        if path.suffix in (".h", ".cc") and not path.name.endswith("_test.cc")
        and not str(path.relative_to(src)).startswith(allowed_in)
        and re.search(r"\bplanted_bug\b", path.read_text())
    ]


def check_core_symbols(build: pathlib.Path) -> list[str]:
    library = build / "libfarshore_core.a"
    if not library.exists():
        return [f"{library}: not built; run ./dev build first"]
    listing = subprocess.run(["nm", "--undefined-only", "--format=posix", str(library)], capture_output=True, text=True, check=True)
    findings = []
    for line in listing.stdout.splitlines():
        symbol = line.split()[0] if line.split() else ""
        if FORBIDDEN_IN_CORE.search(symbol):
            findings.append(f"src/core: links against {symbol}: the core has no clock, thread, socket, file or randomness of its own")
    return findings


def column_of(words: str, above: list[str]) -> list[str]:
    """The map's words for what a folder may include; `above`: the folders of the rows above it."""
    words = words.strip()
    if words == "standard library":
        return []
    if match := re.fullmatch(r"all above(?: but (.+))?", words):
        without = re.split(r", | and ", match[1]) if match[1] else []
        return [folder for folder in above if folder not in without]
    return [word.strip().strip("`") for word in words.split(",")]


def check_column(text: str) -> list[str]:
    """The column "may include" of the map says what MAY_INCLUDE says."""
    findings, above = [], []
    for folder, words in re.findall(r"^\| `src/([a-z0-9_]+)` \|.*\| ([^|]*) \|$", text, re.M):
        told = column_of(words, above)
        if sorted(told) != sorted(MAY_INCLUDE.get(folder, [])):
            findings.append(f"ARCHITECTURE.md: src/{folder} may include {', '.join(told) or 'nothing'}, says the map; "
                            f"{', '.join(MAY_INCLUDE.get(folder, [])) or 'nothing'}, says {pathlib.Path(__file__).name}")
        above.append(folder)
    findings += [f"ARCHITECTURE.md: the map has no row for src/{folder}" for folder in MAY_INCLUDE if folder not in above]
    return findings


def check_map() -> list[str]:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    findings = check_column(text)
    folders = {f"src/{path.name}" for path in SRC.iterdir() if path.is_dir()}
    for group in ("core", "adapters", "lab"):
        folders |= {f"src/{group}/{path.name}" for path in (SRC / group).iterdir() if path.is_dir()}
    for folder in sorted(folders):
        if f"`{folder}`" not in text:
            findings.append(f"ARCHITECTURE.md: the map does not name {folder}")
    for named in sorted(set(re.findall(r"`(src/[a-z0-9_/]+)`", text))):
        if not (ROOT / named).is_dir():
            findings.append(f"ARCHITECTURE.md: names {named}, which does not exist")
    return findings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    options = parser.parse_args()
    findings = check_includes() + check_plants() + check_core_symbols(options.build) + check_map()
    for finding in findings:
        print(finding)
    print(f"layers: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
