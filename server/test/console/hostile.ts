/** A text that sets `isHit` in a page which takes it for markup. */
export const markup = '<img src=x onerror="globalThis.isHit=1"><script>globalThis.isHit=1</script>'
