import { useSignal } from '@preact/signals'
import { plural } from '../text.ts'
import type { Shown } from './found.tsx'
import { say } from './said.tsx'
import type { Column } from './table.tsx'

const quotedForCsv = (value: string | number | undefined) => {
  const text = String(value ?? '')
  // Spreadsheets treat texts that begin like this as formulas.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Buttons that load the whole list, showing the progress, and save it as a file. */
export function Export<Item>({ label, columns, list }: { label: string; columns: readonly Column<Item>[]; list: Shown<Item> }) {
  const progress = useSignal('')
  const exported = columns.filter(({ text }) => text)
  if (exported.length === 0) return null
  async function save(kind: 'csv' | 'jsonl') {
    while (list.state.value === 'more') {
      progress.value = `${plural((list.whole ?? list).items.value.length, 'entry', 'entries')} read`
      await list.more()
    }
    progress.value = ''
    if (list.state.value === 'failed') return say('The list could not be read to its end, so nothing is exported')
    const rows = list.items.value
    const lines =
      kind === 'csv'
        ? [exported.map(({ name }) => name), ...rows.map(row => exported.map(({ text }) => text!(row)))].map(line =>
            line.map(quotedForCsv).join(','),
          )
        : rows.map(row => JSON.stringify(Object.fromEntries(exported.map(({ name, text }) => [name, text!(row)]))))
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([`${lines.join('\n')}\n`], { type: kind === 'csv' ? 'text/csv' : 'application/jsonl' }))
    link.download = `${label.toLowerCase().replaceAll(/\W+/g, '-')}.${kind}`
    link.click()
    URL.revokeObjectURL(link.href)
  }
  return (
    <span>
      {progress.value !== '' && <span role="status">{progress.value}</span>}
      <button type="button" class="small quiet" onClick={() => void save('csv')}>
        Export CSV
      </button>
      <button type="button" class="small quiet" onClick={() => void save('jsonl')}>
        JSON lines
      </button>
    </span>
  )
}
