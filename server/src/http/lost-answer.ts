/** Thrown instead of an answer that the caller does not get: the connection is closed. Only faults of test mode throw it. */
export class LostAnswer extends Error {}
