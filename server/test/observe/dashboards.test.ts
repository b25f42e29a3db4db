import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root, run, temporaryFolder } from '../support/process.ts'
import { startWorld } from '../support/world.ts'

const hasPromtool = spawnSync('promtool', ['--version']).status === 0
if (!hasPromtool) process.stderr.write('There is no promtool: the alert rules are not tested. On Debian: apt-get install prometheus\n')

const prometheus = join(root, 'deploy/prometheus')
const dashboardFile = join(root, 'deploy/grafana/carillon.json')

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[]
}

const promtool = async (...args: string[]) => run('promtool', args, { cwd: prometheus })

const figuresIn = (text: string) => new Set(text.match(/\b(?:carillon|process|nodejs)_\w+/g))

test('every figure of the dashboard and of the alert rules is in /metrics, and they leave none of our figures out', async () => {
  const world = await startWorld('sqlite')
  onTestFinished(() => world.close())
  await world.identity.listAppInstances({})
  const text = await (await fetch(`${world.app.url}/metrics`)).text()
  const present = new Set([...text.matchAll(/^(?:# TYPE )?(\w+)/gm)].map(([, name]) => name))
  const { panels } = JSON.parse(await readFile(dashboardFile, 'utf8')) as Dashboard
  const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join('\n')
  const rules = await readFile(join(prometheus, 'carillon.rules.yml'), 'utf8')
  const used = new Set([...figuresIn(expressions), ...figuresIn(rules.replaceAll(/^ *(?:summary|description):.*$/gm, ''))])
  expect([...used].filter(name => !present.has(name))).toEqual([])

  const own = [...text.matchAll(/^# TYPE (carillon_\w+) /gm)].map(([, name]) => name!)
  // `carillon outbox status` shows these two: a time makes no useful plot.
  const shownElsewhere = ['carillon_outbox_last_success_seconds', 'carillon_outbox_last_failure_seconds']
  expect(own.filter(name => !used.has(name) && !used.has(`${name}_bucket`))).toEqual(shownElsewhere)
})

test.skipIf(!hasPromtool)(
  'promtool accepts the alert rules and every expression of the dashboard, and the rules pass their tests',
  async () => {
    expect(await promtool('check', 'rules', 'carillon.rules.yml')).toMatchObject({ code: 0, stderr: '' })
    expect(await promtool('test', 'rules', 'carillon.rules.test.yml')).toMatchObject({ code: 0 })
    const { panels } = JSON.parse(await readFile(dashboardFile, 'utf8')) as Dashboard
    const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '1m')))
    const rules = expressions.map((expr, index) => ({ record: `dashboard:${index}`, expr }))
    const file = join(await temporaryFolder(), 'dashboard.yml')
    await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
    expect(await promtool('check', 'rules', file)).toMatchObject({ code: 0, stderr: '' })
  },
)
