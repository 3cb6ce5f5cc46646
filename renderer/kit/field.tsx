/**
 * A labelled text field that says what is wrong with its value.
 *
 * Invariant: the label names the input, and the hint and the error are its description; an error is told as it appears.
 */
import { CircleAlert } from 'lucide-react';
import { useId, type HTMLInputTypeAttribute } from 'react';

export interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string;
  readonly error?: string | null;
  readonly type?: HTMLInputTypeAttribute;
  readonly unit?: string;
  readonly placeholder?: string;
  readonly mono?: boolean;
  /** The dialog puts the focus here. */
  readonly first?: boolean;
  readonly inputMode?: 'numeric' | 'text';
  /** Why it cannot be changed now, told as its tooltip and its description; null or absent when it can. */
  readonly reason?: string | null;
}

export function Field(props: FieldProps) {
  const id = useId();
  const error = props.error ?? null;
  const { hint, reason } = props;
  const described = [error ? `${id}-error` : null, reason ? `${id}-reason` : null, hint ? `${id}-hint` : null].filter(
    (part) => part !== null,
  );
  return (
    <div className={error ? 'field field-wrong' : 'field'}>
      <label htmlFor={id}>{props.label}</label>
      <div className="field-box">
        <input
          id={id}
          type={props.type ?? 'text'}
          inputMode={props.inputMode}
          className={props.mono ? 'mono' : undefined}
          value={props.value}
          placeholder={props.placeholder}
          readOnly={Boolean(reason)}
          title={reason ?? undefined}
          spellCheck={false}
          autoComplete="off"
          data-first={props.first || undefined}
          aria-invalid={error ? true : undefined}
          aria-describedby={described.length > 0 ? described.join(' ') : undefined}
          onChange={(event) => props.onChange(event.target.value)}
        />
        {props.unit ? <span className="field-unit">{props.unit}</span> : null}
      </div>
      {error ? (
        <p className="field-error" id={`${id}-error`} role="alert">
          <CircleAlert className="icon" aria-hidden="true" />
          {error}
        </p>
      ) : null}
      {reason ? (
        <span id={`${id}-reason`} hidden>
          {reason}
        </span>
      ) : null}
      {hint && !error ? (
        <p className="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      ) : null}
    </div>
  );
}
