import { admins } from './admins.ts'
import { appInstances } from './app-instances.ts'
import { bans } from './bans.ts'
import { bots } from './bots.ts'
import { carillon } from './carillon/index.ts'
import { testing, type TestOperationName } from './carillon/testing.ts'
import { channels } from './channels.ts'
import type { JsonText } from './common.ts'
import { userEndpoints } from './user-endpoints.ts'
import { flows } from './flows.ts'
import { memberships } from './memberships.ts'
import { messages } from './messages.ts'
import { moderators } from './moderators.ts'
import type { Operation } from './operation.ts'
import { messagingSession } from './messaging-session.ts'
import type { ValueOf } from './shapes.ts'
import { streaming } from './streaming.ts'
import { tags } from './tags.ts'
import { users } from './users.ts'

const messaging = { ...channels, ...memberships, ...moderators, ...bans, ...messages, ...flows, ...streaming, ...messagingSession, ...tags }
const identity = { ...appInstances, ...users, ...admins, ...bots, ...userEndpoints, ...tags }
const all = { ...messaging, ...identity, ...carillon }

export type OperationName = keyof typeof all

/** Amazon's 81 operations, with 78 names since the three for tags are the same in both services, and those of `carillon`. */
export const operations: Readonly<Record<OperationName, Operation>> = all

/** The service `carillon` in the models for clients: with the operations that a server has in test mode only. */
export const carillonOperations: Readonly<Record<keyof typeof carillon | TestOperationName, Operation>> = { ...carillon, ...testing }

/** The operations of each service. */
export const services = {
  messaging: namesOf(messaging),
  identity: namesOf(identity),
  carillon: namesOf(carillon),
}

function namesOf<O extends object>(all: O): readonly (keyof O & string)[] {
  return Object.keys(all).filter((name): name is keyof O & string => Object.hasOwn(all, name))
}

export const isOperation = (name: string): name is OperationName => Object.hasOwn(operations, name)

/** An operation in which a user or bot acts. */
export type BearerOperation = { [N in OperationName]: 'ChimeBearer' extends keyof Input<N> ? N : never }[OperationName]

export const isBearerOperation = (name: OperationName): name is BearerOperation => operations[name].bearer

/** What a handler gets: decoded and validated, without absent members. */
export type Input<N extends OperationName> = (typeof all)[N] extends Operation<infer I> ? ValueOf<I> : never

/**
 * What a handler returns: nothing if there is no output. Optional members may be absent, `undefined` or `null`, and any member may
 * be JSON text.
 */
export type Output<N extends OperationName> = (typeof all)[N] extends Operation<infer _, infer O> ? OutputOf<ValueOf<O>> : never

/** The output of an operation as a client reads it. */
export type ClientOutput<N extends OperationName> = (typeof all)[N] extends Operation<infer _, infer O> ? ValueOf<O> : never

type OutputOf<T> = keyof T extends never ? void : OutputValue<T> | JsonText

type OutputValue<T> = T extends string | number | boolean | Date
  ? T
  : T extends readonly (infer Item)[]
    ? readonly (OutputValue<Item> | JsonText)[]
    : { readonly [K in keyof T]: OutputValue<NonNullable<T[K]>> | JsonText | ({} extends Pick<T, K> ? null | undefined : never) }
