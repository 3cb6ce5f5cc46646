/** A list as a file: a button for each format. Invariant: an error is shown in its own words, and makes no file. */
import { Download } from 'lucide-react';
import { EXPORT_FORMATS, type ExportFormat } from '../../../preload/contract/export.ts';
import { download } from '../../download.ts';
import { Button } from '../../kit/button.tsx';
import { usePage, useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';

export interface ExportButtonsProps {
  /** Of the file, without its ending. */
  readonly name: string;
  /** Of what is being done, for an error. */
  readonly title: string;
  readonly hint: string;
  readonly text: (format: ExportFormat) => Promise<string>;
}

const MIME: { readonly [format in ExportFormat]: string } = { csv: 'text/csv', json: 'application/json' };

export function ExportButtons({ name, title, hint, text }: ExportButtonsProps) {
  const { runner } = useServices();
  const key = `export ${name}`;
  const busy = usePage((state) => state.pending.includes(key));
  const offline = usePage((state) => state.phase !== 'open');
  const save = (kind: ExportFormat) => {
    void runner.attempt(key, title, async () => download(`${name}.${kind}`, MIME[kind], [await text(kind)]));
  };
  return (
    <span className="events-export">
      {EXPORT_FORMATS.map((kind) => (
        <Button
          key={kind}
          label={`${texts.events.exportAs} ${kind.toUpperCase()}`}
          icon={Download}
          size="small"
          hint={hint}
          reason={offline ? texts.actionHints.disconnected : busy ? texts.actionHints.busy : null}
          onPress={() => save(kind)}
        />
      ))}
    </span>
  );
}
