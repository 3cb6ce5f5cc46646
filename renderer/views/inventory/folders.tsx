/**
 * The dialogs about folders: a new one, another name for one, and which one a VM is in.
 *
 * Invariant: what is wrong is what the contract's own schema says, in its own words.
 */
import { useState } from 'react';
import * as v from 'valibot';
import { commands, type VmView } from '../../../preload/contract/contract.ts';
import { folderName, parentFolder } from '../../../preload/contract/folder.ts';
import { sentence } from '../../text/format.ts';
import { Field } from '../../kit/field.tsx';
import { SelectField } from '../../kit/select-field.tsx';
import { usePage, useServices } from '../../services.ts';
import { hostWords } from '../../text/host-words.ts';
import { texts } from '../../text/index.ts';
import { CommandDialog } from '../dialogs/dialog-parts.tsx';

const NONE: readonly string[] = [];
const { folders: words } = texts;

/** What is wrong with the path; null when nothing is. `now` is what it is called already. */
export function folderError(path: string, folders: readonly string[], now: string | null): string | null {
  const { issues } = v.safeParse(commands['folder.create'], { folder: path });
  if (issues) return hostWords(sentence(issues[0].message));
  const taken = folders.some((one) => one.toLowerCase() === path.toLowerCase() && one !== now);
  return taken ? words.exists(path) : null;
}

function joined(parent: string, name: string): string {
  return parent === '' ? name.trim() : `${parent}/${name.trim()}`;
}

interface NameProps {
  readonly title: string;
  readonly label: string;
  readonly parent: string;
  readonly now: string | null;
  readonly send: (path: string) => Promise<unknown>;
}

function NameDialog({ title, label, parent, now, send }: NameProps) {
  const folders = usePage((state) => state.inventory?.folders) ?? NONE;
  const [name, setName] = useState(now === null ? '' : folderName(now));
  const [tried, setTried] = useState(false);
  const path = joined(parent, name);
  const error = folderError(path, folders, now);
  return (
    <CommandDialog
      title={title}
      label={label}
      reason={path === now ? words.unchanged : null}
      wrong={error !== null}
      onTried={() => setTried(true)}
      send={() => send(path)}
    >
      <Field label={words.name} first value={name} error={tried || name !== '' ? error : null} onChange={setName} />
    </CommandDialog>
  );
}

export function NewFolderDialog({ folder }: { readonly folder: string }) {
  const { bridge } = useServices();
  return (
    <NameDialog
      title={folder === '' ? words.addTitle : words.addIn(folder)}
      label={texts.actions.add}
      parent={folder}
      now={null}
      send={(path) => bridge.call('folder.create', { folder: path })}
    />
  );
}

export function RenameFolderDialog({ folder }: { readonly folder: string }) {
  const { bridge } = useServices();
  return (
    <NameDialog
      title={words.renameTitle(folder)}
      label={texts.actions.rename}
      parent={parentFolder(folder)}
      now={folder}
      send={(to) => bridge.call('folder.rename', { folder, to })}
    />
  );
}

export interface FolderFieldProps {
  readonly value: string;
  readonly onChange: (folder: string) => void;
  readonly first?: boolean;
}

/** The choice of a folder. */
export function FolderField({ value, onChange, first = false }: FolderFieldProps) {
  const folders = usePage((state) => state.inventory?.folders) ?? NONE;
  const choices = [
    { value: '', label: words.top },
    ...folders.map((path) => ({ value: path, label: path.replaceAll('/', ' / ') })),
  ];
  return <SelectField label={words.folder} first={first} value={value} choices={choices} onChange={onChange} />;
}

export function MoveDialog({ vm }: { readonly vm: VmView }) {
  const { bridge } = useServices();
  const folders = usePage((state) => state.inventory?.folders) ?? NONE;
  const [folder, setFolder] = useState(vm.folder);
  const [fresh, setFresh] = useState('');
  const to = fresh.trim() === '' ? folder : joined(folder, fresh);
  const error = fresh.trim() === '' ? null : folderError(to, folders, null);
  return (
    <CommandDialog
      title={words.moveTitle(vm.name)}
      label={texts.actions.move}
      reason={to === vm.folder ? words.unchanged : null}
      wrong={error !== null}
      send={() => bridge.call('vm.move', { vm: vm.id, folder: to })}
    >
      <FolderField first value={folder} onChange={setFolder} />
      <Field label={words.newFolder} value={fresh} error={error} onChange={setFresh} />
    </CommandDialog>
  );
}
