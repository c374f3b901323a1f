"""The agent's table of DynamoDB's operations names each that the service has: a new one is classed by a person, not by its name."""

import pathlib

import botocore.session

LISTED = pathlib.Path(__file__).resolve().parents[1] / "data" / "dynamodb_operations.txt"


def test_every_operation_of_the_service_model_is_listed():
    model = botocore.session.get_session().get_service_model("dynamodb")
    listed = [line.split()[1] for line in LISTED.read_text().splitlines() if not line.startswith("#")]
    assert sorted(listed) == sorted(model.operation_names)
    discovery = model.endpoint_discovery_operation.name
    assert f"discovery {discovery}" in LISTED.read_text().splitlines()
