import { SignJWT } from 'jose'
import type { Push } from '../../events/push.ts'
import type { ApnsDestination, PushDestination } from '../../settings/push-destinations.ts'
import type { Device } from '../../store/push.ts'
import { objectIn } from '../../tools/json.ts'
import { Refused } from '../delivery.ts'
import { ApnsConnection, type ApnsResponse } from './apns-connection.ts'
import { apnsPayload } from './payloads.ts'
import { Pause, retryAfter } from './pause.ts'
import { DeadDevice, toEach, Untried, type PushService } from './service.ts'

/** Apple accepts a token for an hour, and a new one every 20 minutes. */
const tokenMilliseconds = 40 * 60 * 1000

/** The reasons that end a device, with 400 or 410. */
const deadReasons = new Set(['BadDeviceToken', 'DeviceTokenNotForTopic', 'Unregistered', 'ExpiredToken'])

/** What to change, by reason. */
const remedies: Readonly<Record<string, string>> = {
  InvalidProviderToken: 'Check key, keyId and teamId: all three are of the same Apple team.',
  MissingProviderToken: 'Check key, keyId and teamId: all three are of the same Apple team.',
  ExpiredProviderToken: "Check this machine's clock.",
  BadTopic: "topic must be the app's bundle id.",
  TopicDisallowed: 'topic must be the bundle id of an app of this team, and the key must be one for APNs.',
  BadEnvironmentKeyInToken: 'The key is of another environment: make one for both sandbox and production.',
}

function reasonOf(body: string) {
  const { reason, timestamp } = objectIn(body)
  return {
    reason: typeof reason === 'string' ? reason.slice(0, 100) : 'without a reason',
    timestamp: typeof timestamp === 'number' ? timestamp : undefined,
  }
}

/** Apple Push Notification service: one connection, and a provider token for all requests. */
export function apnsService(destination: ApnsDestination, shown: PushDestination, isSandbox: boolean): PushService {
  const url = isSandbox ? destination.sandboxUrl : destination.url
  const { keyId, teamId, topic, privateKey } = destination
  const connection = new ApnsConnection(url)
  const where = `APNs (${url}) for ${topic}`
  const pause = new Pause()
  let cached: { readonly token: Promise<string>; readonly madeAt: number } | undefined

  const providerToken = async () => {
    if (!cached || Date.now() - cached.madeAt > tokenMilliseconds) {
      const token = new SignJWT().setProtectedHeader({ alg: 'ES256', kid: keyId }).setIssuer(teamId).setIssuedAt().sign(privateKey)
      cached = { token, madeAt: Date.now() }
    }
    return cached.token
  }

  const call = async (token: string, headers: Readonly<Record<string, string | number>>, payload: unknown, signal: AbortSignal) => {
    const authorization = `bearer ${await providerToken()}`
    const path = `/3/device/${encodeURIComponent(token)}`
    const used = cached
    const answer = await connection.post({ ':path': path, authorization, ...headers }, JSON.stringify(payload), signal)
    if (answer.status === 403 && reasonOf(answer.body).reason === 'ExpiredProviderToken' && cached === used) cached = undefined
    return answer
  }

  const explained = ({ status, headers, body }: ApnsResponse, registeredAt: number) => {
    const { reason, timestamp } = reasonOf(body)
    const text = `${where} has answered ${status} ${reason}`
    if ((status === 410 || status === 400) && deadReasons.has(reason)) {
      // The app has registered the token again after APNs had found it invalid.
      if (timestamp !== undefined && timestamp < registeredAt) return new Refused(text)
      return new DeadDevice(text)
    }
    // Too many pushes to one device do not mean that others are limited too; the provider token is that of all.
    const asked = retryAfter(headers)
    if (reason === 'TooManyProviderTokenUpdates' || (status >= 500 && asked !== undefined)) pause.begin(asked, text)
    const remedy = remedies[reason]
    if (remedy !== undefined) return new Error(`${text}. ${remedy}`)
    return status === 429 || status === 403 || status >= 500 ? new Error(text) : new Refused(text)
  }

  const headersOf = (push: Push) => {
    const isVoip = push.type === 'VOIP'
    return {
      'apns-topic': isVoip ? `${topic}.voip` : topic,
      'apns-push-type': isVoip ? 'voip' : 'alert',
      'apns-priority': 10,
      'apns-expiration': Math.floor(push.expiresAt / 1000),
      // A push that arrives twice is shown once.
      ...(!isVoip && { 'apns-collapse-id': push.messageId.slice(0, 64) }),
    }
  }

  const sendOne = async (device: Device, push: Push, signal: AbortSignal) => {
    const token = push.type === 'VOIP' ? device.voipDeviceToken : device.deviceToken
    if (token === undefined) return
    if (pause.present) throw new Untried(`${where} has asked for a pause`)
    const answer = await call(token, headersOf(push), apnsPayload(push, shown), signal)
    if (answer.status !== 200) throw explained(answer, device.createdAt)
    pause.reset()
  }

  return {
    send: async (devices, push, signal) => toEach(devices, signal, async (device, limited) => sendOne(device, push, limited)),
    pause: () => pause.present,

    async check(signal) {
      const headers = { 'apns-topic': topic, 'apns-push-type': 'alert', 'apns-priority': 5, 'apns-expiration': 0 }
      const answer = await call('0'.repeat(64), headers, { aps: {} }, signal)
      const error = answer.status === 200 ? undefined : explained(answer, 0)
      if (error && !(error instanceof DeadDevice)) throw error
      return `${where} accepts the key ${keyId}`
    },

    close: () => connection.close(),
  }
}
