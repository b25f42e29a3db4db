import { eachOf, type ApiReader, type At, type Step } from './api-reader.ts'
import { idOf, millisecondsOf, refOf, timesOf } from './api-names.ts'
import type { LineOf } from './lines.ts'

export async function flowsOf(api: ApiReader, at: At): Promise<Step> {
  return eachOf(at, api.list('ListChannelFlows', 'ChannelFlows', { AppInstanceArn: api.arn }), async ({ ChannelFlowArn = '' }) => {
    const { ChannelFlow = {} } = await api.get('DescribeChannelFlow', { ChannelFlowArn })
    const id = idOf(ChannelFlowArn)
    const { Name: name = '', Processors: processors = [] } = ChannelFlow
    const flow: LineOf<'flow'> = { type: 'flow', id, name, processors, ...timesOf(ChannelFlow) }
    return [flow, ...(await api.tags('channel-flow', ChannelFlowArn, id))]
  })
}

export async function usersOf(api: ApiReader, at: At): Promise<Step> {
  const users = api.list('ListAppInstanceUsers', 'AppInstanceUsers', { AppInstanceArn: api.arn })
  return eachOf(at, users, async ({ AppInstanceUserArn = '' }) => {
    const user = (await api.orNone('DescribeAppInstanceUser', { AppInstanceUserArn }))?.AppInstanceUser
    if (!user) return []
    const ref = refOf(AppInstanceUserArn)
    const line: LineOf<'identity'> = {
      type: 'identity',
      ref,
      kind: 'user',
      id: idOf(AppInstanceUserArn),
      name: user.Name ?? '',
      ...(user.Metadata !== undefined && { metadata: user.Metadata }),
      ...(user.ExpirationSettings && { expirationDays: user.ExpirationSettings.ExpirationDays }),
      ...timesOf(user),
    }
    return [line, ...(await api.tags('identity', AppInstanceUserArn, ref)), ...(await devicesOf(api, AppInstanceUserArn, ref))]
  })
}

async function devicesOf(api: ApiReader, AppInstanceUserArn: string, identity: string): Promise<LineOf<'device'>[]> {
  const lines: LineOf<'device'>[] = []
  const devices = await api.all(api.list('ListAppInstanceUserEndpoints', 'AppInstanceUserEndpoints', { AppInstanceUserArn }))
  for (const { EndpointId = '' } of devices) {
    const { AppInstanceUserEndpoint: device } = await api.get('DescribeAppInstanceUserEndpoint', { AppInstanceUserArn, EndpointId })
    if (!device?.EndpointAttributes || !device.Type) continue
    const { DeviceToken: deviceToken, VoipDeviceToken: voipDeviceToken } = device.EndpointAttributes
    lines.push({
      type: 'device',
      identity,
      id: EndpointId,
      ...(device.Name !== undefined && { name: device.Name }),
      platform: device.Type,
      resourceArn: device.ResourceArn ?? '',
      deviceToken,
      ...(voipDeviceToken !== undefined && { voipDeviceToken }),
      allowMessages: device.AllowMessages ?? 'ALL',
      ...(device.EndpointState?.StatusReason && { statusReason: device.EndpointState.StatusReason }),
      ...timesOf(device),
    })
  }
  return lines
}

export async function botsOf(api: ApiReader, at: At): Promise<Step> {
  return eachOf(at, api.list('ListAppInstanceBots', 'AppInstanceBots', { AppInstanceArn: api.arn }), async ({ AppInstanceBotArn = '' }) => {
    const bot = (await api.orNone('DescribeAppInstanceBot', { AppInstanceBotArn }))?.AppInstanceBot
    if (!bot) return []
    const ref = refOf(AppInstanceBotArn)
    const line: LineOf<'identity'> = {
      type: 'identity',
      ref,
      kind: 'bot',
      id: idOf(AppInstanceBotArn),
      name: bot.Name ?? '',
      ...(bot.Metadata !== undefined && { metadata: bot.Metadata }),
      ...(bot.Configuration && { configuration: bot.Configuration }),
      ...timesOf(bot),
    }
    return [line, ...(await api.tags('identity', AppInstanceBotArn, ref))]
  })
}

/** The admins, and after them the tags of the app instance. */
export async function adminsOf(api: ApiReader, at: At): Promise<Step> {
  const AppInstanceArn = api.arn
  const step = await eachOf(at, api.list('ListAppInstanceAdmins', 'AppInstanceAdmins', { AppInstanceArn }), async ({ Admin }) => {
    const found = await api.orNone('DescribeAppInstanceAdmin', { AppInstanceArn, AppInstanceAdminArn: Admin?.Arn ?? '' })
    if (!found?.AppInstanceAdmin) return []
    return [{ type: 'admin', identity: refOf(Admin?.Arn), createdAt: millisecondsOf(found.AppInstanceAdmin.CreatedTimestamp, 0) }]
  })
  return step.next ? step : { ...step, lines: [...step.lines, ...(await api.tags('app-instance', AppInstanceArn, ''))] }
}
