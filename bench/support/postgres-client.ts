import { Client } from 'pg'

/** Runs `work` over a connection of its own, on which no statement is ended for the time that it takes; the server's end it after five seconds. */
export async function onPostgres<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client(url)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** The URL of a copy of that database, with all its rows; nobody may be connected to the original. */
export async function copyOf(url: string, name: string): Promise<string> {
  const original = new URL(url)
  const admin = new URL(url)
  admin.pathname = '/template1'
  await onPostgres(admin.href, client => client.query(`create database ${name} template ${original.pathname.slice(1)}`))
  original.pathname = `/${name}`
  return original.href
}
