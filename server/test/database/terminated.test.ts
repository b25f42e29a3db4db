import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { open, pages, say } from '../api/acts.ts'
import { contentsOf } from '../nodes/two-nodes.ts'
import { listen } from '../support/sockets.ts'
import { createPostgresDatabase, startWorld } from '../support/world.ts'

const senders = 8

test.each(['pg_terminate_backend', 'pg_cancel_backend'])(
  'while an administrator calls %s on all connections, calls get 503 at worst, and each message is stored and heard once',
  async how => {
    const databaseUrl = await createPostgresDatabase({ made: true })
    const world = await startWorld('postgres', { databaseUrl })
    onTestFinished(() => world.close())
    const { user } = await world.appInstance(['alice', 'bob'])
    const alice = user('alice')
    const channel = await open(world, alice, { MemberArns: [user('bob')] })
    const bob = await listen(world.app, user('bob'))
    const admin = new Client(databaseUrl)
    await admin.connect()
    onTestFinished(() => admin.end())

    const failures: unknown[] = []
    let stored = 0
    const isEnough = () => failures.length > 10 && stored > 200
    const send = async (sender: number) => {
      for (let count = 0; !isEnough(); count++) {
        const ClientRequestToken = crypto.randomUUID()
        for (let isStored = false; !isStored;) {
          isStored = await say(world, alice, channel, `${sender} ${count}`, { ClientRequestToken }).then(
            () => true,
            (error: unknown) => {
              failures.push((error as Error).name)
              return false
            },
          )
        }
        stored++
      }
    }
    const disturb = async () => {
      // In bursts, so that connections break as they are opened, and messages are stored in between.
      for (let count = 1; !isEnough(); count++) {
        await admin.query(`select ${how}(pid) from pg_stat_activity where datname = current_database() and application_name = 'carillon'`)
        await setTimeout(count % 10 === 0 ? 500 : 20)
      }
    }
    await Promise.all([disturb(), ...Array.from({ length: senders }, async (_, sender) => send(sender))])
    expect(new Set(failures)).toEqual(new Set(['ServiceUnavailableException']))
    const listed = await pages(NextToken =>
      world.messaging.listChannelMessages({ ChannelArn: channel, ChimeBearer: alice, SortOrder: 'ASCENDING', MaxResults: 50, NextToken }),
    )
    const contents = listed.flatMap(({ ChannelMessages }) => ChannelMessages!.map(({ Content }) => Content))
    expect([contents.length, new Set(contents).size]).toEqual([stored, stored])
    await expect.poll(() => contentsOf(bob)).toEqual(contents)
  },
)
