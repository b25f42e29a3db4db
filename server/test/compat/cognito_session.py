"""Credentials of an identity pool with boto3: those of a login, and what is refused. Prints what the test beside it compares, as JSON."""

import json
import os

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint = os.environ["AWS_ENDPOINT_URL"]
pool = os.environ["POOL"]
logins = json.loads(os.environ["LOGINS"])
cognito = boto3.client("cognito-identity", endpoint_url=endpoint, config=Config(signature_version=UNSIGNED))


def refusal(call, **parameters):
    try:
        call(**parameters)
        return "allowed"
    except ClientError as error:
        return [error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"], type(error).__name__]


identity = cognito.get_id(IdentityPoolId=pool, Logins=logins)["IdentityId"]
answer = cognito.get_credentials_for_identity(IdentityId=identity, Logins=logins)
given = answer["Credentials"]
messaging = boto3.client(
    "chime-sdk-messaging",
    endpoint_url=endpoint,
    aws_access_key_id=given["AccessKeyId"],
    aws_secret_access_key=given["SecretKey"],
    aws_session_token=given["SessionToken"],
)
users = [f"{os.environ['APP_INSTANCE']}/user/{id}" for id in (identity, "somebody-else")]
print(
    json.dumps(
        {
            "identity": [identity, answer["IdentityId"]],
            "expiration": type(given["Expiration"]).__name__,
            "users": [refusal(messaging.list_channel_memberships_for_app_instance_user, ChimeBearer=user) for user in users],
            "refused": [
                refusal(cognito.get_id, IdentityPoolId=pool),
                refusal(cognito.get_id, IdentityPoolId=pool, Logins={name: "nonsense" for name in logins}),
                refusal(cognito.get_id, IdentityPoolId=pool[:-1] + "2", Logins=logins),
                refusal(cognito.get_open_id_token, IdentityId=identity, Logins=logins),
            ],
        }
    )
)
