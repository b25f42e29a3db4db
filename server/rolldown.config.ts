import { readFileSync } from 'node:fs'
import { defineConfig } from 'rolldown'

const { dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as {
  dependencies: Record<string, string>
}
const names = Object.keys(dependencies)
const license = readFileSync(new URL('../node_modules/typebox/license', import.meta.url), 'utf8')

/**
 * The published package is our code in a few files with typebox in them: that library has 550 modules, and finding them takes as long as
 * all the rest of a start (docs/decisions/0009). The other dependencies stay what they are, for `npm audit` and for those who update.
 */
export default defineConfig({
  input: {
    main: 'src/main.ts',
    client: 'src/client/carillon.ts',
    testing: 'src/kit/start.ts',
    'search-thread': 'src/search/file-thread.ts',
  },
  platform: 'node',
  external: id => names.some(name => id === name || id.startsWith(`${name}/`)),
  output: { dir: 'dist', format: 'esm', banner: `/* In here: typebox.\n\n${license.trim()}\n*/` },
})
