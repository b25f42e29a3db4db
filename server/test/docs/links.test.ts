import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { root, run } from '../support/process.ts'

const read = (file: string) => readFileSync(join(root, file), 'utf8')

const pages = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'server/*.md'], { cwd: root }).filter(file => file !== 'CHANGELOG.md')
const sources = globSync(
  ['server/{src,test}/**/*.{ts,js,mjs}', 'bench/**/*.ts', 'scripts/*', 'examples/**/*.{js,mjs,py}', '.github/**/*.*'],
  {
    cwd: root,
  },
).filter(file => statSync(join(root, file)).isFile())

const withoutCode = (text: string) => text.replaceAll(/^```[^]*?^```/gm, '').replaceAll(/`[^`]*`/g, '')

/** The anchors of a page, as GitHub makes them of its headings. */
function anchorsOf(file: string): readonly string[] {
  return [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** Why a link leads nowhere; undefined where it leads to a file, and to a section where it names one. */
function fault(from: string, target: string): string | undefined {
  const [path, anchor] = target.split('#') as [string, string?]
  const file = path === '' ? from : relative(root, join(root, dirname(from), path))
  if (!existsSync(join(root, file))) return `${from}: there is no ${file}`
  if (anchor !== undefined && !anchorsOf(file).includes(anchor)) return `${from}: ${file} has no section #${anchor}`
  return undefined
}

const isFault = (found: string | undefined) => found !== undefined

test('every citation of docs/service in code, tests and pages leads to a page and a section', () => {
  const citations = [...sources, ...pages].flatMap(file =>
    [...read(file).matchAll(/docs\/service\/[\w-]+\.md(?:#[\w-]+)?/g)].map(([cited]) => ({ file, cited })),
  )
  // Resolved from the root of the repository, whichever file contains the citation.
  const faults = citations.map(({ file, cited }) => fault('README.md', cited)?.replace(/^README\.md/, file)).filter(isFault)
  expect(faults).toEqual([])
  expect(citations.length).toBeGreaterThan(50)
})

test('every link of a page leads to a file and a section', () => {
  const links = pages.flatMap(file =>
    [...withoutCode(read(file)).matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]:\s+(\S+)$/gm)].map(([, inText, defined]) => ({
      file,
      target: (inText ?? defined)!,
    })),
  )
  const own = links.filter(({ target }) => !/^[a-z]+:/.test(target))
  expect(own.map(({ file, target }) => fault(file, target)).filter(isFault)).toEqual([])
  expect(own.length).toBeGreaterThan(50)
})

test('the site has every page of docs', async () => {
  const code = `import { faults } from ${JSON.stringify(join(root, 'site/collect.mjs'))}; console.log(JSON.stringify(faults()))`
  expect(await run(process.execPath, ['--input-type=module', '-e', code])).toEqual({ code: 0, stdout: '[]\n', stderr: '' })
})

test('every source that a page of docs/service names has an address there, and the index names every page', () => {
  const index = 'docs/service/README.md'
  const service = pages.filter(file => file.startsWith('docs/service/'))
  const faults = service.flatMap(file => {
    const text = withoutCode(read(file))
    const defined = new Set([...text.matchAll(/^\[([^\]]+)\]:\s+\S/gm)].map(([, name]) => name!))
    const used = new Set([...text.matchAll(/\[([\w#-]+)\](?![(:])/g)].map(([, name]) => name!))
    return [
      ...[...used].filter(name => !defined.has(name)).map(name => `${file}: [${name}] has no address`),
      ...[...defined].filter(name => !used.has(name)).map(name => `${file}: nothing names [${name}]`),
    ]
  })
  expect(faults).toEqual([])
  expect(service.filter(file => file !== index && !read(index).includes(`](${relative('docs/service', file)})`))).toEqual([])
})

test('every source that a page names exists', () => {
  const files = globSync(['{server,bench,scripts,examples,site}/**/*.{ts,tsx}', '*.ts'], {
    cwd: root,
    exclude: file => /node_modules|dist/.test(file),
  })
  const names = new Set(files.map(file => basename(file)))
  const isThere = (file: string) =>
    file.includes('/') ? ['', 'server', 'server/src', 'server/test'].some(folder => existsSync(join(root, folder, file))) : names.has(file)
  // The pages of docs/service name sources of other projects.
  const own = pages.filter(file => !file.startsWith('docs/service/'))
  const named = own.flatMap(page => [...read(page).matchAll(/`([\w./-]+\.tsx?)`/g)].map(([, file]) => ({ page, file: file! })))
  const inTree = [...read('ARCHITECTURE.md').matchAll(/(?<=[\s(])[\w/-]+\.tsx?(?=[\s,;:)])/g)].map(([file]) => ({
    page: 'ARCHITECTURE.md',
    file,
  }))
  // NOUN, NNN-NAME: any of them. counts.ts is the example of a recipe.
  const all = [...named, ...inTree].filter(({ file }) => !/[A-Z]/.test(file) && file !== 'events/counts.ts')
  expect(all.filter(({ file }) => !isThere(file))).toEqual([])
  expect(all.length).toBeGreaterThan(300)
})

test('every sentence of the server that a page quotes is in the sources', () => {
  const texts = globSync('server/src/**/*.ts', { cwd: root }).map(read).join('\n')
  const quoting = globSync('docs/*.md', { cwd: root }).filter(file => file !== 'docs/errors.md')
  const quoted = quoting.flatMap(page =>
    [...read(page).matchAll(/“([^”…]+)(?: …)?”/g)].map(([, sentence]) => ({ page, sentence: sentence! })),
  )
  expect(quoted.filter(({ sentence }) => !texts.includes(sentence))).toEqual([])
  expect(quoted.length).toBeGreaterThan(8)
})
