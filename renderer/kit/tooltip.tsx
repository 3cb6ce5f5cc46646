/**
 * A short text beside what the pointer or the focus is on.
 *
 * Invariant: it never holds the only way to learn something.
 */
import { Tooltip as Radix } from 'radix-ui';
import type { FocusEvent, ReactNode } from 'react';

export function TooltipProvider({ children }: { readonly children: ReactNode }) {
  return <Radix.Provider delayDuration={350}>{children}</Radix.Provider>;
}

/** Where a dialog that was clicked away gives the focus back, nobody has asked for an explanation; it would stay. */
function onlyOfTheKeyboard(event: FocusEvent<HTMLElement>): void {
  if (!event.currentTarget.matches(':focus-visible')) event.preventDefault();
}

export function Tooltip({ text, children }: { readonly text: string; readonly children: ReactNode }) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild onFocus={onlyOfTheKeyboard}>
        {children}
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className="tooltip" sideOffset={6} collisionPadding={8}>
          {text}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
