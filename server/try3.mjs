import { operations } from './src/contract/index.ts'
import { codecOf } from './src/http/codec.ts'
const arn='arn:aws:chime:us-east-1:000000000000:app-instance/x'
function t(n,name,body){const c=codecOf(operations[name]);const b=Buffer.from(body);const s=performance.now();let m='ok';try{c.decode({params:{channelArn:arn},query:'',bearer:arn,body:b})}catch(e){m=e.message.slice(0,80)}console.log(n,b.length,(performance.now()-s).toFixed(1),'ms',m)}
t('empty keys','UntagResource',JSON.stringify({ResourceARN:arn,TagKeys:Array(300000).fill('')}))
t('numbers','BatchCreateChannelMembership',JSON.stringify({MemberArns:Array(500000).fill(1)}))
t('arns','BatchCreateChannelMembership',JSON.stringify({MemberArns:Array(100000).fill('arn:a:')}))
t('tags','TagResource',JSON.stringify({ResourceARN:arn,Tags:Array(300000).fill({})}))
const m={};for(let i=0;i<60000;i++)m['k'.repeat(65)+i]=1
t('map','SendChannelMessage',JSON.stringify({Content:'x',Type:'STANDARD',Persistence:'PERSISTENT',ClientRequestToken:'ab',MessageAttributes:m}))
t('long name','CreateChannel',JSON.stringify({AppInstanceArn:arn,ClientRequestToken:'ab',Name:'😀'.repeat(250000)+'\u0000'}))
t('long content','SendChannelMessage',JSON.stringify({Content:'x'.repeat(1000000),Type:'STANDARD',Persistence:'PERSISTENT',ClientRequestToken:'ab',}))
t('bad json','SendChannelMessage','{"a":'+'1,'.repeat(500000))
t('bad json small','SendChannelMessage','{"a":"'+'x'.repeat(60000)+'",}x')
t('bad json small','SendChannelMessage','['+'1,'.repeat(30000)+'x')
