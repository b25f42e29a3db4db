import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { storedCertificates } from '../../src/secrets/certificates.ts'
import { readConfig } from '../../src/settings/config.ts'
import { createLog } from '../../src/observe/log.ts'
import { root } from './process.ts'

/* The configurations of docs/behind-a-proxy.md, as tests run them. */

const page = await readFile(join(root, 'docs/behind-a-proxy.md'), 'utf8')

/** Debian's packages nginx and haproxy. */
export const [nginx, haproxy] = ['/usr/sbin/nginx', '/usr/sbin/haproxy']

/** The first block of that language in a section of the page. */
export function block(section: string, language: string): string {
  const [, text = ''] = page.split(new RegExp(`^##+ ${section}\n`, 'm'))
  const [, found] = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(text.split(/^##+ /m)[0]!) ?? []
  if (found === undefined) throw new Error(`There is no ${language} in the section ${section}`)
  return found
}

/** The flags of the command line that a section starts the server with. */
export const flagsOf = (section: string) => block(section, 'sh').replaceAll('\\\n', ' ').trim().split(/\s+/).slice(3)

/** Makes certificates for localhost in the folder; returns a function that replaces the page's paths by real ones. */
export async function certificatesFor(folder: string): Promise<(text: string) => string> {
  const pem = (name: string) => join(folder, name)
  await storedCertificates(folder, readConfig({}, {}), createLog('silent'))
  await writeFile(pem('both.pem'), (await readFile(pem('server.pem'), 'utf8')) + (await readFile(pem('server-key.pem'), 'utf8')))
  return text =>
    text
      .replaceAll(/\S*fullchain\.pem/g, pem('server.pem'))
      .replaceAll(/\S*privkey\.pem/g, pem('server-key.pem'))
      .replaceAll(/\S*chat\.example\.com\.pem/g, pem('both.pem'))
}
