import { randomBytes, randomInt } from 'node:crypto'

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Ids of the shape of Amazon's, so that every tool takes them: AKIA for keys that last, ASIA for temporary ones, AROA for roles. */
export const newId = (prefix: 'AKIA' | 'ASIA' | 'AROA') =>
  prefix + Array.from({ length: 16 }, () => letters[randomInt(letters.length)]).join('')

/** Forty characters, as Amazon's have. */
export const newSecret = () => randomBytes(30).toString('base64')
