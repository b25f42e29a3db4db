/**
 * Reads the SBOM that npm makes of the workspace, and writes that of the package: its dependencies and theirs, what is built into it, and
 * nothing else. --omit dev of npm leaves out too much: what the tests depend on as well, such as pg.
 * Usage: npm sbom --sbom-format cyclonedx | node scripts/sbom.ts
 */
import { text } from 'node:stream/consumers'
import packageFile from '../server/package.json' with { type: 'json' }

interface Sbom {
  readonly metadata: object
  readonly components: readonly { readonly 'bom-ref': string }[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

/** The development dependencies whose code is not in `dist/`. */
const tools = new Set(['axe-core', 'rolldown'])

const { name, version, license, dependencies, devDependencies } = packageFile
const ref = `${name}@${version}`
const ofWorkspace = JSON.parse(await text(process.stdin)) as Sbom
const parts = Object.entries({ ...dependencies, ...devDependencies }).filter(([each]) => !tools.has(each))
const dependsOn = parts.map(([each, pinned]) => `${each}@${pinned}`)
const neededBy = new Map(ofWorkspace.dependencies.map(each => [each.ref, each.dependsOn]))

const needed = new Set(dependsOn)
for (const each of needed) for (const further of neededBy.get(each) ?? []) needed.add(further)
const components = ofWorkspace.components.filter(each => needed.has(each['bom-ref']))
const missing = [...needed].filter(each => !components.some(component => component['bom-ref'] === each))
if (missing.length > 0) throw new Error(`npm sbom does not describe ${missing.join(', ')}: run npm ci first.`)

const component = { 'bom-ref': ref, type: 'application', name, version, purl: `pkg:npm/${ref}`, licenses: [{ license: { id: license } }] }
const ofPackage = {
  ...ofWorkspace,
  metadata: { ...ofWorkspace.metadata, component },
  components,
  dependencies: [{ ref, dependsOn }, ...ofWorkspace.dependencies.filter(each => needed.has(each.ref))],
}
process.stdout.write(`${JSON.stringify(ofPackage, undefined, 2)}\n`)
