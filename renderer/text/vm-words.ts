/**
 * How a VM's state is shown: VMware's words, a tone and how far a starting secondary is.
 *
 * Invariant: pure; a state is never told by its tone alone, the words say it too.
 */
import type { FtStatus, NoRoomView, PowerState, VmView } from '../../preload/contract/contract.ts';
import { bytes } from './format.ts';
import { texts } from './index.ts';

export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'idle';

export interface FtWords {
  readonly headline: string;
  /** VMware's word after "Not Protected". */
  readonly detail: string | null;
  readonly explanation: string;
  readonly tone: Tone;
}

export function ftWords(vm: Pick<VmView, 'power' | 'ftEnabled' | 'ft'>): FtWords {
  const { status, reason } = vm.ft;
  if (status === 'protected') {
    return { headline: texts.ft.protected, detail: null, explanation: texts.ft.explain.protected, tone: 'good' };
  }
  const detail = texts.ft.details[status];
  const headline = texts.ft.notProtected;
  switch (status) {
    case 'notConfigured': {
      const explanation = vm.power === 'off' ? texts.ft.explain.off : texts.ft.explain.notConfigured;
      return { headline, detail, explanation, tone: 'idle' };
    }
    case 'suspended':
      return { headline, detail, explanation: texts.ft.explain.suspended, tone: 'warn' };
    case 'vmNotRunning':
      return { headline, detail, explanation: texts.ft.explain.vmNotRunning, tone: 'idle' };
    case 'starting':
      return { headline, detail, explanation: texts.ft.explain.starting, tone: 'busy' };
    case 'needSecondary': {
      const why = reason ? `${texts.ftReasons[reason]} ` : '';
      return { headline, detail, explanation: why + texts.ft.explain.needSecondary, tone: 'bad' };
    }
  }
}

export function powerTone(power: PowerState): Tone {
  const tones = { off: 'idle', on: 'good', paused: 'warn', startingUp: 'busy', shuttingDown: 'busy' } as const;
  return tones[power];
}

/** One that is suspended is off, and says so. */
export function powerWords(vm: Pick<VmView, 'power' | 'suspended'>): string {
  return vm.suspended ? texts.snapshots.suspended : texts.power[vm.power];
}

/** Why it stands still, where there is no room for what its guest writes. */
export function noRoomText({ folder, freeBytes }: NoRoomView): string {
  return texts.views.noRoom(folder, bytes(freeBytes));
}

/** One line for lists: power first, Fault Tolerance where it is turned on and the VM runs. */
export function vmWords(vm: VmView): { readonly text: string; readonly tone: Tone } {
  if (vm.power === 'startingUp' || vm.power === 'shuttingDown') return { text: texts.power[vm.power], tone: 'busy' };
  if (vm.power === 'off') return { text: vm.note ? texts.views.seeNote(powerWords(vm)) : powerWords(vm), tone: 'idle' };
  if (vm.power === 'paused') return { text: texts.power.paused, tone: 'warn' };
  if (!vm.ftEnabled) return { text: texts.power.on, tone: 'good' };
  const words = ftWords(vm);
  return { text: words.detail ?? words.headline, tone: words.tone };
}

/** The step (0 to 3) a starting secondary is at. */
export function startingStep(ft: Pick<FtStatus, 'status' | 'starting'>): number {
  if (ft.status === 'protected') return 3;
  switch (ft.starting?.phase) {
    case 'synchronising':
    case 'copying':
      return 1;
    case 'catchingUp':
      return 2;
    default:
      return 0;
  }
}
