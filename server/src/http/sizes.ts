/** More than any valid call has: 100 ARNs of 1,600 characters, escaped, fit in. */
export const largestBody = 1024 * 1024
/** Node refuses longer request lines and headers with 431 before anything else sees them. */
export const largestHead = 16 * 1024
