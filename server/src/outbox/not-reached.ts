/** A destination does not answer at the moment. */
export class NotReached extends Error {}
