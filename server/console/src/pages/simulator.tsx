import { useComputed, useSignal } from '@preact/signals'
import { askedMembers, routes } from 'carillon:routes'
import type { ClientOutput, Input } from '../../../src/contract/index.ts'
import { call, messageOf } from '../api.ts'
import { Decisions } from '../parts/decisions.tsx'
import { Input as Field } from '../parts/field.tsx'
import { Failure } from '../parts/states.tsx'
import { Text } from '../parts/texts.tsx'

type Asked = Input<'SimulatePolicy'>

/** The permissions that are simulated: those of a policy that is not stored yet, of a key or of a role. */
type Tried = Pick<Asked, 'Policy' | 'AccessKeyId' | 'RoleName'>

/** Parses lines of `key=value`. */
const tagsIn = (text: string) =>
  text
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => {
      const [, key = line.trim(), value = ''] = /^\s*(.+?)\s*=\s*(.*?)\s*$/.exec(line) ?? []
      return { Key: key, Value: value }
    })

const context = [
  { name: 'SourceIp', label: 'Source address' },
  { name: 'UserAgent', label: 'User agent' },
  { name: 'SubjectId', label: 'Id of the login (cognito-identity.amazonaws.com:sub)' },
  { name: 'Timestamp', label: 'Time', hint: 'As in 2026-01-31T00:00:00Z; empty for now.' },
  { name: 'PrincipalTags', label: 'Tags of the principal', kind: 'lines', hint: 'One key=value a line.' },
  { name: 'RequestTags', label: 'Tags that the request sets', kind: 'lines', hint: 'One key=value a line.' },
] as const

function contextIn(values: Readonly<Record<string, string>>, isPlain: boolean): NonNullable<Asked['Context']> {
  const text = (name: string) => values[name]?.trim() || undefined
  const { PrincipalTags, RequestTags, Timestamp, ...texts } = Object.fromEntries(context.map(({ name }) => [name, text(name)]))
  return {
    ...Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined)),
    ...(Timestamp !== undefined && { Timestamp: new Date(Timestamp) }),
    ...(PrincipalTags !== undefined && { PrincipalTags: tagsIn(PrincipalTags) }),
    ...(RequestTags !== undefined && { RequestTags: tagsIn(RequestTags) }),
    ...(isPlain && { IsSecure: false }),
  }
}

/** Tries an operation, or an action on resources, against permissions, and shows which statement decides. Nothing is stored or called. */
export function Simulator({ tried }: { tried: () => Tried }) {
  const what = useSignal('SendChannelMessage')
  const values = useSignal<Readonly<Record<string, string>>>({})
  const isPlain = useSignal(false)
  const answer = useSignal<ClientOutput<'SimulatePolicy'> | undefined>(undefined)
  const error = useSignal('')
  const isAction = useComputed(() => what.value.includes(':'))
  const members = useComputed(() => askedMembers[what.value] ?? [])
  const set = (name: string) => (value: string) => {
    values.value = { ...values.value, [name]: value }
  }
  async function tryIt(event: Event) {
    event.preventDefault()
    const given = members.value.filter(name => (values.value[name] ?? '') !== '').map(name => [name, values.value[name]!.trim()])
    try {
      answer.value = await call('SimulatePolicy', {
        ...tried(),
        ...(isAction.value
          ? { Action: what.value, Resources: (values.value['Resources'] ?? '').split(/\s+/).filter(Boolean) }
          : { OperationName: what.value, OperationInput: Object.fromEntries(given) as Record<string, string> }),
        Context: contextIn(values.value, isPlain.value),
      })
      error.value = ''
    } catch (failure) {
      answer.value = undefined
      error.value = messageOf(failure)
    }
  }
  return (
    <section class="card" aria-label="Try it">
      <form class="form" onSubmit={event => void tryIt(event)}>
        <Field
          field={{
            name: 'what',
            label: 'Operation or action',
            value: what.value,
            isRequired: true,
            isCode: true,
            suggestions: [...Object.keys(routes), 'chime:Connect', 'sts:AssumeRole'],
            hint: 'The name of an operation, or an action of IAM such as chime:Connect.',
          }}
          set={text => (what.value = text.trim())}
        />
        {isAction.value && (
          <Field
            field={{ name: 'Resources', label: 'Resources', kind: 'lines', isRequired: true, hint: 'One ARN a line.' }}
            set={set('Resources')}
          />
        )}
        {members.value.map(name => (
          <Field
            key={`${what.value} ${name}`}
            field={{ name, label: name, isCode: true, value: values.value[name] ?? '' }}
            set={set(name)}
          />
        ))}
        <details>
          <summary>Source address, time and tags</summary>
          <div class="form">
            {context.map(field => (
              <Field key={field.name} field={field} set={set(field.name)} />
            ))}
            <label class="check">
              <input type="checkbox" checked={isPlain.value} onChange={event => (isPlain.value = event.currentTarget.checked)} />
              Without TLS
            </label>
          </div>
        </details>
        <div class="buttons">
          <button type="submit" class="primary">
            Try it
          </button>
        </div>
      </form>
      {error.value && <Failure text={error.value} />}
      {answer.value && (
        <div role="status" class="tried">
          <p class={`state ${answer.value.IsAllowed ? 'good' : 'bad'}`}>
            {answer.value.IsAllowed ? 'IAM allows it' : 'IAM does not allow it'}{' '}
            <span class="faint">
              to <Text value={answer.value.PrincipalArn} />
            </span>
          </p>
          <Decisions decisions={answer.value.PolicyDecisions} />
          {answer.value.RoleRule && (
            <p class="faint">
              <Text value={`Then the role in the API decides. ${answer.value.RoleRule}`} longest={1000} />
            </p>
          )}
        </div>
      )}
    </section>
  )
}
