"""The JSON Schemas for editors agree with the loader: the same files are good, and the same are not."""

import json
import pathlib

import jsonschema
import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "test" / "data" / "config"


def schema(name: str) -> dict:
    document = json.loads((ROOT / "schema" / name).read_text())
    jsonschema.Draft7Validator.check_schema(document)
    return document


SCHEMAS = {False: schema("farshore.schema.json"), True: schema("agent.schema.json")}

# What a schema cannot see: the text itself (duplicates, tabs, quotes), other files, values that must fit together.
BEYOND_A_SCHEMA = {
    "agent_same_port", "agent_verify_without_witness", "alias", "auto_without_witness", "duplicate_key", "duplicate_region",
    "no_environment", "no_file", "no_majority", "not_yaml", "open_quote",
    "open_quote_to_the_end", "plain_secret", "short_lease", "tab", "timing", "two_preferred",
    # YAML 1.1 readers take `yes` for true; the loader does not.
    "yes_for_true",
}  # fmt: skip


def problems(path: pathlib.Path, agent: bool) -> list[str]:
    document = yaml.safe_load(path.read_text())
    return [error.message for error in jsonschema.Draft7Validator(SCHEMAS[agent]).iter_errors(document)]


@pytest.mark.parametrize("name", ["farshore.yaml", "agent.yaml"])
def test_the_documented_examples_are_valid(name):
    assert problems(ROOT / "examples" / name, name == "agent.yaml") == []


WITHIN_A_SCHEMA = [path for path in sorted(DATA.glob("*.yaml")) if path.stem not in BEYOND_A_SCHEMA]


@pytest.mark.parametrize("path", WITHIN_A_SCHEMA, ids=lambda path: path.stem)
def test_what_the_loader_refuses_the_schema_refuses(path):
    expected_good = "error[" not in path.with_suffix(".txt").read_text()
    assert (problems(path, path.stem.startswith("agent")) == []) == expected_good


@pytest.mark.parametrize("name", ["farshore.schema.json", "agent.schema.json"])
def test_schemas_close_every_object(name):
    def walk(node, path):
        if isinstance(node, dict):
            if node.get("type") == "object":
                assert "additionalProperties" in node, path
            for key, value in node.items():
                walk(value, f"{path}/{key}")
        elif isinstance(node, list):
            for index, value in enumerate(node):
                walk(value, f"{path}/{index}")

    walk(schema(name), name)
