/** A back end that checks a login, and returns temporary credentials of that one user: AssumeRole with a session tag. */

import { createServer } from 'node:http'
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers'

/** The users who can log in. Your back end reads its own database, and compares hashes. */
const passwords = new Map([['alice', 'wonderland']])

async function credentialsOf(user) {
  const params = { RoleArn: process.env.ROLE_ARN, RoleSessionName: user, Tags: [{ Key: 'UserUUID', Value: user }], DurationSeconds: 3600 }
  const clientConfig = { endpoint: process.env.AWS_ENDPOINT_URL, region: 'us-east-1' }
  return fromTemporaryCredentials({ params, clientConfig })()
}

async function answer(request, response) {
  let form = ''
  for await (const chunk of request) {
    form += chunk
    if (form.length > 1000) return response.writeHead(413).end()
  }
  const { name, password } = Object.fromEntries(new URLSearchParams(form))
  if (!passwords.has(name) || passwords.get(name) !== password) return response.writeHead(401).end('Wrong name or password')
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = await credentialsOf(name)
  return response.writeHead(200).end(JSON.stringify({ accessKeyId, secretAccessKey, sessionToken, expiration }))
}

const server = createServer((request, response) => {
  response.setHeader('access-control-allow-origin', process.env.PAGE_ORIGIN ?? 'http://localhost:5173')
  response.setHeader('cache-control', 'no-store')
  answer(request, response).catch(error => response.writeHead(500).end(String(error)))
})
server.listen(Number(process.env.PORT ?? 3000), 'localhost', () => console.log(`http://localhost:${server.address().port}`))
