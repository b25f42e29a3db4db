import { ChimeArn, ofAppInstance } from './common.ts'
import { operation } from './operation.ts'
import { Required, list, oneOf, structure } from './shapes.ts'

const MessagingDataType = oneOf('Channel', 'ChannelMessage')
const StreamingConfiguration = structure({ DataType: Required(MessagingDataType), ResourceArn: Required(ChimeArn) })
const StreamingConfigurationList = list(StreamingConfiguration, { minItems: 1, maxItems: 2 })

export const streaming = {
  PutMessagingStreamingConfigurations: operation(
    'PUT /app-instances/{appInstanceArn}/streaming-configurations',
    200,
    { AppInstanceArn: Required(ChimeArn), StreamingConfigurations: Required(StreamingConfigurationList) },
    { StreamingConfigurations: StreamingConfigurationList },
    ['NotFoundException', 'ConflictException'],
  ),
  GetMessagingStreamingConfigurations: operation(
    'GET /app-instances/{appInstanceArn}/streaming-configurations',
    200,
    ofAppInstance,
    { StreamingConfigurations: StreamingConfigurationList },
    ['NotFoundException'],
  ),
  DeleteMessagingStreamingConfigurations: operation(
    'DELETE /app-instances/{appInstanceArn}/streaming-configurations',
    204,
    ofAppInstance,
    {},
  ),
}
