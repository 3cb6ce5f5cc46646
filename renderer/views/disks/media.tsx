/** Putting an image, or a folder as a disc, into a removable drive: the dialog, and the menu of both drives. */
import { Disc3 } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useState } from 'react';
import type { MediaDrive, VmView } from '../../../preload/contract/contract.ts';
import { soon } from '../../actions/background.ts';
import { DRIVE_ACTIONS } from '../../actions/media.ts';
import { ActionEntry } from '../../kit/action-menu.tsx';
import { Field } from '../../kit/field.tsx';
import { SelectField } from '../../kit/select-field.tsx';
import { refusal } from '../../text/refusal.ts';
import { useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { CommandDialog, useLate } from '../dialogs/dialog-parts.tsx';

const { media: words } = texts;
const ofFolder = texts.disks.folder;
const PLACEHOLDERS = { cdrom: '/path/to/image.iso', fda: '/path/to/floppy.img' } as const;

interface MediaProps {
  readonly vm: VmView;
  readonly drive: MediaDrive;
  /** A disc is to be made of one. */
  readonly folder: boolean;
}

type Kind = 'file' | 'folder';

export function MediaDialog({ vm, drive, folder }: MediaProps) {
  const { bridge } = useServices();
  const late = useLate();
  const [kind, setKind] = useState<Kind>(folder ? 'folder' : 'file');
  const [path, setPath] = useState('');
  const [tried, setTried] = useState(false);
  const named = path.trim();
  const now = vm.hardware.files[drive];
  const send = () =>
    kind === 'file'
      ? bridge.call('media.insert', { vm: vm.id, drive, file: named })
      : soon(bridge.call('media.folder', { vm: vm.id, folder: named }), late(ofFolder.title(vm.name)));
  return (
    <CommandDialog
      title={kind === 'file' ? words.title[drive](vm.name) : ofFolder.title(vm.name)}
      label={words.insertIt}
      reason={refusal('media.insert', vm)}
      wrong={named === ''}
      onTried={() => setTried(true)}
      send={send}
    >
      <p>{words.what}</p>
      {drive === 'cdrom' ? (
        <SelectField
          label={ofFolder.from}
          value={kind}
          choices={(['file', 'folder'] as const).map((value) => ({ value, label: ofFolder.kinds[value] }))}
          {...(kind === 'folder' && { hint: ofFolder.what })}
          onChange={setKind}
        />
      ) : null}
      <Field
        key={kind}
        label={kind === 'file' ? words.file : ofFolder.field}
        first
        mono
        value={path}
        placeholder={kind === 'folder' ? '/path/to/folder' : PLACEHOLDERS[drive]}
        hint={words.hint}
        error={tried && named === '' ? (kind === 'file' ? words.noFile : ofFolder.noFolder) : null}
        onChange={setPath}
      />
      <p className="fine">{now ? words.now(now) : words.nothing}</p>
    </CommandDialog>
  );
}

/** The drives as a menu on a button, for the console's tools. */
export function MediaMenu({ vm }: { readonly vm: VmView }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="button button-quiet button-small" title={texts.menus.media}>
        <Disc3 className="icon" aria-hidden="true" />
        <span>{words.button}</span>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="start" sideOffset={4} collisionPadding={8}>
          {(['cdrom', 'fda'] as const).map((drive) => (
            <DropdownMenu.Group key={drive}>
              <DropdownMenu.Label className="menu-label" title={vm.hardware.files[drive]}>
                {`${words.drives[drive]}: ${vm.hardware.files[drive]?.split(/[\\/]/).at(-1) ?? '–'}`}
              </DropdownMenu.Label>
              {DRIVE_ACTIONS[drive].map((action) => (
                <ActionEntry key={action.id} action={action} vm={vm} parts={DropdownMenu} />
              ))}
            </DropdownMenu.Group>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
