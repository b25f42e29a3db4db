import type { StreamingConfiguration } from '@aws-sdk/client-chime-sdk-messaging'
import { expect, onTestFinished, test } from 'vitest'
import { call } from '../support/signed.ts'
import { onBothDatabases, refusal, startWorld } from '../support/world.ts'
import { nobodysPort } from '../support/ports.ts'
import { startKinesis } from '../support/kinesis.ts'

const bad = { name: 'BadRequestException', code: 'BadRequest', status: 400 }
const missing = { name: 'NotFoundException', code: 'NotFound', status: 404 }

const stream = (name: string) => `arn:aws:kinesis:us-east-1:123456789012:stream/${name}`
const channels = (ResourceArn = stream('chime-messaging-channels')): StreamingConfiguration => ({ DataType: 'Channel', ResourceArn })
const messages = (ResourceArn = stream('chime-messaging-messages')): StreamingConfiguration => ({ DataType: 'ChannelMessage', ResourceArn })

onBothDatabases('Streaming configurations', world => {
  const put = async (AppInstanceArn: string, ...StreamingConfigurations: StreamingConfiguration[]) =>
    (await world().messaging.putMessagingStreamingConfigurations({ AppInstanceArn, StreamingConfigurations })).StreamingConfigurations
  const get = async (AppInstanceArn: string) =>
    (await world().messaging.getMessagingStreamingConfigurations({ AppInstanceArn })).StreamingConfigurations

  test('two calls, one per data type, configure both; changing one type keeps the other', async () => {
    const { arn } = await world().appInstance()
    expect(await put(arn, messages())).toEqual([messages()])
    expect(await put(arn, channels())).toEqual([channels(), messages()])
    const both = stream('chime-messaging-both')
    expect(await put(arn, messages(both))).toEqual([channels(), messages(both)])
    expect(await put(arn, messages(), channels(both))).toEqual([channels(both), messages()])
    expect(await get(arn)).toEqual([channels(both), messages()])
  })

  test('the body of the older PutAppInstanceStreamingConfigurations is refused with what to send instead', async () => {
    const { app } = world()
    const { arn } = await world().appInstance()
    const older = { AppInstanceStreamingConfigurations: [{ AppInstanceDataType: 'Channel', ResourceArn: stream('chime-messaging-a') }] }
    const path = `/app-instances/${encodeURIComponent(arn)}/streaming-configurations`
    const answered = await call(app.url, app.rootKey, { method: 'PUT', path, body: JSON.stringify(older) })
    expect([answered.status, answered.json()['Reason']]).toEqual([
      400,
      'StreamingConfigurations is required and travels in the body as StreamingConfigurations: [{DataType, ResourceArn}]. ' +
        'The body has AppInstanceStreamingConfigurations, which this operation does not have.',
    ])
    expect(await refusal(get(arn))).toMatchObject(missing)
  })

  test('a data type that occurs twice and a resource that is no chime-messaging- stream are refused, and nothing is stored', async () => {
    const { arn } = await world().appInstance()
    expect(await refusal(put(arn, channels(), channels(stream('chime-messaging-b'))))).toMatchObject(bad)
    const wrong = [
      stream('messages'),
      stream('chime-messaging-'),
      stream('chime-messaging-a/b'),
      `x${stream('chime-messaging-a')}`,
      'arn:aws:firehose:us-east-1:123456789012:deliverystream/chime-messaging-a',
      'arn:aws:kinesis:us-east-1:123456789012:chime-messaging-a',
    ]
    for (const resource of wrong) expect(await refusal(put(arn, channels(), messages(resource)))).toMatchObject(bad)
    expect(await refusal(put(arn))).toMatchObject(bad)
    expect(await refusal(get(arn))).toMatchObject(missing)
  })

  test('deleting removes both types, and deleting again changes nothing', async () => {
    const { messaging, appInstance } = world()
    const { arn } = await appInstance()
    const other = await appInstance()
    await put(arn, channels(), messages())
    await put(other.arn, channels())
    for (let times = 0; times < 2; times++) {
      const answer = await messaging.deleteMessagingStreamingConfigurations({ AppInstanceArn: arn })
      expect(answer.$metadata.httpStatusCode).toBe(204)
    }
    expect(await refusal(get(arn))).toMatchObject(missing)
    expect(await get(other.arn)).toEqual([channels()])
  })

  test('an app instance that does not exist is not found, and the configuration of a deleted one is gone', async () => {
    const { identity, messaging, appInstance } = world()
    const { arn } = await appInstance()
    const AppInstanceArn = `${arn}x`
    expect(await refusal(put(AppInstanceArn, channels()))).toMatchObject(missing)
    expect(await refusal(get(AppInstanceArn))).toMatchObject(missing)
    expect((await messaging.deleteMessagingStreamingConfigurations({ AppInstanceArn })).$metadata.httpStatusCode).toBe(204)
    await put(arn, channels(), messages())
    await identity.deleteAppInstance({ AppInstanceArn: arn })
    expect(await refusal(get(arn))).toMatchObject(missing)
    expect(await refusal(put(arn, channels()))).toMatchObject(missing)
  })
})

test('a stream that does not exist, is not ready, or cannot be reached is refused by its name, and nothing is stored', async () => {
  const kinesis = await startKinesis()
  const world = await startWorld('sqlite', { kinesisEndpoint: kinesis.url })
  const alone = await startWorld('sqlite', { kinesisEndpoint: `http://127.0.0.1:${nobodysPort}` })
  onTestFinished(async () => {
    await Promise.all([world.close(), alone.close()])
    await kinesis.close()
  })
  const message = 'Unable to access Kinesis stream chime-messaging-new'
  const put = async ({ messaging, appInstance }: typeof world, resource: string) => {
    const { arn: AppInstanceArn } = await appInstance()
    const refused = await refusal(
      messaging.putMessagingStreamingConfigurations({ AppInstanceArn, StreamingConfigurations: [channels(resource)] }),
    )
    expect(await refusal(messaging.getMessagingStreamingConfigurations({ AppInstanceArn }))).toMatchObject(missing)
    return refused
  }
  const named = stream('chime-messaging-new')
  const gone = 'Kinesis has no stream chime-messaging-new in us-east-1. Create it first.'
  expect(await put(world, named)).toMatchObject({ ...bad, message, reason: gone })
  kinesis.define('chime-messaging-new', 'CREATING')
  const creating = 'The stream chime-messaging-new is CREATING: it accepts records once it is ACTIVE.'
  expect(await put(world, named)).toMatchObject({ ...bad, message, reason: creating })
  expect(await put(alone, named)).toMatchObject({
    status: 503,
    message,
    reason: expect.stringMatching(/^Kinesis at http:\S+ cannot be reached for the stream chime-messaging-new: /) as string,
  })
})
