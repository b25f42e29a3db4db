import { ChimeArn, Identity, NextToken, Text, Timestamp, paging } from '../common.ts'
import { operation } from '../operation.ts'
import { Required, list, structure } from '../shapes.ts'

/** A socket of a user. */
const Connection = structure({ NodeName: Text, ConnectedTimestamp: Timestamp, SourceIp: Text })

const ConnectedUser = structure({ User: Identity, Connections: list(Connection) })

export const connections = {
  ListConnectedUsers: operation(
    'GET /carillon/connected-users',
    200,
    { ResourceARN: Required(ChimeArn), ...paging },
    { ConnectedUsers: list(ConnectedUser), NextToken },
    ['NotFoundException'],
  ),
}
