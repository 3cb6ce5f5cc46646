/**
 * A dialog: title, content, footer. The browser's own `<dialog>`, so focus stays inside and Escape closes it.
 *
 * Invariant: it is mounted exactly while it is open, and gives the focus back to where it was.
 */
import { X } from 'lucide-react';
import { useEffect, useId, useRef, type ReactNode } from 'react';
import { texts } from '../text/index.ts';
import { Button } from './button.tsx';

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly footer: ReactNode;
  readonly wide?: boolean;
  readonly role?: 'dialog' | 'alertdialog';
  /** Enter in a field, or the submit button. */
  readonly onSubmit?: () => void;
}

export function Dialog({ title, onClose, children, footer, wide = false, role = 'dialog', onSubmit }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    if (dialog && !dialog.open) dialog.showModal();
    // React's autoFocus came before the dialog was shown, and showing it moved the focus to the first button.
    dialog?.querySelector<HTMLElement>('[data-first]')?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      role={role}
      className={wide ? 'dialog dialog-wide' : 'dialog'}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit?.();
        }}
      >
        <header className="dialog-header">
          <h2 id={id}>{title}</h2>
          <Button label={texts.actions.close} hint="" icon={X} iconOnly tone="quiet" size="small" onPress={onClose} />
        </header>
        <div className="dialog-content">{children}</div>
        <footer className="dialog-footer">{footer}</footer>
      </form>
    </dialog>
  );
}
