/**
 * The console's menus: combinations of keys, and how large the screen is shown.
 *
 * Invariant: a menu gives the focus back to its button, never to the guest.
 */
import { Check, Keyboard, Scaling as ScalingIcon } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import type { VmView } from '../../../preload/contract/contract.ts';
import { KEY_ACTIONS } from '../../actions/send-keys.ts';
import { ActionEntry } from '../../kit/action-menu.tsx';
import { texts } from '../../text/index.ts';
import { SCALINGS, type Scaling } from './scale.ts';

export function KeysMenu({ vm }: { readonly vm: VmView }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="button button-quiet button-small" title={texts.console.keys}>
        <Keyboard className="icon" aria-hidden="true" />
        <span>{texts.console.keys}</span>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="start" sideOffset={4} collisionPadding={8}>
          {KEY_ACTIONS.map((action) => (
            <ActionEntry key={action.id} action={action} vm={vm} parts={DropdownMenu} />
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

export interface ScalingMenuProps {
  readonly value: Scaling;
  readonly onChange: (scaling: Scaling) => void;
}

export function ScalingMenu({ value, onChange }: ScalingMenuProps) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="button button-quiet button-small" title={texts.console.scaling}>
        <ScalingIcon className="icon" aria-hidden="true" />
        <span>{texts.console.scaling}</span>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="start" sideOffset={4} collisionPadding={8}>
          <DropdownMenu.RadioGroup value={value}>
            {SCALINGS.map((scaling) => (
              <DropdownMenu.RadioItem
                key={scaling}
                value={scaling}
                className="menu-item"
                onSelect={() => onChange(scaling)}
              >
                <span>{texts.console.scalings[scaling]}</span>
                <DropdownMenu.ItemIndicator className="menu-check">
                  <Check className="icon" aria-hidden="true" />
                </DropdownMenu.ItemIndicator>
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
