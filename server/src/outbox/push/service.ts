import type { Push } from '../../events/push.ts'
import type { Device } from '../../store/push.ts'

/** The push service says that the device is gone, or the device has named what can never be a push service. */
export class DeadDevice extends Error {}

/** The time of the try was over, or the service has asked for a pause, before the device had its turn. */
export class Untried extends Error {}

/** The outcome for a device: undefined if the push was taken; DeadDevice; Refused if no try can succeed; any other error is tried again. */
export type DeviceOutcome = Error | undefined

/** What brings pushes to devices. */
export interface PushService {
  /** Resolves to the outcome for each device. Ends early when the signal aborts. */
  readonly send: (devices: readonly Device[], push: Push, signal: AbortSignal) => Promise<readonly DeviceOutcome[]>
  /** Whether it has asked for a pause that lasts. */
  readonly isPaused?: () => boolean
  /** Resolves to what works, in words. Rejects with an Error that says what does not, and what to change. */
  readonly check: (signal: AbortSignal) => Promise<string>
  /** Closes connections that are open. */
  readonly close: () => void
}

/** How long the requests of a try of the outbox may take together; the writes after them fit in too. */
const requestMilliseconds = 4000
/** Later no request begins, so that each has time for its answer: one that is broken off may have been taken. */
const beginMilliseconds = 2000
/** How many requests of a try are under way at once. */
const atOnce = 4

/** Sends to each device by a request of its own. Those that there was no time for are Untried. */
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
