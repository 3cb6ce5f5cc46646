/**
 * The hard disk of a VM: its file, its size, what it takes up, and what can be done to it.
 *
 * Invariant: what is shown is what the host said last; it is asked again from time to time, and after work on it.
 */
import { Ellipsis, HardDrive } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useEffect } from 'react';
import type { DiskView, VmView } from '../../../preload/contract/contract.ts';
import { DISK_ACTIONS } from '../../actions/disk.ts';
import { diskOf } from '../../disk.ts';
import * as format from '../../text/format.ts';
import { ActionEntry } from '../../kit/action-menu.tsx';
import { Card, Fact, Facts } from '../../kit/card.tsx';
import { useAsked } from '../../host/asked.ts';
import { usePage } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { DiskProgress } from './disk-progress.tsx';

const { disks: words } = texts;
/** A guest writes all the time; nobody waits for the figure. */
const EVERY_MS = 10_000;

/** Nothing for a VM without a hard disk. */
export function DiskCard({ vm }: { readonly vm: VmView }) {
  const file = diskOf(vm);
  return file === undefined ? null : <OfFile key={file} vm={vm} file={file} />;
}

function OfFile({ vm, file }: { readonly vm: VmView; readonly file: string }) {
  const { answer, failure, again } = useAsked('disk.info', { file }, EVERY_MS);
  // Work on a disk, and a power-off, change what it takes up.
  const ended = usePage(({ tasks }) => tasks.find(({ kind, outcome }) => outcome && kind.startsWith('disk.'))?.id);
  useEffect(again, [again, ended, vm.power]);
  return (
    <Card title={words.title} icon={HardDrive} aside={<DiskMenu vm={vm} />}>
      {failure ? (
        <p className="card-failure" role="alert">
          {failure}
        </p>
      ) : null}
      <DiskProgress file={file} />
      <Facts>
        <Fact label={words.file} title={file} mono>
          {file.split(/[\\/]/).at(-1)}
        </Fact>
        {answer ? <Figures vm={vm} disk={answer} /> : null}
      </Facts>
      {answer || failure ? null : <p className="fine">{words.loading}</p>}
    </Card>
  );
}

function Figures({ vm, disk }: { readonly vm: VmView; readonly disk: DiskView }) {
  const { bytes, diskBytes, chain, vms, committing } = disk;
  const below = chain.slice(1);
  const others = vms.filter((name) => name !== vm.name);
  return (
    <>
      <Fact label={words.format}>{words.formats[disk.format]}</Fact>
      <Fact label={words.size} title={`${format.count(bytes)} B`}>
        {format.diskBytes(bytes)}
      </Fact>
      <Fact label={words.used} title={`${format.count(diskBytes)} B`}>
        {format.diskBytes(diskBytes)}
      </Fact>
      {below.length > 0 ? (
        <Fact label={words.standsOn} title={below.join('\n')}>
          {words.files(below.length)}
        </Fact>
      ) : null}
      {others.length > 0 ? (
        <Fact label={words.usedBy} title={others.join('\n')}>
          {format.list(others)}
        </Fact>
      ) : null}
      {committing ? <Fact label={texts.views.state}>{words.half}</Fact> : null}
    </>
  );
}

function DiskMenu({ vm }: { readonly vm: VmView }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        className="button button-quiet button-small button-icon"
        aria-label={words.menu}
        title={words.menu}
      >
        <Ellipsis className="icon" aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
          {DISK_ACTIONS.map((action) => (
            <ActionEntry key={action.id} action={action} vm={vm} parts={DropdownMenu} />
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
