import { useSignal } from '@preact/signals'
import { messageOf } from '../api.ts'
import { Input } from '../parts/field.tsx'
import { say } from '../parts/said.tsx'
import { Failure } from '../parts/states.tsx'
import { jsonInLines } from '../text.ts'
import { Simulator } from './simulator.tsx'

const example = jsonInLines('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"chime:*","Resource":"*"}]}')

/** An editor for a policy, in which it can be simulated before it is stored. Without `save` it can only be simulated. */
export function PolicyEditor({ policy = example, save }: { policy?: string | undefined; save?: (policy: string) => Promise<unknown> }) {
  const text = useSignal(jsonInLines(policy))
  const error = useSignal('')
  async function store(event: Event) {
    event.preventDefault()
    try {
      await save?.(text.value)
      error.value = ''
      say('Saved')
    } catch (failure) {
      error.value = messageOf(failure)
    }
  }
  return (
    <div class="columns">
      <section class="card">
        <form class="form" onSubmit={event => void store(event)}>
          <Input
            field={{ name: 'policy', label: 'Policy', kind: 'lines', value: text.value, isRequired: true, isCode: true, rows: 18 }}
            set={value => (text.value = value)}
          />
          {error.value && <Failure text={error.value} />}
          {save && (
            <div class="buttons">
              <button type="submit">Save the policy</button>
            </div>
          )}
        </form>
      </section>
      <Simulator tried={() => ({ Policy: text.value })} />
    </div>
  )
}
