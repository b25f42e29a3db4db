import { channelArn, userArn } from './fill.ts'
import { signedPost } from './signed.ts'

/** Characters of a Content. */
const contentLength = 300

/** What is between the mark with the number and the end of a Content. */
const filling = 'hello world '.repeat(400)

/**
 * Messages by their number, as an SDK sends them; those who listen look for it in the Content. They are of all channels in turn,
 * and in each of all its members in turn.
 */
export function messagesOf(url: string, people: readonly (readonly number[])[]): (number: number) => Buffer {
  return number => {
    const room = number % people.length
    const members = people[room]!
    const sender = userArn(members[Math.floor(number / people.length) % members.length]!)
    const body = {
      Content: `~#${number};${filling}`.slice(0, contentLength),
      Type: 'STANDARD',
      Persistence: 'PERSISTENT',
      ClientRequestToken: crypto.randomUUID(),
    }
    return signedPost(url, `/channels/${encodeURIComponent(channelArn(room + 1))}/messages`, JSON.stringify(body), sender)
  }
}
