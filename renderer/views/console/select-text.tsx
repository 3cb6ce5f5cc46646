/**
 * The guest's text as text: selected with the mouse or the keyboard, read by a screen reader, copied as everywhere.
 *
 * Invariant: it is the text that the screen showed when the selecting began, a line a row, and stands still until it
 * ends; a letter takes the room of the guest's.
 */
import { useEffect, useRef } from 'react';
import { texts } from '../../text/index.ts';
import type { Shown } from './scale.ts';

export interface SelectTextProps {
  readonly name: string;
  readonly lines: readonly string[];
  readonly columns: number;
  readonly shown: Shown;
  readonly onEnd: () => void;
}

/** The width of a letter of one pixel's height in the page's fixed font. */
function letterWidth(family: string): number {
  const context = document.createElement('canvas').getContext('2d');
  if (!context) return 0.6;
  context.font = `100px ${family}`;
  return context.measureText('0').width / 100;
}

export function SelectText({ name, lines, columns, shown, onEnd }: SelectTextProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const element = field.current;
    if (!element) return;
    element.focus();
    element.setSelectionRange(0, 0);
    element.scrollTop = 0;
    // Not `readOnly`: browsers move no cursor in such a field, and the keyboard could select nothing.
    const keep = (event: Event) => event.preventDefault();
    element.addEventListener('beforeinput', keep);
    return () => element.removeEventListener('beforeinput', keep);
  }, []);
  useEffect(() => {
    const element = field.current;
    if (!element) return;
    const perLetter = letterWidth(getComputedStyle(element).fontFamily);
    element.style.fontSize = `${shown.width / columns / perLetter}px`;
    element.style.lineHeight = `${shown.height / lines.length}px`;
  }, [shown, columns, lines]);
  return (
    <textarea
      ref={field}
      className="console-text"
      data-testid="console-text"
      aria-readonly
      spellCheck={false}
      wrap="off"
      aria-label={texts.console.textOf(name)}
      defaultValue={lines.join('\n')}
      style={{ width: shown.width, height: shown.height }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onEnd();
      }}
    />
  );
}
