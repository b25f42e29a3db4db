import type { ClientOutput, Input, OperationName } from '../contract/index.ts'
import { Refused, type ApiClient } from './api-client.ts'
import type { LineOf, LineType } from './lines.ts'

export type AnyLine = { [Type in LineType]: LineOf<Type> }[LineType]

/** Where a stage continues: the page of its list, and how many entries of that page are finished. */
export interface At {
  readonly token?: string | undefined
  readonly done?: number
  /** Of the channels: 0 for the public ones, 1 for the private ones. */
  readonly privacy?: 0 | 1
  /** Within a channel: which of its parts, and the page of the list there. */
  readonly part?: number
  readonly inner?: string | undefined
  /** How many messages of the part are exported. */
  readonly count?: number
}

export interface Step {
  readonly lines: readonly AnyLine[]
  /** Undefined at the end of the stage. */
  readonly next: At | undefined
}

interface Page<Entry> {
  readonly entries: readonly Entry[]
  readonly next: string | undefined
}

/** Loads the page of a list. */
type Load<Entry> = (NextToken: string | undefined) => Promise<Page<Entry>>

/** The list operations that are read here, by the member of the answer that has the entries. */
interface Lists {
  readonly ListChannelFlows: 'ChannelFlows'
  readonly ListAppInstanceUsers: 'AppInstanceUsers'
  readonly ListAppInstanceUserEndpoints: 'AppInstanceUserEndpoints'
  readonly ListAppInstanceBots: 'AppInstanceBots'
  readonly ListAppInstanceAdmins: 'AppInstanceAdmins'
  readonly ListChannelModerators: 'ChannelModerators'
  readonly ListChannelBans: 'ChannelBans'
  readonly ListSubChannels: 'SubChannels'
}
type EntryOf<Name extends keyof Lists> =
  NonNullable<ClientOutput<Name>[Lists[Name] & keyof ClientOutput<Name>]> extends readonly (infer Entry)[] ? Entry : never

/** The reader that all stages of an export share. */
export class ApiReader {
  readonly #client: ApiClient
  readonly arn: string
  readonly bearer: string

  constructor(client: ApiClient, { arn, bearer }: { readonly arn: string; readonly bearer: string }) {
    this.#client = client
    this.arn = arn
    this.bearer = bearer
  }

  async get<Name extends OperationName>(name: Name, input: Input<Name>): Promise<ClientOutput<Name>> {
    return this.#client.get(name, input)
  }

  /** Resolves to undefined if the resource does not exist. */
  async orNone<Name extends OperationName>(name: Name, input: Input<Name>): Promise<ClientOutput<Name> | undefined> {
    try {
      return await this.#client.get(name, input)
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return undefined
      throw error
    }
  }

  async tags(of: LineOf<'tag'>['of'], ResourceARN: string, id: string): Promise<LineOf<'tag'>[]> {
    const { Tags = [] } = await this.get('ListTagsForResource', { ResourceARN })
    return Tags.map(({ Key: key, Value: value }) => ({ type: 'tag', of, id, key, value }))
  }

  /** The pages of a list. */
  list<Name extends keyof Lists>(
    name: Name,
    member: Lists[Name],
    input: Omit<Input<Name>, 'NextToken' | 'MaxResults'>,
  ): Load<EntryOf<Name>> {
    return async NextToken => {
      const asked = { ...input, MaxResults: 50, ...(NextToken !== undefined && { NextToken }) } as unknown as Input<Name>
      const answer = (await this.get(name, asked)) as { readonly NextToken?: string } & Readonly<Record<string, unknown>>
      return { entries: (answer[member] ?? []) as readonly EntryOf<Name>[], next: answer.NextToken }
    }
  }

  async all<Entry>(load: Load<Entry>): Promise<Entry[]> {
    const found: Entry[] = []
    for (let token: string | undefined, isLast = false; !isLast; isLast = token === undefined) {
      const { entries, next } = await load(token)
      found.push(...entries)
      token = next
    }
    return found
  }
}

/** A stage that reads one entry of a page after the other, each with calls of its own. */
export async function eachOf<Entry>(
  { token }: At,
  load: Load<Entry>,
  linesOf: (entry: Entry) => Promise<readonly AnyLine[]>,
): Promise<Step> {
  const { entries, next } = await load(token)
  const lines: AnyLine[] = []
  for (const entry of entries) lines.push(...(await linesOf(entry)))
  return { lines, next: next === undefined ? undefined : { token: next } }
}
