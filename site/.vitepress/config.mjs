import { join } from 'node:path'
import { defineConfig } from 'vitepress'
import { collected, sidebar } from '../collect.mjs'

/** The same anchors as on GitHub, for which the pages are written. */
const slugify = heading =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

export default defineConfig({
  title: 'Carillon',
  description: 'A server that speaks the Amazon Chime SDK Messaging and Identity APIs, wire for wire',
  lang: 'en',
  srcDir: collected,
  outDir: join(import.meta.dirname, '../dist'),
  cacheDir: join(import.meta.dirname, '../.cache'),
  cleanUrls: true,
  lastUpdated: false,
  metaChunk: true,
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/icon.svg' }]],
  markdown: { anchor: { slugify }, toc: { slugify }, html: false, linkify: false, languageAlias: { haproxy: 'ini' } },
  themeConfig: {
    logo: '/icon.svg',
    search: { provider: 'local' },
    outline: { level: [2, 3], label: 'On this page' },
    sidebar,
    nav: [
      { text: 'Test an application', link: '/guides/test-an-application' },
      { text: 'Operate a server', link: '/guides/operate-a-server' },
      { text: 'Build a chat', link: '/guides/build-a-chat' },
    ],
    footer: {
      message: 'Apache-2.0. Carillon is not affiliated with Amazon; Amazon Chime is a trademark of Amazon.com, Inc. or its affiliates.',
    },
  },
})
