"""Writes src/aws_model/tables.cc from operations.txt and the service models of the installed botocore.

    python generate.py            write it
    python generate.py --check    exit 1 when the file differs from what would be written
"""

import pathlib
import sys

import botocore
import botocore.loaders

import endpoints
from tables import PROTOCOLS, Tables

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE.parents[1] / "src" / "aws_model" / "tables.cc"
HEAD = """// clang-format off
// Made by tools/aws_model/generate.py from the service models of botocore {version}; do not edit.
// Those models are Copyright Amazon.com, Inc. or its affiliates, licensed under the Apache License, Version 2.0 (NOTICE).
#include "aws_model/model.h"

namespace farshore::aws_model {{
namespace {{

"""


def wanted():
    """(service, operations) of operations.txt, in its order."""
    found = []
    for line in (HERE / "operations.txt").read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line.startswith(" "):
            found[-1][1].extend(line.split())
        else:
            found.append((line.strip(), []))
    return found


def rows(kind, name, lines, enums=()):
    """A constexpr array of rows of numbers; `enums` maps the columns that are enumerations to their types."""
    enums = dict(enums)
    texts = [", ".join(f"{enums[i]}{{{one}}}" if i in enums else str(one) for i, one in enumerate(line)) for line in lines]
    return f"constexpr {kind} {name}[] = {{\n" + "".join(f"    {{{text}}},\n" for text in texts) + "};\n\n"


def text_literal(text):
    """The text as string literals, a line each that ends with one of its words."""
    lines, line = [], ""
    for word in text.split("\0")[:-1]:
        # A digit behind an octal escape would belong to it: three octal digits end it.
        line += word.replace("\\", "\\\\").replace('"', '\\"') + "\\000"
        if len(line) > 110:
            lines.append(line)
            line = ""
    lines.append(line)
    return "constexpr char kText[] =\n" + "\n".join(f'    "{line}"' for line in lines) + ";\n\n"


def main():
    loader = botocore.loaders.Loader()
    tables = Tables()
    partitions = loader.load_data("partitions")
    tables.add_partitions(endpoints.partitions(partitions))
    for service, operations in wanted():
        model = loader.load_service_model(service, "service-2")
        spoken = model["metadata"].get("protocols", [model["metadata"]["protocol"]])
        protocol = next(one for one in spoken if one in PROTOCOLS)
        placed = [one for one in operations if "hostPrefix" in model["operations"][one].get("endpoint", {})]
        if placed:
            sys.exit(f"{service}: {', '.join(placed)}: a host of its own for each request is not supported (aws_model/endpoint.h)")
        tables.add_service(service, protocol, model, sorted(operations))
        tables.add_endpoints(endpoints.rows_of(loader.load_service_model(service, "endpoint-rule-set-1"), partitions))
    out = HEAD.format(version=botocore.__version__)
    out += text_literal(tables.text)
    out += rows("Shape", "kShapes", tables.shapes, {0: "Kind"})
    out += rows("Member", "kMembers", tables.members, {3: "Place", 5: "TimeForm"})
    out += rows("Operation", "kOperations", tables.operations)
    out += rows("ErrorRow", "kErrors", tables.errors)
    out += rows("Service", "kServices", tables.services, {2: "Protocol"})
    out += rows("Partition", "kPartitions", tables.partitions)
    out += rows("RegionBeginning", "kBeginnings", tables.beginnings)
    out += rows("EndpointRow", "kEndpoints", tables.endpoints)
    out += "}  // namespace\n\nconst Model& model() {\n"
    out += "    static constexpr Model kModel{{kText, sizeof kText - 1}, kShapes, kMembers, kOperations, kErrors, kServices, {}, kPartitions, kBeginnings, kEndpoints};\n"
    out += "    return kModel;\n}\n\n}  // namespace farshore::aws_model\n"
    if sys.argv[1:] == ["--check"]:
        if TARGET.read_text() != out:
            sys.exit(f"{TARGET.name} is not what {HERE.name}/generate.py makes of operations.txt and botocore {botocore.__version__}")
        return
    TARGET.write_text(out)


if __name__ == "__main__":
    main()
