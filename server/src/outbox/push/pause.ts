import type { IncomingHttpHeaders } from 'node:http'
import { BoundedMap } from '../../tools/bounded-map.ts'
import type { AskedPause } from '../delivery.ts'

/** In milliseconds: the first pause for a service that does not say how long it should be, and the longest pause. */
const firstMilliseconds = 60_000
const longestMilliseconds = 10 * 60_000
/** Devices name the push services of browsers, so an attacker could name any number. */
const servicesAtMost = 200

/** The pause that a response requests, in milliseconds; undefined if it requests none. */
export function retryAfter({ 'retry-after': asked = '' }: Pick<IncomingHttpHeaders, 'retry-after'>): number | undefined {
  const milliseconds = /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - Date.now()
  return milliseconds > 0 ? milliseconds : undefined
}

/** The pause of a service that accepts no pushes at all: as long as it requests, or a minute, then two, up to ten. */
export class Pause {
  #last: AskedPause | undefined
  #refusals = 0

  /** The pause, until it has ended. */
  get present(): AskedPause | undefined {
    return this.#last && performance.now() < this.#last.until ? this.#last : undefined
  }

  /**
   * The service has refused a push, with the answer `why`; `asked` is the pause that it has requested, in milliseconds. Refusals of pushes
   * that were in flight then do not extend the pause.
   */
  begin(asked: number | undefined, why: string) {
    if (this.present) return
    const own = firstMilliseconds * 2 ** this.#refusals++
    this.#last = { until: performance.now() + Math.min(asked ?? own, longestMilliseconds), why }
  }

  /** The service has accepted a push. */
  reset() {
    if (!this.present) this.#refusals = 0
  }
}

interface Refusals {
  readonly pause: Pause
  /** The device that was refused since the service last accepted a push. */
  device: string | undefined
}

/** The pauses of the push services of browsers, by name: all applications share them. */
export class ServicePauses {
  readonly #services = new BoundedMap<string, Refusals>(servicesAtMost)

  of(service: string): AskedPause | undefined {
    return this.#services.get(service)?.pause.present
  }

  /** The service refuses all pushes. */
  begin(service: string, asked: number | undefined, why: string) {
    this.#refusalsOf(service).pause.begin(asked, why)
  }

  /**
   * The service gets too many pushes, of a device or of this server: the response does not say which (RFC 8030, 8.4). So a pause begins
   * when a second device is refused before the service has accepted a push.
   */
  refused(service: string, device: string, asked: number | undefined, why: string) {
    const refusals = this.#refusalsOf(service)
    refusals.device ??= device
    if (refusals.device !== device) refusals.pause.begin(asked, why)
  }

  /** The service has accepted a push. */
  reset(service: string) {
    const refusals = this.#services.get(service)
    if (!refusals) return
    refusals.device = undefined
    refusals.pause.reset()
  }

  #refusalsOf(service: string): Refusals {
    const known = this.#services.get(service)
    if (known) return known
    const refusals = { pause: new Pause(), device: undefined }
    this.#services.set(service, refusals)
    return refusals
  }
}
