/** A VM's state as badges: power, protection, a recording. Invariant: they stand wherever a VM's name is a title. */
import { CircleDot } from 'lucide-react';
import type { VmView } from '../../../preload/contract/contract.ts';
import { ftWords, powerTone, powerWords } from '../../text/vm-words.ts';
import { Badge } from '../../kit/badge.tsx';
import { texts } from '../../text/index.ts';

export function VmBadges({ vm }: { readonly vm: VmView }) {
  const words = ftWords(vm);
  return (
    <div className="badges" role="status">
      <Badge tone={powerTone(vm.power)}>
        <span data-testid="power-status">{powerWords(vm)}</span>
      </Badge>
      {vm.ftEnabled ? <Badge tone={words.tone}>{words.detail ?? words.headline}</Badge> : null}
      {vm.recording ? (
        <Badge tone="bad" icon={CircleDot}>
          {texts.record.started}
        </Badge>
      ) : null}
    </div>
  );
}
