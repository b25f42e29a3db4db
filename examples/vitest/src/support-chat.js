import { randomUUID } from 'node:crypto'
import { ChimeSDKMessaging, paginateListChannelMembershipsForAppInstanceUser } from '@aws-sdk/client-chime-sdk-messaging'

/** The chat of a user with the support, as an application has it. It does not know Carillon: only the configuration differs. */
export class SupportChat {
  #messaging
  #user

  constructor(clientConfig, userArn) {
    this.#messaging = new ChimeSDKMessaging(clientConfig)
    this.#user = userArn
  }

  /** Sends a message once, even if the call has to be repeated. */
  async say(channelArn, text) {
    await this.#messaging.sendChannelMessage({
      ChannelArn: channelArn,
      Content: text,
      Type: 'STANDARD',
      Persistence: 'PERSISTENT',
      ClientRequestToken: randomUUID(),
      ChimeBearer: this.#user,
    })
  }

  async history(channelArn) {
    const asked = { ChannelArn: channelArn, SortOrder: 'ASCENDING', ChimeBearer: this.#user }
    const { ChannelMessages } = await this.#messaging.listChannelMessages(asked)
    return ChannelMessages.map(({ Sender, Content }) => `${Sender.Name}: ${Content}`)
  }

  /** The names of the channels with unread messages. */
  async unread() {
    const names = []
    for await (const page of paginateListChannelMembershipsForAppInstanceUser({ client: this.#messaging }, { ChimeBearer: this.#user })) {
      for (const { ChannelSummary: channel, AppInstanceUserMembershipSummary: mine } of page.ChannelMemberships) {
        if ((channel.LastMessageTimestamp ?? 0) > (mine.ReadMarkerTimestamp ?? 0)) names.push(channel.Name)
      }
    }
    return names
  }

  close() {
    this.#messaging.destroy()
  }
}
