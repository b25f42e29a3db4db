import { signal, type Signal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { wentBack } from './router.ts'

const most = 500
const values = new Map<string, Signal<unknown>>()

/** A value of the current page that is there again when the browser goes back to the page. It is in memory only. */
export function useKept<Content>(name: string, initial: Content): Signal<Content> {
  return useMemo(() => {
    const key = `${location.pathname} ${name}`
    const known = wentBack() ? values.get(key) : undefined
    if (values.size >= most) values.clear()
    values.set(key, known ?? signal(initial))
    return values.get(key) as Signal<Content>
  }, [name])
}
