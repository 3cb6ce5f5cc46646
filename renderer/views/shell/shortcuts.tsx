/** The sheet of keyboard shortcuts. Invariant: those of actions and commands come from them; the rest is the tree's. */
import { ACTIONS } from '../../actions/index.ts';
import { findInInventory, newVm, openPalette, openShortcuts } from '../../actions/page-commands.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';

type Shortcut = readonly [keys: string, what: string];

const { shortcuts: words } = texts;

const GROUPS: readonly (readonly [string, readonly Shortcut[]])[] = [
  [
    words.groups.page,
    [openPalette, newVm, findInInventory, openShortcuts].map(({ shortcut = '', label }) => [shortcut, label]),
  ],
  [words.groups.vm, ACTIONS.flatMap(({ shortcut, label }) => (shortcut ? [[shortcut, label] as const] : []))],
  [
    words.groups.tree,
    [
      ['↑ ↓', words.move],
      ['← →', words.fold],
      ['Enter', words.openIt],
      ['Shift+F10', words.menu],
      ['F2', words.rename],
      ['Delete', words.remove],
    ],
  ],
  [
    words.groups.console,
    [
      ['Ctrl+G', words.grab],
      ['Ctrl+Alt', words.release],
      ['Ctrl+Alt+Insert', words.ctrlAltDel],
      ['Ctrl+Alt+Enter', words.fullScreen],
    ],
  ],
];

export function ShortcutsDialog() {
  const { store } = useServices();
  const close = () => store.setState({ dialog: null });
  return (
    <Dialog
      wide
      title={words.title}
      onClose={close}
      onSubmit={close}
      footer={<Button first label={texts.actions.close} type="submit" />}
    >
      <div className="shortcuts">
        {GROUPS.map(([title, list]) => (
          <section key={title} aria-label={title}>
            <h3>{title}</h3>
            <dl>
              {list.map(([keys, what]) => (
                <div key={keys}>
                  <dt>
                    <kbd>{keys}</kbd>
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
