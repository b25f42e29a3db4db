export const methods = ['GET', 'POST', 'PUT', 'DELETE'] as const
export type Method = (typeof methods)[number]

/** Where an input member travels, and its name there. */
export interface Binding {
  readonly in: 'header' | 'path' | 'query' | 'body'
  readonly name: string
}

/**
 * The rule for where a member travels. The bearer is a header; a name in the path template is in the path; GET and DELETE put the
 * rest in the query, in kebab-case; other methods put it in the body. There are two exceptions: ResourceARN is `arn` in a query,
 * and paging is in the query of every method (SearchChannels is a POST).
 */
export function bindingOf(member: string, method: Method, path: string): Binding {
  if (member === 'ChimeBearer') return { in: 'header', name: 'x-amz-chime-bearer' }
  const segment = member.charAt(0).toLowerCase() + member.slice(1)
  if (path.includes(`{${segment}}`)) return { in: 'path', name: segment }
  const isPaging = member === 'MaxResults' || member === 'NextToken'
  if (method !== 'GET' && method !== 'DELETE' && !isPaging) return { in: 'body', name: member }
  if (member === 'ResourceARN') return { in: 'query', name: 'arn' }
  return { in: 'query', name: member.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase() }
}
