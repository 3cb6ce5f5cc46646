/**
 * The first protected VM with one click: created, powered on, protected; each step a command like any other.
 *
 * Invariant: how far it is is read from the VM itself, so that what is shown is what is so.
 */
import type { VmView } from '../../../preload/contract/contract.ts';
import { freeName } from '../vm/new-vm-form.ts';
import type { Services } from '../../services.ts';
import type { Guide } from '../../state.ts';
import { errorWords } from '../../text/host-words.ts';
import { texts } from '../../text/index.ts';

export const GUIDE_STEPS = ['create', 'power', 'protect'] as const;
const MEMORY_MB = 128;

/** The step (0 to 2) it is at; 3 when it is protected. */
export function guideStep(guide: Guide, vm: VmView | null): number {
  if (guide.vm === null || vm === null) return 0;
  if (vm.ft.status === 'protected') return GUIDE_STEPS.length;
  return vm.power === 'on' ? 2 : 1;
}

/** Goes on where a former attempt ended, with the VM that it made. */
export async function startGuide({ store, bridge }: Services): Promise<void> {
  const { inventory, guide } = store.getState();
  const vms = inventory?.vms ?? [];
  const made = vms.find(({ id }) => id === guide?.vm);
  const names = vms.map((vm) => vm.name);
  const name = made?.name ?? freeName(texts.start.name, names);
  const say = (part: Partial<Guide>) =>
    store.setState((state) => ({ guide: { name, vm: null, failure: null, ...state.guide, ...part } }));
  say({ name, vm: made?.id ?? null, failure: null });
  try {
    const vm = made ?? (await bridge.call('vm.create', { name, sample: 'linux', memoryMB: MEMORY_MB }));
    say({ vm: vm.id });
    const on = vm.power === 'off' ? await bridge.call('power.on', { vm: vm.id }) : vm;
    if (!on.ftEnabled) await bridge.call('ft.on', { vm: vm.id });
  } catch (error) {
    say({ failure: errorWords(error) });
  }
}
