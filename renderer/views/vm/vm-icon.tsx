/**
 * A VM's icon: a screen, lit when it runs, with a shield where Fault Tolerance is on.
 *
 * Invariant: the words beside it say the same.
 */
import { Monitor, Shield, ShieldAlert, ShieldCheck, ShieldEllipsis, ShieldMinus } from 'lucide-react';
import type { FtState, VmView } from '../../../preload/contract/contract.ts';
import type { Tone } from '../../text/vm-words.ts';

export function VmIcon({ vm, large = false }: { readonly vm: VmView; readonly large?: boolean }) {
  const lit = vm.power === 'on' ? 'vm-icon-on' : vm.power === 'off' ? '' : 'vm-icon-busy';
  return (
    <span className={`vm-icon ${lit} ${large ? 'vm-icon-large' : ''}`} aria-hidden="true">
      <Monitor className="vm-icon-screen" />
      {vm.ftEnabled ? <FtShield status={vm.ft.status} /> : null}
    </span>
  );
}

const SHIELDS: { readonly [status in FtState]: { readonly icon: typeof Shield; readonly tone: Tone } } = {
  notConfigured: { icon: Shield, tone: 'idle' },
  vmNotRunning: { icon: Shield, tone: 'idle' },
  starting: { icon: ShieldEllipsis, tone: 'busy' },
  protected: { icon: ShieldCheck, tone: 'good' },
  needSecondary: { icon: ShieldAlert, tone: 'bad' },
  suspended: { icon: ShieldMinus, tone: 'warn' },
};

function FtShield({ status }: { readonly status: FtState }) {
  const { icon: Icon, tone } = SHIELDS[status];
  return <Icon className={`ft-shield tone-${tone}`} aria-hidden="true" />;
}
