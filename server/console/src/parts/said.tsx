import { signal } from '@preact/signals'
import { shown } from '../text.ts'

const said = signal('')

let silence: ReturnType<typeof setTimeout> | undefined

/** Shows a sentence in a corner of the page, to screen readers as well. */
export function say(text: string) {
  said.value = text
  clearTimeout(silence)
  silence = setTimeout(() => (said.value = ''), 5000)
}

export const Said = () => (
  <div class="said" role="status" aria-live="polite">
    {said.value && (
      <div>
        <bdi>{shown(said.value)}</bdi>
      </div>
    )}
  </div>
)
