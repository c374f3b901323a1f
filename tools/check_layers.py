#!/usr/bin/env python3
"""Checks the promises of ARCHITECTURE.md: who includes whom, a core without clocks, threads and
sockets, and a map that names every folder.

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
    "sigv4": ["base"],
    "sqlite": ["base"],
    "adapters": ["base", "core", "wire", "ports", "runtime", "sigv4", "sqlite"],
    "dataplane": ["base", "core/host", "core/lease", "sigv4", "ports"],
    "agent": ["base", "core", "wire", "ports", "runtime", "sigv4", "sqlite", "adapters", "dataplane"],
    "controller": ["base", "core", "wire", "ports", "runtime", "sigv4", "sqlite", "adapters", "dataplane"],
    "drill": ["base", "core", "wire", "ports"],
    "lab": ["base", "wire", "sigv4", "sqlite", "adapters/net", "ports/clock.h"],
    "sim": ["base", "core", "wire", "ports", "runtime", "drill"],
    "cli": ["base", "core", "wire", "ports", "runtime", "sigv4", "sqlite", "adapters", "dataplane", "agent",
            "controller", "drill", "lab", "sim"],
}

# Exceptions: file -> folder, with the reason.
ALSO = {
    # The lab's processes need the system's clock and log like every other process.
    "lab": ["adapters/system"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')

# What a pure core cannot link against: clocks, threads, sockets, files, randomness.
FORBIDDEN_IN_CORE = re.compile(
    r"\b(clock_gettime|gettimeofday|time|nanosleep|pthread_create|socket|connect|bind|sendto|recvfrom|open|read|write|"
    r"fopen|getrandom|rand|random|_ZNSt6chrono3_V212(system|steady)_clock3nowEv|_ZNSt13random_device\w*|_ZNSt6thread\w*)(@|$)")


def top_folder(path: pathlib.Path) -> str:
    return path.relative_to(SRC).parts[0]


def allowed(folder: str, included: str) -> bool:
    names = [folder] + MAY_INCLUDE[folder] + ALSO.get(folder, [])
    return any(included == name or included.startswith(name + "/") for name in names)


def check_includes() -> list[str]:
    findings = []
    for path in sorted(SRC.rglob("*")):
        if path.suffix not in (".h", ".cc") or path.name.endswith("_test.cc"):
            continue
        folder = top_folder(path)
        if folder not in MAY_INCLUDE:
            findings.append(f"{path.relative_to(ROOT)}: folder {folder} is not in the table of {pathlib.Path(__file__).name}")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if match and (SRC / match[1]).exists() and not allowed(folder, match[1]):
                findings.append(f"{path.relative_to(ROOT)}:{number}: {folder} may not include {match[1]}")
            if match and not (SRC / match[1]).exists():
                findings.append(f"{path.relative_to(ROOT)}:{number}: no such header below src: {match[1]}")
            if folder in ("base", "core", "ports", "runtime") and re.match(r"\s*#\s*include\s+<(boost|sys/|netinet|pthread|thread|mutex|fmt|spdlog)", line):
                findings.append(f"{path.relative_to(ROOT)}:{number}: {folder} stays free of {line.strip()}")
    return findings


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


def check_map() -> list[str]:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    findings = []
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
    findings = check_includes() + check_core_symbols(options.build) + check_map()
    for finding in findings:
        print(finding)
    print(f"layers: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
