import { signal } from '@preact/signals'

const base = '/console'
const here = () => location.pathname.slice(base.length).replace(/^\/|\/$/g, '')

/** The path behind /console/, without slashes around it. */
const path = signal(here())

let isBack = false

/** Whether the browser went back or forward to the page: then it shows what it has shown there before. */
export const wentBack = () => isBack

addEventListener('popstate', () => {
  isBack = true
  path.value = here()
})

/** The path of a page; ARNs are one segment each. */
export const to = (...segments: string[]) =>
  `${base}/${segments.map(segment => encodeURIComponent(segment).replaceAll('%3A', ':')).join('/')}`

export const segments = () => path.value.split('/').map(segment => decodeURIComponent(segment))

export function go(address: string, { replace = false } = {}) {
  isBack = false
  if (replace || address === location.pathname) history.replaceState(null, '', address)
  else history.pushState(null, '', address)
  path.value = here()
  document.querySelector('main')?.focus()
  scrollTo(0, 0)
}

/** Links within the console do not reload the page. */
addEventListener('click', event => {
  const link = (event.target as Element | null)?.closest?.('a')
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  if (link.origin !== location.origin || !link.pathname.startsWith(base) || link.target !== '') return
  event.preventDefault()
  go(link.pathname)
})
