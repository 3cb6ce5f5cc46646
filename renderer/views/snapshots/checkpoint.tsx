/**
 * The automatic checkpoint of a VM: how old it is, and what is lost by going back to it.
 *
 * Invariant: nobody goes back to one without having read what is lost.
 */
import { CopyCheck, HeartPulse } from 'lucide-react';
import { useEffect, useState } from 'react';
import { lostBy } from '../../../preload/contract/checkpoint.ts';
import type { CheckpointView, VmView } from '../../../preload/contract/contract.ts';
import { checkpointResume } from '../../actions/checkpoint-resume.ts';
import { checkpointTake } from '../../actions/checkpoint-take.ts';
import { editVm } from '../../actions/edit.ts';
import * as format from '../../text/format.ts';
import { ActionButton } from '../../kit/action-button.tsx';
import { Card, Fact, Facts } from '../../kit/card.tsx';
import { refusal } from '../../text/refusal.ts';
import { useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { CommandDialog } from '../dialogs/dialog-parts.tsx';

const words = texts.checkpoints;
const TICK_MS = 10_000;

/** Milliseconds since 1970; told anew now and then. */
function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}

export function CheckpointCard({ vm }: { readonly vm: VmView }) {
  const now = useNow();
  const { checkpoint, checkpointMinutes = 0 } = vm;
  const resumable = refusal('checkpoint.resume', vm) === null;
  return (
    <Card
      title={words.title}
      icon={CopyCheck}
      aside={
        <div className="button-row">
          {resumable ? <ActionButton action={checkpointResume} vm={vm} size="small" tone="primary" /> : null}
          <ActionButton action={checkpointTake} vm={vm} size="small" />
          <ActionButton action={editVm} vm={vm} size="small" iconOnly />
        </div>
      }
    >
      <p className="checkpoint-line">
        {checkpointMinutes === 0 ? words.off : words.every(checkpointMinutes)}
        {checkpoint
          ? ` ${words.last(format.moment(checkpoint.at), format.duration(now - checkpoint.at))} ${words.facts(
              format.bytes(checkpoint.bytes),
              format.milliseconds(checkpoint.stunMs),
            )}`
          : ` ${words.none}`}
      </p>
    </Card>
  );
}

export function CheckpointDialog({ vm }: { readonly vm: VmView }) {
  const { bridge } = useServices();
  return (
    <CommandDialog
      title={words.resumeTitle(vm.name)}
      label={words.resumeNow}
      icon={HeartPulse}
      reason={refusal('checkpoint.resume', vm)}
      wrong={false}
      send={() => bridge.call('checkpoint.resume', { vm: vm.id })}
    >
      {vm.checkpoint ? <Loss checkpoint={vm.checkpoint} /> : null}
      <p>{words.resumeBody}</p>
      <p>{words.instead}</p>
    </CommandDialog>
  );
}

function Loss({ checkpoint }: { readonly checkpoint: CheckpointView }) {
  const { at, ranUntil } = checkpoint;
  return (
    <Facts>
      <Fact label={words.at}>{format.dateAndTime(at)}</Fact>
      {ranUntil === null ? null : (
        <>
          <Fact label={words.ranUntil}>{format.dateAndTime(ranUntil)}</Fact>
          <Fact label={words.lost}>{format.duration(lostBy(checkpoint))}</Fact>
        </>
      )}
    </Facts>
  );
}
