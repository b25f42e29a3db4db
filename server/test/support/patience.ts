/**
 * How many milliseconds a test waits for something to happen, at most: many times what it takes where the machine is slow and busy. What
 * never happens is found all the same, before the time-out of the test.
 */
export const patience = 180_000
