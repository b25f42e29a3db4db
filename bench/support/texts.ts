import type { Chance } from './chance.ts'

const words = 50_000
const syllables = ['ba', 'ke', 'li', 'mo', 'nu', 'pa', 're', 'si', 'to', 'vu', 'wa', 'ze', 'cho', 'gri', 'sta', 'ple']

/** The word of a rank; 0 is the commonest. */
export function wordOf(rank: number): string {
  let word = ''
  for (let left = rank + 16; left > 0; left = Math.floor(left / 16)) word += syllables[left % 16]
  return word
}

/** A rank by Zipf's law: the word of rank r is about 1/r times as common as the first. */
const rankOf = (chance: Chance) => Math.floor(words ** chance.next()) - 1

const firstIdeograph = 0x4e00
export const ideographOf = (rank: number) => String.fromCodePoint(firstIdeograph + rank)

/** A message of a chat: some words, one in ten times in Chinese. */
export function textOf(chance: Chance): string {
  if (chance.is(0.1)) return Array.from({ length: 5 + chance.below(20) }, () => ideographOf(Math.floor(3000 ** chance.next()) - 1)).join('')
  return Array.from({ length: 3 + chance.below(12) }, () => wordOf(rankOf(chance))).join(' ')
}
