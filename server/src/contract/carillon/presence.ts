import { ChimeArn, Timestamp, anyLine, inChannel } from '../common.ts'
import { operation } from '../operation.ts'
import { Required, boolean, integer, list, oneOf, structure, text } from '../shapes.ts'

export const PresenceStatus = oneOf('AVAILABLE', 'BUSY', 'AWAY', 'DO_NOT_DISTURB', 'INVISIBLE')
export const StatusText = text({ minLength: 0, maxLength: 128, pattern: anyLine, sensitive: true })
export const Presence = structure({
  AppInstanceUserArn: ChimeArn,
  IsOnline: boolean(),
  LastSeenTimestamp: Timestamp,
  Status: PresenceStatus,
  StatusText,
})
const SessionId = text({ minLength: 1, maxLength: 128 })

export const presence = {
  PutPresenceStatus: operation(
    'PUT /carillon/app-instance-users/{appInstanceUserArn}/presence-status',
    200,
    { AppInstanceUserArn: Required(ChimeArn), Status: Required(PresenceStatus), StatusText, ChimeBearer: Required(ChimeArn) },
    { Status: PresenceStatus, StatusText },
  ),
  BatchGetPresence: operation(
    'POST /carillon/presence/batch-get',
    200,
    { AppInstanceUserArns: Required(list(ChimeArn, { minItems: 1, maxItems: 100 })), ChimeBearer: Required(ChimeArn) },
    { Presences: list(Presence) },
  ),
  GetChannelPresence: operation('GET /carillon/channels/{channelArn}/presence', 200, inChannel, {
    ChannelArn: ChimeArn,
    OnlineMemberCount: integer(),
    Presences: list(Presence),
  }),
  WatchPresence: operation(
    'PUT /carillon/presence/watch',
    200,
    {
      SessionId: Required(SessionId),
      ChannelArns: list(ChimeArn, { maxItems: 10 }),
      AppInstanceUserArns: list(ChimeArn, { maxItems: 200 }),
      ChimeBearer: Required(ChimeArn),
    },
    { ChannelArns: list(ChimeArn), AppInstanceUserArns: list(ChimeArn) },
    ['NotFoundException'],
  ),
}
