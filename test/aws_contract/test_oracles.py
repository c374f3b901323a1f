"""Independent judges of the AWS adapters: moto's server, botocore's signer and botocore's service models."""

import json
import os
import pathlib
import random
import sys
import urllib.parse
import xml.etree.ElementTree

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.session
import botocore.validate
import exits
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("FARSHORE_BUILD", ROOT / "build" / "release")) / "bin" / "aws_contract_cross_test"


def run_program(test: str, **environment: str) -> str:
    done = exits.run(PROGRAM, f"--gtest_filter={test}", env=os.environ | environment, timeout=120)
    assert "SKIPPED" not in done.stdout and "0 tests" not in done.stdout, done.stdout
    return done.stdout


def test_moto_accepts_what_the_adapters_send():
    done = exits.run(
        sys.executable, ROOT / "tools" / "contract_tests.py", "moto", env=os.environ | {"FARSHORE_BUILD": str(PROGRAM.parents[1])}
    )
    assert "[  PASSED  ]" in done.stdout and "[  PASSED  ] 0 tests" not in done.stdout, done.stdout


# --- signatures ----------------------------------------------------------------------------------------

TEXT = "abcXYZ019-_.~ !\"#$%&'()*+,/:;<=>?@[]^`{|}äß☃\U0001f600"


def word(rng: random.Random, longest: int) -> str:
    return "".join(rng.choice(TEXT) for _ in range(rng.randint(0, longest)))


def random_request(rng: random.Random) -> tuple[str, str, dict[str, str], str]:
    segments = [rng.choice([word(rng, 6), "", ".", "..", "plain"]) for _ in range(rng.randint(0, 5))]
    # RFC 3986 turns "/a/." into "/a/", botocore into "/a": no case that both agree on.
    segments.append(rng.choice(["", "last"]))
    path = "/" + "/".join(urllib.parse.quote(segment, safe=rng.choice(["-_.~", "-_.~:@!$&()*,;="])) for segment in segments)
    parameters = [(word(rng, 5), word(rng, 5)) for _ in range(rng.randint(0, 4))]
    query = "&".join(f"{urllib.parse.quote(n, safe='-_.~')}={urllib.parse.quote(v, safe='-_.~')}" for n, v in parameters)
    host = rng.choice(["dynamodb.us-east-1.amazonaws.com", "127.0.0.1:8000", "example.com"])
    headers = {}
    for name in rng.sample(["Content-Type", "X-Amz-Target", "x-amz-meta-a", "X-Custom", "Accept"], rng.randint(0, 4)):
        blanks = " " * rng.randint(0, 3)
        headers[name] = blanks.join(["", "a", rng.choice(["b", '"b  c"', "text/xml; q=1"]), ""]) or "x"
    return f"http://{host}{path}" + (f"?{query}" if query else ""), query, headers, path


def signed_case(rng: random.Random) -> dict:
    url, query, headers, path = random_request(rng)
    method = rng.choice(["GET", "POST", "PUT", "DELETE"])
    body = "" if method == "GET" else word(rng, 200)
    keys = botocore.credentials.Credentials("AKID" + str(rng.randint(0, 3)), word(rng, 40) or "secret", rng.choice([None, "to/k+en=="]))
    region, service = rng.choice(["us-east-1", "eu-west-1"]), rng.choice(["dynamodb", "route53"])
    request = botocore.awsrequest.AWSRequest(method=method, url=url, headers=headers, data=body.encode())
    botocore.auth.SigV4Auth(keys, service, region).add_auth(request)
    authorization = request.headers["Authorization"]
    listed = authorization.split("SignedHeaders=")[1].split(",")[0].split(";")
    values = [[name, urllib.parse.urlsplit(url).netloc if name == "host" else request.headers[name]] for name in listed]
    rng.shuffle(values)
    return {
        "method": method, "path": path, "query": query, "headers": values, "body": body,
        "access_key": keys.access_key, "secret_key": keys.secret_key, "token": keys.token or "",
        "region": region, "service": service, "authorization": authorization,
    }


