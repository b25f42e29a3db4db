import type { ChannelVersion } from '../store/prefetch.ts'
import type { DetailsText } from './frame.ts'
import type { Session } from './session.ts'
import type { TopicOf } from './topic.ts'

type Topic = TopicOf<Session>

/** The most bytes of all texts; those that were not used for the longest time make room. */
const mostBytes = 64 * 1024 * 1024
/** A text is not used for longer than that, and after that all are forgotten if none was used meanwhile. */
const keptMilliseconds = 60_000

/** What was read of a channel that all of its members see. */
export interface Details {
  readonly text: DetailsText
  /** When the reading began, on the monotonic clock. */
  readonly readAt: number
  /** No change up to this one is missing. */
  readonly version: ChannelVersion
  /** The topic's version when the reading began. */
  readonly heard: number
  /** The retention that hid older messages, and the time of the oldest message that the text depends on. */
  readonly retentionDays: number | undefined
  readonly oldestAt: number
}

/** What a reader needs: the version that the database had when it came, and its retention. */
export interface Needed {
  readonly version: ChannelVersion
  readonly retentionDays: number | undefined
  /** Older messages are hidden now. */
  readonly cutoff: number
}

/**
 * The details of channels that were read for one reader and are the same for the next one. A change that was committed before a
 * reader came shows in the version that its channels were chosen with. A later one arrives as an event, which raises the version of
 * the topic. So a text is used only if a reading by the reader itself could have had the same result.
 */
export class SharedDetails {
  readonly #kept = new Map<Topic, Details>()
  #bytes = 0
  #isUsed = false
  #forgetting: NodeJS.Timeout | undefined

  find(topic: Topic, needed: Needed): Details | undefined {
    const details = this.#kept.get(topic)
    if (!details) return undefined
    this.#drop(topic, details)
    if (!isGood(topic, details, needed)) return undefined
    this.#put(topic, details)
    this.#isUsed = true
    return details
  }

  keep(topic: Topic, details: Details) {
    const older = this.#kept.get(topic)
    if (older) this.#drop(topic, older)
    this.#put(topic, details)
    for (const [oldest, its] of this.#kept) {
      if (this.#bytes <= mostBytes) break
      this.#drop(oldest, its)
    }
    this.#isUsed = true
    this.#forgetting ??= setInterval(() => this.#forget(), keptMilliseconds).unref()
  }

  #put(topic: Topic, details: Details) {
    this.#kept.set(topic, details)
    this.#bytes += details.text.length
  }

  #drop(topic: Topic, details: Details) {
    this.#kept.delete(topic)
    this.#bytes -= details.text.length
  }

  #forget() {
    if (this.#isUsed) {
      this.#isUsed = false
      return
    }
    clearInterval(this.#forgetting)
    this.#forgetting = undefined
    this.#kept.clear()
    this.#bytes = 0
  }
}

const isGood = (topic: Topic, { readAt, version, heard, retentionDays, oldestAt }: Details, needed: Needed) =>
  performance.now() - readAt < keptMilliseconds &&
  heard === topic.version &&
  version.sequence >= needed.version.sequence &&
  version.identities >= needed.version.identities &&
  retentionDays === needed.retentionDays &&
  oldestAt >= needed.cutoff
