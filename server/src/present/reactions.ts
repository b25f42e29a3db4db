import type { ReactionCount } from '../store/reactions.ts'

/** How many users have added a reaction. */
export const reactionCount = ({ reaction, count }: Pick<ReactionCount, 'reaction' | 'count'>) => ({ Reaction: reaction, Count: count })

/** The same for one of the users. */
export const ownReactionCount = (counted: ReactionCount) => ({ ...reactionCount(counted), Me: counted.me })
