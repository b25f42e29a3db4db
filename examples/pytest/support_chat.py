"""The chat of a user with the support, as an application has it. It does not know Carillon: only the endpoint differs."""

import uuid


class SupportChat:
    def __init__(self, messaging, user_arn):
        self._messaging = messaging
        self._user = user_arn

    def say(self, channel_arn, text):
        """Sends a message once, even if the call has to be repeated."""
        self._messaging.send_channel_message(
            ChannelArn=channel_arn,
            Content=text,
            Type='STANDARD',
            Persistence='PERSISTENT',
            ClientRequestToken=str(uuid.uuid4()),
            ChimeBearer=self._user,
        )

    def history(self, channel_arn):
        page = self._messaging.list_channel_messages(ChannelArn=channel_arn, SortOrder='ASCENDING', ChimeBearer=self._user)
        return [f"{message['Sender']['Name']}: {message['Content']}" for message in page['ChannelMessages']]
