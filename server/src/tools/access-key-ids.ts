import { randomBytes, randomInt } from 'node:crypto'

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/**
 * Ids in the form of Amazon's, so that every tool accepts them: AKIA for long-lived keys, ASIA for temporary ones, AROA for roles.
 */
export const newId = (prefix: 'AKIA' | 'ASIA' | 'AROA') =>
  prefix + Array.from({ length: 16 }, () => letters[randomInt(letters.length)]).join('')

/** Whether the text has the form of the id of a long-lived key. */
export const isKeyId = (text: string) => /^AKIA[A-Z2-7]{16}$/.test(text)

/** Secrets of forty characters, like Amazon's. */
export const newSecret = () => randomBytes(30).toString('base64')
