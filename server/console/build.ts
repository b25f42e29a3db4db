import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { askedMembers } from '../src/auth/iam/permit.ts'
import { operations, services, type OperationName } from '../src/contract/index.ts'

const at = (name: string) => new URL(name, import.meta.url)

/** The routes of all operations, as the page needs them: the contract itself would bring its library with it. */
const routesId = 'carillon:routes'

function routesModule(): string {
  const routes = Object.entries(services).flatMap(([service, names]) =>
    names.map((name: OperationName) => {
      const { method, path, selector } = operations[name]
      return [name, [service, `${method} ${path}${selector ? `?${selector.name}=${selector.value}` : ''}`]]
    }),
  )
  const asked = (Object.keys(operations) as OperationName[]).map(name => [name, askedMembers(name)])
  return `export const routes = ${JSON.stringify(Object.fromEntries(routes))}
export const askedMembers = ${JSON.stringify(Object.fromEntries(asked))}`
}

/** The libraries in the bundle ask for their licenses to be with it. */
async function licenses(): Promise<string> {
  const packages = ['preact', '@preact/signals', '@preact/signals-core', 'aws4fetch']
  const texts = packages.map(
    async name => `${name}: ${await readFile(new URL(`../../node_modules/${name}/LICENSE`, import.meta.url), 'utf8')}`,
  )
  return `/*!\n${(await Promise.all(texts)).join('\n').replaceAll('*/', '* /')}*/`
}

/** The later ones win: what is for narrow screens comes last. */
const styleNames = ['base', 'controls', 'frame', 'content', 'tables', 'requests', 'messages', 'dialogs', 'sign-in', 'narrow']

async function styles(): Promise<string> {
  return (await Promise.all(styleNames.map(async name => readFile(at(`styles/${name}.css`), 'utf8')))).join('\n')
}

/** Returns the files of the console by their names. It takes about 0.2 seconds, so that a clone builds them when they are first asked for. */
export async function buildConsole(): Promise<Record<string, string>> {
  const bundle = await rolldown({
    input: fileURLToPath(at('src/main.tsx')),
    platform: 'browser',
    tsconfig: false,
    transform: { jsx: { runtime: 'automatic', importSource: 'preact' }, define: { 'process.env.NODE_ENV': '"production"' } },
    plugins: [
      {
        name: 'carillon-routes',
        resolveId: id => (id === routesId ? `\0${id}` : undefined),
        load: id => (id === `\0${routesId}` ? routesModule() : undefined),
      },
    ],
  })
  const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false, banner: await licenses() })
  await bundle.close()
  return {
    'index.html': await readFile(at('index.html'), 'utf8'),
    'console.js': output[0].code,
    'console.css': await styles(),
    'icon.svg': await readFile(at('icon.svg'), 'utf8'),
  }
}

/** For the package: `node console/build.ts`. */
if (import.meta.main) {
  const folder = new URL('../dist/console/', import.meta.url)
  await mkdir(folder, { recursive: true })
  for (const [name, text] of Object.entries(await buildConsole())) await writeFile(new URL(name, folder), text)
}
