/** A channel, or a sub-channel of an elastic one. */
export interface Place {
  readonly channelId: number
  /** 0 if the channel is not elastic. */
  readonly subChannelId: number
}

export interface NamedPlace extends Place {
  readonly channelArn: string
  /** The SubChannelId; undefined if the channel is not elastic. */
  readonly subChannelName: string | undefined
}
