import type { ChannelVersion } from '../store/prefetch.ts'
import type { DetailsText } from './frame.ts'
import type { Topic } from './session.ts'

/** The most bytes of all texts. The least recently used texts are evicted first. */
const mostBytes = 64 * 1024 * 1024
/** How long a text may be used. If none is used for that time, all are evicted. */
const cachedMilliseconds = 60_000

/** The details of a channel that all of its members see. */
export interface Details {
  readonly text: DetailsText
  /** When the reading began, on the monotonic clock. */
  readonly readAt: number
  /** The version in the database up to which no change is missing. */
  readonly version: ChannelVersion
  /** The topic's version when the reading began. */
  readonly heard: number
  /** The retention that hid older messages, and the time of the oldest message that the text depends on. */
  readonly retentionDays: number | undefined
  readonly oldestAt: number
}

/** What a reader requires: the version in the database when its channels were chosen, and its retention. */
interface Needed extends Pick<Details, 'version' | 'retentionDays'> {
  /** The time before which messages are hidden from the reader. */
  readonly cutoff: number
}

/**
 * A cache of the details of channels that are the same for several readers. A change that was committed before a reader's channels were
 * chosen shows in the version that they were chosen with. A later change arrives as an event, which raises the version of the topic. So a
 * cached text is used only if a reading for the reader itself could have had the same result.
 */
export class SharedDetails {
  readonly #cache = new Map<Topic, Details>()
  #bytes = 0
  #isUsed = false
  #evicting: NodeJS.Timeout | undefined

  find(topic: Topic, needed: Needed): Details | undefined {
    const details = this.#cache.get(topic)
    if (!details) return undefined
    this.#drop(topic, details)
    if (!isGood(topic, details, needed)) return undefined
    this.#put(topic, details)
    this.#isUsed = true
    return details
  }

  put(topic: Topic, details: Details) {
    const older = this.#cache.get(topic)
    if (older) this.#drop(topic, older)
    this.#put(topic, details)
    for (const [oldest, its] of this.#cache) {
      if (this.#bytes <= mostBytes) break
      this.#drop(oldest, its)
    }
    this.#isUsed = true
    this.#evicting ??= setInterval(() => this.#evict(), cachedMilliseconds).unref()
  }

  #put(topic: Topic, details: Details) {
    this.#cache.set(topic, details)
    this.#bytes += details.text.length
  }

  #drop(topic: Topic, details: Details) {
    this.#cache.delete(topic)
    this.#bytes -= details.text.length
  }

  #evict() {
    if (this.#isUsed) {
      this.#isUsed = false
      return
    }
    clearInterval(this.#evicting)
    this.#evicting = undefined
    this.#cache.clear()
    this.#bytes = 0
  }
}

const isGood = (topic: Topic, { readAt, version, heard, retentionDays, oldestAt }: Details, needed: Needed) =>
  performance.now() - readAt < cachedMilliseconds &&
  heard === topic.version &&
  version.sequence >= needed.version.sequence &&
  version.identities >= needed.version.identities &&
  retentionDays === needed.retentionDays &&
  oldestAt >= needed.cutoff
