import type { Push } from '../../events/push.ts'
import type { PushDestination } from '../../settings/push-destinations.ts'

type Shown = Pick<PushDestination, 'content' | 'placeholder'>

const ids = ({ messageId, channelArn }: Push) => ({ 'chime.message_id': messageId, 'chime.channel_arn': channelArn })

/**
 * The data of a push over FCM (docs/service/push-and-bots.md#what-a-device-receives). With `id-only` the app fetches the message, and shows
 * it.
 */
export function fcmData(push: Push, { content }: Shown): Record<string, string> {
  const isFull = content === 'full'
  return {
    'pinpoint.openApp': 'true',
    ...(isFull && push.title !== undefined && { 'pinpoint.notification.title': push.title }),
    ...(isFull && push.body !== undefined && { 'pinpoint.notification.body': push.body }),
    'pinpoint.campaign.campaign_id': '_DIRECT',
    'pinpoint.notification.silentPush': isFull ? '0' : '1',
    'pinpoint.jsonBody': JSON.stringify(ids(push)),
    ...(push.type === 'VOIP' && { 'carillon.type': 'VOIP' }),
  }
}

/** The payload of a push over APNs. With `id-only` a notification service extension replaces the placeholder. */
export function apnsPayload(push: Push, { content, placeholder }: Shown) {
  const alert = content === 'full' ? { title: push.title, body: push.body } : { body: placeholder }
  return {
    aps: { alert, ...(content === 'id-only' && { 'mutable-content': 1 }) },
    data: { pinpoint: { campaign: { campaign_id: '_DIRECT' }, openApp: 'true' }, jsonBody: ids(push) },
  }
}

/** What a browser and a webhook receive. */
export function plainPayload({ type, title, body, channelArn, messageId }: Push, { content }: Shown) {
  const shown = content === 'full' ? { Title: title, Body: body } : {}
  return { Type: type, ...shown, ChannelArn: channelArn, MessageId: messageId }
}
