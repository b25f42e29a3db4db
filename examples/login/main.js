/** Three ways for a page to get temporary credentials. docs/credentials-for-a-browser.md says how to run it. */

import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { fromCognitoIdentityPool } from '@aws-sdk/credential-providers'
import { ConsoleLogger, DefaultMessagingSession, LogLevel, MessagingSessionConfiguration } from 'amazon-chime-sdk-js'

const { VITE_APP_INSTANCE, VITE_BACKEND, VITE_CLIENT_ID, VITE_ENDPOINT, VITE_IDENTITY_POOL, VITE_ISSUER } = import.meta.env
const place = { endpoint: VITE_ENDPOINT, region: 'us-east-1' }

/** An ID token of a Cognito user pool, such as that of cognito-local. Any other issuer works too. */
async function idToken(name, password) {
  const answer = await fetch(new URL(VITE_ISSUER).origin, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSCognitoIdentityProviderService.InitiateAuth' },
    body: JSON.stringify({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: VITE_CLIENT_ID,
      AuthParameters: { USERNAME: name, PASSWORD: password },
    }),
  })
  const { AuthenticationResult, message } = await answer.json()
  if (!AuthenticationResult) throw new Error(message)
  return AuthenticationResult.IdToken
}

/** Each returns who has logged in, and credentials that the SDKs request again before they expire. */
const ways = {
  async backend(name, password) {
    const credentials = async () => {
      const answer = await fetch(VITE_BACKEND, { method: 'POST', body: new URLSearchParams({ name, password }) })
      if (!answer.ok) throw new Error(await answer.text())
      const given = await answer.json()
      return { ...given, expiration: new Date(given.expiration) }
    }
    return { userId: name, credentials }
  },

  async exchange(name, password) {
    const exchanged = async () => {
      const authorization = `Bearer ${await idToken(name, password)}`
      const answer = await fetch(`${VITE_ENDPOINT}/creds`, { method: 'POST', headers: { authorization } })
      const given = await answer.json()
      if (!answer.ok) throw new Error(given.Reason ?? given.Message)
      return given
    }
    const credentials = async () => {
      const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = (await exchanged()).ChimeCredentials
      return {
        accessKeyId: AccessKeyId,
        secretAccessKey: SecretAccessKey,
        sessionToken: SessionToken,
        expiration: new Date(Expiration),
      }
    }
    return { userId: (await exchanged()).ChimeUserId, credentials }
  },

  async pool(name, password) {
    const logins = { [VITE_ISSUER.replace(/^https?:\/\//, '')]: () => idToken(name, password) }
    const credentials = fromCognitoIdentityPool({ identityPoolId: VITE_IDENTITY_POOL, logins, clientConfig: place })
    return { userId: (await credentials()).identityId, credentials }
  },
}

const show = text => document.querySelector('ol').append(Object.assign(document.createElement('li'), { textContent: text }))

/** Creates a channel, sends a message in it, and hears it on the WebSocket of amazon-chime-sdk-js. */
async function chat({ userId, credentials }) {
  const ChimeBearer = `${VITE_APP_INSTANCE}/user/${userId}`
  // A refused login shows here, and not while the session connects.
  await credentials()
  show(`Logged in as ${ChimeBearer}`)
  const messaging = new ChimeSDKMessaging({ ...place, credentials })
  const configuration = new MessagingSessionConfiguration(ChimeBearer, crypto.randomUUID(), undefined, messaging)
  const session = new DefaultMessagingSession(configuration, new ConsoleLogger('chat', LogLevel.WARN))
  session.addObserver({
    messagingSessionDidReceiveMessage({ type, payload }) {
      if (type === 'CREATE_CHANNEL_MESSAGE') show(`Heard: ${JSON.parse(payload).Content}`)
    },
  })
  await session.start()
  show('Connected')
  const { ChannelArn } = await messaging.createChannel({ AppInstanceArn: VITE_APP_INSTANCE, Name: 'hello', ChimeBearer })
  await messaging.sendChannelMessage({ ChannelArn, Content: 'Hello!', Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer })
}

async function logIn(way, { name, password }) {
  try {
    await chat(await ways[way](name, password))
  } catch (error) {
    // A session that is refused rejects with the end of its socket.
    show(error instanceof CloseEvent ? `Closed: ${error.code} ${error.reason}` : [error.message, error.Reason].filter(Boolean).join(' '))
  }
}

document.querySelector('form').addEventListener('submit', submitted => {
  submitted.preventDefault()
  void logIn(submitted.submitter.value, Object.fromEntries(new FormData(submitted.target)))
})
