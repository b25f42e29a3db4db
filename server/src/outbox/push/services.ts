import type { Destinations } from '../../settings/destinations.ts'
import type { PushDestination } from '../../settings/push-destinations.ts'
import { laneOf, partsOfLane } from '../../store/outbox.ts'
import type { Device } from '../../store/push.ts'
import type { AskedPause } from '../delivery.ts'
import { apnsService } from './apns.ts'
import { fcmService } from './fcm.ts'
import { ServicePauses } from './pause.ts'
import { pushWebhookService } from './push-webhook.ts'
import type { PushService } from './service.ts'
import { isSubscription, wellKnownService } from './subscription.ts'
import { webPushService } from './web-push.ts'

/**
 * The kinds of lanes that bring pushes to devices. Each has a second lane for the devices of large channels, so that they delay no others.
 */
const kinds = ['push-fcm', 'push-apns', 'push-apns-sandbox', 'push-web', 'push-web-other', 'push-webhook'] as const
const large = '-large'
export const deviceKinds = kinds.flatMap(kind => [kind, `${kind}${large}`])

/** The kinds of services that devices name, which may be slow or may not answer. */
export const otherKinds = deviceKinds.filter(kind => kind.startsWith('push-web-other'))
const otherServices = 'other-services'

/** The kinds of services: those of push services of browsers share one. */
type Kind = Exclude<(typeof kinds)[number], 'push-web-other'>

/** The services of one application. */
type Services = { readonly [Each in Kind]: PushService | undefined }

function servicesOf(destination: PushDestination, pauses: ServicePauses): Services {
  const { webhook, fcm, apns, webPush } = destination
  return {
    'push-webhook': webhook && pushWebhookService(webhook, destination),
    'push-fcm': fcm && fcmService(fcm, destination),
    'push-apns': apns && apnsService(apns, destination, false),
    'push-apns-sandbox': apns && apnsService(apns, destination, true),
    'push-web': webPush && webPushService(webPush, destination, pauses),
  }
}

function kindOf({ type, deviceToken }: Device, services: Services): Kind {
  if (services['push-webhook']) return 'push-webhook'
  if (type === 'APNS') return 'push-apns'
  if (type === 'APNS_SANDBOX') return 'push-apns-sandbox'
  return isSubscription(deviceToken) ? 'push-web' : 'push-fcm'
}

function browserLane({ deviceToken }: Device): readonly [kind: string, destination: string] {
  const service = wellKnownService(deviceToken)
  return service === undefined ? ['push-web-other', otherServices] : ['push-web', service]
}

/** The push services of the applications in --destinations. */
export class PushServices {
  readonly #applications: ReadonlyMap<string, Services>
  readonly #pauses = new ServicePauses()

  constructor({ applications }: Pick<Destinations, 'applications'>) {
    this.#applications = new Map([...applications].map(([arn, destination]) => [arn, servicesOf(destination, this.#pauses)]))
  }

  /** Whether nothing is pushed at all. */
  get isEmpty() {
    return this.#applications.size === 0
  }

  /** The service of a device; undefined if its application is not known, or has no service for this type of device. */
  of(device: Device): PushService | undefined {
    const services = this.#applications.get(device.resourceArn)
    return services?.[kindOf(device, services)]
  }

  /**
   * The lane of a device; undefined where `of` is. Each application has lanes of its own at each service, and each well-known push
   * service of browsers has lanes of its own.
   */
  laneOf(device: Device, isOfLargeChannel: boolean): string | undefined {
    const services = this.#applications.get(device.resourceArn)
    const own = services && kindOf(device, services)
    if (!own || !services[own]) return undefined
    const [kind, destination] = own === 'push-web' ? browserLane(device) : [own, device.resourceArn]
    return laneOf(isOfLargeChannel ? `${kind}${large}` : kind, destination)
  }

  /** The pause that the service of that lane has asked for, until it is over. */
  pauseOf(lane: string): AskedPause | undefined {
    const { kind, destination } = partsOfLane(lane)
    const ofSmall = kind.endsWith(large) ? kind.slice(0, -large.length) : kind
    // The destination of a lane of browsers is a push service, and that of any other lane an application.
    return this.#applications.get(destination)?.[ofSmall as Kind]?.pause?.() ?? this.#pauses.of(destination)
  }

  /** All services, with their applications. */
  *all(): Iterable<{ readonly arn: string; readonly service: PushService }> {
    for (const [arn, services] of this.#applications) for (const service of Object.values(services)) if (service) yield { arn, service }
  }

  close() {
    for (const { service } of this.all()) service.close()
  }
}
