import type { Handlers } from '../call.ts'
import type { OperationName } from '../contract/index.ts'
import { unavailable } from '../errors.ts'
import { admins } from './admins.ts'
import { appInstances } from './app-instances.ts'
import { bans } from './bans.ts'
import { bots } from './bots.ts'
import { channels } from './channels.ts'
import { endpoints } from './endpoints.ts'
import { memberships } from './memberships.ts'
import { messages } from './messages.ts'
import { moderators } from './moderators.ts'
import { sessions } from './sessions.ts'
import { streaming } from './streaming.ts'
import { tags } from './tags.ts'
import { users } from './users.ts'

const built = {
  ...appInstances,
  ...users,
  ...admins,
  ...bots,
  ...channels,
  ...memberships,
  ...moderators,
  ...bans,
  ...messages,
  ...streaming,
  ...sessions,
  ...endpoints,
  ...tags,
}

const comesNext = async (_: unknown, { operation }: { operation: string }): Promise<never> => {
  throw unavailable(`${operation} is not supported yet: it comes next`, 'docs/compatibility.md lists what works.')
}

/** What is in the contract and not built yet. An operation that is in neither list does not compile. */
const notBuilt: Readonly<Record<Exclude<OperationName, keyof typeof built>, typeof comesNext>> = {
  CreateChannelFlow: comesNext,
  DescribeChannelFlow: comesNext,
  ListChannelFlows: comesNext,
  UpdateChannelFlow: comesNext,
  DeleteChannelFlow: comesNext,
  AssociateChannelFlow: comesNext,
  DisassociateChannelFlow: comesNext,
  ListChannelsAssociatedWithChannelFlow: comesNext,
  ChannelFlowCallback: comesNext,
}

/** Every operation's handler. */
export const handlers: Handlers<OperationName> = { ...built, ...notBuilt }
