/**
 * What an action is: a thing the user can do to a VM, as data, for buttons, menus, shortcuts and tests alike.
 *
 * Invariant: `enabled` is null exactly when the host would do it (preload/contract/rules.ts), else the host's own
 * sentence.
 */
import type { LucideIcon } from 'lucide-react';
import type { VmView } from '../../preload/contract/contract.ts';
import type { Bridge } from '../host/bridge.ts';
import type { Route } from '../route.ts';
import type { OpenDialog, Toast } from '../state.ts';

export interface ActionContext {
  readonly vm: VmView;
  readonly call: Bridge['call'];
  readonly go: (route: Route) => void;
  readonly open: (dialog: OpenDialog) => void;
  readonly toast: (toast: Omit<Toast, 'id'>) => void;
}

export interface Action {
  readonly id: string;
  readonly label: string;
  readonly icon: LucideIcon;
  /** What it does, where the label does not say it all. */
  readonly hint?: string;
  /** Such as `Ctrl+B`; VMware Workstation's where there is one. */
  readonly shortcut?: string;
  /** One of many of its kind: found in the palette after all others. */
  readonly seldom?: true;
  /** `danger` is red in menus and dialogs. */
  readonly tone?: 'primary' | 'danger';
  readonly enabled: (vm: VmView) => string | null;
  /** Asked first, where work is lost. */
  readonly confirm?: (name: string) => { readonly title: string; readonly body: string };
  readonly perform: (context: ActionContext) => Promise<void>;
}
