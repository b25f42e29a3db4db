import type { Command } from 'commander'
import { isSearchOn, renewSearch } from '../store/search-generation.ts'
import { addSettings } from './settings.ts'
import { withDatabase } from './with-database.ts'

async function rebuild(flags: object) {
  await withDatabase(flags, async db => {
    if (!(await isSearchOn(db))) throw new Error('There is no search index: the server was started without --search on.')
    await renewSearch(db)
    process.stdout.write('The server rebuilds the search index. Its log says when the index is complete.\n')
  })
}

/** Adds `carillon search rebuild`. */
export function addSearch(program: Command) {
  const search = program.command('search').description('manage the index of SearchMessages')
  addSettings(search.command('rebuild').description('let the running server, or the next one, rebuild the index')).action(rebuild)
}
