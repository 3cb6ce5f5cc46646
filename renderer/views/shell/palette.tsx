/**
 * The command palette: everything that can be done, and every VM, found by a few letters.
 *
 * Invariant: the keyboard alone is enough; what is refused is shown with its reason and cannot be run.
 */
import { Monitor, Search, type LucideIcon } from 'lucide-react';
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import type { VmView } from '../../../preload/contract/contract.ts';
import { ACTIONS } from '../../actions/index.ts';
import { whyNot } from '../../actions/run.ts';
import { pageCommands } from '../../actions/page-commands.ts';
import { vmWords } from '../../text/vm-words.ts';
import { search } from './palette-search.ts';
import { usePage, useServices, type Services } from '../../services.ts';
import { findVm, type State } from '../../state.ts';
import { language, texts } from '../../text/index.ts';

interface Item {
  readonly id: string;
  readonly label: string;
  /** The VM it is about, or what it is. */
  readonly about: string;
  readonly icon: LucideIcon;
  readonly shortcut?: string | undefined;
  /** Why it cannot be run; null when it can. */
  readonly reason: string | null;
  readonly seldom?: boolean | undefined;
  readonly run: () => void;
}

const SHOWN_MAX = 50;
/** Of VMs that are not open, actions are found for this many, whose names were typed. */
const OTHERS_MAX = 5;

/** What is refused comes after what fits about as well and is not. */
const REFUSED = 6;
/** What there are many of comes after what fits at all. */
const SELDOM = 100;
const handicapOf = ({ reason, seldom }: Item): number => (reason ? REFUSED : 0) + (seldom ? SELDOM : 0);

/** In other languages an action is found by its English name, too: those who know VMware know that. */
function searched({ id, label, about }: Item): string {
  const english = language === 'en' ? '' : ` ${id.split(':')[0]?.replaceAll('-', ' ')}`;
  return `${label} ${about}${english}`;
}

function actionsOf(vm: VmView, state: State, { runner }: Services): Item[] {
  return ACTIONS.map((action) => ({
    id: `${action.id}:${vm.id}`,
    label: action.label,
    about: vm.name,
    icon: action.icon,
    shortcut: action.shortcut,
    seldom: action.seldom,
    reason: whyNot(action, vm, state),
    run: () => runner.start(action, vm),
  }));
}

function itemsFor(typed: string, state: State, services: Services): Item[] {
  const vms = state.inventory?.vms ?? [];
  const open = state.route.page === 'vm' ? findVm(state, state.route.vm) : null;
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const named = words.length < 2 ? [] : vms.filter((vm) => words.some((word) => vm.name.toLowerCase().includes(word)));
  const others = named.filter((vm) => vm.id !== open?.id).slice(0, OTHERS_MAX);
  const offline = state.phase === 'open' ? null : texts.actionHints.disconnected;
  return [
    ...(open ? actionsOf(open, state, services) : []),
    ...vms.map((vm) => ({
      id: `vm:${vm.id}`,
      label: vm.name,
      about: vmWords(vm).text,
      icon: Monitor,
      reason: null,
      run: () => services.go({ page: 'vm', vm: vm.id, tab: 'summary' }),
    })),
    ...pageCommands().map(({ id, label, icon, shortcut, online, run }) => ({
      id,
      label,
      about: texts.palette.page,
      icon,
      shortcut,
      reason: online ? offline : null,
      run: () => run(services),
    })),
    ...others.flatMap((vm) => actionsOf(vm, state, services)),
  ];
}

export function CommandPalette() {
  const services = useServices();
  const { store } = services;
  const state = usePage((whole) => whole);
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const items = useMemo(
    () => search(itemsFor(typed, state, services), typed, searched, SHOWN_MAX, handicapOf),
    [typed, state, services],
  );
  const close = () => store.setState({ dialog: null });
  const run = (item: Item | undefined) => {
    if (!item || item.reason !== null) return;
    close();
    item.run();
  };
  const chosen = Math.min(at, items.length - 1);
  const onKeyDown = (event: KeyboardEvent) => {
    const last = items.length - 1;
    const steps: { readonly [key: string]: number } = {
      ArrowDown: chosen === last ? 0 : chosen + 1,
      ArrowUp: chosen <= 0 ? last : chosen - 1,
      PageDown: Math.min(last, chosen + 8),
      PageUp: Math.max(0, chosen - 8),
    };
    const next = steps[event.key];
    if (next !== undefined) setAt(next);
    else if (event.key === 'Enter') run(items[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <PaletteFrame onClose={close}>
      <div className="palette-field">
        <Search className="icon" aria-hidden="true" />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={items[chosen] ? `palette-${chosen}` : undefined}
          aria-label={texts.palette.placeholder}
          placeholder={texts.palette.placeholder}
          spellCheck={false}
          autoComplete="off"
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <Results items={items} chosen={chosen} run={run} />
      <p className="palette-foot">
        <span>{texts.palette.keys}</span>
        <span role="status">{items.length === 0 ? texts.palette.none : texts.palette.results(items.length)}</span>
      </p>
    </PaletteFrame>
  );
}

interface FrameProps {
  readonly onClose: () => void;
  readonly children: React.ReactNode;
}

/** The browser's own dialog; a press beside it closes it, too. */
function PaletteFrame({ onClose, children }: FrameProps) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    if (dialog && !dialog.open) dialog.showModal();
    dialog?.querySelector('input')?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      className="dialog palette"
      aria-label={texts.palette.title}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === element.current) onClose();
      }}
    >
      <div className="palette-box">{children}</div>
    </dialog>
  );
}

interface ResultsProps {
  readonly items: readonly Item[];
  readonly chosen: number;
  readonly run: (item: Item) => void;
}

function Results({ items, chosen, run }: ResultsProps) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    // In braces: newer browsers return a promise, which is no clean-up.
    void list.current?.children[chosen]?.scrollIntoView({ block: 'nearest' });
  }, [chosen, items]);
  return (
    <ul className="palette-list" id="palette-list" role="listbox" aria-label={texts.palette.title} ref={list}>
      {items.map((item, index) => {
        const { id, label, about, icon: Icon, shortcut, reason } = item;
        return (
          <li
            key={id}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === chosen}
            aria-disabled={reason !== null || undefined}
            className="palette-item"
            title={reason ?? undefined}
            data-item={id}
            onClick={() => run(item)}
          >
            <Icon className="icon" aria-hidden="true" />
            <span className="palette-label">{label}</span>
            <span className="palette-about">{reason ?? about}</span>
            {shortcut ? <kbd>{shortcut}</kbd> : null}
          </li>
        );
      })}
    </ul>
  );
}
