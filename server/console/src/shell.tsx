import type { ComponentChildren } from 'preact'
import { isAway, signOut } from './api.ts'
import { segments, to } from './router.ts'

const icons: Readonly<Record<string, string>> = {
  Overview: 'M3 12.500h4l2.500-7 5 13 2.500-6h4',
  Requests: 'M4 6h16M4 12h16M4 18h10',
  'App instances': 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
  Outbox: 'M4 13h4.500l1.500 3h4l1.500-3H20M4 13v6h16v-6M12 3v8m-3-3 3 3 3-3',
  'Keys and roles': 'M11 9a4 4 0 1 0 8 0a4 4 0 1 0-8 0M12.200 11.800 4 20m3-3 2 2m1-5 2 2',
}

const pages = [
  ['Overview', to(), ''],
  ['Requests', to('requests'), 'requests'],
  ['App instances', to('apps'), 'apps'],
  ['Outbox', to('outbox'), 'outbox'],
  ['Keys and roles', to('access'), 'access'],
] as const

export const Bell = () => (
  <svg class="bell" viewBox="0 0 32 32" aria-hidden="true">
    <path d="M16 6.500a1.500 1.500 0 0 1 1.500 1.500v.7c3 .7 5 3.300 5 6.600v3.200c0 1.100.4 2.200 1.200 3l.6.7a.8.8 0 0 1-.6 1.300H8.300a.8.8 0 0 1-.6-1.300l.6-.7c.8-.8 1.200-1.900 1.200-3v-3.200c0-3.300 2-5.900 5-6.600V8A1.500 1.500 0 0 1 16 6.500Z" />
    <circle cx="16" cy="25.300" r="1.700" />
  </svg>
)

export function Shell({ children }: { children: ComponentChildren }) {
  const [current = ''] = segments()
  return (
    <div class="shell">
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <aside>
        <a class="brand" href={to()}>
          <Bell />
          Carillon
        </a>
        <nav aria-label="Console">
          {pages.map(([name, link, segment]) => (
            <a key={name} href={link} aria-current={current === segment ? 'page' : undefined}>
              <svg viewBox="0 0 24 24" aria-hidden="true">
                <path d={icons[name]} />
              </svg>
              {name}
            </a>
          ))}
        </nav>
        <button type="button" class="quiet" onClick={() => signOut('')}>
          Sign out
        </button>
      </aside>
      <main id="content" tabIndex={-1}>
        {isAway.value && (
          <p class="notice" role="status">
            The server does not answer. The page asks again every few seconds, and goes on when there is an answer.
          </p>
        )}
        {children}
      </main>
    </div>
  )
}
