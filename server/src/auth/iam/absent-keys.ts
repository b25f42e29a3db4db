/**
 * Amazon's condition keys that have no value in any request here: the server is in no organization and no VPC, and no other service
 * calls it.
 */
const texts = new Set(
  [
    'ChatbotSourceArn',
    'CalledViaFirst',
    'CalledViaLast',
    'Ec2InstanceSourcePrivateIPv4',
    'Ec2InstanceSourceVpc',
    'FederatedProvider',
    'IsMcpServiceAction',
    'MultiFactorAuthAge',
    'PrincipalOrgID',
    'PrincipalServiceName',
    'ResourceOrgID',
    'SourceAccount',
    'SourceArn',
    'SourceIdentity',
    'SourceOrgID',
    'SourceOwner',
    'SourceVpc',
    'SourceVpcArn',
    'SourceVpce',
    'ViaAWSMCPService',
    'VpceAccount',
    'VpceOrgID',
    'VpcSourceIp',
  ].map(name => `aws:${name.toLowerCase()}`),
)

const lists = new Set(
  ['CalledVia', 'PrincipalOrgPaths', 'PrincipalServiceNamesList', 'ResourceOrgPaths', 'SourceOrgPaths', 'VpceOrgPaths'].map(
    name => `aws:${name.toLowerCase()}`,
  ),
)

/** Services that a statement may name together with Chime. Their condition keys have no value in a call to this server. */
const services = new Set([
  'apigateway',
  'cloudfront',
  'cloudwatch',
  'cognito-idp',
  'dynamodb',
  'ec2',
  'events',
  'execute-api',
  'firehose',
  'iam',
  'kinesis',
  'kms',
  'lambda',
  'lex',
  'logs',
  'mobiletargeting',
  'rds',
  's3',
  'secretsmanager',
  'ses',
  'sns',
  'sqs',
  'ssm',
  'states',
])

/**
 * For a key (in lower case) that has no value in any request: whether it is multivalued on Amazon. Undefined for every other key.
 */
export function absentKey(name: string): { readonly isList: boolean } | undefined {
  if (lists.has(name)) return { isList: true }
  return texts.has(name) || services.has(name.split(':', 1)[0]!) ? { isList: false } : undefined
}
