import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { pages } from '../api/acts.ts'
import { keyVariables, rootKey, serve, temporaryFolder } from '../support/process.ts'
import { clientsOf, createPostgresDatabase, databaseKinds } from '../support/world.ts'

/** How many senders send at once, until the server is killed. */
const senders = 8
const kills = 3

test.each(databaseKinds)(
  'a server that is killed while it indexes finds all acknowledged messages after it has caught up, and nothing that was redacted, on %s',
  async kind => {
    const data = await temporaryFolder()
    const where = kind === 'postgres' ? ['--database-url', await createPostgresDatabase()] : []
    const start = async () => {
      const server = serve(['--port', '0', '--data', data, '--search', 'on', ...where], { env: keyVariables })
      const clients = clientsOf({ url: await server.url(), rootKey })
      onTestFinished(() => [clients.identity, clients.messaging].forEach(each => each.destroy()))
      return { server, ...clients }
    }
    let { server, identity, messaging, carillon } = await start()
    const { AppInstanceArn } = await identity.createAppInstance({ Name: 'x' })
    const made = await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: 'u', Name: 'u' })
    const ChimeBearer = made.AppInstanceUserArn!
    const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name: 'c', ChimeBearer })
    const accepted = new Set<string>()
    const redacted = new Set<string>()
    for (let round = 0; round < kills; round++) {
      const before = accepted.size
      const sending = Array.from({ length: senders }, async (_, sender) => {
        for (let number = 0; ; number++) {
          try {
            const Content = `gathered word${round}x${sender}x${number}`
            const { MessageId } = await messaging.sendChannelMessage({
              ChannelArn,
              Content,
              Type: 'STANDARD',
              Persistence: 'PERSISTENT',
              ChimeBearer,
            })
            if (number % 10 === 9) {
              // Where the answer is lost, the sender does not know whether the message is stored.
              redacted.add(MessageId!)
              await messaging.redactChannelMessage({ ChannelArn, MessageId, ChimeBearer })
            } else accepted.add(MessageId!)
          } catch {
            return
          }
        }
      })
      await expect.poll(() => accepted.size, { interval: 5 }).toBeGreaterThan(before + 200)
      server.kill('SIGKILL')
      await Promise.all(sending)
      await server.exit()
      // The index is rebuilt from nothing once, and the server is killed meanwhile.
      if (kind === 'sqlite' && round === 1) await rm(join(data, 'carillon-search.db'))
      ;({ server, messaging, carillon } = await start())
    }
    const found = async () => {
      const listed = await pages(NextToken =>
        carillon.call('SearchMessages', { SearchText: 'gathered', MaxResults: 50, ChimeBearer, ...(NextToken && { NextToken }) }),
      )
      return new Set(listed.flatMap(page => page.FoundMessages!.map(({ ChannelMessage }) => ChannelMessage!.MessageId!)))
    }
    const missing = async () => {
      const known = await found()
      return [...accepted].filter(id => !known.has(id)).length
    }
    await expect.poll(missing, { interval: 500 }).toBe(0)
    const messages = await pages(NextToken => messaging.listChannelMessages({ ChannelArn, ChimeBearer, MaxResults: 50, NextToken }))
    const listed = messages.flatMap(page => page.ChannelMessages!)
    const readable = listed.filter(({ Redacted }) => !Redacted).map(({ MessageId }) => MessageId!)
    await expect.poll(async () => [...(await found())].toSorted(), { interval: 500 }).toEqual(readable.toSorted())
    expect(redacted.size).toBeGreaterThan(0)
  },
)
