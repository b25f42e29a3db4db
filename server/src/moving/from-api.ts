import type { ApiClient } from './api-client.ts'
import { ApiChannels } from './api-channels.ts'
import { millisecondsOf } from './api-names.ts'
import { adminsOf, botsOf, flowsOf, usersOf } from './api-identities.ts'
import { ApiReader, type AnyLine, type At, type Step } from './api-reader.ts'
import type { Source } from './export.ts'

interface ExportProgress {
  readonly stage: number
  readonly startedAt: number
  readonly at: At
}

/** The lines, without repetitions. */
function unique(lines: readonly AnyLine[]): AnyLine[] {
  return [...new Map(lines.map(line => [JSON.stringify(line), line])).values()]
}

/** An app instance that is read through the public API, by the credentials of an AppInstanceAdmin. */
export class FromApi implements Source {
  readonly name: string
  readonly #api: ApiReader
  readonly #now: () => number
  readonly #stages: readonly ((at: At, startedAt: number) => Promise<Step>)[]

  constructor(client: ApiClient, { arn, bearer, origin, now }: { arn: string; bearer: string; origin: string; now: () => number }) {
    this.name = `API at ${origin}: ${arn}`
    this.#now = now
    const api = new ApiReader(client, { arn, bearer })
    const channels = new ApiChannels(api)
    this.#api = api
    this.#stages = [
      async at => flowsOf(api, at),
      async at => usersOf(api, at),
      async at => botsOf(api, at),
      async at => adminsOf(api, at),
      async (at, startedAt) => channels.channels(at, startedAt),
      async (at, startedAt) => channels.memberships(at, startedAt),
      async (at, startedAt) => channels.messages(at, startedAt),
    ]
  }

  async begin() {
    const AppInstanceArn = this.#api.arn
    const { AppInstance } = await this.#api.get('DescribeAppInstance', { AppInstanceArn })
    if (!AppInstance) throw new Error('DescribeAppInstance has answered without an app instance.')
    const retention = await this.#api.get('GetAppInstanceRetentionSettings', { AppInstanceArn })
    const streams = await this.#api.orNone('GetMessagingStreamingConfigurations', { AppInstanceArn })
    const streamOf = (type: string) => streams?.StreamingConfigurations?.find(each => each.DataType === type)?.ResourceArn
    const startedAt = this.#now()
    const days = retention.AppInstanceRetentionSettings?.ChannelRetentionSettings?.RetentionDays
    const appInstance = {
      arn: AppInstanceArn,
      name: AppInstance.Name,
      metadata: AppInstance.Metadata,
      createdAt: millisecondsOf(AppInstance.CreatedTimestamp, startedAt),
      updatedAt: millisecondsOf(AppInstance.LastUpdatedTimestamp, startedAt),
      ...(days !== undefined && { retentionDays: days, retentionStartsAt: millisecondsOf(retention.InitiateDeletionTimestamp, startedAt) }),
      channelStream: streamOf('Channel'),
      messageStream: streamOf('ChannelMessage'),
    }
    const first: ExportProgress = { stage: 0, startedAt, at: {} }
    return { appInstance, first }
  }

  async page(given: unknown) {
    const { stage, startedAt, at } = given as ExportProgress
    const { lines, next } = await this.#stages[stage]!(at, startedAt)
    const isLast = stage + 1 === this.#stages.length
    const progress: ExportProgress | undefined = next
      ? { stage, startedAt, at: next }
      : isLast
        ? undefined
        : { stage: stage + 1, startedAt, at: {} }
    return { lines: unique(lines), next: progress }
  }
}
