import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { shown } from '../text.ts'
import { Empty } from './states.tsx'
import { Text } from './texts.tsx'

export interface Crumb {
  readonly text: string
  readonly link: string
}

export function Page({
  title,
  crumbs = [],
  about,
  actions,
  children,
}: {
  title: string
  crumbs?: readonly Crumb[]
  about?: ComponentChildren
  actions?: ComponentChildren
  children: ComponentChildren
}) {
  useEffect(() => {
    document.title = `${shown(title, { longest: 60 })} – Carillon`
  }, [title])
  return (
    <>
      <header class="page">
        {crumbs.length > 0 && (
          <nav class="crumbs" aria-label="Breadcrumb">
            <ol>
              {crumbs.map(({ text, link }) => (
                <li key={link}>
                  <a href={link}>
                    <Text value={text} longest={60} />
                  </a>
                </li>
              ))}
            </ol>
          </nav>
        )}
        <div class="heading">
          <h1>
            <Text value={title} longest={80} />
          </h1>
          {actions && <div class="actions">{actions}</div>}
        </div>
        {about && <div class="about">{about}</div>}
      </header>
      {children}
    </>
  )
}

/** The page of something that does not exist, with a link to the list that it would be in. */
export const Missing = ({ what, crumbs, children }: { what: string; crumbs: readonly Crumb[]; children: ComponentChildren }) => (
  <Page title="Not found" crumbs={crumbs}>
    <Empty title={`There is no such ${what}`}>
      <p>{children} does not exist. It may have been deleted.</p>
      <a class="button" href={crumbs.at(-1)!.link}>
        Go back to the list
      </a>
    </Empty>
  </Page>
)

export function Tabs({ tabs, current }: { tabs: readonly (readonly [name: string, link: string])[]; current: string }) {
  const row = useRef<HTMLElement>(null)
  useEffect(() => {
    // On a narrow screen the row scrolls.
    row.current?.querySelector('[aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' })
  }, [current])
  return (
    <nav class="tabs" aria-label="Parts of this page" ref={row}>
      {tabs.map(([name, link]) => (
        <a key={link} href={link} aria-current={name === current ? 'page' : undefined}>
          {name}
        </a>
      ))}
    </nav>
  )
}

export const Facts = ({ facts }: { facts: readonly (readonly [name: string, value: ComponentChildren])[] }) => (
  <dl class="facts">
    {facts.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
)
