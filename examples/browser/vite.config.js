import { fileURLToPath } from 'node:url'

/** In a checkout `carillon/client` is not built; an application installs the package. */
export default {
  resolve: { alias: { 'carillon/client': fileURLToPath(new URL('../../server/src/client/carillon.ts', import.meta.url)) } },
}
