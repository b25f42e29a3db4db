import type { NamedArns } from '../arn.ts'
import type { BearerOperation, Input, OperationName, Output } from '../contract/index.ts'
import type { Bus } from '../bus/bus.ts'
import type { Principal } from '../auth/principal.ts'
import type { RecentCalls } from '../auth/recent-calls.ts'
import type { ServerFigures } from '../observe/server-figures.ts'
import type { PageTokens } from './page-token.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { Limits } from '../settings/limits.ts'
import type { Ids } from '../tools/ids.ts'
import type { OnlineNow } from '../present/presence.ts'
import type { AnsweredTokens } from './answered-tokens.ts'
import type { Database } from '../database/database.ts'
import type { SearchIndex } from '../search/search-index.ts'
import type { CalledChannel, Facts } from '../store/facts.ts'
import type { ConnectedTo, ConnectedUser } from '../store/nodes.ts'
import type { Page } from '../store/page.ts'

/** Presence and sessions of users, over all nodes. */
interface Presences extends OnlineNow {
  /** The DEFAULT members of a channel; of a large one as they were up to five minutes ago. */
  membersOf(channelId: number): Promise<ReadonlySet<number>>
  /** Whether the session is open, on any node. */
  hasSession(session: { readonly userId: number; readonly id: string }): Promise<boolean>
  /** A page of the users with a socket, by their ids, over all nodes. */
  connected(to: ConnectedTo, after: number, limit: number): Promise<Page<ConnectedUser>>
}

/** The node that answers. */
interface NodeState {
  readonly name: string
  readonly version: string
  /** The bus by which it gets the events of other nodes; null for a single node. */
  readonly bus: string | null
  /** In epoch milliseconds. */
  readonly startedAt: number
}

/** What every call gets from the process. */
export interface Environment {
  readonly db: Database
  /** For messages that are not stored; every other event goes through events/emit.ts. */
  readonly bus: Bus
  readonly presence: Presences
  /** The clock, in epoch milliseconds. Tests can change it; signatures use the real time. */
  readonly now: () => number
  readonly region: string
  readonly account: string
  readonly limits: Limits
  /** The ids of new resources. Tests can make them predictable. */
  readonly ids: Ids
  /** Makes access keys, and reads keys and roles again once they have changed. */
  readonly keyRing: Pick<KeyRing, 'makeKey' | 'refresh'>
  /** The issuer of tokens that the setting --oidc-issuer names. */
  readonly oidcIssuer: string | undefined
  /** The answer of GetMessagingSessionEndpoint; undefined for the host of the call with the TLS port. */
  readonly publicWsHost: string | undefined
  /** The port of the TLS listener; undefined if TLS is off. */
  readonly tlsPort: number | undefined
  /** Rejects if the stream of that ARN does not accept records. */
  readonly checkStream: (arn: string) => Promise<void>
  /** Checks in the background whether the functions of a flow's processors can be invoked, and logs a warning for those that cannot. */
  readonly warnOfFunctions: (channelFlowArn: string, functionArns: readonly string[]) => void
  readonly node: NodeState
  /** Calls, messages and sockets of this node in the last five minutes. */
  readonly figures: ServerFigures
  /** The last calls that this node has answered. */
  readonly recentCalls: RecentCalls
  /** Whether ListRecentCalls shows names, content and metadata. */
  readonly showsContent: boolean
  /** Undefined if the search is off. */
  readonly search: SearchIndex | undefined
  readonly pageTokens: PageTokens
  readonly answeredTokens: AnsweredTokens
}

/** What a handler gets if a service key makes the call. */
export interface Call extends Environment {
  /** The host that the call was signed for. */
  readonly host: string
  /** The principal that signed. */
  readonly principal: Principal
  readonly operation: OperationName
  /** The ARNs in the input; `named` reads them. */
  readonly arns: NamedArns
  /** The facts about the user or bot that makes the call; undefined for a service key. */
  readonly facts: Facts | undefined
}

/** What a handler gets if a user or bot makes the call. */
export interface BearerCall extends Call {
  readonly facts: Facts
}

/** What a handler gets if the call is about a channel: the channel exists, and the bearer's role permits the call. */
export interface ChannelCall extends BearerCall {
  readonly facts: Facts & { readonly channel: CalledChannel }
}

type CallOf<Name extends OperationName> = Name extends BearerOperation
  ? Input<Name> extends { readonly ChannelArn: string }
    ? ChannelCall
    : BearerCall
  : Call

type Handler<Name extends OperationName> = (input: Input<Name>, call: CallOf<Name>) => Promise<Output<Name>>

/** A handler has the name of its operation. */
export type Handlers = { readonly [Name in OperationName]: Handler<Name> }
