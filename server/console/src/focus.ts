/** What had the keyboard last. */
let last: Element | undefined
/** What had it outside of dialogs, and around that what can have it: the table, the list of messages, the page. */
let around: HTMLElement[] = []

addEventListener('focusin', ({ target }) => {
  last = target as HTMLElement
  if (last.closest('dialog')) return
  around = []
  for (let each: Element | null | undefined = last; each; each = each.parentElement?.closest('[tabindex]')) around.push(each as HTMLElement)
})

/** When a change of the page removes what has the keyboard, the browser takes it to the top of the page. Here it stays where it was. */
new MutationObserver(() => {
  if (document.activeElement !== document.body || last?.isConnected !== false) return
  around.find(each => each.isConnected)?.focus({ preventScroll: true })
}).observe(document.getElementById('app')!, { childList: true, subtree: true })
