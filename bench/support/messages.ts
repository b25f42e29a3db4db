import { channelArn, userArn } from './fill.ts'
import { signedPost } from './signed.ts'

/** Characters of a Content, unless somebody says otherwise. */
export const contentLength = 300

/** The text between the mark with the number and the end of a Content. */
const filling = 'hello world '.repeat(400)

/** The sender of the message of that number, where each of the rooms has so many members: the rooms take turns, and in them the members. */
export function senderOf(number: number, { rooms, members }: { rooms: number; members: number }) {
  return { room: number % rooms, member: Math.floor(number / rooms) % members }
}

/** Messages by their number, as an SDK sends them; listeners look for it in the Content. All channels have the same number of members. */
export function messagesOf(
  url: string,
  people: readonly (readonly number[])[],
  characters: number = contentLength,
): (number: number) => Buffer {
  return number => {
    const { room, member } = senderOf(number, { rooms: people.length, members: people[0]!.length })
    const sender = userArn(people[room]![member]!)
    const body = {
      Content: `~#${number};${filling}`.slice(0, characters),
      Type: 'STANDARD',
      Persistence: 'PERSISTENT',
      ClientRequestToken: crypto.randomUUID(),
    }
    return signedPost(url, `/channels/${encodeURIComponent(channelArn(room + 1))}/messages`, JSON.stringify(body), sender)
  }
}
