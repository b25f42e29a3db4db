import { setFlagsFromString } from 'node:v8'

/** Whether this V8 has the flag: it became the default with 14.8, where it does not exist any more. */
export function hasOldLimits(version: string): boolean {
  const [major, minor] = version.split('.').map(Number)
  return major! < 14 || (major === 14 && minor! < 8)
}

/**
 * Makes V8 collect less often where buffers and TLS connections come and go: their memory is outside of its heap, and up to V8 14.7 each 64
 * MiB of it begin a collection of the whole heap, however large that is. With this flag they count toward the limit that grows with the heap
 * (V8's bug 361124432). Called once, before there is much memory to collect.
 */
export function growLimitOfExternalMemory() {
  if (hasOldLimits(process.versions.v8)) setFlagsFromString('--external-memory-accounted-in-global-limit')
}
