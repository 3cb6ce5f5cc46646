/**
 * The sentences of automatic checkpoints, in English; `en.ts` hands them on.
 *
 * Invariant: as in en.ts: one word for one thing.
 */
export const checkpoints = {
  title: 'Automatic checkpoint',
  setting: 'Automatic checkpoint every',
  unit: 'min',
  settingHint: 'While it runs; after a crash of the host it is resumed from the last one. 0: none. At most 1440.',
  off: 'Automatic checkpoints are off.',
  every: (minutes: number) => `Every ${minutes === 1 ? 'minute' : `${minutes} minutes`} while the VM runs.`,
  none: 'There is none yet.',
  last: (time: string, ago: string) => `Last automatic checkpoint: ${time}, ${ago} ago.`,
  facts: (size: string, stun: string) => `It takes up ${size}; the guest stood still for ${stun}.`,
  take: 'Take checkpoint',
  takeHint: 'Memory, devices and disk of this moment, in the place of the last automatic checkpoint',
  resume: 'Resume from checkpoint…',
  resumeNow: 'Resume from checkpoint',
  resumeHint: 'The VM was powered off unexpectedly: go on from its last automatic checkpoint',
  resumeTitle: (vm: string) => `Resume "${vm}" from its checkpoint?`,
  at: 'Checkpoint taken',
  ranUntil: 'Known to have run until',
  lost: 'Lost by going back',
  resumeBody:
    'Memory and disk become exactly what they were at the checkpoint. What the guest has done since, also what it ' +
    'has written to its disk, is lost.',
  instead:
    'Power On starts the guest anew instead and keeps its disk as it is; the checkpoint stays until the next one.',
};
