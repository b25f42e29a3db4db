import { expect, test } from 'vitest'
import { statement } from '../../src/database/database.ts'
import { changeAccessKey } from '../../src/keys/access-keys.ts'
import { allowing, makeKey, sts } from '../support/access.ts'
import { Seam } from '../support/seam.ts'
import { listen } from '../support/sockets.ts'
import { onBothDatabases } from '../support/world.ts'

const seam = new Seam()
const versionRead = { text: /select version.* from access_version/, at: 'question' } as const
const keysRead = { text: /from access_keys order by/ }
const masterKeysRead = { text: /from master_keys order by/ }

onBothDatabases(
  'keys and roles are read',
  world => {
    test('again if they change meanwhile: a key that has just been disabled does not work again, nor do its sessions', async () => {
      const { app } = world()
      const { user } = await world().appInstance(['alice'])
      const look = seam.hold(versionRead)
      await look.reached
      const key = await makeKey(world(), allowing(['*', '*']))
      const first = seam.hold(keysRead)
      look.release()
      await first.reached
      await changeAccessKey(app.db, key.accessKeyId, () => ({ disabledAt: Date.now() }))
      // Temporary credentials need the master key, which another query finds; that query returns more.
      const { credentials } = await sts(app, app.rootKey, 'GetSessionToken')
      const socket = await listen(app, user('alice'), { key: credentials })
      const last = seam.hold(masterKeysRead)
      first.release()
      await last.reached
      // The key is not read once more, which would show that it is disabled.
      const next = seam.hold(versionRead)
      last.release()
      await next.reached
      expect((await sts(app, key, 'GetCallerIdentity')).value('Code')).toBe('InvalidClientTokenId')
      expect(socket.socket.readyState).toBe(socket.socket.OPEN)
    })

    test('one by one, and again if one changes meanwhile: a key that is disabled while it is read does not work', async () => {
      const { app } = world()
      const key = await makeKey(world(), allowing(['*', '*']))
      const code = async () => (await sts(app, key, 'GetCallerIdentity')).value('Code')
      expect(await code()).toBeUndefined()
      const read = seam.hold({ text: /from access_keys where id = \$1$/, values: ([id]) => id === key.accessKeyId, at: 'answer' })
      await changeAccessKey(app.db, key.accessKeyId, () => ({ policy: allowing(['sts:*', '*']) }))
      await read.reached
      await changeAccessKey(app.db, key.accessKeyId, () => ({ disabledAt: Date.now() }))
      read.release()
      await expect.poll(code).toBe('InvalidClientTokenId')
    })

    test('for each caller as long as it may wait: a new key works although callers before it have waited too long for the same look', async () => {
      const { app } = world()
      const code = async (key: Parameters<typeof sts>[1]) => (await sts(app, key, 'GetCallerIdentity')).value('Code')
      const look = seam.hold(versionRead)
      await look.reached
      const unknown = { ...app.rootKey, accessKeyId: 'AKIAUNKNOWNUNKNOWNUN' }
      expect(await code(unknown)).toBe('InvalidClientTokenId')
      const key = await makeKey(world(), allowing(['*', '*']))
      const answer = code(key)
      expect(await code(app.rootKey)).toBeUndefined()
      look.release()
      expect(await answer).toBeUndefined()
    })

    test.each([
      ['is lost', 0],
      ['is lost and another one gets its number', 1],
      ['is lost and others get its number and the next one', 2],
    ])('again if a change %s in a failover: a key that it had created does not work any more', async (_, others) => {
      const { db } = world().app
      const code = async (key: Parameters<typeof sts>[1]) => (await sts(world().app, key, 'GetCallerIdentity')).value('Code')
      const [kept, lost] = [await makeKey(world(), allowing(['*', '*'])), await makeKey(world(), allowing(['*', '*']))]
      expect([await code(kept), await code(lost)]).toEqual([undefined, undefined])
      const look = seam.hold(versionRead)
      await look.reached
      await db.transaction(async tx => {
        await tx.run(statement('delete from access_keys where id = $1'), lost.accessKeyId)
        await tx.run(statement(`delete from access_changes where kind = 'key' and name = $1`), lost.accessKeyId)
        await tx.run(statement('update access_version set version = version - 1 where id = 1'))
      })
      for (let other = 0; other < others; other++) await changeAccessKey(db, kept.accessKeyId, () => ({ policy: allowing(['sts:*', '*']) }))
      look.release()
      await expect.poll(() => code(lost)).toBe('InvalidClientTokenId')
      expect(await code(kept)).toBeUndefined()
      // A further look would find a difference, if there were one, and read everything again.
      const again = seam.hold(keysRead)
      again.reached.catch(() => {})
      let isAgain = false
      void again.reached.then(
        () => (isAgain = true),
        () => {},
      )
      for (let looks = 0; looks < 3; looks++) expect(await code(lost)).toBe('InvalidClientTokenId')
      expect(isAgain).toBe(false)
    })
  },
  {},
  { through: seam.through },
)
