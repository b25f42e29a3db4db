import { SubChannelId, inChannel } from '../common.ts'
import { operation } from '../operation.ts'
import { Required, boolean } from '../shapes.ts'

export const typing = {
  SendTypingIndicator: operation(
    'PUT /carillon/channels/{channelArn}/typing-indicator',
    204,
    { ...inChannel, IsTyping: Required(boolean()), SubChannelId },
    {},
  ),
}
