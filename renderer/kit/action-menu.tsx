/**
 * All actions on a VM, as a menu on a button or at the pointer.
 *
 * Invariant: both menus show every action, in the same order; one that is refused stays visible with its reason.
 */
import { DropdownMenu, type ContextMenu } from 'radix-ui';
import { ChevronRight, EllipsisVertical } from 'lucide-react';
import { Fragment } from 'react';
import type { VmView } from '../../preload/contract/contract.ts';
import type { Action } from '../actions/action.ts';
import { ACTION_GROUPS, isSubmenu, type Submenu } from '../actions/index.ts';
import { whyNot } from '../actions/run.ts';
import { usePage, useServices } from '../services.ts';
import { texts } from '../text/index.ts';

/** The parts of a menu, of either kind. */
type Parts = typeof DropdownMenu | typeof ContextMenu;

// Not modal: a modal menu puts a style element into the page, which the Content-Security-Policy forbids.
export function ActionMenuButton({ vm }: { readonly vm: VmView }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="button button-plain button-medium button-icon" aria-label={texts.actions.more}>
        <EllipsisVertical className="icon" aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
          <ActionEntries vm={vm} parts={DropdownMenu} />
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

export interface EntriesProps {
  readonly vm: VmView;
  readonly parts: Parts;
}

/** The content of a menu about this VM. */
export function ActionEntries({ vm, parts }: EntriesProps) {
  const { Separator } = parts;
  return ACTION_GROUPS.map((group, index) => (
    <Fragment key={group[0]?.id}>
      {index > 0 ? <Separator className="menu-line" /> : null}
      {group.map((entry) =>
        isSubmenu(entry) ? (
          <Sub key={entry.id} menu={entry} vm={vm} parts={parts} />
        ) : (
          <ActionEntry key={entry.id} action={entry} vm={vm} parts={parts} />
        ),
      )}
    </Fragment>
  ));
}

function Sub({ menu, vm, parts }: EntriesProps & { readonly menu: Submenu }) {
  const { Sub: Root, SubTrigger, SubContent, Portal } = parts;
  const Icon = menu.icon;
  return (
    <Root>
      <SubTrigger className="menu-item" data-menu={menu.id}>
        <Icon className="icon" aria-hidden="true" />
        <span>{menu.label}</span>
        <ChevronRight className="icon menu-more" aria-hidden="true" />
      </SubTrigger>
      <Portal>
        <SubContent className="menu" collisionPadding={8} sideOffset={2} alignOffset={-6}>
          {menu.actions.map((action) => (
            <ActionEntry key={action.id} action={action} vm={vm} parts={parts} />
          ))}
        </SubContent>
      </Portal>
    </Root>
  );
}

export function ActionEntry({ action, vm, parts: { Item } }: EntriesProps & { readonly action: Action }) {
  const { runner } = useServices();
  const reason = usePage((state) => whyNot(action, vm, state));
  const Icon = action.icon;
  return (
    <Item
      className={action.tone === 'danger' ? 'menu-item menu-danger' : 'menu-item'}
      disabled={reason !== null}
      title={reason ?? action.hint}
      data-action={action.id}
      onSelect={() => runner.start(action, vm)}
    >
      <Icon className="icon" aria-hidden="true" />
      <span>{action.label}</span>
      {action.shortcut ? <kbd>{action.shortcut}</kbd> : null}
    </Item>
  );
}
