import type { NamedArns } from '../arn.ts'
import type { Input, OperationName, Output } from '../contract/index.ts'
import type { Bus } from '../bus/bus.ts'
import type { Principal } from '../auth/principal.ts'
import type { PageTokens } from './page-token.ts'
import type { Limits } from '../settings/limits.ts'
import type { AnsweredTokens } from './answered-tokens.ts'
import type { Database } from '../database/database.ts'
import type { CalledChannel, Facts } from '../store/facts.ts'

/** What the process hands to every call. */
export interface Environment {
  readonly db: Database
  /** For messages that are stored nowhere; what happens in a transaction is said by events/emit.ts. */
  readonly bus: Bus
  /** The clock, in epoch milliseconds. Tests move it; signatures keep real time. */
  readonly now: () => number
  readonly region: string
  readonly account: string
  readonly limits: Limits
  /** What GetMessagingSessionEndpoint answers; undefined for the host of the call and the TLS port. */
  readonly publicWsHost: string | undefined
  /** Where the server listens with TLS; undefined where it does not. */
  readonly tlsPort: number | undefined
  readonly pageTokens: PageTokens
  readonly answeredTokens: AnsweredTokens
}

/** What a handler may use where a service key acts. */
export interface Call extends Environment {
  /** The host that the call was signed for. */
  readonly host: string
  /** Who has signed. */
  readonly principal: Principal
  readonly operation: OperationName
  /** What the input names; `named` reads it. */
  readonly arns: NamedArns
  /** What is known of the user or bot that calls; undefined where a service key acts. */
  readonly facts: Facts | undefined
}

/** What a handler may use where a user or bot acts. */
export interface BearerCall extends Call {
  readonly facts: Facts
}

/** The same where the call is about a channel: it exists, and the bearer's role permits the call. */
export interface ChannelCall extends BearerCall {
  readonly facts: Facts & { readonly channel: CalledChannel }
}

type CallOf<Name extends OperationName> = 'ChimeBearer' extends keyof Input<Name>
  ? 'ChannelArn' extends keyof Input<Name>
    ? ChannelCall
    : BearerCall
  : Call

type Handler<Name extends OperationName> = (input: Input<Name>, call: CallOf<Name>) => Promise<Output<Name>>

/** Handlers bear the operation's name. */
export type Handlers<Name extends OperationName> = { readonly [Each in Name]: Handler<Each> }
