/** A labelled choice of a few. Invariant: the label names it, and the hint is its description. */
import { useId } from 'react';

export interface SelectFieldProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly choices: readonly { readonly value: T; readonly label: string }[];
  readonly onChange: (value: T) => void;
  readonly hint?: string;
  /** Why it cannot be changed now; null or absent when it can. */
  readonly reason?: string | null;
  /** The dialog puts the focus here. */
  readonly first?: boolean;
}

export function SelectField<T extends string>(props: SelectFieldProps<T>) {
  const id = useId();
  const { hint, reason } = props;
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      <select
        id={id}
        className="select"
        value={props.value}
        data-first={props.first || undefined}
        disabled={Boolean(reason)}
        title={reason ?? undefined}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => {
          const chosen = props.choices.find(({ value }) => value === event.target.value);
          if (chosen) props.onChange(chosen.value);
        }}
      >
        {props.choices.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      {hint ? (
        <p className="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      ) : null}
    </div>
  );
}
