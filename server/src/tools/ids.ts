import { randomUUID } from 'node:crypto'
import { pooledRandomBytes } from './random.ts'

/** Where the ids of new resources come from. */
export interface Ids {
  /** A UUID. */
  resource(): string
  /** The 40 hexadecimal digits that make the id of a message impossible to guess. */
  nonce(): string
  /** 48 hexadecimal digits that nobody can guess, by which a processor answers. */
  callback(): string
}

export const randomIds: Ids = {
  resource: randomUUID,
  nonce: () => pooledRandomBytes(20).toString('hex'),
  callback: () => pooledRandomBytes(24).toString('hex'),
}
