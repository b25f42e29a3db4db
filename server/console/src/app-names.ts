import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { call } from './api.ts'
import { idOf, shortId } from './text.ts'

/** The names of app instances by their ARNs, as far as pages have needed them. */
const names = signal<Readonly<Record<string, string>>>({})

export function keepAppName(arn: string, name: string | undefined) {
  if (name !== undefined && names.value[arn] !== name) names.value = { ...names.value, [arn]: name }
}

/** The name of an app instance with the beginning of its id, since names need not differ; the id until the name is loaded. */
export function useAppName(arn: string): string {
  const name = names.value[arn]
  useEffect(() => {
    // Whoever may not describe the app instance sees its id.
    if (name === undefined)
      call('DescribeAppInstance', { AppInstanceArn: arn }).then(
        ({ AppInstance }) => keepAppName(arn, AppInstance?.Name),
        () => {},
      )
  }, [arn])
  return name === undefined || name === idOf(arn) ? idOf(arn) : `${name} (${shortId(arn)})`
}
