import { CarillonChat, startCarillon } from './carillon.ts'
import { XmppChat, type Chat } from './chat.ts'
import { startEjabberd } from './ejabberd.ts'
import { Postgres } from './postgres.ts'
import type { PeerName } from './programs.ts'
import { startProsody } from './prosody.ts'
import type { Rooms, XmppServer } from './xmpp.ts'

/** The peers that were chosen, each with that many users; their resources end with `stack`. */
export async function startPeers(peers: readonly PeerName[], users: number, stack: AsyncDisposableStack): Promise<XmppServer[]> {
  const servers: XmppServer[] = []
  for (const peer of peers) {
    const server = peer === 'prosody' ? await startProsody(users) : await startEjabberd(stack.use(await Postgres.start()), users)
    stack.defer(() => server.stop())
    servers.push(server)
  }
  return servers
}

/** All servers with the same rooms, all members of which are connected. */
export async function openChats(peers: readonly PeerName[], rooms: Rooms, stack: AsyncDisposableStack): Promise<Chat[]> {
  const users = rooms.rooms * rooms.members
  const shape = { users, channels: rooms.rooms, each: 1, large: 0 }
  const server = await startCarillon(shape)
  stack.defer(() => server.stop())
  const carillon = await CarillonChat.open(server, shape, rooms)
  stack.defer(() => carillon.listeners.stop())
  const chats: Chat[] = [carillon]
  for (const server of await startPeers(peers, users, stack)) {
    const chat = new XmppChat(server, rooms)
    stack.defer(() => chat.listeners.stop())
    await chat.open()
    chats.push(chat)
  }
  return chats
}
