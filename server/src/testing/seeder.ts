import { arnWithin } from '../arn.ts'
import type { Environment } from '../api/call.ts'
import type { Access } from '../auth/access.ts'
import type { Input, OperationName } from '../contract/index.ts'
import { createAppInstance } from '../domain/app-instances.ts'
import { ApiError } from '../errors.ts'
import { appInstanceByArn } from '../store/app-instances.ts'
import { callerInside, type CallInside } from './inside.ts'
import { SeedFault, type Seed } from './seed.ts'

/** The most members of a BatchCreateChannelMembership. */
const portion = 100

type Channel = NonNullable<Seed['Channels']>[number]

interface Wiring {
  readonly environment: Environment
  readonly access: Access
  /** Purges deleted app instances, whose ids a seed may use again. */
  readonly purge: () => Promise<void>
}

/**
 * Creates what seeds declare, by the calls that a client would make. A resource whose id exists stays as it is: an app instance gets the
 * users, admins and channels that it lacks, and an existing channel is not changed.
 */
export class Seeder {
  readonly #wiring: Wiring
  readonly #inside: CallInside

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.#inside = callerInside(wiring.environment, wiring.access)
  }

  /** Returns the ARN of the app instance. Rejects with a SeedFault that says at which part of the seed a call was refused. */
  async sow(seed: Seed): Promise<string> {
    const { Users = [], Admins = [], Channels = [] } = seed
    const { arn: AppInstanceArn, isNew } = await this.#appInstance(seed)
    for (const [index, { Id, Name = Id, ...more }] of Users.entries()) {
      const at = `Users[${index}] (${Id})`
      const user = { AppInstanceUserArn: arnWithin(AppInstanceArn, 'user', Id) }
      if (!isNew && (await this.#exists('DescribeAppInstanceUser', user))) continue
      const ClientRequestToken = crypto.randomUUID()
      await this.#call(at, 'CreateAppInstanceUser', { AppInstanceArn, AppInstanceUserId: Id, Name, ...more, ClientRequestToken })
    }
    for (const [index, id] of Admins.entries()) {
      const AppInstanceAdminArn = arnWithin(AppInstanceArn, 'user', id)
      await this.#call(`Admins[${index}] (${id})`, 'CreateAppInstanceAdmin', { AppInstanceArn, AppInstanceAdminArn })
    }
    for (const [index, channel] of Channels.entries())
      await this.#channel(`Channels[${index}] (${channel.Id})`, { AppInstanceArn, isNew, channel })
    return AppInstanceArn
  }

  async #appInstance({ Id, Name = Id, Metadata }: Seed): Promise<{ arn: string; isNew: boolean }> {
    const { db, region, account } = this.#wiring.environment
    const arn = `arn:aws:chime:${region}:${account}:app-instance/${Id}`
    if (await appInstanceByArn(db, arn)) return { arn, isNew: false }
    await this.#wiring.purge()
    const asked = { region, account, id: Id, name: Name, metadata: Metadata, tags: undefined }
    await this.#at('', () => db.transaction(tx => createAppInstance(tx, this.#wiring.environment, asked)))
    return { arn, isNew: true }
  }

  async #channel(at: string, { AppInstanceArn, isNew, channel }: { AppInstanceArn: string; isNew: boolean; channel: Channel }) {
    const { Id: ChannelId, Name = ChannelId, Mode, Privacy, Metadata, Moderators, Members = [], Messages = [], ReadBy = [] } = channel
    const user = (id: string) => arnWithin(AppInstanceArn, 'user', id)
    const [creator = '', ...others] = Moderators
    const ChannelArn = arnWithin(AppInstanceArn, 'channel', ChannelId)
    const asCreator = { ChannelArn, ChimeBearer: user(creator) }
    if (!isNew && (await this.#exists('DescribeChannel', asCreator))) return
    await this.#call(at, 'CreateChannel', {
      AppInstanceArn,
      ChannelId,
      Name,
      ...(Mode && { Mode }),
      ...(Privacy && { Privacy }),
      ...(Metadata !== undefined && { Metadata }),
      ClientRequestToken: crypto.randomUUID(),
      ChimeBearer: user(creator),
    })
    for (const id of others) await this.#call(at, 'CreateChannelModerator', { ...asCreator, ChannelModeratorArn: user(id) })
    const joining = [...new Set(Members)].filter(id => id !== creator).map(user)
    for (let start = 0; start < joining.length; start += portion) {
      const MemberArns = joining.slice(start, start + portion)
      const { Errors } = await this.#call(at, 'BatchCreateChannelMembership', { ...asCreator, MemberArns, Type: 'DEFAULT' })
      const [refused] = Errors as { MemberArn: string; ErrorMessage: string }[]
      if (refused) throw new SeedFault(`${at}: ${refused.MemberArn} cannot be a member: ${refused.ErrorMessage}`)
    }
    for (const [index, { Sender, ...message }] of Messages.entries()) {
      await this.#call(`${at}, Messages[${index}]`, 'SendChannelMessage', {
        ChannelArn,
        ...message,
        Type: 'STANDARD',
        Persistence: 'PERSISTENT',
        ClientRequestToken: crypto.randomUUID(),
        ChimeBearer: user(Sender),
      })
    }
    for (const id of ReadBy) await this.#call(at, 'UpdateChannelReadMarker', { ChannelArn, ChimeBearer: user(id) })
  }

  async #exists<Name extends OperationName>(name: Name, input: Input<Name>): Promise<boolean> {
    try {
      await this.#inside(name, input)
      return true
    } catch (error) {
      if (error instanceof ApiError && error.status < 500) return false
      throw error
    }
  }

  async #call<Name extends OperationName>(at: string, name: Name, input: Input<Name>) {
    return this.#at(`${at}: `, () => this.#inside(name, input))
  }

  async #at<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ApiError) || error.status >= 500) throw error
      throw new SeedFault(`${path}${error.message} ${error.reason ?? ''}`.trim(), { cause: error })
    }
  }
}