def test_botocore_signs_random_requests_as_we_do(tmp_path):
    seed = int(os.environ.get("FARSHORE_SEED", random.SystemRandom().randint(0, 2**32)))
    rng = random.Random(seed)
    cases = tmp_path / "cases.json"
    cases.write_text(json.dumps([signed_case(rng) for _ in range(500)]))
    try:
        run_program("Oracle.BotocoreSignsAsWeDo", FARSHORE_SIGV4_CASES=str(cases))
    except AssertionError as error:
        raise AssertionError(f"replay with FARSHORE_SEED={seed}\n{error}") from None


# --- shapes of requests --------------------------------------------------------------------------------

NAMESPACE = "{https://route53.amazonaws.com/doc/2013-04-01/}"


def from_xml(element, shape):
    """An XML element as botocore would have been given it. Unknown elements and wrong order fail."""
    if shape.type_name == "structure":
        names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        tags = [child.tag.removeprefix(NAMESPACE) for child in element]
        assert all(child.tag.startswith(NAMESPACE) for child in element), "an element outside the namespace"
        unknown = [tag for tag in tags if tag not in names]
        assert not unknown, f"{shape.name} has no {unknown}"
        order = [tag for tag in names if tag in tags]
        assert tags == order, f"{shape.name} holds {tags}, the service's order is {order}"
        return {names[tag]: from_xml(child, shape.members[names[tag]]) for tag, child in zip(tags, element)}
    if shape.type_name == "list":
        entry = shape.member.serialization.get("name", "member")
        assert all(child.tag == NAMESPACE + entry for child in element), f"{shape.name} holds {entry} only"
        return [from_xml(child, shape.member) for child in element]
    text = element.text or ""
    if shape.type_name in ("integer", "long"):
        return int(text)
    if shape.type_name == "boolean":
        return {"true": True, "false": False}[text]
    return text


def check_enums(value, shape, where=""):
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, inner in value.items():
            check_enums(inner, shape.members[name], f"{where}.{name}")
    elif shape.type_name == "list":
        for inner in value:
            check_enums(inner, shape.member, where)
    elif shape.type_name == "string" and shape.enum:
        assert value in shape.enum, f"{where}: {value}"


def parameters_of(service: str, operation, body: str) -> dict:
    if service == "dynamodb":
        return json.loads(body)
    root = xml.etree.ElementTree.fromstring(body)
    shape = operation.input_shape
    assert root.tag == f"{NAMESPACE}{operation.name}Request", root.tag
    in_path = [n for n, m in shape.members.items() if m.serialization.get("location") in ("uri", "querystring", "header")]
    return from_xml(root, shape) | {name: "x" for name in in_path}


@pytest.fixture(scope="module")
def dumped(tmp_path_factory):
    directory = tmp_path_factory.mktemp("requests")
    run_program("RequestDump.*", FARSHORE_REQUEST_DUMP=str(directory))
    files = sorted(directory.iterdir())
    assert len(files) > 25
    return files


def test_every_request_body_fits_the_service_model(dumped):
    session = botocore.session.get_session()
    for file in dumped:
        service, name, _ = file.name.split(".")
        operation = session.get_service_model(service).operation_model(name)
        parameters = parameters_of(service, operation, file.read_text())
        report = botocore.validate.ParamValidator().validate(parameters, operation.input_shape)
        assert not report.has_errors(), f"{file.name}: {report.generate_report()}"
        check_enums(parameters, operation.input_shape, name)


def test_a_wrong_body_does_not_fit_the_service_model():
    """The judge itself: a misspelt member and a wrong order are seen."""
    session = botocore.session.get_session()
    shape = session.get_service_model("route53").operation_model("CreateHostedZone").input_shape
    wrong = f'<CreateHostedZoneRequest xmlns="{NAMESPACE[1:-1]}"><CallerReference>r</CallerReference><Name>n</Name></CreateHostedZoneRequest>'
    with pytest.raises(AssertionError, match="order"):
        from_xml(xml.etree.ElementTree.fromstring(wrong), shape)
    with pytest.raises(AssertionError, match="has no"):
        from_xml(xml.etree.ElementTree.fromstring(wrong.replace("Name>", "Nmae>")), shape)
    get = session.get_service_model("dynamodb").operation_model("GetItem").input_shape
    assert botocore.validate.ParamValidator().validate({"TableName": "t", "Keys": {}}, get).has_errors()
