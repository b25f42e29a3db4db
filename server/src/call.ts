import type { Input, OperationName, Output } from './contract/index.ts'
import type { Bus } from './bus/bus.ts'
import type { Principal } from './auth/principal.ts'
import type { PageTokens } from './page-token.ts'
import type { Limits } from './limits.ts'
import type { AnsweredTokens } from './answered-tokens.ts'
import type { Elastic, Mode, Privacy } from './store/channels.ts'
import type { Database } from './store/database.ts'
import type { Identity } from './store/identities.ts'
import type { MembershipType } from './store/memberships.ts'
import type { Message } from './store/messages.ts'

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
}

/** The user or bot that acts. */
interface Caller extends Identity {
  readonly appInstanceId: number
  readonly appInstanceArn: string
}

/** The channel that a call is about. */
export interface CalledChannel {
  readonly id: number
  readonly arn: string
  readonly mode: Mode
  readonly privacy: Privacy
  /** The flow that its messages go through. */
  readonly flowId: number | undefined
  /** How an elastic channel is divided; undefined for an ordinary one. */
  readonly elastic: Elastic | undefined
}

/** The sub-channel of an elastic channel that a call names. */
export interface CalledSubChannel {
  readonly id: number
  /** Its SubChannelId. */
  readonly name: string
}

/** What is known of the bearer and of its relation to what the call is about; rules are predicates over it. */
export interface Facts {
  readonly caller: Caller
  /** Messages older than so many days are hidden; undefined for none. */
  readonly retentionDays: number | undefined
  /** An AppInstanceAdmin of the app instance that the call is about. */
  readonly admin: boolean
  readonly channel: CalledChannel | undefined
  /** Where the call names a sub-channel that is there. */
  readonly subChannel: CalledSubChannel | undefined
  /** That in the sub-channel which the call names; where it names none, that in any. */
  readonly membership: MembershipType | undefined
  readonly moderator: boolean
  readonly banned: boolean
  /** The message that the call is about, whoever may see it; undefined where there is none of that id. */
  readonly message: Message | undefined
}

/** What a handler may use where a user or bot acts. */
export interface BearerCall extends Call, Facts {}

/** The same where the call is about a channel: it exists, and the bearer's role permits the call. */
export interface ChannelCall extends BearerCall {
  readonly channel: CalledChannel
}

type CallOf<Name extends OperationName> = 'ChimeBearer' extends keyof Input<Name>
  ? 'ChannelArn' extends keyof Input<Name>
    ? ChannelCall
    : BearerCall
  : Call

type Handler<Name extends OperationName> = (input: Input<Name>, call: CallOf<Name>) => Promise<Output<Name>>

/** Handlers bear the operation's name. */
export type Handlers<Name extends OperationName> = { readonly [Each in Name]: Handler<Each> }
