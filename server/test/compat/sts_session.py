"""Temporary credentials with boto3: a role with a session tag, a login, and what else STS gives. Prints what the test beside it compares, as JSON."""

import json
import os

import boto3
from botocore.exceptions import ClientError

endpoint = os.environ["AWS_ENDPOINT_URL"]
role = os.environ["ROLE_ARN"]
alice, bob = os.environ["USERS"].split(",")
sts = boto3.client("sts", endpoint_url=endpoint)


def refusal(call, *arguments, **parameters):
    try:
        call(*arguments, **parameters)
        return "allowed"
    except ClientError as error:
        return [error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]]


def outcomes(given):
    messaging = boto3.client(
        "chime-sdk-messaging",
        endpoint_url=endpoint,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    return [refusal(messaging.list_channel_memberships_for_app_instance_user, ChimeBearer=user) for user in (alice, bob)]


tags = [{"Key": "sub", "Value": "alice"}]
assumed = sts.assume_role(RoleArn=role, RoleSessionName="boto3", Tags=tags, DurationSeconds=900)
web = sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="boto3", WebIdentityToken=os.environ["TOKEN"])
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "chime:*", "Resource": alice}]}
federated = sts.get_federation_token(Name="alice", Policy=json.dumps(policy), DurationSeconds=900)
print(
    json.dumps(
        {
            "tagged": outcomes(assumed["Credentials"]),
            "web": outcomes(web["Credentials"]),
            "federated": outcomes(federated["Credentials"]),
            "session": outcomes(sts.get_session_token()["Credentials"]),
            "expiration": type(assumed["Credentials"]["Expiration"]).__name__,
            "arns": [assumed["AssumedRoleUser"]["Arn"], federated["FederatedUser"]["Arn"], sts.get_caller_identity()["Arn"]],
            "subject": web["SubjectFromWebIdentityToken"],
            "refused": [
                refusal(sts.assume_role, RoleArn=role + "x", RoleSessionName="boto3"),
                refusal(sts.assume_role, RoleArn=role, RoleSessionName="boto3", DurationSeconds=43200),
                refusal(sts.assume_role_with_web_identity, RoleArn=role, RoleSessionName="boto3", WebIdentityToken="nonsense"),
            ],
        }
    )
)
