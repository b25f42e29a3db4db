import type { Push } from '../../events/push.ts'
import type { PushDestination } from '../../settings/push-destinations.ts'
import type { WebhookDestination } from '../../settings/webhook-destination.ts'
import type { Device } from '../../store/push.ts'
import { objectIn } from '../../tools/json.ts'
import { Refused } from '../delivery.ts'
import { shownUrl, signedBody } from '../webhook.ts'
import { HttpSender } from '../http.ts'
import { plainPayload } from './payloads.ts'
import { Pause, retryAfter } from './pause.ts'
import { DeadDevice, Untried, type PushService } from './service.ts'

const requestMilliseconds = 4000

/** The EndpointIds that the response of the webhook reports as gone; it may have no body. */
function deadIn(body: string): readonly unknown[] {
  const { InvalidEndpointIds: dead } = objectIn(body)
  return Array.isArray(dead) ? dead : []
}

const shownDevice = ({ userArn, endpointId, type, resourceArn, deviceToken, voipDeviceToken }: Device) => ({
  AppInstanceUserArn: userArn,
  EndpointId: endpointId,
  Type: type,
  ResourceArn: resourceArn,
  EndpointAttributes: { DeviceToken: deviceToken, VoipDeviceToken: voipDeviceToken },
})

/** A web service of the operator that pushes by itself: one signed request for several devices. */
export function pushWebhookService(destination: WebhookDestination, shown: PushDestination): PushService {
  const http = new HttpSender({ idleMilliseconds: 4000 })
  const url = new URL(destination.url)
  const pause = new Pause()

  const call = async (content: unknown, signal: AbortSignal) => {
    const { headers, body } = signedBody(destination, content)
    const limited = AbortSignal.any([signal, AbortSignal.timeout(requestMilliseconds)])
    const answer = await http.send({ url, headers, body }, limited)
    const { status } = answer
    if (status >= 200 && status < 300) {
      pause.reset()
      return answer
    }
    const asked = retryAfter(answer.headers)
    const text = `${shownUrl(destination.url)} has answered ${status}`
    if (asked !== undefined && (status === 429 || status >= 500)) pause.begin(asked, text)
    throw status === 408 || status === 429 || status >= 500 ? new Error(text) : new Refused(text)
  }

  return {
    async send(devices, push: Push, signal) {
      if (pause.present) throw new Untried(`${shownUrl(destination.url)} has asked for a pause`)
      const { body } = await call({ Push: plainPayload(push, shown), Devices: devices.map(shownDevice) }, signal)
      const dead = new Set(deadIn(body))
      return devices.map(({ endpointId }) =>
        dead.has(endpointId) ? new DeadDevice(`${shownUrl(destination.url)} reports the device as gone`) : undefined,
      )
    },

    pause: () => pause.present,

    async check(signal) {
      await call({ Devices: [] }, signal)
      return `The webhook ${shownUrl(destination.url)} accepts pushes`
    },

    close: () => http.close(),
  }
}
