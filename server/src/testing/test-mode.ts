import type { Environment } from '../api/call.ts'
import { parseArn } from '../arn.ts'
import type { AccessKey } from '../auth/signature/signing-key.ts'
import type { SignedRequest } from '../auth/signature/sigv4.ts'
import { testing, type TestOperationName } from '../contract/carillon/testing.ts'
import { isOperation } from '../contract/index.ts'
import type { Operation } from '../contract/operation.ts'
import { deleteAppInstance } from '../domain/app-instances.ts'
import { accessDenied, badRequest } from '../errors.ts'
import { codecOf, type Codec } from '../http/codec.ts'
import type { Endpoint, Received } from '../http/endpoint.ts'
import { commonHeaders, renderError } from '../http/response.ts'
import { largestOnceChecked } from '../http/request-body.ts'
import { listAppInstances } from '../store/app-instances.ts'
import { findFacts } from '../store/facts.ts'
import { deleteCallbacks } from '../store/flow-callbacks.ts'
import { TestClock } from './clock.ts'
import { Faults, fails, type Fault } from './faults.ts'
import { TestIds } from './ids.ts'
import { checkedSeed, SeedFault } from './seed.ts'
import type { Seeder } from './seeder.ts'
import type { Static } from 'typebox'

type InputOf<Name extends TestOperationName> = Static<(typeof testing)[Name]['input']>
type Handler<Name extends TestOperationName> = (input: InputOf<Name>) => Promise<object | undefined>

/** The parts of a ready server that the operations of test mode need. */
export interface Tested {
  readonly environment: Environment
  readonly seeder: Seeder
  readonly purge: () => Promise<void>
  readonly checkKey: (received: Received) => void | Promise<void>
  readonly verify: (request: SignedRequest) => AccessKey
  /** Closes the sessions of a user, or all of them, and returns how many. */
  readonly closeSessions: (userId: number | undefined, code: number, reason: string) => number
}

/** The faults, the clock and the ids that a test controls, and the operations by which it does so. */
export class TestMode {
  readonly clock: TestClock
  readonly faults = new Faults()
  readonly ids = new TestIds()

  constructor(now: () => number) {
    this.clock = new TestClock(now)
  }

  /** The endpoints of the operations, which only the root key may call, by their paths. */
  endpoints(tested: Tested): readonly (readonly [path: string, endpoint: Endpoint])[] {
    const handlers: Readonly<Record<string, unknown>> = this.#handlers(tested)
    return Object.entries(testing).map(([name, operation]) => [
      operation.path,
      endpointOf(name, operation, tested, handlers[name] as (input: object) => Promise<object | undefined>),
    ])
  }

  #handlers({ environment, seeder, purge, closeSessions }: Tested): { readonly [Name in TestOperationName]: Handler<Name> } {
    const { db } = environment
    return {
      SeedAppInstance: async input => {
        try {
          return { AppInstanceArn: await seeder.sow(checkedSeed(input)) }
        } catch (error) {
          throw error instanceof SeedFault ? badRequest('The seed is not valid', error.message) : error
        }
      },

      ResetTestServer: async ({ CountedIds = false }) => {
        this.faults.clear()
        this.clock.reset()
        for (;;) {
          const { items } = await listAppInstances(db, undefined, 50)
          if (items.length === 0) break
          for (const { arn } of items) await db.transaction(tx => deleteAppInstance(tx, environment, arn))
        }
        await purge()
        // They are stored longer than their channels.
        while ((await db.transaction(tx => deleteCallbacks(tx, 500))) > 0);
        this.ids.reset(CountedIds)
        return undefined
      },

      PutTestClock: async input => this.clock.put(input),

      CreateTestFault: async input => {
        if (!this.faults.add(faultOf(input))) throw badRequest('Too many faults are pending', 'Call ResetTestServer, which removes them.')
        return undefined
      },

      CloseTestSessions: async ({ CloseCode, Reason = 'A test has closed the session', AppInstanceUserArn }) => {
        const user = AppInstanceUserArn === undefined ? undefined : parseArn(AppInstanceUserArn)
        const facts = user?.kind === 'user' ? await findFacts(db, user) : undefined
        if (AppInstanceUserArn !== undefined && !facts)
          throw badRequest('The user does not exist', `There is no user ${AppInstanceUserArn}.`)
        return { SessionCount: closeSessions(facts?.caller.id, CloseCode, Reason) }
      },
    }
  }
}

/**
 * Parses a fault. A fault of calls is an error or a lost answer, a delay, or both; a fault of connections is a close code; a fault of
 * events drops them.
 */
function faultOf(input: InputOf<'CreateTestFault'>): Fault {
  const { Operation, EventType, Times: times = 1, CloseCode, ...effect } = input
  const hasEffect = Object.keys(effect).length > 0
  if (EventType !== undefined) {
    if (Operation !== undefined || hasEffect || CloseCode !== undefined)
      throw badRequest('EventType excludes other members', 'An event of that type is dropped: give EventType and Times only.')
    return { of: { eventType: EventType }, times }
  }
  if (CloseCode !== undefined) {
    if (Operation !== 'Connect' || hasEffect)
      throw badRequest(
        'CloseCode is for connections only',
        'Give it with the Operation Connect and Times only; CloseTestSessions closes open sessions.',
      )
    return { of: 'connections', CloseCode, times }
  }
  if (!fails(effect) && effect.DelayMilliseconds === undefined)
    throw badRequest('The fault does nothing', 'Give Error, CloseConnection or DelayMilliseconds; or a CloseCode; or an EventType.')
  if (effect.Error !== undefined && effect.CloseConnection)
    throw badRequest('Error and CloseConnection exclude each other', 'A closed connection cannot carry an error: give one of the two.')
  if (Operation !== undefined && !isOperation(Operation))
    throw badRequest('The operation does not exist', `There is no operation ${Operation}.`)
  return { of: { operation: Operation }, ...effect, times }
}

function endpointOf(
  name: string,
  operation: Operation,
  { checkKey, verify }: Tested,
  handle: (input: object) => Promise<object | undefined>,
): Endpoint {
  // Most servers in test mode never need it.
  let codec: Codec | undefined
  return {
    nameOf: () => name,
    takes: () => true,
    largestBody: received => largestOnceChecked(checkKey(received)),
    async answer(received) {
      const { principal } = verify(received)
      if (principal.permissions)
        throw accessDenied(
          `User: ${principal.arn} is not authorized to perform: carillon:${name}`,
          'Only the root key controls a server in test mode.',
        )
      const { params, query, body } = received
      codec ??= codecOf(operation)
      const output = await handle(codec.decode({ params, query, body, bearer: undefined }))
      return { status: operation.status, headers: commonHeaders(received.requestId), body: codec.encode(output) }
    },
    refusal: (error, { requestId }) => renderError(error, requestId),
  }
}
