/**
 * The types of `carillon/testing`, which the package publishes. They import nothing but the types of `carillon/client`.
 */
import type { Credentials, Operations } from '../client/carillon.ts'

interface UserSeed {
  /** The AppInstanceUserId. */
  readonly Id: string
  /** By default the Id. */
  readonly Name?: string
  readonly Metadata?: string
}

interface MessageSeed {
  /** The Id of a member. */
  readonly Sender: string
  readonly Content: string
  readonly Metadata?: string
}

interface ChannelSeed {
  /** The ChannelId. */
  readonly Id: string
  /** By default the Id. */
  readonly Name?: string
  readonly Mode?: 'UNRESTRICTED' | 'RESTRICTED'
  readonly Privacy?: 'PUBLIC' | 'PRIVATE'
  readonly Metadata?: string
  /** The Ids of the moderators; the first of them creates the channel, and so is a member as well. */
  readonly Moderators: readonly string[]
  /** The Ids of the members. */
  readonly Members?: readonly string[]
  /** PERSISTENT messages, in this order. */
  readonly Messages?: readonly MessageSeed[]
  /** The Ids of the members who have read all of it. */
  readonly ReadBy?: readonly string[]
}

/** An app instance and what is in it, declared by ids; so its ARNs are known before it exists. */
export interface Seed {
  /** The last part of the ARN. */
  readonly Id: string
  /** By default the Id. */
  readonly Name?: string
  readonly Metadata?: string
  readonly Users?: readonly UserSeed[]
  /** The Ids of the users who are AppInstanceAdmins. */
  readonly Admins?: readonly string[]
  readonly Channels?: readonly ChannelSeed[]
}

export interface StartOptions {
  /** The app instances that exist from the start. */
  readonly seed?: Seed | readonly Seed[]
  /**
   * Serves over TLS as well, which amazon-chime-sdk-js needs, since it connects by wss only. The certificate is from a CA of the server's
   * own: `chime.ca`.
   */
  readonly tls?: boolean
  /** Settings of `carillon serve`, by the names of their flags: `{ 'rate-limits': 'aws' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

/** The configuration for clients of the AWS SDK: `new ChimeSDKMessaging(chime.clientConfig)`. */
export interface ClientConfig {
  readonly endpoint: string
  readonly region: string
  readonly credentials: Credentials
}

/** An event as a socket gets it, with the payload parsed. */
export interface HeardEvent {
  readonly type: string
  readonly headers: Readonly<Record<string, string>>
  readonly payload: Readonly<Record<string, unknown>> | undefined
}

export interface HeardOptions {
  /** The longest wait, in milliseconds; 5000 by default. */
  readonly within?: number
  /** Skips the events for which it returns false. */
  readonly where?: (event: HeardEvent) => boolean
}

/** A user of an app instance, with credentials that may act as that user and as nobody else. */
export interface ChimeUser {
  /** The AppInstanceUserArn, which calls take as ChimeBearer. */
  readonly arn: string
  readonly clientConfig: ClientConfig
  /** Opens a messaging session. From then on the user receives every event of its channels. */
  listen(): Promise<void>
  /**
   * Resolves to the next event of that type that was not returned before, and rejects if none arrives in time. The user must listen before
   * the event happens.
   */
  heard(type: string, options?: HeardOptions): Promise<HeardEvent>
}

export interface CallFault {
  /** The exception with which the call is refused, such as ThrottledClientException. */
  readonly error?: Operations['CreateTestFault']['input']['Error']
  /** How long the call waits, in milliseconds. */
  readonly delay?: number
  /** Whether the call is carried out first, so that only its answer is missing or wrong. */
  readonly carriedOut?: boolean
  /** Whether the connection is closed instead of an answer. */
  readonly closeConnection?: boolean
  /** How many calls; 1 by default. */
  readonly times?: number
}

export interface ClockChange {
  /** The new time of the server. */
  readonly time?: Date
  /** How far the server's time moves. */
  readonly advanceSeconds?: number
  /** Whether the time stands still. */
  readonly frozen?: boolean
  /** How far the server's clock for signatures is ahead of the real time, or behind it; only this makes signatures invalid. */
  readonly skewSeconds?: number
}

/** A running server with clients of its own. */
export interface Chime extends AsyncDisposable {
  readonly endpoint: string
  readonly region: string
  /** The root key, which may do everything. */
  readonly credentials: Credentials
  readonly clientConfig: ClientConfig
  /** The CA of the server's certificate, as PEM; undefined without TLS. */
  readonly ca: string | undefined
  /** The ARN of the first app instance of the seed; empty without a seed. */
  readonly appInstanceArn: string
  /** The ARN of the channel with that Id in the first app instance of the seed. */
  channelArn(id: string): string
  /** A user of the first app instance by Id, or any user by ARN. */
  as(user: string): ChimeUser
  /** Creates what another seed declares, and returns the ARN of its app instance. */
  seed(seed: Seed): Promise<string>
  /**
   * Deletes all app instances, removes all faults, and sets the clock to the real time. With `countedIds` the ids of what is created next
   * are the same after each such reset.
   */
  reset(options?: { readonly countedIds?: boolean }): Promise<void>
  /** Changes the server's clock, and returns its new time. */
  setClock(change: ClockChange): Promise<Date>
  /** Makes the next calls of an operation, such as SendChannelMessage, fail, wait, or lose their answers. */
  fail(operation: string, fault: CallFault): Promise<void>
  /** Drops the next events of a type, so that no socket receives them. */
  dropEvents(type: string, times?: number): Promise<void>
  /** Refuses the next clients that connect, by closing their socket with the code. */
  refuseConnections(closeCode: number, times?: number): Promise<void>
  /** Closes the open sessions of a user, by its ARN, or all of them, with the code; returns how many. */
  closeSessions(closeCode: number, userArn?: string): Promise<number>
  /** Stops the server and removes its data. */
  stop(): Promise<void>
}

/** Starts a server in this process, on a free port of 127.0.0.1, with its data in memory. */
export declare function start(options?: StartOptions): Promise<Chime>
