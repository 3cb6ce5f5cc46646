/** An action as a button. Invariant: it is dimmed, with the reason, exactly when the action is refused. */
import type { VmView } from '../../preload/contract/contract.ts';
import type { Action } from '../actions/action.ts';
import { pendingKey, whyNot } from '../actions/run.ts';
import { usePage, useServices } from '../services.ts';
import { Button, type ButtonProps } from './button.tsx';

export interface ActionButtonProps extends Pick<ButtonProps, 'size' | 'iconOnly' | 'tone'> {
  readonly action: Action;
  readonly vm: VmView;
}

export function ActionButton({ action, vm, ...look }: ActionButtonProps) {
  const { runner } = useServices();
  const reason = usePage((state) => whyNot(action, vm, state));
  const busy = usePage((state) => state.pending.includes(pendingKey(action, vm)));
  const hint = [action.hint, action.shortcut && `(${action.shortcut})`].filter(Boolean).join(' ') || undefined;
  return (
    <Button
      {...look}
      label={action.label}
      icon={action.icon}
      reason={reason}
      hint={hint ?? (look.iconOnly ? action.label : undefined)}
      busy={busy}
      onPress={() => runner.start(action, vm)}
    />
  );
}
