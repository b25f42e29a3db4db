import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, preview } from 'vite'
import { freePort } from './ports.ts'

/** A page on an address of its own. */
export interface WebPage {
  readonly url: string
  close(): Promise<void>
}

/** Builds the page of a folder for browsers, as its README says, and serves it. */
export async function servePage(root: string, define: Readonly<Record<string, string>> = {}): Promise<WebPage> {
  const outDir = await mkdtemp(join(tmpdir(), 'carillon-page-'))
  const options = { root, logLevel: 'error', define } as const
  await build({ ...options, build: { outDir, emptyOutDir: true, chunkSizeWarningLimit: 10_000 } })
  const web = await preview({ ...options, build: { outDir }, preview: { host: 'localhost', port: await freePort() } })
  return {
    url: web.resolvedUrls!.local[0]!,
    async close() {
      await web.close()
      await rm(outDir, { recursive: true, force: true })
    },
  }
}
