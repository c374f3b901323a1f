"""The JSON Schemas for editors agree with the loader: what one accepts the other accepts, and the same for what they refuse."""

import copy
import json
import os
import pathlib
import re

import exits
import jsonschema
import pytest
import yaml
from built import must_be_built

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "test" / "data" / "config"
FARSHORE = pathlib.Path(os.environ.get("FARSHORE_BUILD", ROOT / "build" / "release")) / "bin" / "farshore"

pytestmark = pytest.mark.skipif(not must_be_built(FARSHORE), reason=f"{FARSHORE} is not built")

# What a schema cannot see, by the loader's codes.
BEYOND_A_SCHEMA = {
    "C102": "a quote that stays open", "C103": "a key written twice", "C107": "anchors, tags, several documents",
    "C109": "the range of a duration", "C111": "a secret in the clear", "C112": "what ${…} stands for",
    **{f"C{number}": "values that must fit together" for number in range(201, 230)}, "C234": "values that must fit together", "C236": "values that must fit together",
    "C252": "what a step may say beside another of its values", "C253": "what an automatic failover must not depend on", "C254": "what a call is",
}  # fmt: skip
# The schema sees these, too: a rule of several values in the loader, a bound of one list in the schema.
IN_BOTH = {"C201", "C213", "C220"}


class Yaml12(yaml.SafeLoader):
    """As editors read: only `true` and `false` are booleans."""


Yaml12.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
Yaml12.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))
Yaml12.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+\.[0-9]+$"), list("-+0123456789"))


class Yaml12Writer(yaml.SafeDumper):
    """Its quotes are those that a YAML 1.2 reader needs, and more."""


