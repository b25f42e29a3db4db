import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { credentials, messageOf, signedOut, type Credentials } from '../api.ts'
import { goToIssuer, takeReturned } from '../login.ts'
import { shown } from '../text.ts'
import { Bell } from '../shell.tsx'
import { Input } from '../parts/field.tsx'
import { Failure } from '../parts/states.tsx'
import { Copy } from '../parts/texts.tsx'

/** The code in the address. The page removes it immediately, so it is neither in the history nor in a bookmark. */
const codeInAddress = /^#code=([\w-]+)$/.exec(location.hash)?.[1]
if (codeInAddress !== undefined) history.replaceState(null, '', location.pathname)
let unused = codeInAddress
let returned = takeReturned()

/** The login of operators that the server is configured with; empty if there is none. */
interface Issuer {
  readonly AuthorizationEndpoint?: string
  readonly ClientId?: string
  readonly Message?: string
}

/** If a link is pasted into the address of an open console, the browser does not reload the page. */
addEventListener('hashchange', () => {
  if (/^#code=[\w-]+$/.test(location.hash)) location.reload()
})

interface Given {
  readonly AccessKeyId: string
  readonly SecretAccessKey: string
  readonly SessionToken: string
}

/** Exchanges a code of a link or of the issuer for temporary credentials. A code works once. */
async function exchange(path: '/console/session' | '/console/login', body: object): Promise<Credentials> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    credentials: 'omit',
  }).catch(() => {
    throw new Error('The server does not answer. Try again.')
  })
  const content = (await response.json().catch(() => ({ Message: `The server answers with status ${response.status}` }))) as {
    Credentials?: Given
    Message?: string
    Reason?: string
  }
  const given = content.Credentials
  if (!given) throw new Error([content.Message, content.Reason].filter(Boolean).join('. '))
  return {
    accessKeyId: given.AccessKeyId,
    secretAccessKey: given.SecretAccessKey,
    sessionToken: given.SessionToken,
  }
}

export function SignIn() {
  const code = useSignal('')
  const error = useSignal('')
  const isBusy = useSignal(unused !== undefined || (returned !== undefined && !('error' in returned)))
  const issuer = useSignal<Issuer>({})
  const key = useSignal({ accessKeyId: '', secretAccessKey: '', sessionToken: '' })
  async function enter(exchanging: () => Promise<Credentials>) {
    isBusy.value = true
    error.value = ''
    try {
      credentials.value = await exchanging()
      signedOut.value = ''
    } catch (failure) {
      error.value = failure instanceof Error ? failure.message : messageOf(failure)
    }
    isBusy.value = false
  }
  // The field accepts a whole link as well as the code in it.
  const enterByCode = (given: string) => enter(async () => exchange('/console/session', { Code: given.trim().replace(/^.*#code=/, '') }))
  useEffect(() => {
    document.title = 'Sign in – Carillon'
    const [given, login] = [unused, returned]
    unused = returned = undefined
    if (given !== undefined) void enterByCode(given)
    else if (login && 'error' in login) error.value = login.error
    else if (login) void enter(async () => exchange('/console/login', login))
    fetch('/console/login', { credentials: 'omit' })
      .then(async answer => (issuer.value = (await answer.json()) as Issuer))
      .catch(() => {})
  }, [])
  return (
    <main class="sign-in">
      <div class="card">
        <h1>
          <Bell />
          Carillon
        </h1>
        {isBusy.value ? (
          <p role="status">Signing in…</p>
        ) : (
          <>
            {signedOut.value && <p class="notice">{signedOut.value}</p>}
            {error.value && <Failure text={error.value} />}
            {issuer.value.AuthorizationEndpoint !== undefined && (
              <button
                type="button"
                class="primary"
                onClick={() => void goToIssuer(issuer.value.AuthorizationEndpoint!, issuer.value.ClientId!)}
              >
                Log in at {shown(new URL(issuer.value.AuthorizationEndpoint).host, { longest: 60 })}
              </button>
            )}
            {issuer.value.Message && <p class="notice">{shown(issuer.value.Message)}.</p>}
            <p>To sign in with a link, run this command where the server runs. It prints a link that works once, for ten minutes.</p>
            <div class="command">
              <code>carillon console</code>
              <Copy text="carillon console" />
            </div>
            <form
              class="form"
              onSubmit={event => {
                event.preventDefault()
                void enterByCode(code.value)
              }}
            >
              <Input field={{ name: 'code', label: 'Link or code', isRequired: true, isCode: true }} set={text => (code.value = text)} />
              <button type="submit" class={issuer.value.AuthorizationEndpoint === undefined ? 'primary' : ''}>
                Sign in
              </button>
            </form>
            <details>
              <summary>Sign in with an access key</summary>
              <form
                class="form"
                onSubmit={event => {
                  event.preventDefault()
                  const { accessKeyId, secretAccessKey, sessionToken } = key.value
                  credentials.value = { accessKeyId, secretAccessKey, ...(sessionToken !== '' && { sessionToken }) }
                }}
              >
                <p class="hint">The key is in memory until the page is closed or reloaded, and is stored nowhere.</p>
                <Input
                  field={{ name: 'id', label: 'Access key ID', isRequired: true, isCode: true }}
                  set={accessKeyId => (key.value = { ...key.value, accessKeyId })}
                />
                <Input
                  field={{ name: 'secret', label: 'Secret access key', kind: 'password', isRequired: true }}
                  set={secretAccessKey => (key.value = { ...key.value, secretAccessKey })}
                />
                <Input
                  field={{ name: 'token', label: 'Session token, if it has one', kind: 'password' }}
                  set={sessionToken => (key.value = { ...key.value, sessionToken })}
                />
                <button type="submit">Sign in</button>
              </form>
            </details>
          </>
        )}
      </div>
    </main>
  )
}
