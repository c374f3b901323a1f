#!/usr/bin/env python3
"""Runs the contract suite of the AWS adapters against one implementation of AWS's APIs.

contract_tests.py moto               starts moto's server on a free loopback port, in this process
contract_tests.py lab DIRECTORY      a world that `farshore lab up` started; DIRECTORY holds its lab.json

Without this script the test program runs the suite against the lab's services in its own process.

The rest of the command line goes to the test program, e.g. --gtest_filter='Route53*'.
"""

import argparse
import json
import logging
import os
import pathlib
import sys

import exits

ROOT = pathlib.Path(__file__).resolve().parent.parent

# What an implementation cannot do; the tests name the reason when they skip.
MOTO_LACKS = ["global_tables", "signatures", "health_check_version", "caller_references"]


def program() -> pathlib.Path:
    build = pathlib.Path(os.environ.get("FARSHORE_BUILD", ROOT / "build" / "release"))
    return build / "bin" / "aws_contract_cross_test"


def run_suite(settings: dict[str, str], arguments: list[str]) -> int:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment.update({f"FARSHORE_CONTRACT_{name}": value for name, value in settings.items() if value})
    # What it says goes to where ours does; its end is ours.
    process = exits.Process([program(), "--gtest_filter=*Contract*", *arguments], status=(0, 1), env=environment, stdout=sys.stdout, stderr=sys.stderr)
    process.finish(600)
    trouble = process.trouble()
    if trouble:
        print(trouble, file=sys.stderr)
    return 1 if trouble else process.returncode


def against_moto(arguments: list[str]) -> int:
    # Imported here: the lab needs no moto.
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        return run_suite(
            {
                "DYNAMODB_US_EAST_1": url,
                "DYNAMODB_EU_WEST_1": url,
                "ROUTE53": url,
                "LACKS": ",".join(MOTO_LACKS),
            },
            arguments,
        )
    finally:
        server.stop()


def against_lab(directory: pathlib.Path, arguments: list[str]) -> int:
    world = json.loads((directory / "lab.json").read_text())
    # The suite speaks as a controller: its party is not cut off by faults of the two Regions.
    controller = world["controllers"][0]["api"].removeprefix("https://").rsplit(":", 1)[0]
    return run_suite(
        {
            "DYNAMODB_US_EAST_1": world["regions"]["us-east-1"]["dynamodb"],
            "DYNAMODB_EU_WEST_1": world["regions"]["eu-west-1"]["dynamodb"],
            "ROUTE53": world["route53"]["api"],
            "CREDENTIALS": world["credentials"]["file"],
            "SOURCE_ADDRESS": controller,
        },
        arguments,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    kinds.add_parser("moto")
    kinds.add_parser("lab").add_argument("directory", type=pathlib.Path)
    chosen, arguments = parser.parse_known_args()
    if chosen.kind == "moto":
        return against_moto(arguments)
    return against_lab(chosen.directory, arguments)


if __name__ == "__main__":
    sys.exit(main())
