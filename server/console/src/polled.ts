import { useSignal, type Signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { messageOf } from './api.ts'

/**
 * Runs a function while the page is shown and not paused, each time some milliseconds after its end. Returns the error of the last run,
 * or ''.
 */
export function usePolled(look: () => Promise<unknown>, milliseconds: number, isPaused?: Signal<boolean>): Signal<string> {
  const error = useSignal('')
  useEffect(() => {
    let isOver = false
    let timer: ReturnType<typeof setTimeout> | undefined
    async function repeat() {
      if (!isPaused?.value)
        await look().then(
          () => (error.value = ''),
          (failure: unknown) => (error.value = messageOf(failure)),
        )
      if (!isOver) timer = setTimeout(() => void repeat(), milliseconds)
    }
    void repeat()
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [])
  return error
}
