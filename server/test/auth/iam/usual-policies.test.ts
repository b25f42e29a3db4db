import { expect, test } from 'vitest'
import { parsePolicy } from '../../../src/auth/iam/policy.ts'
import { app, ask, noon, type Asked } from './asking.ts'

type Statement = Readonly<Record<string, unknown>>
type Outcome = 'allowed' | 'explicitly denied' | 'not allowed'
type Expected = readonly [Asked, Outcome]

const channel = `${app}/channel/1`
const everything: Statement = { Effect: 'Allow', Action: '*', Resource: '*' }
const chime: Statement = { Effect: 'Allow', Action: 'chime:*', Resource: '*' }
const allow = (Action: string | string[], Resource: string | string[] = '*', more: Statement = {}): Statement => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
})
const deny = (Condition?: unknown, more: Statement = {}): Statement => ({
  Effect: 'Deny',
  Action: '*',
  Resource: '*',
  ...(Condition === undefined ? {} : { Condition }),
  ...more,
})

const as = (id: string): Asked => ({ resource: `${app}/user/${id}` })
const to = (action: string, resource = channel): Asked => ({ action: `chime:${action}`, resource })
const by = (principal: Asked['principal'], more: Asked = {}): Asked => ({ ...more, principal: principal ?? {} })
const tags = (given: Record<string, string>) => new Map(Object.entries(given))
const temporary = { issuedAt: noon - 60_000 }
const role = { arn: 'arn:aws:sts::000000000000:assumed-role/Chat/s', ...temporary }

