/**
 * The words of a text, as the search index has them in both databases. Scripts that put no blanks between words (Chinese, Japanese, Korean,
 * Thai, Lao, Khmer, Burmese) are indexed by every two neighbouring characters, and by the last one of a run.
 */

const unspaced = String.raw`[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Bopomofo}\p{scx=Hangul}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]`
/** Characters within words that nobody sees: soft hyphens, joiners and variation selectors; and blanks of no width, as between Khmer words. */
const invisible = String.raw`[\u00AD\u200D\u2060\p{Variation_Selector}]`
const invisibleInRun = String.raw`[${invisible}\u200B]`
const runs = new RegExp(
  String.raw`(?<pairs>[${unspaced}&&[\p{L}\p{N}]][[${unspaced}&&[\p{L}\p{M}\p{N}]]${invisibleInRun}]*)|[[\p{L}\p{N}]--${unspaced}][[[\p{L}\p{M}\p{N}]--${unspaced}]${invisible}]*|\p{RI}\p{RI}|\p{Extended_Pictographic}`,
  'gv',
)
const plain = /^[a-zA-Z0-9]+$/
const strange = /[^\p{L}\p{M}\p{N}\p{RI}\p{Extended_Pictographic}]|\p{Variation_Selector}/gu

/** The most words of a text that are indexed, and the most characters of each. */
const mostWords = 4096
const longestWord = 32

/** Folds a text so that width, ligatures and case do not matter; accents do. */
function folded(text: string) {
  if (plain.test(text)) return text.toLowerCase()
  return text.normalize('NFKC').toLowerCase().replaceAll('ß', 'ss').replaceAll('ς', 'σ').replaceAll(strange, '')
}

const shortened = (word: string) => (word.length <= longestWord ? word : Array.from(word).slice(0, longestWord).join(''))

/** A word, and which part of the text it is. */
interface Found {
  readonly word: string
  readonly start: number
  /** Where the first character of a pair ends. */
  readonly middle?: number
  readonly end: number
}

/** A run of characters without blanks: one word, or one of those that are divided into pairs. */
interface Run {
  readonly start: number
  readonly text: string
  readonly characters: readonly string[] | undefined
  readonly word: string
}

function* runsOf(text: string): Generator<Run> {
  for (const { 0: run, index: start, groups } of text.matchAll(runs)) {
    const word = folded(run)
    if (word !== '')
      yield { start, text: run, word: shortened(word), characters: groups?.['pairs'] === undefined ? undefined : Array.from(word) }
  }
}

/** Every two neighbours of a run without blanks, and its last character. */
const pairsOf = (characters: readonly string[]) => characters.map((character, index) => character + (characters[index + 1] ?? ''))

/** The words of a text with their places in it. */
function* foundIn(text: string): Generator<Found> {
  let count = 0
  for (const { start, text: run, word, characters } of runsOf(text)) {
    if (!characters) {
      yield { word, start, end: start + run.length }
      if (++count === mostWords) return
      continue
    }
    const places = placesOf(run, characters.length)
    for (const [index, pair] of pairsOf(characters).entries()) {
      const first = places[index] ?? { start: 0, end: run.length }
      yield { word: pair, start: start + first.start, middle: start + first.end, end: start + (places[index + 1] ?? first).end }
      if (++count === mostWords) return
    }
  }
}

const hidden = new RegExp(invisibleInRun, 'v')
const visible = new RegExp(String.raw`[^]${invisibleInRun}*`, 'gv')
/** A character with what folding may join with it: marks, half-width sound marks, vowels and finals of Hangul. */
const joined = new RegExp(String.raw`[^][[\p{M}\uFF9E\uFF9F\u1160-\u11FF]${invisibleInRun}]*`, 'gv')

/** The places of the `count` characters of the folded run. Where folding changes their number, each has the place of all of them. */
function placesOf(run: string, count: number) {
  const whole = charactersOf(run)
  const parts = whole.length === count ? [whole] : Array.from(run.matchAll(joined), ([part]) => charactersOf(part))
  const places: { readonly start: number; readonly end: number }[] = []
  let at = 0
  for (const part of parts) {
    const [start, text] = [at, part.join('')]
    at += text.length
    const folding = part === whole ? count : Array.from(folded(text)).length
    if (folding !== part.length) {
      for (let index = 0; index < folding; index++) places.push({ start, end: at })
      continue
    }
    let from = start
    for (const character of part) places.push({ start: from, end: (from += character.length) })
  }
  return places
}

/** The characters of a text, each with the invisible ones that follow it. */
const charactersOf = (text: string) => (hidden.test(text) ? (text.match(visible) ?? []) : Array.from(text))

const other = /[^ -~\s]/

