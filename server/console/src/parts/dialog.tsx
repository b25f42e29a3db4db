import { signal, useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { messageOf } from '../api.ts'
import { Input, type Field } from './field.tsx'
import { say } from './said.tsx'
import { Failure } from './states.tsx'

type Values = Readonly<Record<string, string>>

interface Asked {
  readonly title: string
  /** Sentences that say what the dialog will do. */
  readonly about?: ComponentChildren
  readonly fields?: readonly Field[]
  readonly action: string
  readonly isDanger?: boolean
  /** What the dialog tells of has happened: there is nothing to cancel. */
  readonly isDone?: boolean
  /** Resolves to the sentence that is shown afterwards. */
  readonly act: (values: Values) => Promise<string | void>
}

const asked = signal<Asked | undefined>(undefined)

/** Opens a dialog with fields, or with a confirmation, and runs `act` with the values. */
export function ask(question: Asked) {
  asked.value = question
}

export const Ask = () => (asked.value ? <Dialog key={asked.value.title} question={asked.value} /> : null)

function Dialog({ question }: { question: Asked }) {
  const { title, about, fields = [], action, isDanger, isDone, act } = question
  const dialog = useRef<HTMLDialogElement>(null)
  const error = useSignal('')
  const isBusy = useSignal(false)
  const values = useMemo(() => new Map(fields.map(field => [field.name, field.value ?? ''])), [question])
  useEffect(() => {
    dialog.current?.showModal()
  }, [question])
  async function submit(event: Event) {
    event.preventDefault()
    isBusy.value = true
    error.value = ''
    try {
      const result = await act(Object.fromEntries(values))
      // Closing it moves the focus back to the button that has opened it.
      if (asked.value === question) dialog.current?.close()
      if (result) say(result)
    } catch (failure) {
      error.value = messageOf(failure)
    } finally {
      isBusy.value = false
    }
  }
  return (
    <dialog ref={dialog} aria-labelledby="asked" onClose={() => asked.value === question && (asked.value = undefined)}>
      <form method="dialog" onSubmit={event => void submit(event)}>
        <h2 id="asked">{title}</h2>
        {about && <div class="explained">{about}</div>}
        {fields.map(field => (
          <Input key={field.name} field={field} set={value => values.set(field.name, value)} />
        ))}
        {error.value !== '' && <Failure text={error.value} />}
        <div class="buttons">
          {!isDone && (
            <button type="button" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
          )}
          <button type="submit" class={isDanger ? 'danger' : 'primary'} disabled={isBusy.value}>
            {isBusy.value ? 'Working…' : action}
          </button>
        </div>
      </form>
    </dialog>
  )
}
