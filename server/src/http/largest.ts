/** Larger than any valid call: 100 ARNs of 1,600 characters, escaped, fit in. */
export const largestBody = 1024 * 1024
/** Larger than any valid unsigned form: a JSON Web Token of 20,000 characters and a policy fit in. */
export const largestUnsignedBody = 64 * 1024
/** Node refuses a longer request line and headers with 431 before anything else sees them. */
export const largestHead = 16 * 1024
