/** The pages of the site and their order. Every page of docs/ must be in it: build.mjs names a missing one. */

const service = [
  'README',
  'operations',
  'wire',
  'authorization',
  'identity',
  'channels',
  'memberships',
  'messages',
  'sessions',
  'elastic-channels',
]
const moreService = ['channel-flows', 'expiration', 'streaming', 'push-and-bots', 'clients', 'limits']

/** @type {readonly { title: string, pages: readonly string[], isFolded?: boolean }[]} */
export const sections = [
  { title: 'Start', pages: ['README.md', 'docs/clients.md', 'docs/compatibility.md'] },
  {
    title: 'Guides',
    pages: ['docs/guides/test-an-application.md', 'docs/guides/operate-a-server.md', 'docs/guides/build-a-chat.md'],
  },
  { title: 'Test an application', pages: ['docs/testing.md'] },
  {
    title: 'Operate a server',
    pages: [
      'operating',
      'packages',
      'security',
      'postgresql',
      'scaling',
      'behind-a-proxy',
      'moving',
      'console',
      'eventbridge',
      'performance',
    ].map(name => `docs/${name}.md`),
  },
  {
    title: 'Build a chat',
    pages: ['credentials-for-a-browser', 'beyond-amazon', 'channel-flows', 'bots', 'push', 'streaming'].map(name => `docs/${name}.md`),
  },
  { title: 'Reference', pages: ['docs/errors.md'] },
  {
    title: 'What Amazon does',
    pages: [...service, ...moreService].map(name => `docs/service/${name}.md`),
    isFolded: true,
  },
  { title: 'Decisions', pages: ['docs/decisions/*.md'], isFolded: true },
  { title: 'The project', pages: ['CONTRIBUTING.md', 'ARCHITECTURE.md', 'SECURITY.md', 'CHANGELOG.md'], isFolded: true },
]