/** The words of a text, in its order. */
export function wordsOf(text: string): string[] {
  // For ASCII this is equivalent, and takes a tenth of the time.
  if (!other.test(text)) return (text.toLowerCase().match(/[a-z0-9]+/g) ?? []).slice(0, mostWords).map(shortened)
  const words: string[] = []
  for (const { word, characters } of runsOf(text)) {
    if (characters) words.push(...pairsOf(characters))
    else words.push(word)
    if (words.length >= mostWords) break
  }
  return words.slice(0, mostWords)
}

/** Words that follow each other. */
export interface Phrase {
  readonly words: readonly string[]
  /** Whether the last one is the beginning of a word. */
  readonly isPrefix: boolean
}

/** The phrase that finds every text in which this one occurs; undefined if it has no word. */
function phraseOf(text: string, isBeginning: boolean): Phrase | undefined {
  const found = Array.from(runsOf(text))
  const last = found.at(-1)
  if (!last) return undefined
  const words = wordsOf(text)
  if (!last.characters) return { words, isPrefix: isBeginning }
  // The last character begins a pair of the text unless it is also the last one there; a run of several characters ends with a pair.
  return last.characters.length === 1 ? { words, isPrefix: true } : { words: words.slice(0, -1), isPrefix: false }
}

/** The phrases of a search, all of which a text must have: words, `"several words"` and `beginnings*`. */
export function phrasesOf(search: string): Phrase[] {
  const parts = search
    .replaceAll(/[“”„‟«»＂]/g, '"')
    .replaceAll('＊', '*')
    .matchAll(/"(?<quoted>[^"]*)"?\*?|[^\s"]+/g)
  return Array.from(parts, ({ 0: part, groups }) => phraseOf(groups?.['quoted'] ?? part, /\*"?$/.test(part))).filter(
    phrase => phrase !== undefined,
  )
}

const isAt = ({ words, isPrefix }: Phrase, text: readonly string[], at: number) =>
  words.every((word, index) => {
    const there = text[at + index]
    return isPrefix && index === words.length - 1 ? there?.startsWith(word) : there === word
  })

const startsOf = (phrase: Phrase, text: readonly string[]) => Array.from(text.keys()).filter(at => isAt(phrase, text, at))

/** How well a text matches, 0 if a phrase is not in it: by how often each phrase occurs, and the more, the shorter the text is. */
export function scoreOf(text: string, phrases: readonly Phrase[]): number {
  const words = wordsOf(text)
  let score = 1
  for (const phrase of phrases) {
    const count = startsOf(phrase, words).length
    if (count === 0) return 0
    score += count / (count + 0.3 + words.length / 20)
  }
  return score
}

/** A piece of a snippet. */
interface Piece {
  readonly text: string
  readonly isMatch: boolean
}

/** How much of a text a snippet shows before the first match, and in all, in UTF-16 units. */
const shownBefore = 60
const shownInAll = 200

const isInsidePair = (text: string, at: number) => /[\uD800-\uDBFF]/.test(text[at - 1] ?? '') && /[\uDC00-\uDFFF]/.test(text[at] ?? '')

/** The nearest index at or before it that is not within a character. */
const cutAt = (text: string, at: number) => (isInsidePair(text, at) ? at - 1 : at)

/** The part of a text around its first match, in pieces that match or do not. */
export function snippetOf(text: string, phrases: readonly Phrase[]): Piece[] {
  const found = Array.from(foundIn(text))
  const words = found.map(({ word }) => word)
  const matches = phrases.flatMap(phrase =>
    startsOf(phrase, words).map(at => ({ start: found[at]!.start, end: endOf(phrase, found[at + phrase.words.length - 1]!) })),
  )
  const ranges = matches.toSorted((a, b) => a.start - b.start)
  const first = ranges[0]?.start ?? 0
  const begin = first <= shownBefore ? 0 : (found.find(({ start }) => start >= first - shownBefore)?.start ?? first)
  const end = cutAt(text, Math.min(text.length, begin + shownInAll))
  const pieces: Piece[] = []
  let at = begin
  const add = (until: number, isMatch: boolean) => {
    if (until > at) pieces.push({ text: text.slice(at, until), isMatch })
    at = Math.max(at, until)
  }
  for (const range of ranges) {
    add(Math.min(range.start, end), false)
    add(Math.min(range.end, end), true)
  }
  add(end, false)
  return merged(pieces)

  /** If a pair matches only by its first character, its rest is not a match. */
  function endOf({ isPrefix }: Phrase, { middle, end }: Found): number {
    return isPrefix ? (middle ?? end) : end
  }
}

/** Joins neighbouring pieces of one kind. */
function merged(pieces: readonly Piece[]): Piece[] {
  const all: Piece[] = []
  for (const piece of pieces) {
    const last = all.at(-1)
    if (last?.isMatch === piece.isMatch) all[all.length - 1] = { text: last.text + piece.text, isMatch: last.isMatch }
    else all.push(piece)
  }
  return all
}
