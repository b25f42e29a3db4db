/**
 * When a change of the page removes what has the keyboard, the browser takes it to the top of the page. With this it stays where that was:
 * in the table, the list of messages or the page, or on the button that has opened a dialog.
 */
export function keepFocus(root: HTMLElement) {
  let last: Element | undefined
  /** What had the keyboard last outside of dialogs, and around that what can have it. */
  let around: HTMLElement[] = []
  addEventListener('focusin', ({ target }) => {
    last = target as HTMLElement
    if (last.closest('dialog')) return
    around = []
    for (let each: Element | null | undefined = last; each; each = each.parentElement?.closest('[tabindex]'))
      around.push(each as HTMLElement)
  })
  new MutationObserver(() => {
    if (document.activeElement !== document.body || last?.isConnected !== false) return
    around.find(each => each.isConnected)?.focus({ preventScroll: true })
  }).observe(root, { childList: true, subtree: true })
}
