import { createHash } from 'node:crypto'
import { SignJWT } from 'jose'
import type { Push } from '../../events/push.ts'
import type { PushDestination, WebPushDestination } from '../../settings/push-destinations.ts'
import type { Device } from '../../store/push.ts'
import { BoundedMap } from '../../tools/bounded-map.ts'
import { Refused } from '../delivery.ts'
import { HttpSender } from '../http.ts'
import { retryAfter, type ServicePauses } from './pause.ts'
import { plainPayload } from './payloads.ts'
import { publicLookup, resolveByDns } from './public-addresses.ts'
import { DeadDevice, toEach, Untried, type PushService } from './service.ts'
import { subscriptionOf, wellKnownHost, type Subscription } from './subscription.ts'
import { encryptForBrowser } from './web-push-encryption.ts'

/** A token is renewed after this time, and valid for twice as long; push services accept 24 hours. */
const tokenMilliseconds = 6 * 60 * 60 * 1000
/** The most push services with a cached token. Devices name the services, so an attacker could name any number. */
const originsAtMost = 200

/** Web Push: VAPID (RFC 8292), encrypted for the browser (RFC 8291), to the push service that the browser has named. */
export function webPushService(destination: WebPushDestination, shown: PushDestination, pauses: ServicePauses): PushService {
  const { subject, publicKey, privateKey, privateNetworks } = destination
  const http = new HttpSender({ lookup: privateNetworks ? undefined : publicLookup(resolveByDns()) })
  const tokens = new BoundedMap<string, { readonly token: Promise<string>; readonly madeAt: number }>(originsAtMost)

  const tokenFor = async (origin: string) => {
    const cached = tokens.get(origin)
    if (cached && Date.now() - cached.madeAt < tokenMilliseconds) return cached.token
    const token = new SignJWT()
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT' })
      .setAudience(origin)
      .setSubject(subject)
      .setExpirationTime(Math.floor((Date.now() + 2 * tokenMilliseconds) / 1000))
      .sign(privateKey)
    tokens.set(origin, { token, madeAt: Date.now() })
    return token
  }

  const encrypted = (push: Push, { keys }: Subscription) => {
    try {
      return encryptForBrowser(Buffer.from(JSON.stringify(plainPayload(push, shown))), keys)
    } catch (error) {
      throw new DeadDevice('The p256dh of the PushSubscription is not a public key', { cause: error })
    }
  }

  const sendOne = async (device: Device, push: Push, signal: AbortSignal) => {
    const subscription = subscriptionOf(device.deviceToken, privateNetworks)
    const { endpoint } = subscription
    const known = wellKnownHost(endpoint.hostname)
    const service = known ?? endpoint.origin
    if (pauses.of(service)) {
      const text = `The push service ${service} has asked for a pause`
      // The lane of a well-known service waits until its pause is over; a lane of several services does not.
      throw known === undefined ? new Error(text) : new Untried(text)
    }
    const body = encrypted(push, subscription)
    const headers = {
      authorization: `vapid t=${await tokenFor(endpoint.origin)}, k=${publicKey}`,
      'content-type': 'application/octet-stream',
      'content-encoding': 'aes128gcm',
      ttl: Math.max(0, Math.round((push.expiresAt - Date.now()) / 1000)),
      urgency: 'high',
      // A push that is sent twice while the browser is offline is shown once.
      topic: createHash('sha256').update(push.messageId).digest('base64url').slice(0, 32),
    }
    const { status, headers: answered } = await http.send({ url: endpoint, headers, body }, signal)
    if (status >= 200 && status < 300) return pauses.reset(service)
    const isTooMuch = status === 429 || (status === 406 && known === 'notify.windows.com')
    const asked = retryAfter(answered)
    const text = `The push service ${endpoint.origin} has answered ${status}`
    if (isTooMuch) pauses.refused(service, endpoint.href, asked, text)
    else if (status >= 500 && asked !== undefined) pauses.begin(service, asked, text)
    if (status === 404 || status === 410) throw new DeadDevice(text)
    if (isTooMuch || status >= 500) throw new Error(text)
    const remedy = status === 401 || status === 403 ? ': the page must subscribe with the public key of this privateKey' : ''
    throw new Refused(`${text}${remedy}`)
  }

  return {
    send: async (devices, push, signal) => toEach(devices, signal, async (device, limited) => sendOne(device, push, limited)),
    check: async () => `Web Push signs as ${subject}; pages subscribe with the applicationServerKey ${publicKey}`,
    close: () => http.close(),
  }
}
