import { afterAll, expect, test } from 'vitest'
import { PageTokens } from '../../src/api/page-token.ts'
import { sharedKey } from '../../src/store/shared-values.ts'
import { days, runJob } from '../api/acts.ts'
import { callBack, giveFlow, startLambda } from '../support/processor.ts'
import { onBothDatabases, refusal, type World } from '../support/world.ts'

const lambda = await startLambda()
afterAll(() => lambda.close())

/** A channel, and how its messages are sent and searched. */
async function searcherOf(world: World) {
  const { messaging, carillon, appInstance } = world
  const { arn, user } = await appInstance(['ann', 'ben', 'cid'], { admins: ['root'] })
  const [ann, ben] = [user('ann'), user('ben')]
  const makeChannel = async (MemberArns = [ben], more: object = {}) => {
    const { ChannelArn } = await messaging.createChannel({
      AppInstanceArn: arn,
      Name: 'x',
      Privacy: 'PRIVATE',
      MemberArns,
      ChimeBearer: ann,
      ...more,
    })
    return ChannelArn!
  }
  const ChannelArn = await makeChannel()
  const send = async (Content: string, more: object = {}) => {
    const sent = { ChannelArn, Content, Type: 'STANDARD' as const, Persistence: 'PERSISTENT' as const, ChimeBearer: ann, ...more }
    return (await messaging.sendChannelMessage(sent)).MessageId!
  }
  const answerOf = async (SearchText: string | undefined, more: object = {}) =>
    carillon.call('SearchMessages', { ...(SearchText === undefined ? {} : { SearchText }), ChimeBearer: ben, ...more })
  const contents = async (SearchText: string | undefined, more: object = {}) =>
    (await answerOf(SearchText, more)).FoundMessages!.map(({ ChannelMessage }) => ChannelMessage!.Content!)
  /** Resolves once the index has it. */
  const indexed = async (Content: string, more: object = {}) => {
    await expect.poll(() => contents(`"${Content}"`, more), { interval: 50 }).toContain(Content)
  }
  return { arn, user, ann, ben, ChannelArn, makeChannel, send, answerOf, contents, indexed }
}

