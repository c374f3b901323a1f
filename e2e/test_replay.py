"""What a controller recorded is decided again, by the same policy and by a lazier one."""

import gzip
import json
import pathlib
import re

from conftest import farshore, until


def replayed(*words, check=True):
    return json.loads(farshore("replay", *words, "-o", "json", check=check).stdout)


def test_a_recorded_failover_is_decided_again_and_a_lazier_policy_leaves_it_out(world, processes, tmp_path):
    load = processes.writer(world, world.hosts("us-east-1")[0])
    until(lambda: len(load.lines()) > 20, 30, "traffic flows")
    farshore("lab", "fault", "dynamodb", "us-east-1", "--mode", "timeout", "--dir", world.directory)
    operation = world.wait_operation("failover", outcome="done")

    def recorded():
        told = replayed("--config", world.config)
        return told if any(operation["id"] in line["text"] for line in told["timeline"]) else None

    told = until(recorded, 30, "the failover is in the recording", every=0.5)
    assert told["identical"] and told["difference"] is None and told["judged"] == told["inputs"] > 100, told["difference"]
    assert told["app"] == "magento" and [file["end"] for file in told["files"]] == ["cut"], told["files"]
    lines = [line["text"] for line in told["timeline"]]
    assert "us-east-1 is data_impaired" in lines, " | ".join(lines)
    assert lines.index("us-east-1 is data_impaired") < lines.index("raise epoch 2 in eu-west-1"), lines

    same = replayed("--config", world.config, "--policy", world.config)["other_policy"]
    assert [(each["from"], each["later_ms"], each["refused"]) for each in same] == [("us-east-1", 0, [])], same
    lazier = tmp_path / "lazier.yaml"
    text = pathlib.Path(world.config).read_text()
    assert text.count("unhealthy_for: 1500ms") == 1
    patient = text.replace("unhealthy_for: 1500ms", "unhealthy_for: 30m\n  healthy_for: 30m")
    lazier.write_text(re.sub(r"rto: \w+", "rto: 2h", patient))
    lazy = replayed("--config", world.config, "--policy", lazier)
    assert lazy["identical"], "another policy does not change what was recorded"
    (incident,) = lazy["other_policy"]
    assert incident["recorded"]["to"] == "eu-west-1" and incident["other"] is None and incident["later_ms"] is None
    assert "quorum" in [answer["guard"] for answer in incident["refused"]], incident
    said = farshore("replay", "--config", world.config, "--policy", lazier)
    assert "not at all under the other policy" in said.stdout and "identical: " in said.stdout, said.stdout
    assert "is being written" in said.stderr

    # An unpacked copy, with one line that no controller wrote.
    packed = told["files"][0]["file"]
    with gzip.open(packed) as file:
        whole = []
        try:
            for line in file:
                whole.append(line)
        except EOFError:
            pass  # the controller goes on writing it
    whole[50] = b"{nothing}\n"
    damaged = tmp_path / "damaged.jsonl"
    damaged.write_bytes(b"".join(whole))
    refused = farshore("replay", damaged, check=9)
    assert f"{damaged} is damaged: line 51: " in refused.stderr and "the 50 lines before are used" in refused.stderr, refused.stderr
    assert "49 of 49 inputs were judged" in refused.stdout, refused.stdout
    absent = farshore("replay", tmp_path / "absent.gz", check=64)
    assert "No such file" in absent.stderr
