import { onTestFinished } from 'vitest'
import { freePort } from '../support/ports.ts'
import { keyVariables, rootKey, serveTls, temporaryFolder } from '../support/process.ts'
import { clientsOf } from '../support/world.ts'

/**
 * A server with TLS as its operator starts it, which `serve` starts again at the same address; with Alice, an AppInstanceAdmin, whose
 * channel `general` has the given members.
 */
export async function startPlace({ flags = [], members = ['bob'] }: { flags?: readonly string[]; members?: readonly string[] } = {}) {
  const data = await temporaryFolder()
  const [port, tlsPort] = [await freePort(), await freePort()]
  const serve = async () => {
    const server = serveTls(['--port', String(port), '--tls-port', String(tlsPort), '--data', data, ...flags], { env: keyVariables })
    await server.url()
    return server
  }
  const server = await serve()
  const [url, tlsUrl] = [await server.url(), await server.tlsUrl()]
  const { identity, messaging, carillon } = clientsOf({ url, rootKey })
  onTestFinished(() => [identity, messaging].forEach(each => each.destroy()))
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'clients' })
  const user = (id: string) => `${AppInstanceArn}/user/${id}`
  for (const id of ['alice', ...members]) await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: id, Name: id })
  const alice = user('alice')
  await identity.createAppInstanceAdmin({ AppInstanceArn, AppInstanceAdminArn: alice })
  const newChannel = async (Name: string) => {
    const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name, MemberArns: members.map(user), ChimeBearer: alice })
    return ChannelArn!
  }
  const general = await newChannel('general')
  return {
    AppInstanceArn,
    server,
    serve,
    data,
    url,
    tlsUrl,
    identity,
    messaging,
    carillon,
    user,
    alice,
    bob: user('bob'),
    general,
    newChannel,
    /** Sends a message of Alice. */
    say: (Content: string, ChannelArn = general) =>
      messaging.sendChannelMessage({ ChannelArn, Content, Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer: alice }),
  }
}

export type Place = Awaited<ReturnType<typeof startPlace>>
