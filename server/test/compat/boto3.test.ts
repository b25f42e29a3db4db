import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root, run } from '../support/process.ts'
import { pythons, served } from './clients.ts'

const script = join(root, 'server/test/compat/main_job.py')

describe.skipIf(pythons.length === 0).each(pythons.length > 0 ? pythons : ['python3'])('boto3 of %s', python => {
  test(
    'does the main job: identities, a bot, channels, memberships, messages, and a listing page by page',
    { timeout: 60_000 },
    async () => {
      const { code, stdout, stderr } = await run(python, [script], { env: await served() })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(JSON.parse(stdout)).toEqual({
        names: [['channel 0', 'channel 1'], ['channel 2', 'channel 3'], ['channel 4']],
        read: true,
        moved: true,
        type: 'datetime',
        content: 'héllo ☃',
        ofBot: 5,
        refusal: [403, 'Forbidden', 'You do not have sufficient access to perform this action'],
      })
    },
  )
})
