import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../support/process.ts'

/** The blocks of a section of a page, by their language; blocks without a language are what a program prints. */
export async function blocksOf(name: string): Promise<(section: string, language: string) => string[]> {
  const page = await readFile(join(root, 'docs', name), 'utf8')
  return (section, language) => {
    const [, text = ''] = page.split(`\n## ${section}\n`)
    return [...text.split('\n## ')[0]!.matchAll(/```(\w*)\n([^]*?)```/g)].flatMap(([, of, block = '']) => (of === language ? [block] : []))
  }
}

/** What a server prints for its clients. */
export const exportsOf = (stdout: string) =>
  Object.fromEntries([...stdout.matchAll(/^export (\w+)='?([^'\n]*)'?$/gm)].map(([, name, value]) => [name!, value!]))