onBothDatabases(
  'SearchMessages',
  world => {
    const made = async () => searcherOf(world())

    test('finds words, phrases, beginnings and senders, the newest first', async () => {
      const { send, contents, indexed, ann, ben, user } = await made()
      await send('The quick brown fox')
      await send('A brown, quick dog', { ChimeBearer: ben })
      await send('Quicksilver')
      await indexed('Quicksilver')
      expect(await contents('quick BROWN')).toEqual(['A brown, quick dog', 'The quick brown fox'])
      expect(await contents('"quick brown"')).toEqual(['The quick brown fox'])
      expect(await contents('quick*')).toEqual(['Quicksilver', 'A brown, quick dog', 'The quick brown fox'])
      for (const text of ['"brown qui"*', '"brown qui*"', '＂brown qui＊＂', '„brown qui*“'])
        expect(await contents(text)).toEqual(['A brown, quick dog'])
      expect(await contents('brown', { SenderArn: ben })).toEqual(['A brown, quick dog'])
      expect(await contents(undefined, { SenderArn: ann })).toEqual(['Quicksilver', 'The quick brown fox'])
      expect(await contents(undefined, { SenderArn: user('nobody') })).toEqual([])
      expect(await contents('brown cat')).toEqual([])
    })

    test('finds words of languages without blanks, and shows them in a snippet', async () => {
      const { send, contents, answerOf, indexed } = await made()
      const texts = {
        我们明天在北京见面: ['北京', '明天在', '面'],
        東京タワーで会いましょう: ['タワー', '会い', '東京'],
        '내일 학교에서 만나요': ['학교', '만나', '내일'],
        พรุ่งนี้เจอกันที่ร้านกาแฟ: ['กาแฟ', 'เจอกัน'],
        ພົບກັນມື້ອື່ນ: ['ມື້ອື່ນ'],
        မနက်ဖြန်တွေ့မယ်: ['တွေ့မယ်', 'မနက်'],
        'Größe und Café': ['größe', 'CAFÉ'],
        'Ｆｕｌｌ　ｗｉｄｔｈ ✨ Привет': ['full', '✨', 'привет'],
      }
      for (const text of Object.keys(texts)) await send(text)
      await indexed('Ｆｕｌｌ　ｗｉｄｔｈ ✨ Привет')
      for (const [text, words] of Object.entries(texts)) {
        for (const word of words) expect([word, await contents(word)]).toEqual([word, [text]])
      }
      expect(await contents('京北')).toEqual([])
      const { FoundMessages: [found] = [] } = await answerOf('タワー')
      expect(found?.Snippet).toEqual([
        { Text: '東京', IsMatch: false },
        { Text: 'タワー', IsMatch: true },
        { Text: 'で会いましょう', IsMatch: false },
      ])
    })

    test('shows which characters match where a text is stored with others, as with vowels of Thai and narrow Katakana', async () => {
      const { send, answerOf, indexed } = await made()
      const long = 'น้ำดื่มสะอาดมาก'.repeat(20)
      for (const text of ['วันนี้ทำงานที่บ้าน', 'ໄປຊື້ນ້ຳແລ້ວ', 'ｶﾞｿﾘﾝは高い', '\u1112\u1161\u11AB글날', `${long}ห้องสมุด`, 'last']) await send(text)
      await indexed('last')
      const shown = async (text: string) => {
        const { FoundMessages: [found] = [] } = await answerOf(text)
        return found?.Snippet?.map(({ Text, IsMatch }) => (IsMatch ? `[${Text}]` : Text)).join('')
      }
      expect(await shown('ทำงาน')).toBe('วันนี้[ทำงาน]ที่บ้าน')
      expect(await shown('ນ້ຳ')).toBe('ໄປຊື້[ນ້ຳ]ແລ້ວ')
      expect(await shown('ガソ')).toBe('[ｶﾞｿ]ﾘﾝは高い')
      expect(await shown('ガ')).toBe('[ｶﾞ]ｿﾘﾝは高い')
      expect(await shown('한')).toBe('[\u1112\u1161\u11AB]글날')
      expect(await shown('ห้องสมุด')).toMatch(/\[ห้องสมุด\]$/)
    })

    test('finds words whatever their case, flags, and words with characters that nobody sees', async () => {
      const { send, contents, answerOf, indexed } = await made()
      const texts = {
        'Über die Straße': ['STRASSE', 'strasse', 'STRAẞE', 'str*'],
        ΟΔΥΣΣΕΥΣ: ['οδυσσευς', 'ΟΔΥΣ*', 'οδυσ*'],
        'Grüße aus 🇨🇭 und 🇦🇹': ['🇨🇭', '🇦🇹', '🇨🇭 🇦🇹'],
        'Donau\u00ADdampf\u00ADschiff': ['Donaudampfschiff', 'donau*'],
        'ភាសា\u200Bខ្មែរ': ['ភាសាខ្មែរ', 'ភាសា\u200Bខ្មែរ', 'ខ្មែរ', 'សាខ្មែ'],
        'ශ්\u200Dරී ලංකා': ['ශ්රී', 'ශ්\u200Dරී'],
        '葛\u{E0100}城市': ['葛城', '葛\u{E0100}城'],
        last: ['last'],
      }
      for (const text of Object.keys(texts)) await send(text)
      await indexed('last')
      for (const [text, words] of Object.entries(texts)) {
        for (const word of words) expect([word, await contents(word)]).toEqual([word, [text]])
      }
      expect(await contents('🇭🇨')).toEqual([])
      const { FoundMessages: [found] = [] } = await answerOf('葛城')
      expect(found?.Snippet).toEqual([
        { Text: '葛\u{E0100}城', IsMatch: true },
        { Text: '市', IsMatch: false },
      ])
    })

    test('finds the messages of a deleted user by its ARN, as those of a new user with the same ARN', async () => {
      const { arn, ann, user, ChannelArn, send, contents, indexed } = await made()
      const { identity, messaging } = world()
      const cid = { AppInstanceArn: arn, AppInstanceUserId: 'cid', Name: 'cid' }
      const join = async () => messaging.createChannelMembership({ ChannelArn, MemberArn: user('cid'), Type: 'DEFAULT', ChimeBearer: ann })
      await join()
      await send('first', { ChimeBearer: user('cid') })
      await identity.deleteAppInstanceUser({ AppInstanceUserArn: user('cid') })
      await send('other')
      await indexed('other')
      for (const SortBy of ['NEWEST', 'BEST']) expect(await contents(undefined, { SenderArn: user('cid'), SortBy })).toEqual(['first'])
      await identity.createAppInstanceUser(cid)
      await join()
      await send('second', { ChimeBearer: user('cid') })
      await indexed('second')
      expect(await contents(undefined, { SenderArn: user('cid') })).toEqual(['second', 'first'])
      expect(await contents('first', { SenderArn: user('cid') })).toEqual(['first'])
      expect(await contents('other', { SenderArn: user('cid') })).toEqual([])
    })

    test('does not find what is redacted, deleted or edited away, from the answer on', async () => {
      const { send, contents, indexed, ChannelArn, ann, user } = await made()
      const { messaging } = world()
      const [redacted, deleted, edited] = [await send('secret one'), await send('secret two'), await send('secret three')]
      await indexed('secret three')
      await messaging.redactChannelMessage({ ChannelArn, MessageId: redacted, ChimeBearer: ann })
      expect(await contents('secret')).toEqual(['secret three', 'secret two'])
      await messaging.deleteChannelMessage({ ChannelArn, MessageId: deleted, ChimeBearer: user('root') })
      expect(await contents('secret')).toEqual(['secret three'])
      await messaging.updateChannelMessage({ ChannelArn, MessageId: edited, Content: 'public now', ChimeBearer: ann })
      expect(await contents('secret')).toEqual([])
      await indexed('public now')
      expect(await contents('secret')).toEqual([])
    })

    test('does not find what a channel flow has not released: a message, or the new text of one', async () => {
      const { messaging } = world()
      const { ann, ChannelArn, send, contents, indexed, makeChannel } = await made()
      const called = lambda.define()
      await giveFlow(messaging, { ChannelArn, ChimeBearer: ann }, called.arn)
      const plain = await makeChannel()
      /** What Ann and Ben find once the index has everything that has happened before. */
      const found = async (word: string, marker: string) => {
        await send(marker, { ChannelArn: plain })
        await indexed(marker)
        return [await contents(word, { ChimeBearer: ann }), await contents(word)]
      }
      const MessageId = await send('held words')
      const event = await called.event(0)
      expect(await found('held', 'one')).toEqual([[], []])
      await callBack(messaging, event, {})
      expect(await found('held', 'two')).toEqual([['held words'], ['held words']])
      await messaging.updateChannelMessage({ ChannelArn, MessageId, Content: 'edited text', ChimeBearer: ann })
      const edit = await called.event(1)
      expect((await found('edited', 'three'))[1]).toEqual([])
      expect(await contents('held')).toEqual(['held words'])
      await callBack(messaging, edit, {})
      expect(await found('edited', 'four')).toEqual([['edited text'], ['edited text']])
      expect(await found('held', 'five')).toEqual([[], []])
    })

    test('does not find what retention hides, from that moment on, also after it is turned off if it has been deleted', async () => {
      const { identity, now, advance } = world()
      const { arn, send, contents, indexed } = await made()
      const start = now()
      const retain = async (ChannelRetentionSettings: { RetentionDays?: number }) =>
        identity.putAppInstanceRetentionSettings({ AppInstanceArn: arn, AppInstanceRetentionSettings: { ChannelRetentionSettings } })
      await send('old words')
      await indexed('old words')
      await retain({ RetentionDays: 1 })
      expect(await contents('words')).toEqual(['old words'])
      advance(days(1.1))
      await send('new words')
      await indexed('new words')
      for (const SortBy of ['NEWEST', 'BEST']) expect(await contents('words', { SortBy })).toEqual(['new words'])
      await retain({})
      expect(await contents('words')).toEqual(['new words', 'old words'])
      await retain({ RetentionDays: 1 })
      advance(days(32))
      await runJob(world(), 'retention')
      await retain({})
      expect(await contents('words')).toEqual([])
      advance(start - now())
    })

    test('shows up to 200 characters around the first match of a long message', async () => {
      const { send, answerOf, indexed } = await made()
      await send(`${'before '.repeat(50)}needle ${'after '.repeat(50)}needle`)
      await send('needle')
      await indexed('needle')
      const { FoundMessages = [], SearchedAllChannels, IndexedAllMessages } = await answerOf('needle')
      const [, long] = FoundMessages
      const Text = long!.Snippet!.map(part => part.Text).join('')
      const around = ['before '.repeat(8), 'needle', ` ${'after '.repeat(30)}`]
      expect(Text).toBe(around.join('').slice(0, 200))
      expect(long!.Snippet!.map(({ IsMatch }) => IsMatch)).toEqual([false, true, false])
      expect([SearchedAllChannels, IndexedAllMessages]).toEqual([true, true])
    })

    test('finds targeted messages for their sender and target only, and no CONTROL messages', async () => {
      const { send, contents, indexed, ann, ben, user, makeChannel } = await made()
      const ChannelArn = await makeChannel([ben, user('cid')])
      await send('whisper', { ChannelArn, Target: [{ MemberArn: ben }] })
      await send('whisper', { ChannelArn, Type: 'CONTROL' })
      await send('aloud', { ChannelArn })
      await indexed('aloud')
      const found = await Promise.all([ann, ben, user('cid')].map(async ChimeBearer => contents('whisper', { ChimeBearer })))
      expect(found).toEqual([['whisper'], ['whisper'], []])
      expect(await contents('whisper', { ChannelArn, ChimeBearer: user('root') })).toEqual([])
      expect(await contents('aloud', { ChannelArn, ChimeBearer: user('root') })).toEqual(['aloud'])
    })

    test('searches the channels that the caller is in, or one that it may read', async () => {
      const { send, contents, indexed, ann, ben, user, makeChannel, ChannelArn } = await made()
      const other = await makeChannel([ann])
      const open = await makeChannel([ann], { Privacy: 'PUBLIC' })
      await send('word here')
      await send('word there', { ChannelArn: other })
      await send('word outside', { ChannelArn: open })
      await indexed('word outside', { ChimeBearer: ann })
      expect(await contents('word', { ChimeBearer: ann })).toEqual(['word outside', 'word there', 'word here'])
      expect(await contents('word', { ChimeBearer: ben })).toEqual(['word here'])
      expect(await contents('word', { ChimeBearer: ben, ChannelArn: open })).toEqual(['word outside'])
      expect(await contents('word', { ChimeBearer: user('root'), ChannelArn: other })).toEqual(['word there'])
      expect(await contents('word', { ChimeBearer: user('cid') })).toEqual([])
      expect(await refusal(contents('word', { ChimeBearer: user('cid'), ChannelArn }))).toMatchObject({ name: 'ForbiddenException' })
      await world().messaging.deleteChannelMembership({ ChannelArn, MemberArn: ben, ChimeBearer: ann })
      expect(await contents('word', { ChimeBearer: ben })).toEqual([])
    })

    test('searches the sub-channel of a member of an elastic channel', async () => {
      const { arn, send, contents, indexed, ann, ben, user } = await made()
      const { messaging } = world()
      const { ChannelArn } = await messaging.createChannel({
        AppInstanceArn: arn,
        Name: 'elastic',
        Mode: 'RESTRICTED',
        ElasticChannelConfiguration: { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 2, MinimumMembershipPercentage: 40 },
        ChimeBearer: ann,
      })
      const join = async (MemberArn: string) =>
        (await messaging.createChannelMembership({ ChannelArn, MemberArn, Type: 'DEFAULT', ChimeBearer: ann })).SubChannelId!
      const SubChannelId = await join(ben)
      await join(user('cid'))
      await send('apart', { ChannelArn, SubChannelId, ChimeBearer: ben })
      await indexed('apart')
      expect(await contents('apart', { ChannelArn, SubChannelId, ChimeBearer: ann })).toEqual(['apart'])
      expect(await refusal(contents('apart', { ChannelArn }))).toMatchObject({ message: 'SubChannelId is required for elastic channels' })
      expect(await refusal(contents('apart', { SubChannelId }))).toMatchObject({ message: 'A SubChannelId needs a ChannelArn' })
    })

    test('returns pages in both orders, and within bounds of time', async () => {
      const { send, answerOf, contents, indexed } = await made()
      for (let count = 1; count <= 7; count++) await send(`${'fish '.repeat(count)}number ${count}`)
      await indexed('fish number 1')
      await indexed('fish fish fish fish fish fish fish number 7')
      const pages = async (SortBy: string) => {
        const numbers: string[][] = []
        let NextToken: string | undefined
        do {
          const page = await answerOf('fish', { SortBy, MaxResults: 3, NextToken })
          numbers.push(page.FoundMessages!.map(({ ChannelMessage }) => ChannelMessage!.Content!.at(-1)!))
          ;({ NextToken } = page)
        } while (NextToken !== undefined)
        return numbers
      }
      expect(await pages('NEWEST')).toEqual([['7', '6', '5'], ['4', '3', '2'], ['1']])
      expect(await pages('BEST')).toEqual([['7', '6', '5'], ['4', '3', '2'], ['1']])
      const { FoundMessages: all = [] } = await answerOf('fish')
      const [NotBefore, NotAfter] = [all[4]!.ChannelMessage!.CreatedTimestamp!, all[2]!.ChannelMessage!.CreatedTimestamp!]
      expect((await contents('fish', { NotBefore, NotAfter })).map(text => text.at(-1))).toEqual(['5', '4', '3'])
      // JSON would have null for it, which is no bound.
      const invalid = new TypeError('NotBefore is not a valid Date.')
      await expect(contents('fish', { NotBefore: new Date('next week') })).rejects.toThrow(invalid)
    })

    test('skips no message of a later page where one of an earlier page is gone, and repeats none for a new one', async () => {
      const { ChannelArn, ann, send, answerOf, contents, indexed } = await made()
      const { messaging } = world()
      for (let count = 1; count <= 3; count++) await send(`${'fish '.repeat(count)}number ${count}`)
      for (const name of ['a', 'b', 'c']) await send(`fish ${name}`)
      await indexed('fish c')
      for (const SortBy of ['BEST', 'NEWEST']) {
        const all = await contents('fish', { SortBy })
        const { FoundMessages: [gone, ...others] = [], NextToken } = await answerOf('fish', { SortBy, MaxResults: 2 })
        await messaging.redactChannelMessage({ ChannelArn, MessageId: gone!.ChannelMessage!.MessageId!, ChimeBearer: ann })
        await send(`fish fish fish ${SortBy}`)
        await indexed(`fish fish fish ${SortBy}`)
        expect([others.length, await contents('fish', { SortBy, NextToken })]).toEqual([1, all.slice(2)])
      }
    })

    test('refuses a NextToken of BEST from a node of the former version, which counts what it has shown', async () => {
      const { answerOf, ben } = await made()
      const former = new PageTokens(await sharedKey(world().app.db, 'page-token-key'))
      const NextToken = former.seal(['SearchMessages', ben, 'fish', '', '', '', '', '', 'BEST'], [20, Date.now(), 1, 1])
      expect(await refusal(answerOf('fish', { SortBy: 'BEST', NextToken }))).toMatchObject({ status: 400 })
    })

    test('refuses a search without words, and one with too many', async () => {
      const { contents } = await made()
      expect(await refusal(contents('?!'))).toMatchObject({ message: 'SearchText has no word' })
      expect(await refusal(contents(undefined))).toMatchObject({ message: 'SearchText or SenderArn is required' })
      expect(await refusal(contents('a b c d e f g h i j k'))).toMatchObject({ message: 'SearchText has too many words' })
      expect(await refusal(contents('字'.repeat(70)))).toMatchObject({ message: 'SearchText has too many words' })
    })
  },
  { search: 'on', lambdaEndpoint: lambda.url },
)
