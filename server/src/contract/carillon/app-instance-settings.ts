import { ChimeArn, ofAppInstance } from '../common.ts'
import { operation } from '../operation.ts'
import { Required, boolean, list, oneOf, structure } from '../shapes.ts'

const PresenceSettings = structure({ Enabled: Required(boolean()) })
export const EventNames = list(oneOf('read', 'unread', 'typing', 'reaction', 'thread', 'pin'), { maxItems: 10 })
const EventSettings = structure({ Events: Required(EventNames) })

export const appInstanceSettings = {
  PutAppInstancePresenceSettings: operation(
    'PUT /carillon/app-instances/{appInstanceArn}/presence-settings',
    200,
    { AppInstanceArn: Required(ChimeArn), PresenceSettings: Required(PresenceSettings) },
    { PresenceSettings },
    ['NotFoundException'],
  ),
  GetAppInstancePresenceSettings: operation(
    'GET /carillon/app-instances/{appInstanceArn}/presence-settings',
    200,
    ofAppInstance,
    { PresenceSettings },
    ['NotFoundException'],
  ),
  PutAppInstanceEventSettings: operation(
    'PUT /carillon/app-instances/{appInstanceArn}/event-settings',
    200,
    { AppInstanceArn: Required(ChimeArn), EventSettings: Required(EventSettings) },
    { EventSettings },
    ['NotFoundException'],
  ),
  GetAppInstanceEventSettings: operation(
    'GET /carillon/app-instances/{appInstanceArn}/event-settings',
    200,
    ofAppInstance,
    { EventSettings },
    ['NotFoundException'],
  ),
}
