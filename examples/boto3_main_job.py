"""The main job with boto3: who is in which channel, page by page.

Start the server first (npm start), then, with the export lines that it prints:

    export AWS_SHARED_CREDENTIALS_FILE=…/credentials
    export AWS_ENDPOINT_URL=http://127.0.0.1:8080
    export AWS_REGION=us-east-1
    export AWS_DEFAULT_REGION=us-east-1
    python3 examples/boto3_main_job.py
"""

import os

import boto3

endpoint = os.environ["AWS_ENDPOINT_URL"]
identity = boto3.client("chime-sdk-identity", endpoint_url=endpoint)
messaging = boto3.client("chime-sdk-messaging", endpoint_url=endpoint)

app = identity.create_app_instance(Name="demo")["AppInstanceArn"]
alice, bob = (
    identity.create_app_instance_user(AppInstanceArn=app, AppInstanceUserId=name.lower(), Name=name)["AppInstanceUserArn"]
    for name in ("Alice", "Bob")
)

for name in ("general", "support", "random"):
    channel = messaging.create_channel(AppInstanceArn=app, Name=name, MemberArns=[bob], ChimeBearer=alice)["ChannelArn"]
    messaging.send_channel_message(
        ChannelArn=channel, Content=f"Welcome to {name}!", Type="STANDARD", Persistence="PERSISTENT", ChimeBearer=alice
    )
messaging.update_channel_read_marker(ChannelArn=channel, ChimeBearer=bob)

token = {}
while True:
    page = messaging.list_channel_memberships_for_app_instance_user(ChimeBearer=bob, MaxResults=2, **token)
    for entry in page["ChannelMemberships"]:
        summary, mine = entry["ChannelSummary"], entry["AppInstanceUserMembershipSummary"]
        unread = "ReadMarkerTimestamp" not in mine or summary["LastMessageTimestamp"] > mine["ReadMarkerTimestamp"]
        print(f"{summary['Name']}: {mine['Type']} member, {'unread' if unread else 'read'}")
    if "NextToken" not in page:
        break
    token = {"NextToken": page["NextToken"]}
