import { arnWithin, type Arn } from '../arn.ts'
import type { Input } from '../contract/index.ts'
import { notFound } from '../errors.ts'
import { emit } from '../events/emit.ts'
import type { AppInstance } from '../store/app-instances.ts'
import type { Queries, Transaction } from '../database/database.ts'
import { buryIdentity, countIdentities, findIdentity, insertIdentity, updateIdentity, type IdentityRecord } from '../store/identities.ts'
import type { Doing } from './acting.ts'
import { checkCount, holdAppInstance } from './counts.ts'
import { checkMetadataSize } from './sizes.ts'
import { tagNew, type GivenTag } from './tags.ts'

export type BotConfiguration = Input<'CreateAppInstanceBot'>['Configuration']

/** The bot of that ARN. Throws NotFoundException if there is none. */
export async function requireBot(db: Queries, arn: Arn): Promise<IdentityRecord> {
  const found = await findIdentity(db, arn)
  if (!found) throw notFound('The app instance bot does not exist.', `There is no bot ${arn.text}.`)
  return found
}

/** Without RespondsTo and InvokedBy a bot answers all standard messages and no targeted ones (docs/service/push-and-bots.md#bots). */
function withDefaults(configuration: BotConfiguration): BotConfiguration {
  const { Lex } = configuration
  if (Lex.RespondsTo || Lex.InvokedBy) return configuration
  return { ...configuration, Lex: { ...Lex, InvokedBy: { StandardMessages: 'ALL', TargetedMessages: 'NONE' } } }
}

interface BotToCreate {
  readonly name: string | undefined
  readonly metadata: string | undefined
  readonly configuration: BotConfiguration
  readonly tags: readonly GivenTag[] | undefined
}

/** Creates a bot and returns its ARN. */
export async function createBot(
  tx: Transaction,
  { now, limits, ids }: Doing,
  appInstance: Pick<AppInstance, 'id' | 'arn'>,
  asked: BotToCreate,
): Promise<string> {
  checkMetadataSize(asked.metadata)
  await holdAppInstance(tx, appInstance.id)
  checkCount(await countIdentities(tx, appInstance.id, 'bot'), 'botsPerAppInstance', limits)
  const externalId = ids.resource()
  const botId = await insertIdentity(tx, {
    appInstanceArn: appInstance.arn,
    kind: 'bot',
    externalId,
    name: asked.name ?? '',
    metadata: asked.metadata,
    configuration: withDefaults(asked.configuration),
    now: now(),
  })
  if (botId !== undefined) {
    await tagNew(tx, { kind: 'identity', id: botId }, asked.tags)
    await emit(tx, { kind: 'BotCreated', botId })
  }
  return arnWithin(appInstance.arn, 'bot', externalId)
}

/** Replaces name and metadata, and the configuration if one is given. */
export async function changeBot(
  tx: Transaction,
  { now }: Doing,
  arn: Arn,
  given: { name: string; metadata: string; configuration: BotConfiguration | undefined },
) {
  checkMetadataSize(given.metadata)
  const { id } = await requireBot(tx, arn)
  await updateIdentity(tx, id, { ...given, configuration: given.configuration && withDefaults(given.configuration), now: now() })
  await emit(tx, { kind: 'BotUpdated', botId: id })
}

/** Deletes a bot. Its memberships end with the purge. If it does not exist, nothing happens. */
export async function deleteBot(tx: Transaction, { now }: Doing, arn: Arn) {
  const bot = await findIdentity(tx, arn)
  if (bot && (await buryIdentity(tx, bot.id, now()))) await emit(tx, { kind: 'BotDeleted', botId: bot.id })
}
