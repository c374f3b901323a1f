"""Fleet steps in plans of real programs: hosts without an agent by SSM, and a group's capacity, at moto; a service and a function at MiniStack."""

import contextlib
import io
import json
import zipfile

import pytest
from conftest import World, farshore, until
from fleet_cloud import FleetCloud
from ministack import MiniStack
from test_steps import op, state, with_steps

# What an operator would have run on a host: write what processes read, and prove that it is in effect.
SCRIPT = """
        printf 'AWS_REGION=%s\\n' "$FARSHORE_TO" > environment
        grep -q "AWS_REGION=$FARSHORE_TO" environment || exit 1
        echo "$INSTANCE epoch $FARSHORE_EPOCH_AFTER" >> runs
        [ ! -e broken ] || { echo "no space left" >&2; exit 7; }
"""
TAGS = {"App": "Magento", "Environment": "Production"}


@pytest.fixture
def cloud(tmp_path, monkeypatch):
    with FleetCloud(tmp_path / "instances") as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        yield running


@contextlib.contextmanager
def world_with(tmp_path, processes, steps):
    with World(tmp_path / "world", "--bare") as world, processes:
        with_steps(world, "\nsteps:\n" + steps)
        processes.all_of(world)
        yield world


def switch(world):
    return farshore("switchover", "--to", "eu-west-1", "--reason", "test", "--config", world.config).stdout.strip()


def told(world, id):
    return op(world, "show", id).stdout


def test_hosts_without_an_agent_are_told_by_ssm_each_once(tmp_path, processes, cloud):
    ids = cloud.launch(5, TAGS)
    cloud.launch(1, {"App": "Magento", "Environment": "Staging"})
    stopped = cloud.launch(1, TAGS)
    cloud.client("ec2").stop_instances(InstanceIds=stopped)
    steps = f"  - ssm:\n      at: at_end\n      verbs: [switchover]\n      region: '${{to}}'\n      tags: {json.dumps(TAGS)}\n      script: |{SCRIPT}"
    with world_with(tmp_path, processes, steps) as world:
        id = switch(world)
        world.wait_operation("switchover", outcome="done")
        assert "it ran on 5 of 5 instances" in told(world, id), told(world, id)
    for each in ids:
        assert (cloud.ssm.folder(each) / "environment").read_text() == "AWS_REGION=eu-west-1\n"
        assert (cloud.ssm.folder(each) / "runs").read_text() == f"{each} epoch 2\n", "once"
    assert {each.name for each in cloud.ssm.directory.iterdir()} == set(ids), "of other tags, and those that are stopped, none"


def test_instances_that_fail_or_are_absent_are_named_and_may_be_few(tmp_path, processes, cloud):
    ids = cloud.launch(4, TAGS)
    (cloud.ssm.folder(ids[0]) / "broken").touch()
    cloud.ssm.absent.add(ids[1])
    step = f"  - ssm:\n      at: at_end\n      verbs: [switchover]\n      region: eu-west-1\n      tags: {json.dumps(TAGS)}\n      on_failure: ask\n      script: |{SCRIPT}"
    with world_with(tmp_path, processes, step + step.replace("at_end\n", "at_end\n      errors_max: 2\n")) as world:
        id = switch(world)
        until(lambda: state(world, "waiting_for_person"), 60, "a person is asked about those that failed")
        shown = told(world, id)
        assert "it failed on 2 of 4 instances" in shown and f"{ids[1]} ConnectionLost" in shown and "no space left" in shown and "status 7" in shown, shown
        op(world, "skip", id)
        world.wait_operation("switchover", outcome="done")
        assert "it ran on 2 of 4 instances; it failed on 2 of 4" in told(world, id)


def test_no_instance_found_is_a_failure_unless_it_may_be(tmp_path, processes, cloud):
    step = f"  - ssm:\n      at: at_end\n      verbs: [switchover]\n      region: eu-west-1\n      tags: {json.dumps(TAGS)}\n      script: 'true'\n"
    with world_with(tmp_path, processes, step + "      none_is_fine: true\n" + step + "      on_failure: ask\n") as world:
        id = switch(world)
        until(lambda: state(world, "waiting_for_person"), 60, "a person is asked")
        shown = told(world, id)
        assert shown.count("no running instance of eu-west-1 has App=Magento and Environment=Production") >= 2 and "none_is_fine" in shown, shown
        op(world, "skip", id)
        world.wait_operation("switchover", outcome="done")


