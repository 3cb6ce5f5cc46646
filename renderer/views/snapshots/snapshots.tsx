/**
 * A VM's snapshots as a tree, each with its picture.
 *
 * Invariant: what is shown is what the host said last; a change asks it again.
 */
import { Camera, History, MonitorOff, Trash2 } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { SnapshotView, VmView } from '../../../preload/contract/contract.ts';
import { snapshotTake } from '../../actions/snapshot-take.ts';
import * as format from '../../text/format.ts';
import { ActionButton } from '../../kit/action-button.tsx';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Card } from '../../kit/card.tsx';
import { useAsked } from '../../host/asked.ts';
import { refusal } from '../../text/refusal.ts';
import { usePage, useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { CheckpointCard } from './checkpoint.tsx';

const words = texts.snapshots;

export function SnapshotsTab({ vm }: { readonly vm: VmView }) {
  const { answer, failure, again } = useAsked('snapshot.list', { vm: vm.id });
  // A dialog that closed may have changed something.
  const dialog = usePage((state) => state.dialog);
  useEffect(() => {
    if (dialog === null) again();
  }, [dialog, again]);
  return (
    <div className="page-scroll">
      <Card
        title={words.title}
        icon={Camera}
        className="card-flush"
        aside={<ActionButton action={snapshotTake} vm={vm} size="small" />}
      >
        {failure ? (
          <p className="card-failure" role="alert">
            {failure}
          </p>
        ) : null}
        {answer && answer.length > 0 ? (
          <Branch vm={vm} snapshots={answer} parent={null} />
        ) : (
          <p className="empty">{answer || failure ? words.none : words.loading}</p>
        )}
      </Card>
      <CheckpointCard vm={vm} />
    </div>
  );
}

interface BranchProps {
  readonly vm: VmView;
  readonly snapshots: readonly SnapshotView[];
  readonly parent: string | null;
}

function Branch({ vm, snapshots, parent }: BranchProps) {
  const children = snapshots.filter((snapshot) => snapshot.parent === parent);
  if (children.length === 0) return null;
  return (
    <ul className="snapshot-branch" {...(parent === null && { 'aria-label': words.title })}>
      {children.map((snapshot) => (
        <li key={snapshot.id}>
          <Row vm={vm} snapshot={snapshot} />
          <Branch vm={vm} snapshots={snapshots} parent={snapshot.id} />
        </li>
      ))}
    </ul>
  );
}

function Row({ vm, snapshot }: { readonly vm: VmView; readonly snapshot: SnapshotView }) {
  const { store } = useServices();
  const offline = usePage((state) => state.phase !== 'open');
  const { id, name, note, machine, takenAt, bytes } = snapshot;
  const reason = (command: 'snapshot.revert' | 'snapshot.delete') =>
    offline ? texts.actionHints.disconnected : refusal(command, vm);
  const open = (what: 'revert' | 'delete') =>
    store.setState({ dialog: { kind: 'snapshot', vm: vm.id, what, snapshot: { id, name } } });
  return (
    <div className="snapshot" data-snapshot={name}>
      <Thumbnail vm={vm.id} snapshot={snapshot} />
      <div className="snapshot-words">
        <p className="snapshot-name">
          <strong>{name}</strong>
          {snapshot.current ? <Badge tone="good">{words.here}</Badge> : null}
        </p>
        <p className="snapshot-facts">
          {format.moment(takenAt)} · {machine ? words.running(format.count(machine.epoch)) : words.off} ·{' '}
          {format.bytes(bytes)}
        </p>
        {note ? <p className="snapshot-note">{note}</p> : null}
      </div>
      <Button
        label={words.revertTo(name)}
        hint={words.revert}
        icon={History}
        iconOnly
        tone="quiet"
        reason={reason('snapshot.revert')}
        onPress={() => open('revert')}
      />
      <Button
        label={words.removeNamed(name)}
        hint={words.remove}
        icon={Trash2}
        iconOnly
        tone="quiet"
        reason={reason('snapshot.delete')}
        onPress={() => open('delete')}
      />
    </div>
  );
}

function Thumbnail({ vm, snapshot }: { readonly vm: string; readonly snapshot: SnapshotView }) {
  const { bridge } = useServices();
  const [png, setPng] = useState<string | null>(null);
  const { id, hasThumbnail } = snapshot;
  useEffect(() => {
    if (!hasThumbnail) return;
    let current = true;
    bridge
      .call('snapshot.thumbnail', { vm, snapshot: id })
      .then(({ pngBase64 }) => {
        if (current) setPng(pngBase64);
      })
      .catch(() => {
        // It has been deleted meanwhile.
      });
    return () => {
      current = false;
    };
  }, [bridge, vm, id, hasThumbnail]);
  if (png === null) {
    return (
      <span className="snapshot-picture" aria-hidden="true">
        {hasThumbnail ? null : <MonitorOff className="icon" />}
      </span>
    );
  }
  return <img className="snapshot-picture" src={`data:image/png;base64,${png}`} alt={words.screen(snapshot.name)} />;
}
