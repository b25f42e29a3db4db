import { call } from '../api.ts'
import { requestToken } from '../lists.ts'
import { idOf } from '../text.ts'

/** Creates an app instance with an AppInstanceAdmin, two users, a channel and a message. */
export async function makeFirstWorld(): Promise<{ appArn: string; channelId: string }> {
  const { AppInstanceArn: appArn = '' } = await call('CreateAppInstance', { Name: 'First steps', ClientRequestToken: requestToken() })
  const user = async (AppInstanceUserId: string, Name: string) => {
    const made = await call('CreateAppInstanceUser', {
      AppInstanceArn: appArn,
      AppInstanceUserId,
      Name,
      ClientRequestToken: requestToken(),
    })
    return made.AppInstanceUserArn!
  }
  const [admin, alice, bob] = [await user('admin', 'Admin'), await user('alice', 'Alice'), await user('bob', 'Bob')]
  await call('CreateAppInstanceAdmin', { AppInstanceArn: appArn, AppInstanceAdminArn: admin })
  const { ChannelArn = '' } = await call('CreateChannel', {
    AppInstanceArn: appArn,
    Name: 'Welcome',
    ClientRequestToken: requestToken(),
    MemberArns: [bob, admin],
    ChimeBearer: alice,
  })
  await call('SendChannelMessage', {
    ChannelArn,
    Content: 'Hello, Bob. This is the first message.',
    Type: 'STANDARD',
    Persistence: 'PERSISTENT',
    ClientRequestToken: requestToken(),
    ChimeBearer: alice,
  })
  return { appArn, channelId: idOf(ChannelArn) }
}
