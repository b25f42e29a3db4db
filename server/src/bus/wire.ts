import type { OtherEvent, SocketEvent, Step } from './socket-events.ts'

/** The version of the format. Nodes of another version do not get these messages, and read the events from the database. */
const version = 1
/**
 * The number of subjects that channels and users share each, so that a user in 20,000 channels does not make 20,000 subscriptions.
 * The same on all nodes of a version.
 */
const subjectCount = 1024

/**
 * The most bytes of a message. A larger one is not lost if the event is stored: then its number is sent. Of the others, the largest are
 * messages of the largest Content that can be set, whose control characters take six bytes each, and lists of who is online.
 */
export const largestMessage = 512 * 1024

/** The subjects of the nodes that share a database. */
export function subjectsOf(cluster: string) {
  const prefix = `carillon.${cluster}.${version}`
  return {
    channel: (id: number) => `${prefix}.channel.${id % subjectCount}`,
    user: (id: number) => `${prefix}.user.${id % subjectCount}`,
    /** For all users of an app instance. */
    all: `${prefix}.all`,
    /** Who is online on which node. */
    presence: `${prefix}.presence`,
    /** Every node answers requests on this subject. */
    rollCall: `${prefix}.roll-call`,
    /** The answers go to subjects below this one. */
    answers: `${prefix}.answers`,
  }
}

export type Subjects = ReturnType<typeof subjectsOf>

/**
 * The kind of a message: a step; a copy of a step for users whose node does not follow the channel; a number that the channel has reached;
 * or an event without a channel.
 */
type Kind = 'step' | 'copy' | 'number' | 'other'

/** The subject of an event without a channel. */
export function subjectOf(subjects: Subjects, event: OtherEvent): string {
  if (event.type === 'app-instance-deleted') return subjects.all
  return 'userId' in event && event.type !== 'presence-changed' ? subjects.user(event.userId) : subjects.presence
}

/** A header line and JSON. Times are ISO 8601 in it, as in frames. */
const message = (kind: Kind, channelId: number, sequence: number | undefined, content: unknown) =>
  Buffer.from(`${kind} ${channelId} ${sequence ?? '-'} ${Date.now()}\n${JSON.stringify(content)}`)

export const stepMessage = (kind: 'step' | 'copy', { channelId, sequence, events }: Step) => message(kind, channelId, sequence, events)

export const numberMessage = (channelId: number, sequence: number) => message('number', channelId, sequence, undefined)

export const otherMessage = (event: OtherEvent) => message('other', 0, undefined, event)

const head = /^(step|copy|number|other) (\d{1,16}) (-|\d{1,16}) (\d{1,16})$/
/** The longest header line. */
const longestHead = 64

/** Throws an Error for anything but a message of this version; so do `events` and `other`. */
export function readMessage(data: Uint8Array) {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const end = bytes.subarray(0, longestHead).indexOf('\n')
  const found = head.exec(bytes.toString('latin1', 0, Math.max(end, 0)))
  if (!found) throw new Error('A message of the bus has an invalid header')
  const [, kind, channelId, sequence, sentAt] = found
  const content = () => JSON.parse(bytes.toString('utf8', end + 1)) as unknown
  return {
    kind: kind as Kind,
    channelId: Number(channelId),
    sequence: sequence === '-' ? undefined : Number(sequence),
    /** By the clock of the publishing node. */
    sentAt: Number(sentAt),
    /** The events of a step or a copy, parsed only if a session needs them. */
    events: () => content() as readonly SocketEvent[],
    other: () => content() as OtherEvent,
  }
}

/** The subjects for copies of a step: for users who hear it wherever they are, or who join with it. */
export function subjectsOfPeople(subjects: Subjects, { events }: Step): ReadonlySet<string> {
  const people = events.flatMap(({ only = [], moves = [] }) => [
    ...only,
    ...moves.flatMap(({ memberId, to }) => (to === undefined ? [] : [memberId])),
  ])
  return new Set(people.map(id => subjects.user(id)))
}
