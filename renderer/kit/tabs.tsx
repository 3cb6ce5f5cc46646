/** Tabs with arrow keys. Invariant: only the chosen tab's content is mounted. */
import { Tabs as Radix } from 'radix-ui';
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

export interface TabItem<T extends string> {
  readonly id: T;
  readonly label: string;
  readonly icon: LucideIcon;
  readonly content: ReactNode;
}

export interface TabsProps<T extends string> {
  readonly label: string;
  readonly items: readonly TabItem<T>[];
  readonly value: T;
  readonly onChange: (id: T) => void;
}

export function Tabs<T extends string>({ label, items, value, onChange }: TabsProps<T>) {
  return (
    <Radix.Root className="tabs" value={value} onValueChange={(id) => onChange(id as T)} activationMode="manual">
      <Radix.List className="tabs-list" aria-label={label}>
        {items.map(({ id, label: text, icon: Icon }) => (
          <Radix.Trigger key={id} value={id} className="tab">
            <Icon className="icon" aria-hidden="true" />
            {text}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {items.map((item) => (
        <Radix.Content key={item.id} value={item.id} className="tabs-content" tabIndex={-1}>
          {item.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
