/**
 * All actions on a VM, as a menu on a button or at the pointer.
 *
 * Invariant: both menus show every action, in the same order; one that is refused stays visible with its reason.
 */
import { ContextMenu, DropdownMenu } from 'radix-ui';
import { EllipsisVertical } from 'lucide-react';
import { Fragment, type ReactNode } from 'react';
import type { VmView } from '../../preload/contract.ts';
import type { Action } from '../actions/action.ts';
import { ACTION_GROUPS } from '../actions/index.ts';
import { whyNot } from '../actions/run.ts';
import { usePage, useServices } from '../services.ts';
import { texts } from '../text/index.ts';

// Not modal: a modal menu puts a style element into the page, which the Content-Security-Policy forbids.
export function ActionMenuButton({ vm }: { readonly vm: VmView }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="button button-plain button-medium button-icon" aria-label={texts.actions.more}>
        <EllipsisVertical className="icon" aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
          <Entries vm={vm} Item={DropdownMenu.Item} Separator={DropdownMenu.Separator} />
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

export function ActionContextMenu({ vm, children }: { readonly vm: VmView; readonly children: ReactNode }) {
  return (
    <ContextMenu.Root modal={false}>
      <ContextMenu.Trigger asChild>{children}</ContextMenu.Trigger>
      <ContextMenu.Portal>
        <ContextMenu.Content className="menu" collisionPadding={8}>
          <Entries vm={vm} Item={ContextMenu.Item} Separator={ContextMenu.Separator} />
        </ContextMenu.Content>
      </ContextMenu.Portal>
    </ContextMenu.Root>
  );
}

interface EntriesProps {
  readonly vm: VmView;
  readonly Item: typeof DropdownMenu.Item | typeof ContextMenu.Item;
  readonly Separator: typeof DropdownMenu.Separator | typeof ContextMenu.Separator;
}

function Entries({ vm, Item, Separator }: EntriesProps) {
  return ACTION_GROUPS.map((group, index) => (
    <Fragment key={group[0]?.id}>
      {index > 0 ? <Separator className="menu-line" /> : null}
      {group.map((action) => (
        <Entry key={action.id} action={action} vm={vm} Item={Item} />
      ))}
    </Fragment>
  ));
}

function Entry({ action, vm, Item }: { readonly action: Action } & Omit<EntriesProps, 'Separator'>) {
  const { runner } = useServices();
  const reason = usePage((state) => whyNot(action, vm, state));
  const Icon = action.icon;
  return (
    <Item
      className={action.tone === 'danger' ? 'menu-item menu-danger' : 'menu-item'}
      disabled={reason !== null}
      title={reason ?? action.hint}
      onSelect={() => runner.start(action, vm)}
    >
      <Icon className="icon" aria-hidden="true" />
      <span>{action.label}</span>
      {action.shortcut ? <kbd>{action.shortcut}</kbd> : null}
    </Item>
  );
}
