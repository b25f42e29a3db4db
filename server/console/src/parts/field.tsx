import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { shown } from '../text.ts'

type Suggestion = string | readonly [value: string, label: string | undefined]

export interface Field {
  readonly name: string
  readonly label: string
  readonly kind?: 'text' | 'lines' | 'select' | 'number' | 'password'
  readonly options?: readonly (string | readonly [value: string, label: string])[]
  readonly value?: string
  readonly hint?: string
  readonly isRequired?: boolean
  readonly isCode?: boolean
  /** The height of lines. */
  readonly rows?: number
  /** Suggestions, or how to load them; any other value is possible. */
  readonly suggestions?: readonly Suggestion[] | (() => Promise<readonly Suggestion[]>)
}

export function Input({ field, set }: { field: Field; set: (value: string) => void }) {
  const { name, label, kind = 'text', options = [], value, hint, isRequired, isCode, rows = 3, suggestions } = field
  const id = `field-${name}`
  const suggested = useSignal<readonly Suggestion[]>(typeof suggestions === 'object' ? suggestions : [])
  useEffect(() => {
    // Without suggestions the field works as well.
    if (typeof suggestions === 'function')
      suggestions().then(
        found => (suggested.value = found),
        () => {},
      )
  }, [name])
  const shared = {
    id,
    name,
    required: isRequired ?? false,
    'aria-describedby': hint === undefined ? undefined : `${id}-hint`,
    class: isCode ? 'code' : undefined,
    onInput: (event: JSX.TargetedEvent<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>) => set(event.currentTarget.value),
  }
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {kind === 'select' ? (
        <select {...shared} defaultValue={value ?? ''}>
          {options.map(option => {
            const [key, text] = typeof option === 'string' ? [option, option] : option
            return (
              <option key={key} value={key} selected={key === value}>
                {text}
              </option>
            )
          })}
        </select>
      ) : kind === 'lines' ? (
        <textarea {...shared} rows={rows} spellcheck={false} defaultValue={value ?? ''} />
      ) : (
        <input
          {...shared}
          type={kind}
          autocomplete="off"
          spellcheck={false}
          defaultValue={value ?? ''}
          list={suggestions && `${id}-suggestions`}
        />
      )}
      {suggestions && (
        <datalist id={`${id}-suggestions`}>
          {suggested.value.map(each => {
            const [key, text] = typeof each === 'string' ? [each, undefined] : each
            return <option key={key} value={key} label={text === undefined || text === key ? undefined : shown(text, { longest: 60 })} />
          })}
        </datalist>
      )}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  )
}

export const nameField = (value = '') => ({ name: 'Name', label: 'Name', isRequired: true, value })
export const metadataField = (value = '') => ({ name: 'Metadata', label: 'Metadata', kind: 'lines' as const, value })