def test_a_script_that_was_sent_is_not_sent_again_when_the_controller_died(tmp_path, processes, cloud):
    ids = cloud.launch(3, TAGS)
    script = SCRIPT + "        while [ ! -e ../go ]; do sleep 0.05; done\n"
    step = f"  - ssm:\n      at: at_end\n      verbs: [switchover]\n      region: eu-west-1\n      tags: {json.dumps(TAGS)}\n      script: |{script}"
    with world_with(tmp_path, processes, step) as world:
        id = switch(world)
        until(lambda: all((cloud.ssm.folder(each) / "runs").exists() for each in ids), 60, "the script runs")
        processes.started[0].kill()
        processes.controller(world.config)
        until(lambda: world.try_status(), 30, "it is back")
        (cloud.ssm.directory / "go").touch()
        world.wait_operation("switchover", outcome="done")
        assert "it ran on 3 of 3 instances" in told(world, id), told(world, id)
    assert len(cloud.ssm.commands) == 1
    for each in ids:
        assert (cloud.ssm.folder(each) / "runs").read_text().count("\n") == 1


def make_group(cloud, most):
    image = cloud.client("ec2").describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    scaling = cloud.client("autoscaling")
    scaling.create_launch_configuration(LaunchConfigurationName="web", ImageId=image, InstanceType="t3.micro")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web", LaunchConfigurationName="web", MinSize=1, MaxSize=most, DesiredCapacity=1, AvailabilityZones=["eu-west-1a"]
    )

    def group():
        return scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["web"])["AutoScalingGroups"][0]

    return group


def test_a_group_gets_the_capacity_before_users_come(tmp_path, processes, cloud):
    group = make_group(cloud, most=4)
    steps = "  - asg: { at: before, verbs: [switchover], region: '${to}', group: web, minimum: 2, desired: 3 }\n  - asg: { at: at_end, verbs: [switchover], region: '${to}', group: web, minimum: 1, desired: 2 }\n"
    with world_with(tmp_path, processes, steps) as world:
        id = switch(world)
        world.wait_operation("switchover", outcome="done")
        assert "3 instances are in service" in told(world, id)
    assert (group()["MinSize"], group()["DesiredCapacity"]) == (2, 3), "never lowered"


def test_a_group_that_may_not_have_so_many_ends_the_plan_unchanged(tmp_path, processes, cloud):
    group = make_group(cloud, most=2)
    steps = "  - asg: { at: before, verbs: [switchover], region: '${to}', group: web, desired: 3 }\n"
    with world_with(tmp_path, processes, steps) as world:
        id = switch(world)
        world.wait_operation("switchover", outcome="failed")
        shown = told(world, id)
        assert "group web in eu-west-1 may have 2 instances at most, and 3 are wanted" in shown and "raise its maximum" in shown, shown
        assert world.status()["active"] == "us-east-1"
    assert group()["DesiredCapacity"] == 1


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    running = MiniStack(tmp_path_factory.mktemp("ministack"), auth="false")
    yield running
    running.end()


def make_service(stack, account):
    ecs = stack.client("ecs", account, "eu-west-1")
    ecs.create_cluster(clusterName="shop")
    container = {"name": "php", "image": "shop:1", "memory": 64, "environment": [{"name": "AWS_REGION", "value": "us-east-1"}, {"name": "KEPT", "value": "1"}]}
    definition = ecs.register_task_definition(family="web", containerDefinitions=[container, {"name": "log", "image": "log:1", "memory": 32}])
    ecs.create_service(cluster="shop", serviceName="web", taskDefinition=definition["taskDefinition"]["taskDefinitionArn"], desiredCount=1)
    return ecs


