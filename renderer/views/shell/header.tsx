/** The bar at the top: what this is, which host it shows, palette and settings. Invariant: it is always there. */
import { Check, Search, Settings } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import type { ReactNode } from 'react';
import { canLogOut, logOut, openPalette, openShortcuts, type PageCommand } from '../../actions/page-commands.ts';
import { HOME } from '../../route.ts';
import { usePage, useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { chooseLanguage, keptLanguage, LANGUAGE_NAMES, LANGUAGES } from '../../text/language.ts';
import { keepTheme, THEMES } from '../../theme.ts';
import { NoticesButton } from './notices-button.tsx';

const { shell: words } = texts;

export function Header() {
  const { go } = useServices();
  const host = usePage((state) => state.inventory?.host ?? null);
  return (
    <header className="header">
      <button
        type="button"
        className="brand"
        onClick={() => go(HOME)}
        aria-label={texts.views.toOverview(texts.product)}
      >
        <Logo />
        <span>{texts.product}</span>
      </button>
      <div className="header-host">
        {host ? (
          <span title={texts.views.dataFolder(host.dataFolder, host.pid)}>
            <strong>{host.hostName}</strong>
            <span className="muted"> · {host.version}</span>
          </span>
        ) : null}
      </div>
      {host ? <PaletteButton /> : null}
      <NoticesButton />
      <SettingsMenu online={host !== null} />
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

function PaletteButton() {
  const services = useServices();
  return (
    <button
      type="button"
      className="palette-open"
      title={texts.palette.open}
      aria-keyshortcuts="Control+K"
      onClick={() => openPalette.run(services)}
    >
      <Search className="icon" aria-hidden="true" />
      <span>{texts.palette.title}</span>
      <kbd aria-hidden="true">{openPalette.shortcut}</kbd>
    </button>
  );
}

function SettingsMenu({ online }: { readonly online: boolean }) {
  const { store } = useServices();
  const theme = usePage((state) => state.theme);
  const chooseTheme = (value: string) => {
    const chosen = THEMES.find((one) => one === value) ?? 'system';
    keepTheme(chosen);
    store.setState({ theme: chosen });
  };
  const chooseWords = (value: string) => chooseLanguage(LANGUAGES.find((one) => one === value) ?? null);
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="button button-quiet button-medium button-icon" aria-label={words.settings}>
        <Settings className="icon" aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
          <DropdownMenu.Label className="menu-label">{words.theme}</DropdownMenu.Label>
          <DropdownMenu.RadioGroup value={theme} onValueChange={chooseTheme} aria-label={words.theme}>
            {THEMES.map((one) => (
              <Choice key={one} value={one}>
                {words.themes[one]}
              </Choice>
            ))}
          </DropdownMenu.RadioGroup>
          <DropdownMenu.Separator className="menu-line" />
          <DropdownMenu.Label className="menu-label">{words.language}</DropdownMenu.Label>
          <DropdownMenu.RadioGroup
            value={keptLanguage() ?? 'system'}
            onValueChange={chooseWords}
            aria-label={words.language}
          >
            <Choice value="system">{words.languageSystem}</Choice>
            {LANGUAGES.map((one) => (
              <Choice key={one} value={one} language={one}>
                {LANGUAGE_NAMES[one]}
              </Choice>
            ))}
          </DropdownMenu.RadioGroup>
          <DropdownMenu.Separator className="menu-line" />
          <CommandItem command={openShortcuts} />
          {online && canLogOut() ? <CommandItem command={logOut} /> : null}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

interface ChoiceProps {
  readonly value: string;
  readonly language?: string;
  readonly children: ReactNode;
}

function Choice({ value, language, children }: ChoiceProps) {
  return (
    <DropdownMenu.RadioItem className="menu-item menu-choice" value={value}>
      <span lang={language}>{children}</span>
      <DropdownMenu.ItemIndicator className="menu-check">
        <Check className="icon" aria-hidden="true" />
      </DropdownMenu.ItemIndicator>
    </DropdownMenu.RadioItem>
  );
}

function CommandItem({ command }: { readonly command: PageCommand }) {
  const services = useServices();
  const Icon = command.icon;
  return (
    <DropdownMenu.Item className="menu-item" onSelect={() => command.run(services)}>
      <Icon className="icon" aria-hidden="true" />
      <span>{command.label}</span>
      {command.shortcut ? <kbd>{command.shortcut}</kbd> : null}
    </DropdownMenu.Item>
  );
}
