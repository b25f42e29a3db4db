/**
 * Records docs/pictures/first-minute.svg: a terminal in which the commands of the README are run against a real demo, with their real
 * output. Run it with `node scripts/record-first-minute.ts`; it needs the AWS CLI and boto3.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { readmeCalls } from './readme-calls.ts'

const root = resolve(import.meta.dirname, '..')
const home = await mkdtemp(join(tmpdir(), 'carillon-recording-'))

/** How long the reader sees a command before its output appears, and the output before the next command, in seconds. */
const [reading, looking] = [1.2, 3]

interface Line {
  readonly text: string
  readonly isCommand: boolean
  /** When it appears. */
  readonly at: number
}

const lines: Line[] = []
let time = 0.5

function show(command: string, output: string) {
  const [first = '', ...more] = command.split('\n')
  lines.push({ text: `$ ${first}`, isCommand: true, at: time })
  for (const text of more) lines.push({ text, isCommand: true, at: (time += 0.15) })
  time += reading
  for (const text of output.trimEnd().split('\n')) lines.push({ text, isCommand: false, at: (time += 0.1) })
  time += looking
}

/** Runs a command as it is shown, and returns its output. */
async function printed(command: string, env: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn('bash', ['-c', command], { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(`${command}\nended with ${code}`)
  return output
}

const calls = readmeCalls(await readFile(join(root, 'README.md'), 'utf8'))
const demo = spawn(process.execPath, ['scripts/demo.ts', '--data', join(home, 'demo')], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
try {
  let said = ''
  demo.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  while (!said.includes('What to try next')) {
    if (demo.exitCode !== null) throw new Error('The demo has ended.')
    await setTimeout(50)
  }
  show('npm ci && npm run demo', said.slice(0, said.indexOf('What to try next')).trimEnd())
  const variables = join(home, 'demo/variables')
  lines.push({ text: '$ . data/demo/variables', isCommand: true, at: time })
  time += reading
  for (const { language, code, output } of calls.filter(({ language }) => language !== 'js')) {
    const command = language === 'sh' ? code : `python3 -c '\n${code.replaceAll("'", '"')}'`
    const answer = await printed(`. ${variables}\n${command}`, {})
    if (answer !== output) throw new Error(`The README shows\n${output}and this was printed:\n${answer}`)
    show(command, answer)
  }
} finally {
  demo.kill('SIGTERM')
  await rm(home, { recursive: true, force: true })
}

const [lineHeight, characterWidth, margin, top] = [19, 7.83, 18, 50]
const width = Math.ceil(Math.max(...lines.map(({ text }) => text.length)) * characterWidth + 2 * margin)
const height = top + lines.length * lineHeight + margin
const whole = time + 3
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** A line is invisible until its time; the whole begins again after a pause. */
const appearing = lines.map(
  ({ at }, index) => `@keyframes l${index}{0%{opacity:0}${((at / whole) * 100).toFixed(2)}%{opacity:1}100%{opacity:1}}`,
)
const texts = lines.map(
  ({ text, isCommand }, index) =>
    `<text x="${margin}" y="${top + (index + 1) * lineHeight - 5}" class="${isCommand ? 'command' : 'output'}" style="animation-name:l${index}">${escaped(text)}</text>`,
)

const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="A terminal: the demo starts, and the AWS CLI and boto3 list Bob's channels">
<style>
rect{fill:#f6f8fa;stroke:#d1d9e0}
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre;animation:${whole.toFixed(1)}s step-end infinite}
.command{fill:#0550ae;font-weight:600}
.output{fill:#1f2328}
@media (prefers-color-scheme:dark){rect{fill:#161b22;stroke:#3d444d}.command{fill:#79c0ff}.output{fill:#e6edf3}}
@media (prefers-reduced-motion:reduce){text{animation:none}}
${appearing.join('\n')}
</style>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
<circle cx="22" cy="22" r="6" fill="#ff5f57"/><circle cx="42" cy="22" r="6" fill="#febc2e"/><circle cx="62" cy="22" r="6" fill="#28c840"/>
${texts.join('\n')}
</svg>
`
await writeFile(join(root, 'docs/pictures/first-minute.svg'), svg)
