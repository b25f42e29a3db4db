/** Elements by name; undefined ones are left out. */
export interface Elements {
  readonly [name: string]: string | number | Elements | undefined
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** The text of an element. A character that XML 1.0 cannot represent becomes a question mark. */
const escaped = (text: string) =>
  text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '?')
    .replaceAll(/[&<>"']/g, character => entities[character]!)

export const xml = (elements: Elements): string =>
  Object.entries(elements)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<${name}>${typeof value === 'object' ? xml(value) : escaped(String(value))}</${name}>`)
    .join('')
