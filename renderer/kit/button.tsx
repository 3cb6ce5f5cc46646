/**
 * Buttons. A button that cannot be pressed now says why.
 *
 * Invariant: with a `reason` the button stays reachable by keyboard and pointer (aria-disabled), does nothing, and its
 * reason is both its tooltip and its description.
 */
import type { LucideIcon } from 'lucide-react';
import { useId } from 'react';
import { Spinner } from './spinner.tsx';
import { Tooltip } from './tooltip.tsx';

export interface ButtonProps {
  readonly label: string;
  readonly icon?: LucideIcon;
  readonly tone?: 'primary' | 'danger' | 'plain' | 'quiet';
  readonly size?: 'small' | 'medium' | 'large';
  /** Only the icon is shown; the label is its name. */
  readonly iconOnly?: boolean;
  /** Why it cannot be pressed now. */
  readonly reason?: string | null;
  /**
   * Its tooltip. A quiet button's is its label, which narrow windows hide; none when empty, as in a dialog, which would
   * cover it.
   */
  readonly hint?: string | undefined;
  readonly busy?: boolean;
  readonly pressed?: boolean;
  readonly type?: 'button' | 'submit';
  readonly onPress?: () => void;
  /** The dialog puts the focus here. */
  readonly first?: boolean;
}

export function Button(props: ButtonProps) {
  const { label, icon: Icon, tone = 'plain', size = 'medium', iconOnly = false, reason = null, busy = false } = props;
  const id = useId();
  const blocked = busy || reason !== null;
  const hint = reason ?? props.hint ?? (iconOnly || tone === 'quiet' ? label : undefined);
  const button = (
    <button
      type={props.type ?? 'button'}
      className={`button button-${tone} button-${size}${iconOnly ? ' button-icon' : ''}`}
      aria-disabled={blocked || undefined}
      aria-label={iconOnly ? label : undefined}
      aria-describedby={reason ? id : undefined}
      aria-pressed={props.pressed}
      aria-busy={busy || undefined}
      data-first={props.first || undefined}
      onClick={(event) => {
        if (blocked) event.preventDefault();
        else props.onPress?.();
      }}
    >
      {busy ? <Spinner /> : Icon ? <Icon className="icon" aria-hidden="true" /> : null}
      {iconOnly ? null : <span>{label}</span>}
    </button>
  );
  return (
    <>
      {hint ? <Tooltip text={hint}>{button}</Tooltip> : button}
      {reason ? (
        <span id={id} hidden>
          {reason}
        </span>
      ) : null}
    </>
  );
}
