import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { allowing } from '../support/access.ts'
import type { World } from '../support/world.ts'
import { markup } from './hostile.ts'
import { linksOf } from './scene.ts'

/** What an attacker could write into a policy and a trust: characters that change the direction of text, that are not seen, and too many. */
const hostile = `${markup}\u202eabc\u2066 \u0007${'x'.repeat(1500)}`
const issuer = `https://login.example/${hostile}`

/** A key and a role whose every free text tries to be more than text. */
export async function makeHostileAccess({ carillon }: Pick<World, 'carillon'>) {
  const Condition = { StringLike: { 'aws:UserAgent': hostile } }
  const Policy = JSON.stringify({ Statement: { Sid: 'Strange', Effect: 'Allow', Action: 'chime:*', Resource: '*', Condition } })
  await carillon.call('CreateAccessKey', { UserName: 'strange', Policy })
  await carillon.call('CreateIamRole', {
    RoleName: 'strange',
    Policy,
    OidcTrust: {
      Issuer: issuer,
      Audiences: [hostile],
      ClaimCondition: JSON.stringify({ StringEquals: { [`${issuer.slice('https://'.length)}:sub`]: hostile } }),
    },
    SessionTagKeys: ['team\u2028blue'],
  })
}

interface Driven {
  readonly page: Page
  /** An app instance, a user and a channel of it, by their ARNs. */
  readonly appInstance: string
  readonly user: string
  readonly channel: string
  /** Examines the page as it is. */
  readonly check?: (what: string) => Promise<unknown>
}

const policyOf = (resource: string) =>
  JSON.stringify({ Version: '2012-10-17', Statement: { Sid: 'Chat', Effect: 'Allow', Action: 'chime:*', Resource: resource } })

