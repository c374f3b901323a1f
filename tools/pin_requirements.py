#!/usr/bin/env python3
"""Writes tools/requirements.txt from tools/requirements.in: every package with version and hashes."""

import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main() -> int:
    report = subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed",
            "--only-binary", ":all:", "--report", "-", "-r", str(HERE / "requirements.in"),
        ],
        check=True, capture_output=True, text=True,
    ).stdout
    lines = []
    for package in json.loads(report)["install"]:
        name = package["metadata"]["name"]
        version = package["metadata"]["version"]
        digest = package["download_info"]["archive_info"]["hashes"]["sha256"]
        lines.append(f"{name}=={version} --hash=sha256:{digest}\n")
    header = "# Made by tools/pin_requirements.py from requirements.in, for CPython 3.11 on Linux x86-64.\n"
    (HERE / "requirements.txt").write_text(header + "".join(sorted(lines, key=str.lower)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
