import { SignJWT } from 'jose'
import type { Push } from '../../events/push.ts'
import type { FcmDestination, PushDestination } from '../../settings/push-destinations.ts'
import type { Device } from '../../store/push.ts'
import { isObject, objectIn } from '../../tools/json.ts'
import { Refused } from '../delivery.ts'
import { HttpSender, type HttpAnswer } from '../http.ts'
import { fcmData } from './payloads.ts'
import { Pause, retryAfter } from './pause.ts'
import { DeadDevice, toEach, Untried, type PushService } from './service.ts'

const scope = 'https://www.googleapis.com/auth/firebase.messaging'
/** The longest lifetime that Google accepts. */
const assertionSeconds = 3600
/** How long before its end a token is renewed. */
const renewMilliseconds = 5 * 60 * 1000
const tokenMilliseconds = 3500

/** FCM's error for a message that it has not accepted. */
function refusalOf(body: string) {
  const { error } = objectIn(body)
  const { status, message, details } = isObject(error) ? error : {}
  const list = (Array.isArray(details) ? details : []).filter(isObject)
  const code = list.find(({ errorCode }) => typeof errorCode === 'string')?.['errorCode'] ?? status
  const violations = list.flatMap(({ fieldViolations }) => (Array.isArray(fieldViolations) ? fieldViolations : [])).filter(isObject)
  const quotas = list.flatMap(({ violations: each }) => (Array.isArray(each) ? each : [])).filter(isObject)
  return {
    code: typeof code === 'string' ? code : '',
    message: typeof message === 'string' ? message.slice(0, 300) : '',
    isAboutToken: violations.some(({ field }) => field === 'message.token'),
    isAboutDevice: quotas.some(({ subject, description }) => /device|token/i.test(`${String(subject)} ${String(description)}`)),
  }
}

/** FCM answers with an object, whatever the status. */
const isJson = ({ body }: HttpAnswer) => body.trimStart().startsWith('{')

/** An access token of the service account, renewed in time; those who need one at once share the request. */
class AccessToken {
  readonly #account: FcmDestination
  readonly #http: HttpSender
  #cached: { readonly token: string; readonly renewAt: number } | undefined
  #coming: Promise<string> | undefined

  constructor(account: FcmDestination, http: HttpSender) {
    this.#account = account
    this.#http = http
  }

  async get(): Promise<string> {
    if (this.#cached && Date.now() < this.#cached.renewAt) return this.#cached.token
    this.#coming ??= this.#ask().finally(() => (this.#coming = undefined))
    return this.#coming
  }

  /** Called when FCM does not accept the token any more. */
  discard(token: string) {
    if (this.#cached?.token === token) this.#cached = undefined
  }

  async #ask() {
    const { clientEmail, tokenUri, privateKey } = this.#account
    const assertion = await new SignJWT({ scope })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
      .setIssuer(clientEmail)
      .setAudience(tokenUri)
      .setIssuedAt()
      .setExpirationTime(`${assertionSeconds}s`)
      .sign(privateKey)
    const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const request = { url: new URL(tokenUri), headers, body }
    const answer = await this.#http.send(request, AbortSignal.timeout(tokenMilliseconds))
    const { access_token: token, expires_in: seconds, error, error_description: description } = objectIn(answer.body)
    if (answer.status !== 200 || typeof token !== 'string') {
      const why = [error, description].filter(text => typeof text === 'string').join(': ')
      throw new Error(
        `${tokenUri} gives no access token to ${clientEmail} (${`${answer.status} ${why.slice(0, 300)}`.trim()}). Check that the key of the service ` +
          "account still exists, and this machine's clock.",
      )
    }
    const lifetime = (typeof seconds === 'number' && seconds > 0 ? seconds : 60) * 1000
    this.#cached = { token, renewAt: Date.now() + lifetime - Math.min(renewMilliseconds, lifetime / 2) }
    return token
  }
}

/** Firebase Cloud Messaging, HTTP v1. */
export function fcmService(destination: FcmDestination, shown: PushDestination): PushService {
  const http = new HttpSender()
  const access = new AccessToken(destination, http)
  const { url, projectId, clientEmail } = destination
  const sendUrl = new URL(`${url}/v1/projects/${encodeURIComponent(projectId)}/messages:send`)
  const where = `FCM for the project ${projectId}`
  const pause = new Pause()

  const call = async (content: unknown, signal: AbortSignal) => {
    const token = await access.get()
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=UTF-8' }
    const answer = await http.send({ url: sendUrl, headers, body: JSON.stringify(content) }, signal)
    if (answer.status === 401) access.discard(token)
    return answer
  }

  const explained = (answer: HttpAnswer) => {
    const { code, message, isAboutToken, isAboutDevice } = refusalOf(answer.body)
    const text = `${where} has answered ${[answer.status, code].join(' ').trim()}${message === '' ? '' : `: ${message.replace(/\.$/, '')}`}`
    if (code === 'UNREGISTERED' || code === 'SENDER_ID_MISMATCH' || (answer.status === 400 && isAboutToken)) return new DeadDevice(text)
    if (answer.status === 401 || answer.status === 403)
      return new Error(`${text}. Give ${clientEmail} the role "Firebase Cloud Messaging API Admin", and enable that API in the project.`)
    if (answer.status === 404)
      return new Error(`${text}. Check project_id in the key file of the service account, and that the project uses FCM.`)
    // Too many pushes to one device do not mean that others are limited too.
    const asked = retryAfter(answer.headers)
    const isOfProject = (answer.status === 429 && !isAboutDevice) || (answer.status >= 500 && asked !== undefined)
    if (isOfProject) pause.begin(asked, text)
    return answer.status === 429 || answer.status >= 500 ? new Error(text) : new Refused(text)
  }

  const sendOne = async (device: Device, push: Push, signal: AbortSignal) => {
    if (pause.present) throw new Untried(`${where} has asked for a pause`)
    const seconds = Math.max(0, Math.round((push.expiresAt - Date.now()) / 1000))
    const android = { priority: 'HIGH', ttl: `${seconds}s` }
    const answer = await call({ message: { token: device.deviceToken, data: fcmData(push, shown), android } }, signal)
    if (answer.status !== 200) throw explained(answer)
    if (!isJson(answer)) throw new Error(`${where} has answered 200 and no JSON: another service listens at ${url}`)
    pause.reset()
  }

  return {
    send: async (devices, push, signal) => toEach(devices, signal, async (device, limited) => sendOne(device, push, limited)),
    pause: () => pause.present,

    async check(signal) {
      const answer = await call({ validate_only: true, message: { token: 'a-device-that-does-not-exist' } }, signal)
      // FCM has examined the device token, so it accepts the account.
      const isTaken = ([200, 400].includes(answer.status) && isJson(answer)) || refusalOf(answer.body).code === 'UNREGISTERED'
      if (!isTaken) throw explained(answer)
      return `${where} accepts pushes of ${clientEmail}`
    },

    close: () => http.close(),
  }
}
