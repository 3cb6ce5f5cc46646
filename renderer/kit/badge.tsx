/** A state: icon and words. Invariant: the words alone tell the state; the colour repeats it. */
import { CircleAlert, CircleCheck, CircleMinus, TriangleAlert, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Tone } from '../text/vm-words.ts';
import { Spinner } from './spinner.tsx';

const ICONS: { readonly [tone in Exclude<Tone, 'busy'>]: LucideIcon } = {
  good: CircleCheck,
  warn: TriangleAlert,
  bad: CircleAlert,
  idle: CircleMinus,
};

export interface BadgeProps {
  readonly tone: Tone;
  readonly children: ReactNode;
  readonly icon?: LucideIcon;
}

export function Badge({ tone, children, icon }: BadgeProps) {
  return (
    <span className={`badge tone-${tone}`}>
      <ToneIcon tone={tone} icon={icon} />
      <span>{children}</span>
    </span>
  );
}

export function ToneIcon({ tone, icon }: { readonly tone: Tone; readonly icon?: LucideIcon | undefined }) {
  if (tone === 'busy') return <Spinner />;
  const Icon = icon ?? ICONS[tone];
  return <Icon className="icon" aria-hidden="true" />;
}
