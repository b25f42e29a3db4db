import { signedPost } from './signed.ts'

/** What is between the mark with the number and the end of a Content. */
const filling = 'hello world '.repeat(400)

/** A SendChannelMessage with a number that those who listen look for, as an SDK sends it. */
export function sending(
  url: string,
  { channelArn, sender, number, length }: { channelArn: string; sender: string; number: number; length: number },
) {
  const body = {
    Content: `~#${number};${filling}`.slice(0, length),
    Type: 'STANDARD',
    Persistence: 'PERSISTENT',
    ClientRequestToken: crypto.randomUUID(),
  }
  return signedPost(url, `/channels/${encodeURIComponent(channelArn)}/messages`, JSON.stringify(body), sender)
}
