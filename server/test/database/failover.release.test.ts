import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { freePort } from '../support/ports.ts'
import { startPostgres } from '../support/postgres.ts'
import { repeatedly } from '../support/repeatedly.ts'
import { startWorld } from '../support/world.ts'

const hostsOf = (...urls: string[]) => urls.map(url => new URL(url).host).join(',')

test('of several hosts the one that is no standby is used, and after a failover the other one, with everything acknowledged', async () => {
  const primary = await startPostgres(['-c', 'wal_keep_size=128MB'])
  onTestFinished(() => primary.remove())
  const standby = await primary.standby(await freePort())
  onTestFinished(() => standby.remove())
  // The standby is first.
  const databaseUrl = `postgresql://postgres:postgres@${hostsOf(standby.url, primary.url)}/postgres?target_session_attrs=read-write`
  const world = await startWorld('postgres', { databaseUrl })
  onTestFinished(() => world.close())
  const { messaging } = world
  const { user } = await world.appInstance(['alice'])
  const ChimeBearer = user('alice')
  const ChannelArn = await open(world, ChimeBearer)
  const acknowledged: string[] = []
  let count = 0
  const talking = repeatedly(async () => {
    const content = `${count++}`
    await say(world, ChimeBearer, ChannelArn, content).then(
      () => acknowledged.push(content),
      async () => setTimeout(50),
    )
  })
  await expect.poll(() => acknowledged.length).toBeGreaterThan(20)
  await primary.crash()
  await standby.promote()
  const before = acknowledged.length
  await expect.poll(() => acknowledged.length).toBeGreaterThan(before + 20)
  await talking.stop()
  const found: string[] = []
  for (let NextToken: string | undefined; ;) {
    const page = await messaging.listChannelMessages({ ChannelArn, ChimeBearer, MaxResults: 50, SortOrder: 'ASCENDING', NextToken })
    found.push(...page.ChannelMessages!.map(({ Content }) => Content!))
    NextToken = page.NextToken
    if (NextToken === undefined) break
  }
  expect(found.filter(content => acknowledged.includes(content))).toEqual(acknowledged)
})

test('a URL of several hosts of which none is a primary is refused at start by their names', async () => {
  const primary = await startPostgres()
  onTestFinished(() => primary.remove())
  const standby = await primary.standby(await freePort())
  onTestFinished(() => standby.remove())
  const hosts = hostsOf(standby.url, standby.url)
  const starting = startWorld('postgres', { databaseUrl: `postgresql://postgres:postgres@${hosts}/postgres` })
  await expect(starting).rejects.toThrow(`PostgreSQL at ${hosts.replace(',', ', ')}/postgres cannot be used: no host is a primary.`)
  await expect(
    startWorld('postgres', { databaseUrl: `postgresql://postgres@${hosts}/postgres?target_session_attrs=standby` }),
  ).rejects.toThrow('must have read-write or primary as its target_session_attrs')
})
