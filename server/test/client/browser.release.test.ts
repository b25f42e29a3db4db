import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Carillon } from '../../src/client/carillon.ts'
import { hasBrowser, newPage } from '../support/browser.ts'
import { root } from '../support/process.ts'
import { servePage } from '../support/web-page.ts'
import { startWorld } from '../support/world.ts'

test.skipIf(!hasBrowser)('a page calls our operations over TLS from another origin, and sees why one is refused', async () => {
  const web = await servePage(join(root, 'server/test/clients/page'), { global: 'globalThis' })
  onTestFinished(() => web.close())
  const world = await startWorld('sqlite', { tls: 'on' })
  onTestFinished(() => world.close())
  const { arn, user } = await world.appInstance(['ann', 'ben'])
  const [ann, ben] = [user('ann'), user('ben')]
  const { ChannelArn } = await world.messaging.createChannel({ AppInstanceArn: arn, Name: 'x', MemberArns: [ben], ChimeBearer: ann })
  await world.messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: ben })
  const page = await newPage(join(world.folder, 'ca.pem'))
  await page.goto(web.url)
  const seen = await page.evaluate(
    async ({ options, asked }) => {
      const { Carillon: Client } = globalThis as unknown as { Carillon: typeof Carillon }
      const carillon = new Client(options)
      const { ChannelReadMarkers } = await carillon.call('ListChannelReadMarkers', asked)
      const refused = await carillon.call('PutChannelReadMarker', { ...asked, MessageId: 'none' }).then(
        () => undefined,
        ({ name, Reason }: { name: string; Reason: string }) => ({ name, Reason }),
      )
      return {
        markers: ChannelReadMarkers?.map(({ Member, ReadMarkerTimestamp }) => [Member?.Name, ReadMarkerTimestamp instanceof Date]),
        refused,
      }
    },
    { options: { endpoint: world.app.tlsUrl!, credentials: world.app.rootKey }, asked: { ChannelArn: ChannelArn!, ChimeBearer: ben } },
  )
  expect(seen).toEqual({
    markers: [
      ['ann', false],
      ['ben', true],
    ],
    refused: { name: 'NotFoundException', Reason: `There is no message none in ${ChannelArn}.` },
  })
})
