/** The bar at the top: what this is, which host it shows, and the theme. Invariant: it is there in every state. */
import { Check, Monitor, Moon, Sun, type LucideIcon } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useState } from 'react';
import { usePage, useServices } from '../services.ts';
import { HOME } from '../route.ts';
import { texts } from '../text/index.ts';
import { NoticesButton } from './notices-button.tsx';
import { keepTheme, readTheme, THEMES, type Theme } from '../theme.ts';

export function Header() {
  const { go } = useServices();
  const host = usePage((state) => state.inventory?.host ?? null);
  return (
    <header className="header">
      <button type="button" className="brand" onClick={() => go(HOME)} aria-label={`${texts.product}: overview`}>
        <Logo />
        <span>{texts.product}</span>
      </button>
      <div className="header-host">
        {host ? (
          <span title={`Data folder ${host.dataFolder}, process ${host.pid}`}>
            <strong>{host.hostName}</strong>
            <span className="muted"> · {host.version}</span>
          </span>
        ) : null}
      </div>
      <NoticesButton />
      <ThemeMenu />
    </header>
  );
}

/** Two screens, one behind the other. */
export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect className="logo-back" x="4" y="5" width="17" height="14" rx="3.5" />
      <rect className="logo-front" x="11" y="13" width="17" height="14" rx="3.5" />
    </svg>
  );
}

const LOOKS: { readonly [theme in Theme]: { readonly label: string; readonly icon: LucideIcon } } = {
  system: { label: 'System', icon: Monitor },
  light: { label: 'Light', icon: Sun },
  dark: { label: 'Dark', icon: Moon },
};

function ThemeMenu() {
  const [theme, setTheme] = useState(readTheme);
  const Icon = LOOKS[theme].icon;
  const choose = (value: string) => {
    const chosen = THEMES.find((one) => one === value) ?? 'system';
    keepTheme(chosen);
    setTheme(chosen);
  };
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="button button-quiet button-medium" aria-label={`Theme: ${LOOKS[theme].label}`}>
        <Icon className="icon" aria-hidden="true" />
        <span>{LOOKS[theme].label}</span>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
          <DropdownMenu.RadioGroup value={theme} onValueChange={choose}>
            {THEMES.map((one) => (
              <ThemeItem key={one} theme={one} />
            ))}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function ThemeItem({ theme }: { readonly theme: Theme }) {
  const { label, icon: Icon } = LOOKS[theme];
  return (
    <DropdownMenu.RadioItem className="menu-item" value={theme}>
      <Icon className="icon" aria-hidden="true" />
      <span>{label}</span>
      <DropdownMenu.ItemIndicator className="menu-check">
        <Check className="icon" aria-hidden="true" />
      </DropdownMenu.ItemIndicator>
    </DropdownMenu.RadioItem>
  );
}
