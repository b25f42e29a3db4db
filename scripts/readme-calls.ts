/** A call that the README shows, with what it prints. */
export interface ReadmeCall {
  readonly language: 'sh' | 'python' | 'js'
  readonly code: string
  readonly output: string
}

/** The calls of the section "The first call": each is a block of code, and the block after it is what the code prints. */
export function readmeCalls(page: string): ReadmeCall[] {
  const [, section = ''] = /^## The first call\n([^]*?)^## /m.exec(page) ?? []
  return [...section.matchAll(/^```(sh|python|js)\n([^]*?)^```\n\n```\n([^]*?)^```$/gm)].map(([, language, code = '', output = '']) => ({
    language: language as ReadmeCall['language'],
    code: code.trimEnd(),
    output,
  }))
}
