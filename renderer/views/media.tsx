/** Putting an image into a removable drive: the dialog, and the menu of both drives. */
import { Disc3 } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useState } from 'react';
import type { MediaDrive, VmView } from '../../preload/contract.ts';
import { MEDIA_ACTIONS } from '../actions/media.ts';
import { ActionEntry } from '../kit/action-menu.tsx';
import { Field } from '../kit/field.tsx';
import { refusal } from '../refusal.ts';
import { useServices } from '../services.ts';
import { texts } from '../text/index.ts';
import { CommandDialog } from './dialog-parts.tsx';

const { media: words } = texts;

export function MediaDialog({ vm, drive }: { readonly vm: VmView; readonly drive: MediaDrive }) {
  const { bridge } = useServices();
  const [file, setFile] = useState('');
  const [tried, setTried] = useState(false);
  const named = file.trim();
  const now = vm.hardware.files[drive];
  return (
    <CommandDialog
      title={words.title[drive](vm.name)}
      label={words.insertIt}
      reason={refusal('media.insert', vm)}
      wrong={named === ''}
      onTried={() => setTried(true)}
      send={() => bridge.call('media.insert', { vm: vm.id, drive, file: named })}
    >
      <p>{words.what}</p>
      <Field
        label={words.file}
        first
        mono
        value={file}
        placeholder={drive === 'cdrom' ? '/path/to/image.iso' : '/path/to/floppy.img'}
        hint={words.hint}
        error={tried && named === '' ? words.noFile : null}
        onChange={setFile}
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
          {(['cdrom', 'fda'] as const).map((drive, index) => (
            <DropdownMenu.Group key={drive}>
              <DropdownMenu.Label className="menu-label" title={vm.hardware.files[drive]}>
                {`${words.drives[drive]}: ${vm.hardware.files[drive]?.split(/[\\/]/).at(-1) ?? '–'}`}
              </DropdownMenu.Label>
              {MEDIA_ACTIONS.slice(index * 2, index * 2 + 2).map((action) => (
                <ActionEntry key={action.id} action={action} vm={vm} parts={DropdownMenu} />
              ))}
            </DropdownMenu.Group>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
