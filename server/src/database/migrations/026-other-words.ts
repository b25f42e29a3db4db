/** The words of messages are divided in another way (tools/words.ts), so a search index has to be rebuilt. */
export const otherWords = () => `
update settings set value = value || '.2' where name = 'search generation' and value <> 'off';
`
