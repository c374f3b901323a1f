#!/usr/bin/env python3
"""Writes tools/requirements*.txt from tools/requirements*.in: every package with version and hashes."""

import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def pin(wanted: pathlib.Path) -> None:
    report = subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed",
            "--only-binary", ":all:", "--report", "-", "-r", str(wanted),
        ],
        check=True, capture_output=True, text=True,
    ).stdout
    lines = []
    for package in json.loads(report)["install"]:
        name = package["metadata"]["name"]
        version = package["metadata"]["version"]
        digest = package["download_info"]["archive_info"]["hashes"]["sha256"]
        lines.append(f"{name}=={version} --hash=sha256:{digest}\n")
    header = f"# Made by tools/pin_requirements.py from {wanted.name}, for CPython 3.11 on Linux x86-64.\n"
    wanted.with_suffix(".txt").write_text(header + "".join(sorted(lines, key=str.lower)))


def main() -> int:
    for wanted in sorted(HERE.glob("requirements*.in")):
        pin(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
