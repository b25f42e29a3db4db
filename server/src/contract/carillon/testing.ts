import { ChannelMode, ChannelPrivacy } from '../channels.ts'
import { ChimeArn, Metadata, NonEmptyResourceName, idPattern } from '../common.ts'
import { MessageMetadata, NonEmptyContent } from '../messages.ts'
import { operation } from '../operation.ts'
import { Required, list, structure, text } from '../shapes.ts'
import { UserName } from '../users.ts'

const Id = text({ minLength: 1, maxLength: 64, pattern: idPattern })
/** Bounded, since a seed is made in one call. */
const mostEach = 10_000

const UserSeed = structure({ Id: Required(Id), Name: UserName, Metadata })
const MessageSeed = structure({ Sender: Required(Id), Content: Required(NonEmptyContent), Metadata: MessageMetadata })
const ChannelSeed = structure({
  Id: Required(Id),
  Name: NonEmptyResourceName,
  Mode: ChannelMode,
  Privacy: ChannelPrivacy,
  Metadata,
  Moderators: Required(list(Id, { minItems: 1, maxItems: 100 })),
  Members: list(Id, { maxItems: mostEach }),
  Messages: list(MessageSeed, { maxItems: mostEach }),
  ReadBy: list(Id, { maxItems: mostEach }),
})

/** The operations of a server in test mode. They are in no other server. */
export const testing = {
  SeedAppInstance: operation(
    'POST /carillon/testing/app-instances',
    200,
    {
      Id: Required(text({ minLength: 1, maxLength: 36, pattern: '[A-Za-z0-9]([A-Za-z0-9-]{0,34}[A-Za-z0-9])?' })),
      Name: NonEmptyResourceName,
      Metadata,
      Users: list(UserSeed, { maxItems: mostEach }),
      Admins: list(Id, { maxItems: mostEach }),
      Channels: list(ChannelSeed, { maxItems: mostEach }),
    },
    { AppInstanceArn: ChimeArn },
  ),
}
