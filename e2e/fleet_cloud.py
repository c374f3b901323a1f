"""moto as the AWS of a fleet, with what it lacks of SSM: agents that are online or not, and commands that run.

Each instance's commands run by /bin/sh in a folder of its own, with INSTANCE in their environment.
"""

import json
import logging
import os
import threading
import urllib.request
import uuid

import boto3
import exits
from moto.server import ThreadedMotoServer
from moto.ssm.responses import SimpleSystemManagerResponse

PAGE = 2  # of every list


class Ssm:
    def __init__(self, directory):
        self.directory, self.commands, self.absent, self.lock = directory, {}, set(), threading.Lock()
        self.instances = []

    def folder(self, instance):
        folder = self.directory / instance
        folder.mkdir(exist_ok=True)
        return folder

    def paged(self, request, entries, key):
        first = int(request.get("NextToken") or 0)
        more = {"NextToken": str(first + PAGE)} if first + PAGE < len(entries) else {}
        return {key: entries[first : first + PAGE], **more}

    def describe_instance_information(self, request):
        known = [{"InstanceId": each, "PingStatus": "ConnectionLost" if each in self.absent else "Online"} for each in self.instances]
        return self.paged(request, known, "InstanceInformationList")

    def send_command(self, request):
        command = {"CommandId": str(uuid.uuid4()), "Comment": request.get("Comment", ""), "DocumentName": request["DocumentName"], "invocations": {}}
        for instance in request["InstanceIds"]:
            assert instance in self.instances, "InvalidInstanceId"
            command["invocations"][instance] = {"InstanceId": instance, "Status": "Pending", "StatusDetails": "Pending"}
        with self.lock:
            self.commands[command["CommandId"]] = command
        for instance in request["InstanceIds"]:
            threading.Thread(target=self.run, args=(command["invocations"][instance], "\n".join(request["Parameters"]["commands"])), daemon=True).start()
        return {"Command": {key: command[key] for key in ("CommandId", "Comment", "DocumentName")}}

    def run(self, invocation, script):
        invocation.update(Status="InProgress", StatusDetails="InProgress")
        instance = invocation["InstanceId"]
        environment = {"PATH": os.environ["PATH"], "INSTANCE": instance}
        done = exits.run("/bin/sh", "-c", script, status=exits.ANY, cwd=self.folder(instance), env=environment)
        status = "Success" if done.returncode == 0 else "Failed"
        invocation.update(said=done, StatusDetails=status)
        invocation["Status"] = status

    def list_commands(self, request):
        with self.lock:
            told = [{key: each[key] for key in ("CommandId", "Comment", "DocumentName")} for each in self.commands.values()]
        return self.paged(request, told, "Commands")

    def list_command_invocations(self, request):
        command = self.commands[request["CommandId"]]
        told = [{"CommandId": request["CommandId"], **{key: each[key] for key in ("InstanceId", "Status", "StatusDetails")}} for each in command["invocations"].values()]
        return self.paged(request, told, "CommandInvocations")

    def get_command_invocation(self, request):
        said = self.commands[request["CommandId"]]["invocations"][request["InstanceId"]]["said"]
        return {"ResponseCode": said.returncode, "StandardOutputContent": said.stdout, "StandardErrorContent": said.stderr}


class FleetCloud:
    """A context. `url` answers for every service."""

    def __init__(self, directory):
        directory.mkdir(exist_ok=True)
        self.ssm = Ssm(directory)

    def __enter__(self):
        for name in ("describe_instance_information", "send_command", "list_commands", "list_command_invocations", "get_command_invocation"):
            answer = getattr(self.ssm, name)
            setattr(SimpleSystemManagerResponse, name, lambda response, answer=answer: json.dumps(answer(json.loads(response.body))))
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        # What it has is the process's, not the server's.
        urllib.request.urlopen(urllib.request.Request(self.url + "/moto-api/reset", method="POST"), timeout=10)
        return self

    def __exit__(self, *_):
        self.server.stop()

    def client(self, service, region="eu-west-1"):
        return boto3.client(service, endpoint_url=self.url, region_name=region, aws_access_key_id="test", aws_secret_access_key="test")

    def launch(self, count, tags):
        image = self.client("ec2").describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        made = self.client("ec2").run_instances(
            ImageId=image, MinCount=count, MaxCount=count,
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}],
        )  # fmt: skip
        ids = [each["InstanceId"] for each in made["Instances"]]
        self.ssm.instances += ids
        return ids
