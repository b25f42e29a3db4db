/** What is wrong with a policy, and where: one sentence for whoever has written it. */
export class PolicyError extends Error {}
