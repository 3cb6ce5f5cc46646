/** A titled box, and a list of facts in it. Invariant: facts are a definition list, whatever they look like. */
import type { LucideIcon } from 'lucide-react';
import { useId, type ReactNode } from 'react';

export interface CardProps {
  readonly title: string;
  readonly icon?: LucideIcon;
  /** At the right of the title. */
  readonly aside?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}

export function Card({ title, icon: Icon, aside, className, children }: CardProps) {
  const id = useId();
  return (
    <section className={className ? `card ${className}` : 'card'} aria-labelledby={id}>
      <header className="card-header">
        {Icon ? <Icon className="icon" aria-hidden="true" /> : null}
        <h2 id={id}>{title}</h2>
        {aside ? <div className="card-aside">{aside}</div> : null}
      </header>
      <div className="card-body">{children}</div>
    </section>
  );
}

export function Facts({ children }: { readonly children: ReactNode }) {
  return <dl className="facts">{children}</dl>;
}

export interface FactProps {
  readonly label: string;
  readonly children: ReactNode;
  readonly title?: string | undefined;
  readonly mono?: boolean;
}

export function Fact({ label, children, title, mono = false }: FactProps) {
  return (
    <div className="fact">
      <dt>{label}</dt>
      <dd className={mono ? 'mono' : undefined} title={title}>
        {children}
      </dd>
    </div>
  );
}
