import type { Push } from '../../events/push.ts'
import type { Device } from '../../store/push.ts'
import type { AskedPause } from '../delivery.ts'

/** The device is gone, as its push service says, or its registration can never work. */
export class DeadDevice extends Error {}

/** The device was not tried: the attempt had no time left, or the service has requested a pause. */
export class Untried extends Error {}

/**
 * The outcome for a device: undefined if the push was accepted; DeadDevice; Refused if no retry can succeed; after any other error it is
 * retried.
 */
export type DeviceOutcome = Error | undefined

/** A service that sends pushes to devices. */
export interface PushService {
  /** Resolves to the outcome for each device. Ends early when the signal aborts. */
  readonly send: (devices: readonly Device[], push: Push, signal: AbortSignal) => Promise<readonly DeviceOutcome[]>
  /** The pause that it has requested, until it is over. */
  readonly pause?: () => AskedPause | undefined
  /** Checks the service. Resolves to a sentence that says what works; rejects with an Error that says what does not, and what to change. */
  readonly check: (signal: AbortSignal) => Promise<string>
  /** Closes connections that are open. */
  readonly close: () => void
}

/** How long the requests of one attempt of the outbox may take together; the attempt has time for the writes after them. */
const requestMilliseconds = 4000
/** After this time no request begins, so that each has time for its answer: a push that is aborted may have been accepted. */
const beginMilliseconds = 2000
/** How many requests of an attempt are in flight at once. */
const atOnce = 4

/** Sends a request for each device. The outcome of devices for which there was no time is Untried. */
export async function toEach(
  devices: readonly Device[],
  signal: AbortSignal,
  sendOne: (device: Device, signal: AbortSignal) => Promise<void>,
): Promise<DeviceOutcome[]> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(requestMilliseconds)])
  const outcomes: DeviceOutcome[] = devices.map(() => new Untried('There was no time for the push'))
  const start = performance.now()
  let next = 0
  const worker = async () => {
    while (next < devices.length && !limited.aborted && performance.now() - start < beginMilliseconds) {
      const index = next++
      outcomes[index] = await sendOne(devices[index]!, limited).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
      )
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return outcomes
}
