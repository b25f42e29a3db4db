import { existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync, cpSync } from 'node:fs'
import { dirname, extname, join, posix, relative } from 'node:path'
import { sections } from './pages.mjs'

const root = join(import.meta.dirname, '..')
/** The folder of the pages for VitePress. */
export const collected = join(import.meta.dirname, '.pages')

/** Languages of files whose names do not show them. */
const languages = { mjs: 'js', cfg: 'ini', service: 'ini', '': 'sh', Containerfile: 'dockerfile' }

const read = file => readFileSync(join(root, file), 'utf8')

/** The page of a file: `docs/` is left out, and a README is its folder. */
function pageOf(file) {
  if (file === 'README.md') return 'overview.md'
  // docs/security.md says what a server checks; SECURITY.md says how to report a vulnerability.
  if (file === 'SECURITY.md') return 'reporting.md'
  const path = file.replace(/^docs\//, '')
  return posix.basename(path) === 'README.md'
    ? posix.join(posix.dirname(path), 'index.md')
    : path.replace(/\.md$/, '').toLowerCase() + '.md'
}

const addressOf = file =>
  `/${pageOf(file)
    .replace(/(^|\/)index\.md$/, '$1')
    .replace(/\.md$/, '')}`

const titleOf = file => /^# (.+)$/m.exec(read(file))[1].replaceAll('`', '')

const pages = sections.map(section => ({
  ...section,
  files: section.pages.flatMap(page => globSync(page, { cwd: root }).toSorted()),
}))

/** The sections of the sidebar. */
export const sidebar = pages.map(({ title, files, isFolded }) => ({
  text: title,
  ...(isFolded && { collapsed: true }),
  items: files.map(file => ({ text: file === 'README.md' ? 'Overview' : titleOf(file), link: addressOf(file) })),
}))

/** How the list of pages differs from the files of the repository; a test calls it. @public */
export function faults() {
  const listed = new Set(pages.flatMap(({ files }) => files))
  const missing = globSync('docs/**/*.md', { cwd: root }).filter(file => !listed.has(file))
  const gone = sections.flatMap(section => section.pages).filter(page => globSync(page, { cwd: root }).length === 0)
  return [...missing.map(file => `pages.mjs does not have ${file}.`), ...gone.map(page => `There is no ${page}, which pages.mjs has.`)]
}

/** The page of a file or folder of the repository, under /source. */
const sourceName = path => path.replace(/^\./, '').replaceAll('.', '-').toLowerCase()

const languageOf = file => {
  const extension = extname(file).slice(1)
  return languages[posix.basename(file)] ?? languages[extension] ?? extension
}

/** A page that shows a file, or the files of a folder, which a page links to. */
function sourcePage(path) {
  const isFolder = statSync(join(root, path)).isDirectory()
  const files = isFolder ? globSync(`${path}/**/*`, { cwd: root }).toSorted() : [path]
  const shown = files.filter(file => statSync(join(root, file)).isFile() && !/(^|\/)(node_modules|package-lock\.json)/.test(file))
  const texts = shown.map(
    file => `## ${relative(isFolder ? path : dirname(path), join(file))}\n\n\`\`\`\`${languageOf(file)}\n${read(file)}\n\`\`\`\``,
  )
  return `---\noutline: 2\neditLink: false\n---\n\n# ${path}\n\n${texts.join('\n\n')}\n`
}

/** Writes all pages. Links lead to pages of the site; files and folders of the repository that a page links to get a page. */
export function collect() {
  const wrong = faults()
  if (wrong.length > 0) throw new Error(wrong.join('\n'))
  rmSync(collected, { recursive: true, force: true })
  const write = (page, text) => {
    const file = join(collected, page)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  const listed = new Set(pages.flatMap(({ files }) => files))
  const sources = new Set()
  /** The link of a page, as the site has it. */
  const linkFrom = file => (whole, before, target, after) => {
    if (/^[a-z]+:|^#/.test(target)) return whole
    const [path, anchor] = target.split('#')
    const absolute = posix.normalize(posix.join(posix.dirname(file), path)).replace(/\/$/, '')
    if (!existsSync(join(root, absolute))) throw new Error(`${file} links to ${target}, which is not there.`)
    const inDocs = absolute === 'docs/decisions' ? 'docs/decisions/' : absolute
    const index = [inDocs, `${absolute}/README.md`, `${absolute}.md`].find(each => listed.has(each))
    if (/\.(png|svg)$/.test(absolute)) return `${before}/${absolute.replace(/^docs\//, '')}${after}`
    if (inDocs === 'docs/decisions/') return `${before}${addressOf([...listed].find(each => each.startsWith(inDocs)))}${after}`
    if (index) return `${before}${addressOf(index)}${anchor === undefined ? '' : `#${anchor}`}${after}`
    sources.add(absolute)
    return `${before}/source/${sourceName(absolute)}${after}`
  }
  /** A link whose text is the name of a file: the site has its title instead. */
  const titled = file => (whole, path, anchor) => {
    const target = posix.normalize(posix.join(posix.dirname(file), path))
    return listed.has(target) && target !== 'README.md' ? `[${titleOf(target)}](${path}${anchor})` : whole
  }
  for (const file of listed) {
    // A link in code is no link.
    const parts = read(file).split(/(^ *```[^]*?^ *```$|`[^`\n]*`)/m)
    const linked = parts.map((part, index) =>
      index % 2 === 1
        ? part
        : part
            .replaceAll(/\[[\w./-]+\.md\]\(([^)\s#]+)([^)\s]*)\)/g, titled(file))
            .replaceAll(/(\]\()([^)\s]+)(\))/g, linkFrom(file))
            .replaceAll(/^(\[[^\]]+\]:\s+)(\S+)($)/gm, linkFrom(file)),
    )
    write(pageOf(file), linked.join(''))
  }
  for (const path of sources) write(`source/${sourceName(path)}.md`, sourcePage(path))
  write('index.md', readFileSync(join(import.meta.dirname, 'home.md'), 'utf8'))
  cpSync(join(root, 'docs/pictures'), join(collected, 'public/pictures'), { recursive: true })
  cpSync(join(import.meta.dirname, 'public'), join(collected, 'public'), { recursive: true })
}