/** Clicks through the pages of keys, of one key, of roles, of one role, and the simulator; expects what `makeHostileAccess` has made. */
export async function driveKeysAndRoles({ page, appInstance, user, channel, check = async () => {} }: Driven) {
  const { nav, tab } = linksOf(page)
  const open = async (name: string) => {
    await page.getByRole('searchbox').fill(name)
    await page.getByRole('link', { name, exact: true }).click()
    await page.getByRole('heading', { name, level: 1 }).waitFor()
  }
  const dialog = page.getByRole('dialog')
  const trying = page.getByRole('region', { name: 'Try it' })
  const tries = async (outcome: string) => {
    await trying.getByRole('button', { name: 'Try it' }).click()
    await trying.getByText(outcome).waitFor()
  }

  // A key is made, whose secret is shown once, limited after a try, and disabled.
  await nav('Keys and roles')
  await page.getByRole('table', { name: 'Access keys' }).waitFor()
  await check('access keys')
  await page.getByRole('button', { name: 'Create a key' }).click()
  await dialog.getByLabel('Name').fill('robot')
  await dialog.getByLabel('Policy').fill(policyOf(`${appInstance}/*`))
  await dialog.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('heading', { name: 'The new access key' }).waitFor()
  await check('a new key')
  const secret = await dialog.getByText(/^\S{40}$/).textContent()
  await dialog.getByRole('button', { name: 'Done' }).click()
  await open('robot')
  await page.getByLabel('ChimeBearer').fill(user)
  await page.getByLabel('ChannelArn').fill(channel)
  await tries('IAM allows it')
  await page.getByLabel('Policy').fill(policyOf(channel))
  await tries('IAM does not allow it')
  await page.getByText('Not used: statement 1 (Chat) of the policy is for other resources.').waitFor()
  await check('an access key')
  await page.getByRole('button', { name: 'Save the policy' }).click()
  await page.getByText('Saved').waitFor()
  await page.getByRole('button', { name: 'Disable' }).click()
  await dialog.getByRole('button', { name: 'Disable' }).click()
  await page.getByRole('main').getByText('disabled').waitFor()
  expect(await page.content()).not.toContain(secret)
  await page.getByRole('button', { name: 'Delete' }).click()
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('table', { name: 'Access keys' }).waitFor()

  // The texts of a key are shown as text. The policy is JSON, so what cannot be seen is an escape there.
  await nav('Keys and roles')
  await open('strange')
  const policy = page.getByLabel('Policy')
  const shownPolicy = await policy.inputValue()
  expect(shownPolicy).toContain(String.raw`\u202eabc\u2066 \u0007xxx`)
  expect(shownPolicy).not.toMatch(/[\u202e\u2066]/)
  await page.getByLabel('Operation or action').fill('chime:Connect')
  await page.getByLabel('Resources').fill(`${appInstance}/user/<img/src=x/onerror=globalThis.isHit=1>\u202eabc${'y'.repeat(500)}`)
  await page.getByText('Source address, time and tags').click()
  await page.getByLabel('User agent').fill(hostile)
  await page.getByLabel('Tags of the principal').fill(`${markup}=\u202eabc`)
  // The user agent is the one of the policy: with its escapes it means the same.
  await tries('IAM allows it')
  await trying.getByText('onerror=globalThis.isHit=1>⟨U+202E⟩abcyyy').waitFor()
  await trying.getByText(/yyy… \(\d+ characters\)/).waitFor()
  await page.getByLabel('Resources').fill(appInstance)
  await page.getByLabel('Operation or action').fill(`chime:${markup}`)
  await trying.getByRole('button', { name: 'Try it' }).click()
  await trying.getByRole('alert').waitFor()
  await check('an access key with hostile texts')

  // A role is made, changed, tried and deleted.
  await nav('Keys and roles')
  await tab('Roles')
  await page.getByRole('button', { name: 'Create a role' }).click()
  await dialog.getByLabel('Name').fill('chat')
  await dialog.getByLabel('ARN of the user').fill(`${appInstance}/user/\${aws:PrincipalTag/sub}`)
  await dialog.getByLabel('Session tags').fill('sub')
  await dialog.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('heading', { name: 'chat', level: 1 }).waitFor()
  await page.getByRole('button', { name: 'Edit the trust' }).click()
  await dialog.getByLabel('Longest session').fill('900')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByText('15 minutes').waitFor()
  await page.getByLabel('Operation or action').fill('chime:Connect')
  await page.getByLabel('Resources').fill(user)
  await page.getByText('Source address, time and tags').click()
  await page.getByLabel('Tags of the principal').fill(`sub=${user.slice(user.lastIndexOf('/') + 1)}`)
  await tries('IAM allows it')
  await check('a role')
  await page.getByRole('button', { name: 'Delete' }).click()
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('table', { name: 'Roles' }).waitFor()
  await page.getByRole('link', { name: 'chat', exact: true }).waitFor({ state: 'detached' })
  await check('roles')

  // The trust of a role is of texts too.
  await open('strange')
  await page.getByText(`of https://login.example/${markup}⟨U+202E⟩abc⟨U+2066⟩ ⟨U+0007⟩xxx`).waitFor()
  await page.getByText('team⟨U+2028⟩blue').waitFor()
  await page.getByRole('button', { name: 'Edit the trust' }).click()
  expect(await dialog.getByLabel('Condition').inputValue()).toContain(String.raw`\u202eabc`)
  await check('a role with hostile texts')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved').waitFor()

  // A policy that is stored nowhere.
  await nav('Keys and roles')
  await tab('Try a policy')
  await page.getByLabel('Policy').fill(allowing(['chime:Send*', [user, channel]]))
  await page.getByLabel('ChimeBearer').fill(user)
  await page.getByLabel('ChannelArn').fill(channel)
  await tries('IAM allows it')
  await check('a policy that is tried')
  await page.getByLabel('Policy').fill(`{"Statement": {"Effect": "${markup}\u202e"}}`)
  await trying.getByRole('button', { name: 'Try it' }).click()
  await trying.getByRole('alert').waitFor()
}
