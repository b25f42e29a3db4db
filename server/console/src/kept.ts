import { signal, type Signal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { BoundedMap } from '../../src/tools/bounded-map.ts'
import { wentBack } from './router.ts'

const values = new BoundedMap<string, Signal<unknown>>(500)

/** A value of the current page that is there again when the browser goes back to the page. It is in memory only. */
export function useKept<Content>(name: string, initial: Content): Signal<Content> {
  return useMemo(() => {
    const key = `${location.pathname} ${name}`
    const value = (wentBack() ? values.get(key) : undefined) ?? signal(initial)
    values.set(key, value)
    return value as Signal<Content>
  }, [name])
}