/** Policies that people write for Chime, alone and with other services, and how each decides about calls to this server. */
const usual: Record<string, readonly [statements: Statement | readonly Statement[], ...expected: Expected[]]> = {
  'an administrator': [everything, [{}, 'allowed'], [{ action: 'sts:AssumeRole' }, 'allowed']],
  'a power user': [
    [{ Effect: 'Allow', NotAction: ['iam:*', 'organizations:*', 'account:*'], Resource: '*' }, allow('iam:CreateServiceLinkedRole')],
    [{}, 'allowed'],
  ],
  'full access to Chime with buckets and logs beside it': [
    [
      chime,
      allow(['s3:ListAllMyBuckets', 's3:GetBucketAcl']),
      allow('logs:CreateLogDelivery', '*', { Condition: { StringEquals: { 'logs:LogGeneratingResourceArns': 'arn:aws:chime:*' } } }),
      allow('iam:CreateServiceLinkedRole', '*', {
        Condition: { StringLike: { 'iam:AWSServiceName': 'voiceconnector.chime.amazonaws.com' } },
      }),
    ],
    [{}, 'allowed'],
    [{ action: 's3:ListAllMyBuckets', resource: '*' }, 'not allowed'],
  ],
  'meetings only': [allow(['chime:CreateMeeting', 'chime:CreateAttendee', 'chime:DeleteMeeting']), [{}, 'not allowed']],
  'read only': [allow(['chime:List*', 'chime:Describe*', 'chime:Get*']), [to('ListChannels'), 'allowed'], [{}, 'not allowed']],
  'a back end for one app instance': [
    allow('chime:*', [app, `${app}/*`]),
    [{}, 'allowed'],
    [to('DeleteAppInstance', app), 'allowed'],
    [to('ListAppInstances', '*'), 'not allowed'],
  ],
  "the login of Amazon's demo": [
    [
      allow('chime:GetMessagingSessionEndpoint'),
      allow(['chime:SendChannelMessage', 'chime:Connect'], [`${app}/user/\${cognito-identity.amazonaws.com:sub}`, `${app}/channel/*`]),
    ],
    [by({ subject: 'us-east-1:0b7a' }, as('us-east-1:0b7a')), 'allowed'],
    [by({ subject: 'us-east-1:0b7a' }, as('us-east-1:0b7b')), 'not allowed'],
    [by({ subject: '*' }, as('alice')), 'not allowed'],
    [as('alice'), 'not allowed'],
  ],
  'attachments of a login beside its chat': [
    [
      chime,
      allow(['s3:PutObject', 's3:GetObject'], 'arn:aws:s3:::attachments/protected/${cognito-identity.amazonaws.com:sub}/*'),
      allow('s3:ListBucket', 'arn:aws:s3:::attachments', { Condition: { StringLike: { 's3:prefix': ['protected/', 'protected/*'] } } }),
      allow('s3:GetObject', 'arn:aws:s3:::attachments/${www.amazon.com:user_id}/*'),
    ],
    [{}, 'allowed'],
  ],
  'a user by a session tag': [
    allow('chime:*', [`${app}/user/\${aws:PrincipalTag/UserUUID}`, `${app}/channel/*`]),
    [by({ tags: tags({ UserUUID: 'alice' }) }), 'allowed'],
    [by({ tags: tags({ UserUUID: 'bob' }) }), 'not allowed'],
    [{}, 'not allowed'],
  ],
  'a user by the name of the IAM user': [allow('chime:*', `${app}/user/\${aws:username}`), [as('tester'), 'allowed'], [{}, 'not allowed']],
  'a user by the userid': [allow('chime:*', `${app}/user/\${aws:userid}`), [as('AIDATESTER'), 'allowed']],
  'channels of the own team': [
    allow('chime:*', `${app}/channel/*`, { Condition: { StringEquals: { 'aws:ResourceTag/team': '${aws:PrincipalTag/team}' } } }),
    [by({ tags: tags({ team: 'red' }) }, { ...to('SendChannelMessage'), resourceTags: tags({ team: 'red' }) }), 'allowed'],
    [by({ tags: tags({ team: 'red' }) }, { ...to('SendChannelMessage'), resourceTags: tags({ team: 'blue' }) }), 'not allowed'],
    [by({ tags: tags({ team: 'red' }) }, to('SendChannelMessage')), 'not allowed'],
  ],
  'no messages to archived channels': [
    [chime, deny({ StringEquals: { 'aws:ResourceTag/archived': 'true' } }, { Action: 'chime:SendChannelMessage' })],
    [{ ...to('SendChannelMessage'), resourceTags: tags({ archived: 'true' }) }, 'explicitly denied'],
    [to('SendChannelMessage'), 'allowed'],
  ],
  'an owner tag on whatever is made': [
    [chime, deny({ Null: { 'aws:RequestTag/owner': 'true' } }, { Action: 'chime:Create*' })],
    [to('CreateChannel'), 'explicitly denied'],
    [{ ...to('CreateChannel'), requestTags: tags({ owner: 'x' }) }, 'allowed'],
  ],
  'no tags but these': [
    allow('chime:TagResource', '*', { Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team', 'owner'] } } }),
    [{ ...to('TagResource'), requestTags: tags({ team: 'x' }) }, 'allowed'],
    [{ ...to('TagResource'), requestTags: tags({ team: 'x', admin: 'x' }) }, 'not allowed'],
  ],
  'the owner tag stays': [
    [chime, deny({ 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['owner'] } }, { Action: 'chime:UntagResource' })],
    [{ ...to('UntagResource'), requestTags: new Map([['owner', undefined]]) }, 'explicitly denied'],
    [{ ...to('UntagResource'), requestTags: new Map([['team', undefined]]) }, 'allowed'],
  ],
  'nothing outside the regions': [
    [
      everything,
      {
        Effect: 'Deny',
        NotAction: ['iam:*', 'sts:*', 'support:*'],
        Resource: '*',
        Condition: { StringNotEquals: { 'aws:RequestedRegion': ['eu-central-1', 'eu-west-1'] } },
      },
    ],
    [{}, 'allowed'],
    [{ region: 'us-east-1' }, 'explicitly denied'],
    [{ region: 'us-east-1', action: 'sts:AssumeRole' }, 'allowed'],
  ],
  'no regions but these': [
    allow('chime:*', '*', { Condition: { StringLike: { 'aws:RequestedRegion': 'eu-*' } } }),
    [{}, 'allowed'],
    [{ region: 'us-east-1' }, 'not allowed'],
  ],
  'nothing without a second factor': [
    [everything, deny({ BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } })],
    [{}, 'explicitly denied'],
    [by(role), 'explicitly denied'],
  ],
  'no sessions without a second factor': [
    [everything, deny({ Bool: { 'aws:MultiFactorAuthPresent': 'false' } })],
    [{}, 'allowed'],
    [by(role), 'explicitly denied'],
  ],
  'with a second factor only': [
    allow('chime:*', '*', { Condition: { Bool: { 'aws:MultiFactorAuthPresent': true } } }),
    [{}, 'not allowed'],
    [by(temporary), 'not allowed'],
  ],
  'a second factor that is recent': [
    allow('chime:*', '*', { Condition: { NumericLessThan: { 'aws:MultiFactorAuthAge': '3600' } } }),
    [by(role), 'not allowed'],
  ],
  'principals of the organization only': [
    [everything, deny({ StringNotEquals: { 'aws:PrincipalOrgID': 'o-abcdefghij' } })],
    [{}, 'explicitly denied'],
  ],
  'principals of the organization only, where they have one': [
    [
      everything,
      deny({ StringNotEqualsIfExists: { 'aws:PrincipalOrgID': 'o-abcdefghij' }, Bool: { 'aws:PrincipalIsAWSService': 'true' } }),
    ],
    [{}, 'allowed'],
  ],
  'a part of the organization': [
    allow('chime:*', '*', { Condition: { 'ForAnyValue:StringLike': { 'aws:PrincipalOrgPaths': 'o-abcdefghij/*/ou-1/*' } } }),
    [{}, 'not allowed'],
  ],
  'resources of the organization only': [
    [everything, deny({ StringNotEquals: { 'aws:ResourceOrgID': '${aws:PrincipalOrgID}' } })],
    [{}, 'allowed'],
  ],
  'resources of the own account only': [
    [everything, deny({ StringNotEquals: { 'aws:ResourceAccount': '${aws:PrincipalAccount}' } })],
    [{}, 'allowed'],
    [{ resource: 'arn:aws:chime:us-east-1:222222222222:app-instance/x' }, 'explicitly denied'],
    [{ resource: '*' }, 'explicitly denied'],
    [{ resource: '*', account: '000000000000' }, 'allowed'],
  ],
  'through the VPC endpoint only': [
    [everything, deny({ StringNotEquals: { 'aws:SourceVpce': 'vpce-1a2b3c4d' } })],
    [{}, 'explicitly denied'],
  ],
  'the office, the VPC or a service of Amazon only': [
    [
      everything,
      deny({
        NotIpAddressIfExists: { 'aws:SourceIp': ['192.0.2.0/24'] },
        StringNotEqualsIfExists: { 'aws:SourceVpc': 'vpc-1a2b3c4d' },
        BoolIfExists: { 'aws:ViaAWSService': 'false' },
      }),
    ],
    [{}, 'allowed'],
    [{ sourceAddress: '198.51.100.1' }, 'explicitly denied'],
  ],
  'the office only': [
    [everything, deny({ NotIpAddress: { 'aws:SourceIp': ['192.0.2.0/24', '2001:db8::/32'] }, Bool: { 'aws:ViaAWSService': 'false' } })],
    [{}, 'allowed'],
    [{ sourceAddress: '198.51.100.1' }, 'explicitly denied'],
  ],
  'addresses inside a VPC': [allow('chime:*', '*', { Condition: { IpAddress: { 'aws:VpcSourceIp': '10.0.0.0/8' } } }), [{}, 'not allowed']],
  'over TLS only': [
    [everything, deny({ Bool: { 'aws:SecureTransport': 'false' } })],
    [{}, 'allowed'],
    [{ isSecure: false }, 'explicitly denied'],
  ],
  'this client only': [
    allow('chime:*', '*', { Condition: { StringLike: { 'aws:UserAgent': ['aws-sdk-js/*', 'Boto3/*'] } } }),
    [{}, 'allowed'],
    [{ headers: { 'user-agent': 'curl/8' } }, 'not allowed'],
    [{ headers: {} }, 'not allowed'],
  ],
  'this page only': [
    allow('chime:*', '*', { Condition: { StringLike: { 'aws:Referer': 'https://chat.example.com/*' } } }),
    [{}, 'allowed'],
    [{ headers: {} }, 'not allowed'],
  ],
  'no sessions from before': [
    [everything, deny({ DateLessThan: { 'aws:TokenIssueTime': '2026-06-01T11:59:30Z' } })],
    [by(role), 'explicitly denied'],
    [by({ issuedAt: noon }), 'allowed'],
    [{}, 'allowed'],
  ],
  'until the end of the year': [
    allow('chime:*', '*', {
      Condition: {
        DateGreaterThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' },
        DateLessThan: { 'aws:CurrentTime': '2027-01-01T00:00:00Z' },
      },
    }),
    [{}, 'allowed'],
    [{ now: Date.parse('2027-01-01T00:00:00Z') }, 'not allowed'],
  ],
  'one role is excepted': [
    [everything, deny({ ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/Chat' } }, { Action: 'chime:Delete*' })],
    [by(role, to('DeleteChannel')), 'allowed'],
    [to('DeleteChannel'), 'explicitly denied'],
  ],
  'not the root': [
    [everything, deny({ StringLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:root' } })],
    [{}, 'allowed'],
  ],
  'through CloudFormation only': [
    [
      allow('chime:*', '*', { Condition: { 'ForAnyValue:StringEquals': { 'aws:CalledVia': 'cloudformation.amazonaws.com' } } }),
      allow('chime:List*', '*', { Condition: { Null: { 'aws:CalledViaFirst': 'true' } } }),
    ],
    [{}, 'not allowed'],
    [to('ListChannels'), 'allowed'],
  ],
  'no confused deputies': [
    [
      everything,
      deny({
        StringNotEqualsIfExists: { 'aws:SourceAccount': '000000000000' },
        ArnNotLikeIfExists: { 'aws:SourceArn': 'arn:aws:chime:*:*:*' },
        Null: { 'aws:SourceArn': 'false' },
      }),
    ],
    [{}, 'allowed'],
  ],
  'a function with its logs': [
    [
      allow('chime:ChannelFlowCallback', `${app}/channel/*`),
      allow(['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'], 'arn:aws:logs:*:*:*'),
    ],
    [to('ChannelFlowCallback'), 'allowed'],
  ],
  'a stream': [
    [
      allow('chime:PutMessagingStreamingConfigurations', app),
      allow(['kinesis:PutRecord', 'kinesis:DescribeStream'], 'arn:aws:kinesis:us-east-1:000000000000:stream/chime-messaging-x'),
    ],
    [to('PutMessagingStreamingConfigurations', app), 'allowed'],
  ],
  'the older names of streaming': [
    allow(['chime:PutAppInstanceStreamingConfigurations', 'chime:GetAppInstanceStreamingConfigurations'], app),
    [to('PutMessagingStreamingConfigurations', app), 'allowed'],
  ],
  'push by Pinpoint': [
    [
      allow('chime:RegisterAppInstanceUserEndpoint', `${app}/user/*`),
      allow(['mobiletargeting:GetApp', 'mobiletargeting:SendMessages'], 'arn:aws:mobiletargeting:*:*:apps/*', {
        Condition: { StringEquals: { 'aws:ResourceTag/x': '${mobiletargeting:y}' } },
      }),
    ],
    [to('RegisterAppInstanceUserEndpoint', `${app}/user/alice`), 'allowed'],
  ],
  'bots, and the role that they are given': [
    [
      allow('chime:CreateAppInstanceBot', `${app}/bot/*`),
      allow('lex:RecognizeText'),
      allow('iam:PassRole', 'arn:aws:iam::*:role/*', { Condition: { StringEquals: { 'iam:PassedToService': 'lexv2.amazonaws.com' } } }),
    ],
    [to('CreateAppInstanceBot', `${app}/bot/*`), 'allowed'],
  ],
  'keys of a service': [
    [
      chime,
      allow(['kms:Decrypt', 'kms:GenerateDataKey'], '*', {
        Condition: { StringEquals: { 'kms:ViaService': 'kinesis.us-east-1.amazonaws.com', 'kms:EncryptionContext:app': 'x' } },
      }),
    ],
    [{}, 'allowed'],
  ],
  'rows of the own user': [
    [
      chime,
      allow('dynamodb:GetItem', 'arn:aws:dynamodb:*:*:table/users', {
        Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['${graph.facebook.com:id}'] } },
      }),
    ],
    [{}, 'allowed'],
  ],
  'an operator and a value that nobody knows, of another service': [
    [chime, deny({ BinaryEquals: { 's3:x': 'QmluYXJ5' }, IpAddress: { 'aws:SourceIp': 'nowhere' } }, { Action: ['s3:*', 'ec2:Run*'] })],
    [{}, 'allowed'],
  ],
  'everything that one may do with a bucket': [
    [chime, deny({ StringNotEquals: { 's3:anything-new': 'x' } }, { Resource: ['arn:aws:s3:::logs', 'arn:aws:s3:::logs/*'] })],
    [{}, 'allowed'],
  ],
  'Chime and buckets in one statement': [
    [
      allow(['chime:*', 's3:*'], '*', { Condition: { StringEquals: { 's3:x-amz-acl': 'private' } } }),
      allow(['chime:List*', 's3:*'], '*', { Condition: { StringEqualsIfExists: { 's3:x-amz-acl': 'private' } } }),
    ],
    [{}, 'not allowed'],
    [to('ListChannels'), 'allowed'],
  ],
  'a role with its tags': [
    allow(['sts:AssumeRole', 'sts:TagSession'], 'arn:aws:iam::*:role/Chat', {
      Condition: { StringLike: { 'aws:RequestTag/UserUUID': 'guest-*' } },
    }),
    [{ action: 'sts:TagSession', resource: 'arn:aws:iam::000000000000:role/Chat', requestTags: tags({ UserUUID: 'guest-1' }) }, 'allowed'],
    [
      { action: 'sts:TagSession', resource: 'arn:aws:iam::000000000000:role/Chat', requestTags: tags({ UserUUID: 'admin' }) },
      'not allowed',
    ],
  ],
  'everything but one app instance': [
    [chime, { Effect: 'Deny', Action: 'chime:*', NotResource: [app, `${app}/*`] }],
    [{}, 'allowed'],
    [{ resource: 'arn:aws:chime:us-east-1:000000000000:app-instance/other' }, 'explicitly denied'],
  ],
  'every partition': [
    allow('chime:*Channel*', 'arn:aws*:chime:*:*:app-instance/*'),
    [{}, 'allowed'],
    [to('CreateAppInstanceUser'), 'not allowed'],
  ],
}

test('the table has at least 45 kinds of policies', () => {
  expect(Object.keys(usual).length).toBeGreaterThanOrEqual(45)
})

test.each(Object.entries(usual))('the usual policy "%s" decides as on AWS', (_, [statements, ...expected]) => {
  expect(expected.map(([asked]) => ask(statements, asked))).toEqual(expected.map(([, outcome]) => outcome))
})

test.each([
  ['c*:Send*', '*', { 'elasticloadbalancing:x': 'x' }],
  ['*', '*', { 'aws:SourceVpcs': 'x' }],
  ['sts:AssumeRole', 'arn:aws:iam::*:role/Chat', { 'sts:Unknown': 'x' }],
  ['*', ['arn:aws:s3:::x', `${app}/*`], { 'x:y': 'x' }],
  ['*', 'arn:aws:*:::x', { 'x:y': 'x' }],
  ['*', 'arn:aws:${aws:PrincipalTag/service}:::x', { 'x:y': 'x' }],
  [['s3:*', 'chime:Send*'], '*', { 'x:y': 'x' }],
])('a statement that could apply to this server is refused if it is not understood: %j on %j with %j', (Action, Resource, keys) => {
  for (const more of [{ Action }, { NotAction: 's3:*' }]) {
    const Statement = { Effect: 'Deny', Resource, ...more, Condition: { StringEquals: keys } }
    expect(() => parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement }))).toThrow('is not a condition key that this server knows')
  }
})
