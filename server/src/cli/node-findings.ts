import { randomUUID } from 'node:crypto'
import packageFile from '../../package.json' with { type: 'json' }
import { natsOptions } from '../bus/nats-login.ts'
import { largestMessage, subjectsOf, type Subjects } from '../bus/wire.ts'
import type { Database } from '../database/database.ts'
import { presentBusName } from '../nodes/bus-name.ts'
import { differing, settingDigests, type SettingDigests } from '../nodes/common-settings.ts'
import { rollCall, type Present } from '../nodes/roll-call.ts'
import type { Config } from '../settings/config.ts'
import { livingNodes } from '../store/nodes.ts'
import { messageOf } from '../tools/error-text.ts'
import { advice, fault, good, ofClock, type Finding } from './finding.ts'

const listed = (names: readonly string[]) => names.toSorted().join(', ')

function ofVersions(present: readonly Present[]): Finding {
  const versions = [...new Set([packageFile.version, ...present.map(({ version }) => version)])]
  if (versions.length === 1) return good(`All nodes have version ${packageFile.version}, as this command`)
  const each = present.map(({ name, version }) => `${name} has ${version}`)
  return advice(
    `The versions differ: this command has ${packageFile.version}, ${listed(each)}`,
    'Unless this is a rolling upgrade, start all nodes with the same version.',
  )
}

/** The finding about settings that nodes and this command should have in common; none if nobody differs. */
function ofSettings(present: readonly Present[], own: SettingDigests): Finding[] {
  const known = present.flatMap(({ name, settings }) => (settings ? [{ name, settings }] : []))
  const others = known.map(({ name, settings }) => ({ name, flags: differing(settings, own) })).filter(({ flags }) => flags.length > 0)
  if (others.length === 0) return []
  const what = `The settings differ: ${listed(others.map(({ name, flags }) => `${name} has other values than this command for ${flags.join(' and ')}`))}`
  const isBetweenNodes = known.some(({ settings }) => differing(settings, known[0]!.settings).length > 0)
  return [
    isBetweenNodes
      ? fault(what, 'Unless they are being changed node by node, start all nodes with the same settings.')
      : advice(what, 'Give this command the settings of the nodes, or start them again with those of this command.'),
  ]
}

/** The findings about one server of NATS, and the nodes that answer over it; undefined if it cannot be used. */
async function ofServer(config: Config, server: string, subjects: Subjects) {
  try {
    const answer = await rollCall({ ...(await natsOptions(config)), servers: server }, subjects)
    const { milliseconds, present, mostBytes, refused } = answer
    const small = fault(
      `NATS at ${server} accepts ${mostBytes} bytes in a message, and those of nodes may have ${largestMessage}`,
      `Set its max_payload to ${largestMessage} or more: larger messages that are stored nowhere do not reach other nodes.`,
    )
    return {
      findings: [
        good(`NATS at ${server} answers within ${milliseconds} ms`),
        ...(mostBytes < largestMessage ? [small] : []),
        ...refused.map(why =>
          fault(`NATS at ${server} refuses its user a subject of the nodes`, `${why}. Let it publish and subscribe to carillon.>.`),
        ),
      ],
      present,
    }
  } catch (error) {
    return { findings: [fault(`NATS at ${server} cannot be used`, messageOf((error as Error).cause ?? error))], present: undefined }
  }
}

/** The findings about each server of NATS and the nodes that answer: their clocks and versions, and which living nodes do not answer. */
async function overBus(config: Config, db: Database): Promise<Finding[]> {
  // Without a name there is no node, so nobody answers under this one.
  const subjects = subjectsOf((await presentBusName(db)) ?? randomUUID())
  const servers = await Promise.all(config.natsUrl!.map(async url => ofServer(config, new URL(url).host, subjects)))
  const ofServers = servers.flatMap(({ findings }) => findings)
  const answers = servers.flatMap(({ present }) => (present ? [present] : []))
  if (answers.length === 0) return ofServers
  const present = [...new Map(answers.flat().map(node => [node.id, node])).values()]
  // Every node answers over every server of a cluster.
  const isHeard = (id: string) => answers.every(each => each.some(node => node.id === id))
  const deafNodes = (await livingNodes(db)).filter(({ id, bus }) => bus !== null && !isHeard(id)).map(({ name }) => name)
  const deaf = fault(
    `These nodes are alive, but do not answer over this NATS: ${listed(deafNodes)}`,
    'Give all nodes and commands a --nats-url of the same NATS cluster, and look for errors of NATS in their logs.',
  )
  return [
    ...ofServers,
    ...present.map(({ name, took }) => good(`The node ${name} answers over NATS within ${took} ms`)),
    ...present.map(({ name, ahead }) => ofClock(`the node ${name}`, ahead)),
    ...(present.length === 0 ? [] : [ofVersions(present)]),
    ...ofSettings(present, await settingDigests(config, db)),
    ...(deafNodes.length === 0 ? [] : [deaf]),
  ]
}

/** The findings about the nodes on this PostgreSQL database. */
export async function nodeFindings(config: Config, db: Database): Promise<Finding[]> {
  const living = await livingNodes(db)
  const without = living.filter(({ bus }) => bus === null).map(({ name }) => name)
  const isDeaf = without.length > 1 || (without.length > 0 && (living.length > 1 || config.natsUrl !== undefined))
  const lacking = config.natsUrl === undefined && living.some(({ bus }) => bus !== null)
  return [
    living.length === 0
      ? advice('No server runs on this database', 'Start one with carillon serve, unless all are stopped on purpose.')
      : good(`${living.length} ${living.length === 1 ? 'node is' : 'nodes are'} alive: ${listed(living.map(({ name }) => name))}`),
    ...(isDeaf
      ? [fault(`Other nodes do not get the events of these: ${listed(without)}`, 'Give all nodes the same NATS by --nats-url.')]
      : []),
    ...(lacking ? [fault('The nodes use NATS, and this command has no --nats-url', 'Give the command the settings of the server.')] : []),
    ...(config.natsUrl === undefined ? [] : await overBus(config, db)),
  ]
}
