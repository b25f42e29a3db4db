import type { FileHit, FileSearch, FileState } from '../store/search-file.ts'

/** The arguments of the thread of the index file. */
export interface FilePaths {
  readonly index: string
  readonly database: string
}

export type ToThread =
  { readonly kind: 'changed' | 'close' } | { readonly kind: 'search'; readonly id: number; readonly search: FileSearch }

export type FromThread =
  | { readonly kind: 'state'; readonly state: FileState }
  | { readonly kind: 'found'; readonly id: number; readonly hits: readonly FileHit[] }
  | { readonly kind: 'failed'; readonly id: number }
  /** The index is rebuilt, for this reason. */
  | { readonly kind: 'renewed'; readonly why: string }
  | { readonly kind: 'built' }
  | { readonly kind: 'trouble'; readonly message: string }
