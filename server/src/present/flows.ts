import type { Flow } from '../store/flows.ts'

export const flowDetails = (flow: Flow) => ({
  ChannelFlowArn: flow.arn,
  Processors: flow.processors,
  Name: flow.name,
  CreatedTimestamp: flow.createdAt,
  LastUpdatedTimestamp: flow.updatedAt,
})

export const flowSummary = ({ arn, name, processors }: Flow) => ({ ChannelFlowArn: arn, Name: name, Processors: processors })
