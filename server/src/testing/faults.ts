import { setTimeout } from 'node:timers/promises'
import type { Static } from 'typebox'
import type { testing } from '../contract/carillon/testing.ts'
import { failure } from '../errors.ts'
import { LostResponse } from '../http/endpoint.ts'

/** What a fault does. */
type Effect = Omit<Static<typeof testing.CreateTestFault.input>, 'Operation' | 'EventType' | 'Times'>

/** A fault, and how often it happens. */
export interface Fault extends Effect {
  /** What the fault is about: the calls of an operation or of all operations, connections of clients, or events of a type. */
  readonly of: { readonly operation: string | undefined } | 'connections' | { readonly eventType: string }
  times: number
}

/** The most pending faults. */
const mostFaults = 1000

/** Whether the caller gets another answer, or none. */
export const fails = ({ Error: error, CloseConnection }: Effect) => error !== undefined || CloseConnection === true

/** The faults that a test has ordered. The rest of the server consults them in test mode only. */
export class Faults {
  #waiting: Fault[] = []

  /** Adds a fault; false if too many are pending. */
  add(fault: Fault): boolean {
    if (this.#waiting.length >= mostFaults) return false
    this.#waiting.push(fault)
    return true
  }

  clear() {
    this.#waiting = []
  }

  /** Runs work with the faults of its operation, which happen before it or before its answer. */
  around<Asked, Result>(operation: string, work: (asked: Asked) => Promise<Result>): (asked: Asked) => Promise<Result> {
    return async asked => {
      const fault = this.#take(({ of }) => typeof of === 'object' && 'operation' in of && (of.operation ?? operation) === operation)
      if (fault?.DelayMilliseconds !== undefined) await setTimeout(fault.DelayMilliseconds)
      const result = fault === undefined || fault.CarriedOut || !fails(fault) ? await work(asked) : undefined
      if (fault?.CloseConnection) throw new LostResponse()
      if (fault?.Error !== undefined)
        throw failure(
          fault.Error,
          'This error was ordered by CreateTestFault',
          'The server is in test mode, and a test has ordered the error.',
        )
      return result as Result
    }
  }

  /** The code with which a client that connects is refused. */
  refusal(): number | undefined {
    return this.#take(({ of }) => of === 'connections')?.CloseCode
  }

  /** Whether the sockets do not hear an event of that type. */
  drops(type: string): boolean {
    return this.#take(({ of }) => typeof of === 'object' && 'eventType' in of && of.eventType === type) !== undefined
  }

  #take(isMeant: (fault: Fault) => boolean): Fault | undefined {
    const fault = this.#waiting.find(isMeant)
    if (fault && --fault.times === 0) this.#waiting.splice(this.#waiting.indexOf(fault), 1)
    return fault
  }
}
