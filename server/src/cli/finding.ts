/** Something that works, does not work, is unsafe, or could be better. Unless it works, with what to do. */
export interface Finding {
  readonly kind: 'good' | 'fault' | 'unsafe' | 'advice'
  readonly what: string
  readonly instead?: string
}

export const good = (what: string): Finding => ({ kind: 'good', what })
export const fault = (what: string, instead: string): Finding => ({ kind: 'fault', what, instead })
export const unsafe = (what: string, instead: string): Finding => ({ kind: 'unsafe', what, instead })
export const advice = (what: string, instead: string): Finding => ({ kind: 'advice', what, instead })

/** Clocks of machines that work together may differ by this. */
const tolerableMilliseconds = 1000

/** The finding about a clock that is so many milliseconds ahead of the clock of this machine. */
export function ofClock(whose: string, milliseconds: number): Finding {
  const seconds = Math.abs(Math.round(milliseconds / 100) / 10)
  if (Math.abs(milliseconds) <= tolerableMilliseconds) return good(`The clock of ${whose} is within a second of the clock of this machine`)
  return fault(
    `The clock of ${whose} is ${seconds} ${seconds === 1 ? 'second' : 'seconds'} ${milliseconds > 0 ? 'ahead of' : 'behind'} the clock of this machine`,
    'Set both by NTP (chrony, systemd-timesyncd). Leases of jobs and deliveries, credentials and signatures depend on the clocks.',
  )
}
