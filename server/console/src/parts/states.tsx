import type { ComponentChildren } from 'preact'
import { Text } from './texts.tsx'

export const Failure = ({ text, again }: { text: string; again?: () => void }) => (
  <div class="failure" role="alert">
    <p>
      <Text value={text} longest={1000} />
    </p>
    {again && (
      <button type="button" class="small" onClick={again}>
        Try again
      </button>
    )}
  </div>
)

export const Loading = ({ rows = 3 }: { rows?: number }) => (
  <div class="loading" role="status" aria-label="Loading">
    {Array.from({ length: rows }, (_, index) => (
      <i key={index} />
    ))}
  </div>
)

/** What a table shows if nothing in it matches a search. */
export const NothingFound = () => (
  <Empty title="Nothing matches the search">
    <p>Change the text, or clear it to see the whole list again.</p>
  </Empty>
)

export const Empty = ({ title, children }: { title: string; children?: ComponentChildren }) => (
  <div class="empty">
    <h2>{title}</h2>
    {children}
  </div>
)
