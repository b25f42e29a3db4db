"""The main job with boto3, in full. Prints what the test beside it compares, as JSON."""

import json
import os

import boto3

endpoint = os.environ["AWS_ENDPOINT_URL"]
identity = boto3.client("chime-sdk-identity", endpoint_url=endpoint)
messaging = boto3.client("chime-sdk-messaging", endpoint_url=endpoint)

app = identity.create_app_instance(Name="boto3 – ünïcode")["AppInstanceArn"]


def create_user(user_id):
    return identity.create_app_instance_user(AppInstanceArn=app, AppInstanceUserId=user_id, Name=user_id)["AppInstanceUserArn"]


alice, bob, carol = (create_user(user_id) for user_id in ("us-east-1:alice", "bob", "carol"))
identity.create_app_instance_admin(AppInstanceArn=app, AppInstanceAdminArn=carol)
bot = identity.create_app_instance_bot(
    AppInstanceArn=app,
    Name="bot",
    Configuration={"Lex": {"LexBotAliasArn": "arn:aws:lex:us-east-1:123456789012:bot-alias/ABCDEFGHIJ/KLMNOPQRST", "LocaleId": "en_US"}},
)["AppInstanceBotArn"]

for number in range(5):
    channel = messaging.create_channel(AppInstanceArn=app, Name=f"channel {number}", ChimeBearer=alice)["ChannelArn"]
    messaging.create_channel_membership(ChannelArn=channel, MemberArn=bob, Type="DEFAULT", ChimeBearer=alice)
    messaging.batch_create_channel_membership(ChannelArn=channel, MemberArns=[bot], ChimeBearer=alice)
    message = messaging.send_channel_message(
        ChannelArn=channel, Content="héllo ☃", Type="STANDARD", Persistence="PERSISTENT", ChimeBearer=alice
    )
messaging.update_channel_read_marker(ChannelArn=channel, ChimeBearer=bob)


def pages(**listing):
    token = {}
    while True:
        page = messaging.list_channel_memberships_for_app_instance_user(MaxResults=2, **listing, **token)
        yield page["ChannelMemberships"]
        if "NextToken" not in page:
            return
        token = {"NextToken": page["NextToken"]}


own = list(pages(ChimeBearer=bob))
last = own[-1][-1]
kept = messaging.get_channel_message(ChannelArn=channel, MessageId=message["MessageId"], ChimeBearer=bob)["ChannelMessage"]

try:
    messaging.list_channel_memberships_for_app_instance_user(ChimeBearer=bob, AppInstanceUserArn=alice)
    refusal = None
except messaging.exceptions.ForbiddenException as error:
    refusal = [error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Code"], error.response["Message"]]

print(
    json.dumps(
        {
            "names": [[entry["ChannelSummary"]["Name"] for entry in page] for page in own],
            "read": "ReadMarkerTimestamp" in last["AppInstanceUserMembershipSummary"],
            "moved": last["ChannelSummary"]["LastMessageTimestamp"] == kept["CreatedTimestamp"],
            "type": type(kept["CreatedTimestamp"]).__name__,
            "content": kept["Content"],
            "ofBot": sum(len(page) for page in pages(ChimeBearer=carol, AppInstanceUserArn=bot)),
            "refusal": refusal,
        }
    )
)
