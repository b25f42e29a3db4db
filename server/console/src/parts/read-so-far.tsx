import { count, plural, shown } from '../text.ts'
import type { Shown } from './found.tsx'

const entries = (number: number) => plural(number, 'entry', 'entries')

function said<Item>({ items, state, error, whole, isFiltered, isOrdered }: Shown<Item>, live: boolean): string {
  const [here, read] = [items.value.length, whole?.items.value.length ?? items.value.length]
  if (state.value === 'failed') return shown(error.value, { longest: 1000 })
  const isPart = state.value !== 'whole' && !live
  if (isFiltered?.value) return isPart ? `${count(here)} found among the first ${entries(read)}` : `${count(here)} of ${entries(read)}`
  if (isPart && isOrdered?.value) return `The first ${entries(read)}, ordered among themselves`
  return isPart ? `${entries(here)} so far; scroll for more` : entries(here)
}

/** Shows how much of a list has been loaded, and whether a search or an order covers all of it. */
export function ReadSoFar<Item>({ list, live }: { list: Shown<Item>; live: boolean }) {
  const { whole, state } = list
  return (
    <span>
      <span role="status">{said(list, live)}</span>
      {state.value === 'failed' && (
        <button type="button" class="small quiet" onClick={() => void (whole ? whole.goOn() : list.more())}>
          Try again
        </button>
      )}
      {whole?.isReadingOn.value && (
        <button type="button" class="small quiet" onClick={() => whole.stop()}>
          Stop
        </button>
      )}
      {whole &&
        !whole.isReadingOn.value &&
        state.value === 'more' &&
        (list.isFiltered?.value === true || list.isOrdered?.value === true) && (
          <button type="button" class="small quiet" onClick={() => void whole.readOn()}>
            Read all
          </button>
        )}
    </span>
  )
}
