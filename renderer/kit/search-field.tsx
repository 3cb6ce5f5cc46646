/**
 * A field that filters a list as one types.
 *
 * Invariant: its label is there for those who cannot see the icon, and says the same as the placeholder.
 */
import { Search } from 'lucide-react';
import { useId } from 'react';

interface SearchFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

export function SearchField({ label, value, onChange }: SearchFieldProps) {
  const id = useId();
  return (
    <div className="search">
      <label htmlFor={id} className="hidden-text">
        {label}
      </label>
      <Search className="icon" aria-hidden="true" />
      <input
        id={id}
        type="search"
        value={value}
        placeholder={label}
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  );
}
