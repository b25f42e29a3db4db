import { deadline, NoRespondersError, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node'
import { connectNats } from '../bus/nats-connect.ts'
import { numberMessage, type Subjects } from '../bus/wire.ts'
import { objectIn } from '../tools/json.ts'
import { type SettingDigests } from './common-settings.ts'

/** The time for all nodes to answer. */
const patienceMilliseconds = 1500
/** A NATS server that does not answer within this time is unavailable. */
const dialMilliseconds = 3000
/** The most nodes that are listed. */
const mostNodes = 1000

interface NodeName {
  readonly id: string
  readonly name: string
  readonly version: string
  /** Undefined for a node of an older version. */
  readonly settings?: SettingDigests | undefined
}

/** A node that has answered. */
export interface Present extends NodeName {
  /** The milliseconds until its answer. */
  readonly took: number
  /** How far its clock is ahead of the clock of this machine, in milliseconds. */
  readonly ahead: number
}

/** The answer of a node. */
export const presence = ({ id, name, version, settings }: NodeName) => JSON.stringify({ id, name, version, settings, at: Date.now() })

/** Parses the answer of a node; undefined for anything else. */
function presentOf(text: string, start: number): Present | undefined {
  const { id, name, version, settings, at } = objectIn(text)
  if (typeof id !== 'string' || typeof name !== 'string' || typeof version !== 'string' || typeof at !== 'number') return undefined
  const took = Date.now() - start
  const digests = typeof settings === 'object' && settings !== null ? (settings as SettingDigests) : undefined
  return { id, name, version, settings: digests, took, ahead: at - start - took / 2 }
}

/** The set to which each refusal of NATS is added: it publishes a message that nodes ignore on their subjects, and subscribes to them. */
function tryPermissions(connection: NatsConnection, { channel, user, all, presence: online }: Subjects): ReadonlySet<string> {
  const refused = new Set<string>()
  void (async () => {
    for await (const status of connection.status()) if (status.type === 'error') refused.add(status.error.message)
  })()
  for (const subject of [channel(0), user(0), all, online]) {
    connection.subscribe(subject, { callback: error => void (error && refused.add(error.message)) })
    connection.publish(subject, numberMessage(0, 0))
  }
  return refused
}

/**
 * Sends a request to all nodes over NATS. Resolves to the nodes that answer, to the milliseconds of a round trip to NATS, to the largest
 * message that NATS accepts, and to what it refuses this user. Rejects if NATS cannot be used.
 */
export async function rollCall(options: ConnectionOptions, subjects: Subjects) {
  const { rollCall: subject, answers } = subjects
  const connection = await connectNats({
    ...options,
    name: 'carillon doctor',
    reconnect: false,
    timeout: dialMilliseconds,
    inboxPrefix: answers,
  })
  try {
    const milliseconds = await deadline(connection.rtt(), dialMilliseconds)
    const refused = tryPermissions(connection, subjects)
    const start = Date.now()
    const present: Present[] = []
    const replies = await connection.requestMany(subject, '', { strategy: 'timer', maxWait: patienceMilliseconds })
    try {
      for await (const reply of replies) {
        const node = presentOf(reply.string(), start)
        if (node && present.length < mostNodes) present.push(node)
      }
    } catch (error) {
      // No node is connected to this NATS.
      if (!(error instanceof NoRespondersError)) throw error
    }
    return { milliseconds, present, mostBytes: connection.info?.max_payload ?? Infinity, refused: [...refused].toSorted() }
  } finally {
    await connection.close()
  }
}
