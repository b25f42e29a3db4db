import { readMarkers } from './read-markers.ts'
import { typing } from './typing.ts'

/** The operations that Amazon does not have: the service `carillon`. They are signed like Amazon's; their IAM actions are `carillon:NAME`. */
export const carillon = { ...readMarkers, ...typing }
