"""Exit statuses and errors of the command, as the manual's table has them."""

import json

import yaml
from conftest import ROOT, farshore

DATA = ROOT / "test" / "data" / "config"


def test_a_broken_configuration_is_shown_with_its_place_and_exit_78():
    refused = farshore("validate", DATA / "unknown_key.yaml", check=78)
    assert "error[C104]: unknown key `max_lagg` in table `orders`" in refused.stderr
    assert "unknown_key.yaml:10:21" in refused.stderr
    assert refused.stdout == ""


def test_a_good_configuration_is_valid():
    assert "valid" in farshore("validate", ROOT / "examples" / "farshore.yaml", check=0).stdout
    assert "valid" in farshore("validate", "--agent", ROOT / "examples" / "agent.yaml", check=0).stdout


def test_an_absent_file_is_named(tmp_path):
    assert "nothing.yaml" in farshore("validate", tmp_path / "nothing.yaml", check=78).stderr


def test_the_effective_configuration_is_a_configuration(tmp_path):
    example = ROOT / "examples" / "farshore.yaml"
    shown = farshore("config", "view", "--effective", "--config", example, check=0).stdout
    again = tmp_path / "again.yaml"
    again.write_text(shown)
    farshore("validate", again, check=0)
    assert yaml.safe_load(shown)["detect"]["quorum"] == "2 of 3"
    as_json = json.loads(farshore("config", "view", "--config", example, "-o", "json", check=0).stdout)
    assert as_json["app"] == "magento"


def test_usage_errors_are_64_and_suggest():
    refused = farshore("sttaus", check=64)
    assert "did you mean `status`?" in refused.stderr
    farshore("status", "--nonsense", check=64)
    farshore("pause", "--for", "5", "--reason", "x", check=64)


def test_no_controller_is_a_usage_error(tmp_path):
    refused = farshore("status", "--config", tmp_path / "none.yaml", check=False)
    assert refused.returncode in (1, 64)
    assert "none.yaml" in refused.stderr


def test_an_unreachable_controller_is_69(tmp_path):
    token = tmp_path / "token"
    token.write_text("x\n")
    refused = farshore(
        "status", "--controller", "https://127.0.0.1:9", "--token-file", token, "--ca-file", ROOT / "README.md", check=69
    )
    assert "127.0.0.1:9" in refused.stderr
    assert "remedy:" in refused.stderr


def test_help_names_every_exit_status():
    text = farshore("--help", check=0).stdout
    for code in (0, 1, 3, 4, 6, 7, 8, 10, 64, 69, 77, 78):
        assert f"\n  {code:>2}  " in text, code


def test_no_world_is_3(tmp_path):
    refused = farshore("lab", "status", "--dir", tmp_path / "nowhere", check=3)
    assert "farshore lab up" in refused.stderr
    farshore("lab", "down", "--dir", tmp_path / "nowhere", check=0)


def test_a_directory_that_is_no_world_is_left_alone(tmp_path):
    (tmp_path / "w").mkdir()
    precious = tmp_path / "w" / "precious"
    precious.write_text("mine")
    refused = farshore("lab", "up", "--dir", tmp_path / "w", check=False)
    assert refused.returncode != 0
    assert "is no lab world" in refused.stderr
    assert precious.read_text() == "mine"
    assert not (tmp_path / "w" / "credentials").exists()
