import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

const unescaped = text => text.replaceAll('&amp;', '&').replaceAll('&quot;', '"')

/** Looks up every link and picture of the built pages within the site, and the section that it names. */
export function checkLinks(folder) {
  const files = globSync('**/*.html', { cwd: folder })
  const texts = new Map(files.map(file => [file, readFileSync(join(folder, file), 'utf8')]))
  const anchors = new Map(
    [...texts].map(([file, text]) => [file, new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => unescaped(id)))]),
  )
  const fileOf = path => {
    const name = path.slice(1)
    return (
      [name, `${name}.html`, posix.join(name, 'index.html')].find(each => texts.has(each)) ??
      (existsSync(join(folder, name)) ? name : undefined)
    )
  }
  const faults = []
  let links = 0
  for (const [file, text] of texts) {
    for (const [, found] of text.matchAll(/ (?:href|src)="([^"]+)"/g)) {
      const link = unescaped(found)
      if (/^[a-z]+:|^\/\//.test(link)) continue
      links++
      const [path, anchor] = link.split('#')
      const absolute = path === '' ? `/${file}` : posix.resolve('/', posix.dirname(file), path)
      const target = fileOf(absolute)
      if (target === undefined) faults.push(`${file}: ${link} leads to no page`)
      else if (anchor && anchors.has(target) && !anchors.get(target).has(decodeURIComponent(anchor)))
        faults.push(`${file}: ${link} names no section of ${target}`)
    }
  }
  return { faults: [...new Set(faults)], pages: files.length, links }
}
