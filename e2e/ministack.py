"""MiniStack as AWS: an implementation by others that checks signatures and sessions, and knows roles."""

import contextlib
import json
import os
import signal
import socket
import urllib.request

import boto3
import exits

from conftest import ROOT, until

PROGRAM = ROOT / ".cache" / "venv-ministack" / "bin" / "ministack"


def free_port():
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return some.getsockname()[1]


class MiniStack:
    """Accounts are made by their use: an account's id is its root's access key."""

    def __init__(self, directory, auth="true"):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log = directory / "ministack.log"
        with self.log.open("w") as out:
            # It has no word of its own on SIGTERM.
            self.process = exits.Process(
                [PROGRAM], (0, -signal.SIGTERM), quotes=True, stdout=out, cwd=directory,
                env={**os.environ, "BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "GATEWAY_PORT": str(port), "AUTH": auth},
            )

        def answers():
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(OSError):
                return urllib.request.urlopen(self.url + "/_ministack/health", timeout=5).status == 200

        until(answers, 60, "MiniStack answers")

    def client(self, service, account, region="us-east-1"):
        return boto3.client(service, endpoint_url=self.url, region_name=region, aws_access_key_id=account, aws_secret_access_key="test")

    def client_with(self, service, keys, region="us-east-1"):
        """A client that signs with a session's keys."""
        key, secret, token = keys
        return boto3.client(
            service, endpoint_url=self.url, region_name=region, aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token,
        )

    def make_role(self, account, name, allows):
        everyone = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        iam = self.client("iam", account)
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [everyone]}))
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": allows, "Resource": "*"}]}
        iam.put_role_policy(RoleName=name, PolicyName="allows", PolicyDocument=json.dumps(policy))

    def session(self, account, role, name):
        """As an instance with that role gets it: (access key, secret, session token)."""
        keys = self.client("sts", account).assume_role(RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName=name)["Credentials"]
        return keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]

    def make_table(self, account, region, name, key):
        self.client("dynamodb", account, region).create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        )

    def end(self):
        self.process.terminate()
        self.process.finish()
        trouble = self.process.trouble()
        assert not trouble, trouble
