import type { ClientOutput } from '../../../src/contract/index.ts'
import { Text } from './texts.tsx'

export type Decision = NonNullable<ClientOutput<'SimulatePolicy'>['PolicyDecisions']>[number]
type Statement = NonNullable<Decision['DecidingStatements']>[number]
type Missed = NonNullable<Decision['MissedStatements']>[number]

const nameOf = ({ PolicyOf, StatementNumber, Sid }: Statement) =>
  `statement ${StatementNumber}${Sid === undefined || Sid === '' ? '' : ` (${Sid})`} of the ${PolicyOf === 'SESSION' ? 'session policy' : 'policy'}`

const words = { ALLOWED: 'allowed', EXPLICITLY_DENIED: 'denied', NOT_ALLOWED: 'not allowed' }
const reasons = {
  RESOURCE: 'is for other resources',
  CONDITION: 'has a condition that does not hold',
  VARIABLE: 'has a variable without a value',
}

const missedText = (missed: Missed) => `${nameOf(missed)} ${reasons[missed.Missed ?? 'RESOURCE']}`

/** Shows whether IAM allows each action on each resource, and by which statement. */
export const Decisions = ({ decisions }: { decisions: readonly Decision[] | undefined }) => (
  <ul class="decisions">
    {decisions?.map(({ Action, ResourceArn, Decision: decision = 'NOT_ALLOWED', DecidingStatements = [], MissedStatements = [] }) => (
      <li key={`${Action} ${ResourceArn}`}>
        <span class={`badge ${decision === 'ALLOWED' ? 'good' : 'bad'}`}>{words[decision]}</span> <code>{Action}</code> on{' '}
        <code>
          <Text value={ResourceArn} />
        </code>
        <small>
          {DecidingStatements.length === 0
            ? 'No statement covers it.'
            : `${DecidingStatements.map(each => `${each.Effect} by ${nameOf(each)}`).join('; ')}.`}
        </small>
        {decision !== 'ALLOWED' && MissedStatements.length > 0 && <small>Not used: {MissedStatements.map(missedText).join('; ')}.</small>}
      </li>
    ))}
  </ul>
)