Yaml12Writer.add_representer(str, lambda writer, text: writer.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def schema(name):
    document = json.loads((ROOT / "schema" / name).read_text())
    jsonschema.Draft7Validator.check_schema(document)
    return document


SCHEMAS = {False: schema("farshore.schema.json"), True: schema("agent.schema.json")}
VALIDATORS = {agent: jsonschema.Draft7Validator(document) for agent, document in SCHEMAS.items()}


def refused_by_the_schema(document, agent):
    return [f"{list(error.absolute_path)}: {error.message}" for error in VALIDATORS[agent].iter_errors(document)]


def refused_by_the_loader(paths, agent):
    """file -> the codes of its errors."""
    found = {str(path): set() for path in paths}
    for start in range(0, len(paths), 200):
        words = [str(FARSHORE), "validate", "-o", "json", *(["--agent"] if agent else []), *map(str, paths[start : start + 200])]
        done = exits.run(*words, status=(0, 78), timeout=300)
        for problem in json.loads(done.stdout)["problems"]:
            if problem["severity"] == "error":
                found[problem["file"]].add(problem["code"])
    return found


def assert_agree(name, codes, by_schema):
    visible = codes - (set(BEYOND_A_SCHEMA) - IN_BOTH)
    if codes and not visible:
        return  # the schema may see it or not
    assert bool(visible) == bool(by_schema), f"{name}: loader {sorted(codes) or 'accepts'}, schema {by_schema or 'accepts'}"


@pytest.mark.parametrize("agent", [False, True], ids=["farshore.yaml", "agent.yaml"])
def test_both_read_each_file_of_the_loaders_tests_alike(agent):
    paths = [path for path in sorted(DATA.glob("*.yaml")) if path.stem.startswith("agent") == agent]
    paths.append(ROOT / "examples" / ("agent.yaml" if agent else "farshore.yaml"))
    codes = refused_by_the_loader(paths, agent)
    for path in paths:
        found = codes[str(path)]
        try:
            document = yaml.load(path.read_text(), Yaml12)
        except yaml.YAMLError:
            assert found, f"{path.name}: no YAML, and the loader reads it"
            continue
        assert_agree(path.name, found, refused_by_the_schema(document, agent))


VALUES = [
    "", "x", "a b", 0, 1, -1, 5, 70000, 1.5, True, False, "true", [], ["x"], [1], {}, {"x": 1}, None, "500ms", "1", "5", "1.5s", "s", "5 s", "99999999999s",
    "https://", "https://a b", "https://a#b", "http://x", "ftp://x", "2 of 3", "0 of 9", "2of3", " 2 of 3", "2 of 3 ", "2  of 3", "+2 of 3", "02 of 03", "100 of 199",
    "us-east-1", "mars", "us-east", "US-EAST-1", "127.0.0.1:80", "127.0.0.1:99999", "127.0.0.1", "256.1.1.1:80", "01.1.1.1:80", "127.0.0.1:080", "localhost:80",
    "http://u@h:1", "http://:4566", "http://h:99999", "http://h:080", "http://[::1]:4566", "https://[::1]", "http://h:4566/prefix", "https://h/p?x=/y", "https://h/%zz", "http://::1:80",
    "[::1]:80", "[::1]", "::1", "a/b", "a=b,c", "a#b", "..", "-x", "h.example.", "a" * 300, "h\u00f6st", ["127.0.0.1:53", "[::1]:53"], ["127.0.0.1:0"],
    "/path", "./path", "path", "off", "auto", "observe", "approve", "verify", "keep", "repoint", "health-state",
]  # fmt: skip


def places_in(document_schema, root, path=()):
    """Every key that the schema knows, as a path; a list is entered at its first item, a map of names at its first name."""
    if "$ref" in document_schema:
        document_schema = root["definitions"][document_schema["$ref"].rsplit("/", 1)[1]]
    for choice in document_schema.get("anyOf", []):
        yield from places_in(choice, root, path)
    for key, below in document_schema.get("properties", {}).items():
        yield (*path, key)
        yield from places_in(below, root, (*path, key))
    if isinstance(document_schema.get("items"), dict):
        yield (*path, 0)
        yield from places_in(document_schema["items"], root, (*path, 0))
    if isinstance(document_schema.get("additionalProperties"), dict):
        yield (*path, "us-east-1")
        yield from places_in(document_schema["additionalProperties"], root, (*path, "us-east-1"))


def changed(document, path, value):
    """None: the path cannot be made there."""
    document = copy.deepcopy(document)
    at = document
    for step, following in zip(path, path[1:], strict=False):
        if isinstance(step, int):
            if not at:
                at.append({} if isinstance(following, str) else [])
        elif at.get(step) is None:
            at[step] = [] if isinstance(following, int) else {}
        at = at[step]
    if isinstance(path[-1], int):
        at[:1] = [value]
    else:
        at[path[-1]] = value
    return document


@pytest.mark.parametrize("agent", [False, True], ids=["farshore.yaml", "agent.yaml"])
def test_both_read_each_value_of_each_key_alike(tmp_path, agent):
    good = yaml.load((DATA / ("agent_good.yaml" if agent else "good.yaml")).read_text(), Yaml12)
    places = sorted(set(places_in(SCHEMAS[agent], SCHEMAS[agent])), key=str)
    assert len(places) > (40 if agent else 70), "every key of the schema is tried"
    documents = {}
    for path in places:
        for value in VALUES:
            documents[tmp_path / f"{len(documents)}.yaml"] = (path, value, changed(good, path, value))
    for file, (_, _, document) in documents.items():
        file.write_text(yaml.dump(document, Dumper=Yaml12Writer))
    codes = refused_by_the_loader(list(documents), agent)
    mismatches = []
    for file, (path, value, document) in documents.items():
        # A schema sees no text where YAML reads a number: nothing of a name's form.
        found = codes[str(file)] if isinstance(value, str) else codes[str(file)] - {"C115"}
        if not found and codes[str(file)]:
            continue
        try:
            assert_agree(f"{'.'.join(map(str, path))}: {value!r}", found, refused_by_the_schema(document, agent))
        except AssertionError as error:
            mismatches.append(str(error).splitlines()[0])
    assert not mismatches, f"{len(mismatches)} of {len(documents)}:\n" + "\n".join(mismatches[:60])


SUBSTITUTED = {
    ("detect", "early"): "true", ("decide", "mode"): "observe", ("fence", "on_controller_loss"): "keep", ("switchover", "drain_attempts"): "7",
    ("detect", "probe_every"): "400ms", ("detect", "quorum"): "2 of 3", ("detect", "control_target"): "https://example.com/", ("app",): "storefront",
    ("verify", "path"): "/healthz", ("agents", 0): "web-1", ("tables", 0, "name"): "orders",
    ("witness", "region"): "us-east-2", ("controller", "listen"): "127.0.0.1:8640", ("traffic", "route53", "mechanism"): "health-state",
    ("levers", "region_lost", 0): "shift", ("regions", "us-east-1", "preferred"): "true",
}  # fmt: skip


@pytest.mark.parametrize("quotes", ["", '"'], ids=["plain", "quoted"])
@pytest.mark.parametrize("path", SUBSTITUTED, ids=lambda path: ".".join(map(str, path)))
def test_a_substitution_may_stand_for_any_value(tmp_path, monkeypatch, path, quotes):
    monkeypatch.setenv("FARSHORE_TEST_VALUE", SUBSTITUTED[path])
    good = yaml.load((DATA / "good.yaml").read_text(), Yaml12)
    document = changed(good, path, "${env:FARSHORE_TEST_VALUE}")
    assert refused_by_the_schema(document, False) == []
    file = tmp_path / "substituted.yaml"
    file.write_text(yaml.dump(document, Dumper=Yaml12Writer, default_flow_style=False).replace('"${env:FARSHORE_TEST_VALUE}"', quotes + "${env:FARSHORE_TEST_VALUE}" + quotes))
    assert refused_by_the_loader([file], False) == {str(file): set()}


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