def make_function(stack, account):
    functions = stack.client("lambda", account, "eu-west-1")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as made:
        made.writestr("handler.py", "def handle(event, context):\n    return {}\n")
    functions.create_function(
        FunctionName="import", Runtime="python3.11", Role="arn:aws:iam::123456789012:role/import", Handler="handler.handle",
        Code={"ZipFile": code.getvalue()}, Environment={"Variables": {"KEPT": "1"}},
    )  # fmt: skip
    return functions


def test_a_service_and_a_function_get_their_environment_and_keep_the_rest(tmp_path, processes, stack, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.url)
    account = "test"
    ecs, functions = make_service(stack, account), make_function(stack, account)
    queue = stack.client("sqs", account, "eu-west-1").create_queue(QueueName="orders")["QueueUrl"]
    arn = stack.client("sqs", account, "eu-west-1").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    mapping = functions.create_event_source_mapping(FunctionName="import", EventSourceArn=arn, Enabled=False)["UUID"]
    steps = """
  - parallel:
      at: beside_shift
      verbs: [switchover]
      steps:
        - ecs: { region: '${to}', cluster: shop, service: web, set: { AWS_REGION: '${to}', EPOCH_OF: '${operation}' } }
        - lambda: { region: '${to}', function: import, set: { AWS_REGION: '${to}' }, event_sources: on }
"""
    with world_with(tmp_path, processes, steps) as world:
        id = switch(world)
        world.wait_operation("switchover", outcome="done")
        shown = told(world, id)
    now = ecs.describe_services(cluster="shop", services=["web"])["services"][0]["taskDefinition"]
    containers = ecs.describe_task_definition(taskDefinition=now)["taskDefinition"]["containerDefinitions"]
    for container in containers:
        wanted = {"AWS_REGION": "eu-west-1", "EPOCH_OF": id}
        environment = {each["name"]: each["value"] for each in container["environment"]}
        assert environment == (wanted | {"KEPT": "1"} if container["name"] == "php" else wanted), shown
    variables = functions.get_function_configuration(FunctionName="import")["Environment"]["Variables"]
    assert variables == {"KEPT": "1", "AWS_REGION": "eu-west-1"}
    assert functions.get_event_source_mapping(UUID=mapping)["State"] == "Enabled", shown
    assert "1 event source is Enabled" in shown and "runs with" in shown, shown


def test_what_is_not_there_is_named_with_a_remedy(tmp_path, processes, cloud):
    steps = """
  - ecs: { at: at_end, verbs: [switchover], region: '${to}', cluster: shop, service: gone, set: { A: b }, on_failure: continue }
  - lambda: { at: at_end, verbs: [switchover], region: '${to}', function: gone, set: { A: b }, on_failure: continue }
  - asg: { at: at_end, verbs: [switchover], region: '${to}', group: gone, minimum: 1, on_failure: continue }
"""
    with world_with(tmp_path, processes, steps) as world:
        id = switch(world)
        world.wait_operation("switchover", outcome="done")
        shown = told(world, id)
    assert "there is no Auto Scaling group gone in eu-west-1" in shown and "is `group` right" in shown, shown
    assert shown.count("gone") >= 6, shown


def test_steps_that_cannot_stand_or_say_too_little_are_refused(tmp_path):
    with World(tmp_path / "world", "--bare") as world:
        config = world.directory / "wrong.yaml"
        text = open(world.config).read()
        for steps, says in (
            ("  - ssm: { at: behind_fence, region: '${to}', tags: { A: b }, script: 'true' }", "cannot stand at `behind_fence`"),
            ("  - ssm: { at: at_end, region: '${to}', tags: {}, script: 'true' }", "`tags` is empty: it would run on every instance"),
            ("  - asg: { at: at_end, region: '${to}', group: web }", "neither `minimum` nor `desired` is there"),
            ("  - lambda: { at: at_end, region: '${to}', function: f }", "neither `set` nor `event_sources` is there"),
            ("  - ecs: { at: at_end, cluster: c, service: s, set: { A: b } }", "`region`"),
            ("  - asg: { at: before, region: '${to}', group: web, desired: 3, verbs: [failover] }", "it launches capacity in"),
        ):
            config.write_text(text + "\nsteps:\n" + steps + "\n")
            assert says in (refused := farshore("validate", config, check=78)).stdout + refused.stderr, (steps, refused.stdout + refused.stderr)
