import type { Handlers } from './call.ts'
import { namedAppInstance } from '../domain/app-instances.ts'
import { setOwnEvents, setPresenceShown } from '../domain/app-instance-settings.ts'
import { ownEvents, showsPresence } from '../store/app-instances.ts'

export const appInstanceSettings = {
  async PutAppInstancePresenceSettings({ AppInstanceArn, PresenceSettings }, { db }) {
    await db.transaction(tx => setPresenceShown(tx, AppInstanceArn, PresenceSettings.Enabled))
    return { PresenceSettings }
  },

  async GetAppInstancePresenceSettings({ AppInstanceArn }, { db }) {
    const { id } = await namedAppInstance(db, AppInstanceArn)
    return { PresenceSettings: { Enabled: await showsPresence(db, id) } }
  },

  async PutAppInstanceEventSettings({ AppInstanceArn, EventSettings }, { db }) {
    const Events = [...new Set(EventSettings.Events)]
    await db.transaction(tx => setOwnEvents(tx, AppInstanceArn, Events))
    return { EventSettings: { Events } }
  },

  async GetAppInstanceEventSettings({ AppInstanceArn }, { db }) {
    const { id } = await namedAppInstance(db, AppInstanceArn)
    return { EventSettings: { Events: await ownEvents(db, id) } }
  },
} satisfies Partial<Handlers>
